"""Our own format: the object is the event.

Comes in: an object of the wire format. Goes out: the same object. Always holds: nothing is
changed; the codec does all checking. Refused: what is no object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tocsin.records import Refusal, RefusedEvent

__all__ = ["WireAdapter"]


class WireAdapter:
    """Events that are in the wire format already."""

    name = "tocsin"

    def events(self, obj: Any) -> Iterable[Mapping[str, Any]]:
        """The object itself."""
        if not isinstance(obj, dict):
            raise RefusedEvent(Refusal.TYPE, "expected an object")
        return (obj,)
