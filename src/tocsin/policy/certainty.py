"""Conditions that no event can meet, or that every event meets.

Comes in: an expression. Goes out: True or False where its value is certain for every event, None
where it is not. Always holds: an answer is right; silence is not (a contradiction may go
unseen). Sees constants, and limits on one name that exclude each other (`x < 5 and x > 9`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tocsin.policy.expressions import (
    READS,
    BoolOp,
    Compare,
    Expr,
    Name,
    Not,
    walk,
)
from tocsin.policy.interpret import Result, combine

__all__ = ["certain_value"]

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}


def certain_value(expr: Expr, events: frozenset[str] = frozenset()) -> bool | None:
    """Whether a condition is certain, for events of these types (all, if none are given)."""
    value = _folded(expr, events)
    return None if value is None else bool(value[0])


def _folded(expr: Expr, events: frozenset[str]) -> tuple[Result] | None:
    """The value in a tuple where it is certain; None where it is not."""
    if isinstance(expr, READS):
        return None
    if isinstance(expr, BoolOp):
        return _folded_bool(expr, events)
    if isinstance(expr, Compare) and _excludes_events(expr, events):
        return (False,)
    if isinstance(expr, Compare) and (None,) in [_folded(part, events) for part in expr.children]:
        return (False,)
    if any(isinstance(part, READS) for part in walk(expr)):
        if isinstance(expr, Not):
            inner = _folded(expr.children[0], events)
            return None if inner is None else (not inner[0],)
        return None
    values = [_folded(child, events) for child in expr.children]
    return (combine(expr, [value[0] for value in values if value is not None]),)


def _folded_bool(expr: BoolOp, events: frozenset[str]) -> tuple[Result] | None:
    values = [_folded(child, events) for child in expr.children]
    deciding = not expr.is_and
    if any(value is not None and bool(value[0]) is deciding for value in values):
        return (deciding,)
    if all(value is not None for value in values):
        return (expr.is_and,)
    if expr.is_and and _contradicts(expr):
        return (False,)
    return None


def _excludes_events(expr: Compare, events: frozenset[str]) -> bool:
    """`event.type == "…"` with a type that the rule is never asked about."""
    if not events:
        return False
    name, operator, value = _limit(expr) or (None, None, None)
    return name == "event.type" and operator == "==" and value not in events


def _limit(expr: Expr) -> tuple[str, str, Result] | None:
    """Name, operator and constant of a comparison of one name with one constant."""
    if not isinstance(expr, Compare) or len(expr.operators) != 1:
        return None
    (left, right), operator = expr.children, expr.operators[0]
    if isinstance(right, Name) and not isinstance(left, Name) and operator in _FLIPPED:
        left, right, operator = right, left, _FLIPPED[operator]
    if not isinstance(left, Name):
        return None
    constant = _folded(right, frozenset())
    return None if constant is None else (left.name, operator, constant[0])


def _contradicts(expr: BoolOp) -> bool:
    ranges: dict[str, _Range] = {}
    for child in expr.children:
        limit = _limit(child)
        if limit is not None:
            name, operator, value = limit
            if value is None:
                return True
            ranges.setdefault(name, _Range()).narrow(operator, value)
    return any(found.is_empty for found in ranges.values())


@dataclass(slots=True)
class _Range:
    """What is left for one name."""

    low: Any = None
    high: Any = None
    is_low_open: bool = False
    is_high_open: bool = False
    exact: Result = None
    is_empty: bool = False

    def narrow(self, operator: str, value: Result) -> None:
        """Take one more limit into account; all values of one name are of one kind."""
        if operator == "==":
            self.is_empty |= self.exact is not None and self.exact != value
            self.exact = value
        if isinstance(value, bool) or not isinstance(value, int | float | timedelta):
            return
        if operator in (">", ">=", "==") and (self.low is None or value >= self.low):
            self.is_low_open = operator == ">" or (self.is_low_open and value == self.low)
            self.low = value
        if operator in ("<", "<=", "==") and (self.high is None or value <= self.high):
            self.is_high_open = operator == "<" or (self.is_high_open and value == self.high)
            self.high = value
        if self.low is not None and self.high is not None:
            is_open = self.is_low_open or self.is_high_open
            self.is_empty |= self.low > self.high or (self.low == self.high and is_open)
