"""Typed reading of a YAML mapping, with a report for every key that is wrong.

Comes in: a node of the tree. Goes out: plain values. Always holds: a wrong or missing value is
reported once, where it stands, and a harmless stand-in is given back so that reading goes on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum
from itertools import pairwise
from typing import TypeGuard, TypeVar

from tocsin.policy.problems import Code, Place, Problems, did_you_mean
from tocsin.policy.tree import ListNode, MapNode, Node, TextNode

__all__ = ["Fields", "is_identifier"]

Choice = TypeVar("Choice", bound=StrEnum)

MAX_IDENTIFIER = 128
MAX_SHOWN = 40
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_JOINTS = frozenset("._-")


def is_identifier(text: str) -> bool:
    """Whether a text may be an id: lower-case letters and digits, joined by `.`, `_` or `-`.

    >>> is_identifier("terror.support"), is_identifier("Terror support"), is_identifier("a..b")
    (True, False, False)
    """
    if not 0 < len(text) <= MAX_IDENTIFIER or not {text[0], text[-1]} <= _LETTERS:
        return False
    is_pair = any(a in _JOINTS and b in _JOINTS for a, b in pairwise(text))
    return not is_pair and set(text) <= _LETTERS | _JOINTS


def described(node: Node) -> str:
    """What a node is, for messages."""
    if isinstance(node, ListNode):
        return "a list"
    if isinstance(node, MapNode):
        return "a mapping"
    if isinstance(node, TextNode) and node.value is None:
        return "nothing"
    return "a word"


class Fields:
    """Reads the keys of one mapping. `what` names it in messages (`a rule`)."""

    def __init__(
        self,
        node: MapNode,
        what: str,
        problems: Problems,
        *,
        required: Iterable[str],
        optional: Iterable[str] = (),
    ) -> None:
        self.node = node
        self._what = what
        self._problems = problems
        needed = tuple(required)
        known = {*needed, *optional}
        for key, key_node in node.keys.items():
            if key not in known:
                message = f"{what} has no key `{key}`"
                hint = did_you_mean(key, known) or f"it has {_listed(known)}"
                problems.error(Code.UNKNOWN_KEY, message, key_node.place, hint)
        for key in needed:
            if key not in node.items:
                problems.error(Code.MISSING_KEY, f"{what} needs a key `{key}`", self._head())

    def _head(self) -> Place:
        for key in self.node.keys.values():
            return key.place
        return self.node.place

    def place(self, key: str) -> Place:
        """Where the value of a key stands, or the mapping where it has none."""
        node = self.node.items.get(key)
        return self._head() if node is None else node.place

    def node_of(self, key: str) -> Node | None:
        """The node of a key."""
        return self.node.items.get(key)

    def scalar(self, key: str) -> TextNode | None:
        """The scalar of a key; None (with a problem, if it is something else) without one."""
        node = self.node.items.get(key)
        if node is None:
            return None
        if isinstance(node, TextNode) and node.value is not None:
            return node
        self._shape(key, "a word or text", node)
        return None

    def text(self, key: str, default: str = "") -> str:
        """A text that is not blank."""
        node = self.scalar(key)
        if node is None:
            return default
        if not node.text.strip():
            self._problems.error(Code.VALUE, f"`{key}` is blank", node.place)
            return default
        return node.text.strip()

    def identifier(self, key: str) -> str | None:
        """An id; None (with a problem) where it is none."""
        node = self.scalar(key)
        if node is None:
            return None
        if is_identifier(node.text):
            return node.text
        message = f"`{key}` is made of lower-case letters and digits, joined by `.`, `_` or `-`"
        self._problems.error(Code.VALUE, message, node.place, f"such as `{_suggested(node.text)}`")
        return None

    def integer(self, key: str, low: int, high: int, default: int) -> int:
        """A whole number from `low` to `high`."""
        node = self.node.items.get(key)
        if node is None:
            return default
        if isinstance(node, TextNode) and _is_whole(node.value) and low <= node.value <= high:
            return node.value
        message = f"`{key}` is a whole number from {low} to {high:,}"
        self._problems.error(Code.VALUE, message, node.place)
        return default

    def choice(self, key: str, choices: type[Choice], default: Choice) -> Choice:
        """One member of an enumeration."""
        node = self.scalar(key)
        return default if node is None else (self._member(key, node, choices) or default)

    def optional_choice(self, key: str, choices: type[Choice]) -> Choice | None:
        """One member of an enumeration, or None where the key is not there."""
        node = self.scalar(key)
        return None if node is None else self._member(key, node, choices)

    def choices(self, key: str, choices: type[Choice]) -> tuple[Choice, ...]:
        """A list of members of an enumeration, each once, in order."""
        found = (self._member(key, node, choices) for node in self._scalars(key))
        return tuple(dict.fromkeys(member for member in found if member is not None))

    def words(self, key: str, known: Collection[str]) -> tuple[str, ...]:
        """A list of words out of those known, each once, in order."""
        found = []
        for node in self._scalars(key):
            if node.text in known:
                found.append(node.text)
            else:
                self._not_known(key, node, known)
        return tuple(dict.fromkeys(found))

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; a single text counts as a list of one."""
        return tuple(node.text.strip() for node in self._scalars(key))

    def mapping(self, key: str) -> MapNode | None:
        """The mapping of a key; None (with a problem, if it is something else) without one."""
        node = self.node.items.get(key)
        if node is None or isinstance(node, MapNode):
            return node
        self._shape(key, "a mapping", node)
        return None

    def list_of(self, key: str) -> list[Node]:
        """The items of a list."""
        node = self.node.items.get(key)
        if isinstance(node, ListNode):
            return node.items
        if node is not None:
            self._shape(key, "a list", node)
        return []

    def _scalars(self, key: str) -> list[TextNode]:
        node = self.node.items.get(key)
        if isinstance(node, TextNode) and node.value is not None:
            return [node]
        found = []
        for item in self.list_of(key):
            if isinstance(item, TextNode) and item.value is not None:
                found.append(item)
            else:
                self._shape(key, "a list of words or texts", item)
        return found

    def _member(self, key: str, node: TextNode, choices: type[Choice]) -> Choice | None:
        try:
            return choices(node.text)
        except ValueError:
            self._not_known(key, node, [choice.value for choice in choices])
            return None

    def _not_known(self, key: str, node: TextNode, known: Collection[str]) -> None:
        shown = node.text if len(node.text) <= MAX_SHOWN else f"{node.text[:MAX_SHOWN]}…"
        hint = did_you_mean(node.text, known) or f"choose from {_listed(known)}"
        self._problems.error(Code.VALUE, f"`{key}` cannot be `{shown}`", node.place, hint)

    def _shape(self, key: str, expected: str, node: Node) -> None:
        message = f"`{key}` of {self._what} is {expected}, not {described(node)}"
        self._problems.error(Code.SHAPE, message, node.place)


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in sorted(words))


def _suggested(text: str) -> str:
    kept = "".join(c if c in _LETTERS else " " for c in text.lower()[:60])
    return "-".join(kept.split()) or "my-id"
