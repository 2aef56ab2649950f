"""The plain interpreter: walks a rule's expression for one event.

Comes in: an expression, and a reader of one event's features and signals. Goes out: the value,
None where it is missing; for a rule that hit, a `Trace` of everything that it read. Always
holds, and this is the language's one rule for missing values:

- a feature without a value, the score of a signal that is absent or abstained, a bank whose
  signal abstained, and a window that has no answer for the event are missing;
- arithmetic and functions on something missing give something missing (`known` apart), and so
  do division by zero and numbers or durations beyond their range;
- a comparison with something missing is false, also `!=` and `not in`;
- where a truth value is needed (`and`, `or`, `not`, the whole rule), missing counts as false;
- a bank whose signal is absent was not found: that is false, not missing.

Every faster execution must agree with this one.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from tocsin.policy.expressions import (
    Arithmetic,
    BankTest,
    BoolOp,
    Call,
    Compare,
    Expr,
    ListOf,
    Literal,
    Name,
    Negative,
    Not,
    SignalPart,
    SignalRead,
    WindowRead,
    walk,
)
from tocsin.policy.kinds import Kind
from tocsin.records import (
    NO_LABELS,
    NO_WINDOWS,
    FeatureTable,
    FeatureValue,
    LabelTable,
    Signal,
    Value,
    WindowSpec,
    WindowTable,
)

__all__ = [
    "COMPARISONS",
    "EventReader",
    "Reader",
    "Result",
    "Trace",
    "combine",
    "evaluate",
    "from_stored",
    "trace",
]

Result = FeatureValue | tuple[float, ...] | None

MAX_INT = 2**63 - 1

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda item, items: item in items,
    "not in": lambda item, items: item not in items,
}
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


class Reader(Protocol):
    """What a rule may read of one event."""

    def feature(self, name: str) -> FeatureValue | None:
        """A feature's value; None where it is missing."""
        ...

    def signal(self, name: str) -> Signal | None:
        """A signal; None where no detector gave it."""
        ...

    def window(self, spec: WindowSpec) -> int | timedelta | None:
        """The answer of a window; None where it is missing."""
        ...


@dataclass(slots=True)
class EventReader:
    """Reads one row of a batch; `memo` is for the plan, which keeps there what rules share."""

    features: FeatureTable
    signals: Mapping[str, Signal]
    row: int
    windows: WindowTable = NO_WINDOWS
    labels: LabelTable = NO_LABELS
    memo: dict[int, Result] = field(default_factory=dict)

    def feature(self, name: str) -> FeatureValue | None:
        """A feature's value; None where it is missing."""
        return self.features.value(name, self.row)

    def signal(self, name: str) -> Signal | None:
        """A signal; None where no detector gave it."""
        return self.signals.get(name)

    def window(self, spec: WindowSpec) -> int | timedelta | None:
        """The answer of a window; None where it is missing."""
        return self.windows.window(spec, self.row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What a rule read: values by canonical text, what was missing, which signals."""

    values: dict[str, Value]
    missing: tuple[str, ...]
    signals: tuple[str, ...]


def evaluate(expr: Expr, reader: Reader) -> Result:
    """The value of an expression; `and`, `or` stop as soon as the result is certain."""
    if isinstance(expr, BoolOp):
        wanted = not expr.is_and
        for child in expr.children:
            if bool(evaluate(child, reader)) is wanted:
                return wanted
        return expr.is_and
    if not expr.children:
        return _read(expr, reader)
    return combine(expr, [evaluate(child, reader) for child in expr.children])


def trace(expr: Expr, reader: Reader) -> Trace:
    """Everything that the expression can read, whether or not the result needed it."""
    values: dict[str, Value] = {}
    missing: dict[str, None] = {}
    signals: set[str] = set()
    for part in walk(expr):
        if isinstance(part, BankTest | SignalRead) and reader.signal(part.signal) is not None:
            signals.add(part.signal)
        if not (part.is_recorded or isinstance(part, Name)):
            continue
        value = evaluate(part, reader)
        if value is None:
            missing[part.key] = None
        elif part.is_recorded:
            values[part.key] = to_stored(value)
    return Trace(values=values, missing=tuple(missing), signals=tuple(sorted(signals)))


def _read(expr: Expr, reader: Reader) -> Result:
    match expr:
        case Name(name=name):
            return reader.feature(name)
        case BankTest():
            return _bank_test(expr, reader.signal(expr.signal))
        case SignalRead():
            return _signal_part(expr, reader.signal(expr.signal))
        case WindowRead(spec=spec, per=per):
            answer = reader.window(spec)
            return answer / per if isinstance(answer, int) and per is not None else answer
    return combine(expr, ())


def _bank_test(expr: BankTest, signal: Signal | None) -> bool | None:
    if signal is None:
        return expr.is_negated
    if signal.abstained:
        return None
    fields = expr.fields
    found = any(
        fields is None or (evidence.span is not None and evidence.span.field in fields)
        for evidence in signal.evidence
    )
    return found is not expr.is_negated


def _signal_part(expr: SignalRead, signal: Signal | None) -> float | bool | None:
    if signal is None:
        return None
    if expr.part is SignalPart.ABSTAINED:
        return signal.abstained
    return None if signal.abstained else signal.score


def combine(expr: Expr, values: Sequence[Result]) -> Result:
    """The value of a node from the values of its children."""
    match expr:
        case Literal(value=value):
            return value
        case ListOf(values=items):
            return items
        case Not():
            return not values[0]
        case BoolOp(is_and=is_and):
            return all(values) if is_and else any(values)
        case Compare(operators=operators):
            return _compared(operators, values)
        case Call(function=function):
            if function.name != "known" and None in values:
                return None
            return _bounded(function.call, values)
        case Arithmetic(operator=symbol):
            return None if None in values else _bounded(_ARITHMETIC[symbol], values)
        case Negative():
            return None if values[0] is None else _bounded(operator.neg, values)
    message = f"no rule to combine {type(expr).__name__}"
    raise TypeError(message)


def _compared(operators: Sequence[str], values: Sequence[Result]) -> bool:
    if any(value is None for value in values):
        return False
    pairs = zip(operators, values, values[1:], strict=False)
    return all(COMPARISONS[symbol](left, right) for symbol, left, right in pairs)


def _bounded(function: Callable[..., Any], values: Sequence[Result]) -> Result:
    try:
        result: Result = function(*values)
    except (ZeroDivisionError, OverflowError):
        return None
    if isinstance(result, float) and not math.isfinite(result):
        return None
    if isinstance(result, int) and abs(result) > MAX_INT:
        return None
    return result


def to_stored(value: FeatureValue | tuple[float, ...]) -> Value:
    """A value as a decision stores it: durations in seconds, times as RFC 3339."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, tuple):
        return [str(item) for item in value]
    return value


def from_stored(value: Value, kind: Kind) -> Result:
    """The value that `to_stored` stored, for an expression of this kind."""
    if kind is Kind.DURATION and isinstance(value, int | float):
        return timedelta(seconds=value)
    if kind is Kind.TIME and isinstance(value, str):
        return datetime.fromisoformat(value)
    if isinstance(value, list):
        return tuple(value)
    return float(value) if kind is Kind.FLOAT and isinstance(value, int) else value
