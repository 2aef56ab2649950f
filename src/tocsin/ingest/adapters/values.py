"""Foreign JSON objects, read field by field.

Comes in: decoded JSON. Goes out: values of the type that was asked for. Always holds: a field
that is absent, null or empty is None (or empty); a message names the field by the path of the
keys that the adapter asked for, never by anything from the input. Refused: a value of another
type (`Refusal.TYPE`).
"""

from __future__ import annotations

from typing import Any

from tocsin.records import Refusal, RefusedEvent

__all__ = ["Fields"]


class Fields:
    """One foreign object; an absent object reads as one without fields."""

    __slots__ = ("_path", "_values")

    def __init__(self, value: Any, path: str = "$") -> None:
        if value is not None and not isinstance(value, dict):
            raise _wrong_type("an object", path)
        self._values: dict[str, Any] = value or {}
        self._path = path

    def __bool__(self) -> bool:
        return bool(self._values)

    def __contains__(self, key: str) -> bool:
        return self._values.get(key) is not None

    def text(self, key: str) -> str | None:
        """A string that is not empty."""
        value = self._values.get(key)
        if value is not None and not isinstance(value, str):
            raise _wrong_type("a string", f"{self._path}.{key}")
        return value or None

    def required(self, key: str) -> str:
        """An id that must be there; a number counts as its digits."""
        found = self.ident(key)
        if found is None:
            message = f"object missing required field `{key}` - at `{self._path}`"
            raise RefusedEvent(Refusal.TYPE, message)
        return found

    def ident(self, *keys: str) -> str | None:
        """The first of these that is there; a number counts as its digits."""
        for key in keys:
            value = self._values.get(key)
            if isinstance(value, int) and not isinstance(value, bool):
                return str(value)
            if found := self.text(key):
                return found
        return None

    def count(self, key: str) -> int | None:
        """A number that is not negative; some platforms send -1 for unknown."""
        value = self._values.get(key)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            raise _wrong_type("an integer", f"{self._path}.{key}")
        return value if value >= 0 else None

    def flag(self, key: str) -> bool:
        """Whether the field is true."""
        return self._values.get(key) is True

    def record(self, key: str) -> Fields:
        """An object in this one."""
        return Fields(self._values.get(key), f"{self._path}.{key}")

    def records(self, key: str) -> list[Fields]:
        """A list of objects."""
        return [Fields(item, f"{self._path}.{key}[...]") for item in self._list(key)]

    def texts(self, key: str) -> list[str]:
        """A list of strings."""
        found = self._list(key)
        if not all(isinstance(item, str) for item in found):
            raise _wrong_type("a list of strings", f"{self._path}.{key}")
        return found

    def _list(self, key: str) -> list[Any]:
        value = self._values.get(key)
        if value is not None and not isinstance(value, list):
            raise _wrong_type("a list", f"{self._path}.{key}")
        return value or []


def _wrong_type(expected: str, path: str) -> RefusedEvent:
    return RefusedEvent(Refusal.TYPE, f"expected {expected} - at `{path}`")
