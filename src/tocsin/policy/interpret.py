"""The plain interpreter: walks a rule's expression for one event.

Comes in: an expression, and a reader of one event's features and signals. Goes out: the value,
None where it is missing; for a rule that hit, a `Trace` of everything that it read. Always
holds, and this is the language's one rule for missing values:

- a feature without a value, the score of a signal that is absent or abstained, a bank whose
  signal abstained, a window that has no answer for the event, and a label of an account or handle
  that the event does not name are missing;
- `rule("…")` is never missing: it is true or false, as that rule's own condition is;
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
from typing import Any, Protocol, runtime_checkable

from tocsin.matching import NormalText, compile_regex
from tocsin.policy.expressions import (
    Arithmetic,
    BankTest,
    BoolOp,
    Call,
    Compare,
    Expr,
    HasLabel,
    ListOf,
    Literal,
    Matches,
    Name,
    Negative,
    Not,
    RuleRead,
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
    LabelHolder,
    LabelTable,
    Signal,
    Span,
    TextField,
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
    "constant_value",
    "evaluate",
    "from_stored",
    "matched",
    "trace",
    "traced_parts",
]

Result = FeatureValue | tuple[float, ...] | None

MAX_INT = 2**63 - 1

MAX_SPANS = 10
"""Places of one regular expression that a decision keeps; a person reads a handful."""

_SENT: dict[str, TextField] = {
    "account.name": "actor.name",
    "account.bio": "actor.bio",
    "account.handle": "actor.handle",
}
"""Features that hold a field of the event as it was sent."""

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

    def label(self, holder: LabelHolder, name: str) -> bool | None:
        """Whether the account or handle has a label; None where the event names none."""
        ...

    def normal(self) -> NormalText | None:
        """The searchable text with the way back to the original, where that is at hand."""
        ...


@runtime_checkable
class _NormalTexts(Protocol):
    """A table of features that has the way back to the original, too."""

    def normal(self, row: int) -> NormalText | None: ...


@dataclass(slots=True)
class EventReader:
    """Reads one row of a batch; `memo` is for the plan, which keeps there what rules share."""

    features: FeatureTable
    signals: Mapping[str, Signal]
    row: int
    windows: WindowTable = NO_WINDOWS
    memo: dict[int, Result] = field(default_factory=dict)
    labels: LabelTable = NO_LABELS

    def feature(self, name: str) -> FeatureValue | None:
        """A feature's value; None where it is missing."""
        return self.features.value(name, self.row)

    def signal(self, name: str) -> Signal | None:
        """A signal; None where no detector gave it."""
        return self.signals.get(name)

    def window(self, spec: WindowSpec) -> int | timedelta | None:
        """The answer of a window; None where it is missing."""
        return self.windows.window(spec, self.row)

    def label(self, holder: LabelHolder, name: str) -> bool | None:
        """Whether the account or handle has a label; None where the event names none."""
        return self.labels.has(self.row, holder, name)

    def normal(self) -> NormalText | None:
        """The searchable text with the way back to the original, where that is at hand."""
        return self.features.normal(self.row) if isinstance(self.features, _NormalTexts) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What a rule read: values by canonical text, what was missing, which signals.

    `spans` says where a regular expression matched, by the canonical text of the match.
    """

    values: dict[str, Value]
    missing: tuple[str, ...]
    signals: tuple[str, ...]
    spans: dict[str, tuple[Span, ...]]


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


def traced_parts(expr: Expr) -> Sequence[Expr]:
    """The parts of an expression that its trace tells of: the same for every event."""
    return tuple(
        part
        for part in walk(expr)
        if part.is_recorded or isinstance(part, Name | BankTest | SignalRead)
    )


def trace(parts: Sequence[Expr], reader: Reader) -> Trace:
    """Everything that an expression of these parts can read, needed for its result or not."""
    values: dict[str, Value] = {}
    missing: dict[str, None] = {}
    signals: set[str] = set()
    spans: dict[str, tuple[Span, ...]] = {}
    for part in parts:
        if isinstance(part, BankTest | SignalRead) and reader.signal(part.signal) is not None:
            signals.add(part.signal)
        if not (part.is_recorded or isinstance(part, Name)):
            continue
        value = evaluate(part, reader)
        if value is None:
            missing[part.key] = None
        elif part.is_recorded:
            values[part.key] = to_stored(value)
        if isinstance(part, Matches) and value is True:
            where = _matched(part, reader)
            if where:
                spans[part.key] = where
    found = tuple(sorted(signals))
    return Trace(values=values, missing=tuple(missing), signals=found, spans=spans)


def _matched(expr: Matches, reader: Reader) -> tuple[Span, ...]:
    """Where the original holds what matched, for texts whose place in the event is known."""
    (subject,) = expr.children
    if not isinstance(subject, Name):
        return ()
    regex = compile_regex(expr.pattern)
    if subject.name == "text":
        normal = reader.normal()
        if normal is None:
            return ()
        found = regex.spans(normal.text, MAX_SPANS)
        return tuple(normal.locate(start, end) for start, end in found)
    field, value = _SENT.get(subject.name), reader.feature(subject.name)
    if field is None or not isinstance(value, str):
        return ()
    found = regex.spans(value, MAX_SPANS)
    return tuple(Span(field=field, start=start, end=end) for start, end in found)


def constant_value(expr: Expr) -> Result:
    """The value of an expression that reads nothing of an event."""
    return combine(expr, [constant_value(child) for child in expr.children])


def _read(expr: Expr, reader: Reader) -> Result:
    match expr:
        case Name(name=name):
            return reader.feature(name)
        case BankTest():
            return _bank_test(expr, reader.signal(expr.signal))
        case SignalRead():
            return _signal_part(expr, reader.signal(expr.signal))
        case HasLabel(holder=holder, name=name):
            return reader.label(holder, name)
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
        case Literal(value=value) | ListOf(values=value):
            return value
        case Not():
            return not values[0]
        case RuleRead():
            return bool(values[0])
        case Matches():
            return matched(expr, values[0])
        case BoolOp(is_and=is_and):
            return all(values) if is_and else any(values)
        case Compare(operators=operators):
            return _compared(operators, values)
        case Call() | Arithmetic() | Negative():
            return _computed(expr, values)
    message = f"no rule to combine {type(expr).__name__}"
    raise TypeError(message)


def _computed(expr: Call | Arithmetic | Negative, values: Sequence[Result]) -> Result:
    is_known = isinstance(expr, Call) and expr.function.name == "known"
    if None in values and not is_known:
        return None
    if isinstance(expr, Call):
        return _bounded(expr.function.call, values)
    if isinstance(expr, Arithmetic):
        return _bounded(_ARITHMETIC[expr.operator], values)
    return _bounded(operator.neg, values)


def matched(expr: Matches, value: Result) -> bool | None:
    """Whether the expression matches a text, or one text of a list."""
    if value is None:
        return None
    regex = compile_regex(expr.pattern)
    test = regex.is_in_key if expr.is_normal else regex.is_in
    texts = value if isinstance(value, tuple) else (value,)
    return any(test(text) for text in texts if isinstance(text, str))


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
