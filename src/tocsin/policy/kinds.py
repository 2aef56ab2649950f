"""The kinds of value in the rule language, and which go together.

Comes in: nothing. Goes out: `Kind` and the rules of arithmetic and comparison between kinds.
Always holds: a duration is not a number, and a text is not a list of texts.
"""

from __future__ import annotations

from enum import StrEnum

from tocsin.records import ValueType

__all__ = ["NUMBERS", "Kind", "are_comparable", "arithmetic_kind", "kind_of"]


class Kind(StrEnum):
    """What an expression gives. `UNKNOWN` follows a mistake already reported."""

    BOOL = "bool"
    INT = "int"
    FLOAT = "float"
    TEXT = "text"
    TEXTS = "texts"
    NUMBERS = "numbers"
    TIME = "time"
    DURATION = "duration"
    UNKNOWN = "unknown"

    @property
    def phrase(self) -> str:
        """The kind with its article, for messages."""
        return _PHRASES[self]


_PHRASES = {
    Kind.BOOL: "a truth value",
    Kind.INT: "a whole number",
    Kind.FLOAT: "a number",
    Kind.TEXT: "a text",
    Kind.TEXTS: "a list of texts",
    Kind.NUMBERS: "a list of numbers",
    Kind.TIME: "a time",
    Kind.DURATION: "a duration",
    Kind.UNKNOWN: "something",
}

NUMBERS = frozenset({Kind.INT, Kind.FLOAT})

_ARITHMETIC: dict[tuple[str, Kind, Kind], Kind] = {
    ("+", Kind.DURATION, Kind.DURATION): Kind.DURATION,
    ("-", Kind.DURATION, Kind.DURATION): Kind.DURATION,
    ("/", Kind.DURATION, Kind.DURATION): Kind.FLOAT,
    ("-", Kind.TIME, Kind.TIME): Kind.DURATION,
    ("+", Kind.TIME, Kind.DURATION): Kind.TIME,
    ("-", Kind.TIME, Kind.DURATION): Kind.TIME,
    ("+", Kind.DURATION, Kind.TIME): Kind.TIME,
}


def kind_of(value_type: ValueType) -> Kind:
    """The kind of a feature's values."""
    return Kind(value_type.value)


def arithmetic_kind(operator: str, left: Kind, right: Kind) -> Kind | None:
    """What `left operator right` gives; None where the two do not go together."""
    if Kind.UNKNOWN in (left, right):
        return Kind.UNKNOWN
    if left in NUMBERS and right in NUMBERS:
        return Kind.INT if left == right == Kind.INT and operator != "/" else Kind.FLOAT
    if operator == "*" and {left, right} & NUMBERS and Kind.DURATION in (left, right):
        return Kind.DURATION
    if operator == "/" and left is Kind.DURATION and right in NUMBERS:
        return Kind.DURATION
    return _ARITHMETIC.get((operator, left, right))


def are_comparable(operator: str, left: Kind, right: Kind) -> bool:
    """Whether `left operator right` has a meaning; `operator` is not `in`."""
    if Kind.UNKNOWN in (left, right):
        return True
    if operator in ("==", "!="):
        if left in NUMBERS and right in NUMBERS:
            return True
        return left is right and left not in (Kind.TEXTS, Kind.NUMBERS)
    ordered = {Kind.TIME, Kind.DURATION}
    return (left in NUMBERS and right in NUMBERS) or (left is right and left in ordered)
