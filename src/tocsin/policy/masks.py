"""A plan's cheap steps over whole columns: one NumPy operation for all events of a batch.

Comes in: a `Plan`, and a batch's features and signals. Goes out: for a step that has a mask, a
truth value per row. Always holds: true exactly where the interpreter's value is true; missing is
false, as wherever a truth value is needed. Numbers are compared as integers or exact floats:
a column that holds a number beyond either is compared by Python itself.

Only truth values that are cheap in columns have a mask: features that are truth values,
comparisons of one number, duration, window or short text with constants, tests of signals, and
`and`, `or`, `not` of these; and regular expressions with a literal that can be looked for in all
texts at once. Everything else waits for the rows that are left (`closures`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.policy.closures import Closure
from tocsin.policy.expressions import BoolOp, Compare, Matches, Name, Not, RuleRead, WindowRead
from tocsin.policy.interpret import COMPARISONS, EventReader, Result
from tocsin.policy.kinds import NUMBERS, Kind
from tocsin.policy.literals import LiteralScan, scans_of, sifted_name
from tocsin.policy.plan import Plan, Step
from tocsin.records import (
    NO_WINDOWS,
    FeatureTable,
    FeatureValue,
    Numbers,
    Signal,
    SignalTable,
    WindowSpec,
    WindowTable,
)

__all__ = ["Columns", "Mask", "Rows", "masks_of"]

Rows = npt.NDArray[np.bool_]
Mask = Callable[["Columns"], Rows]

_EXACT = 2**53
"""Up to here a whole number is exact as a float."""

_NO_SIGNALS: Mapping[str, Signal] = {}
_MEASURED = NUMBERS | {Kind.DURATION}
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


@dataclass(frozen=True, slots=True)
class _Distinct:
    """The different values of a column, and for each row which of them it has."""

    values: Sequence[FeatureValue | None]
    codes: npt.NDArray[np.intp]


@dataclass(slots=True)
class Columns:
    """One batch as columns; everything is made when first asked for, and kept."""

    features: FeatureTable
    signals: SignalTable
    n_rows: int
    masks: Sequence[Mask | None]
    windows: WindowTable = NO_WINDOWS
    _made: dict[int, Rows] = field(default_factory=dict)
    _numbers: dict[str, Numbers] = field(default_factory=dict)
    _distinct: dict[str, _Distinct] = field(default_factory=dict)
    _rows_of: dict[str, list[int]] | None = None
    _holding: dict[str, dict[str, set[int]]] = field(default_factory=dict)

    def mask(self, number: int) -> Rows:
        """The mask of a step that has one."""
        made = self._made.get(number)
        if made is None:
            mask = self.masks[number]
            if mask is None:
                raise KeyError(number)
            made = self._made[number] = mask(self)
        return made

    def column(self, name: str) -> Sequence[FeatureValue | None]:
        """A feature of all rows."""
        column = getattr(self.features, "column", None)  # `isinstance` of a protocol takes longer
        if column is None:
            return [self.features.value(name, row) for row in range(self.n_rows)]
        found: Sequence[FeatureValue | None] = column(name)
        return found

    def numbers(self, name: str, *, is_whole: bool = True) -> Numbers:
        """A feature that is a number, a truth value or a duration."""
        made = self._numbers.get(name)
        if made is None:
            numbers = getattr(self.features, "numbers", None) if is_whole else None
            made = _as_numbers(self.column(name)) if numbers is None else _exact(numbers(name))
            self._numbers[name] = made
        return made

    def window(self, spec: WindowSpec) -> Numbers:
        """The answers of a window."""
        made = self._numbers.get(spec.name)
        if made is None:
            made = self._numbers[spec.name] = self._answers(spec)
        return made

    def _answers(self, spec: WindowSpec) -> Numbers:
        answers_of = getattr(self.windows, "answers", None)
        if answers_of is None:
            return _as_numbers([self.windows.window(spec, row) for row in range(self.n_rows)])
        answers: npt.NDArray[np.int64] | None = answers_of(spec)
        if answers is None:
            return Numbers(np.zeros(self.n_rows), np.zeros(self.n_rows, dtype=np.bool_))
        known = answers >= 0
        numbers = Numbers(answers, None if np.count_nonzero(known) == len(known) else known)
        if len(answers) == 0 or int(answers.max()) < _EXACT:  # none lies below -1
            return numbers
        return _exact(numbers)

    def distinct(self, name: str) -> _Distinct:
        """The different values of a feature."""
        made = self._distinct.get(name)
        if made is None:
            codes: dict[FeatureValue | None, int] = {}
            found = [codes.setdefault(value, len(codes)) for value in self.column(name)]
            made = _Distinct(list(codes), np.array(found, dtype=np.intp))
            self._distinct[name] = made
        return made

    def rows_holding(self, scan: LiteralScan, name: str, pattern: str) -> Collection[int]:
        """The rows whose text of this name holds a literal of a regular expression."""
        made = self._holding.get(name)
        if made is None:
            made = self._holding[name] = scan.rows(self.column(name))
        return made.get(pattern, ())

    def rows_with(self, signals: Collection[str]) -> Collection[int]:
        """The rows that have one of these signals at least."""
        if self._rows_of is None:
            self._rows_of = {}
            for row, names in self.signals.items():
                for name in names:
                    self._rows_of.setdefault(name, []).append(row)
        return {row for name in signals for row in self._rows_of.get(name, ())}


def masks_of(plan: Plan, closures: Sequence[Closure]) -> list[Mask | None]:
    """One mask per step, None for those that have none."""
    made: list[Mask | None] = []
    scans = scans_of(step.expr for step in plan.steps)
    for step in plan.steps:
        name = sifted_name(step.expr)
        if name is not None and isinstance(step.expr, Matches):
            made.append(_match(step.expr.pattern, name, scans[name], closures[step.number]))
        else:
            made.append(_mask(step, plan, closures, made))
    return made


def _mask(
    step: Step, plan: Plan, closures: Sequence[Closure], made: Sequence[Mask | None]
) -> Mask | None:
    if step.expr.kind is not Kind.BOOL or step.is_opaque:
        return None
    if step.constant is not None:
        return _constant(value=bool(step.constant[0]))
    if isinstance(step.expr, Not | BoolOp | RuleRead):
        if any(made[child] is None for child in step.children):
            return None
        if isinstance(step.expr, RuleRead):
            return made[step.children[0]]
        return _negated(step.children[0]) if isinstance(step.expr, Not) else _joined(step)
    if step.windows or not step.names or step.signals:
        return _of_tables(step, plan, closures[step.number])
    if isinstance(step.expr, Name):
        return _truth(step.expr.name, _of_distinct(step, closures[step.number]))
    if isinstance(step.expr, Compare):
        return _limits(step, plan) or _of_distinct(step, closures[step.number])
    return _of_distinct(step, closures[step.number])


def _of_tables(step: Step, plan: Plan, closure: Closure) -> Mask | None:
    """What reads windows or signals, and at most one of both."""
    if step.windows:
        is_alone = isinstance(step.expr, Compare) and not step.signals
        return _limits(step, plan) if is_alone else None
    return None if step.names else _of_signals(step.signals, closure)


def _constant(*, value: bool) -> Mask:
    return lambda columns: np.full(columns.n_rows, value)


def _negated(child: int) -> Mask:
    return lambda columns: ~columns.mask(child)


def _joined(step: Step) -> Mask:
    is_and = isinstance(step.expr, BoolOp) and step.expr.is_and
    first, *rest = step.children

    def conjunction(columns: Columns) -> Rows:
        found = columns.mask(first)
        for child in rest:
            if not np.count_nonzero(found):
                break
            found = found & columns.mask(child)
        return found

    def disjunction(columns: Columns) -> Rows:
        found = columns.mask(first)
        for child in rest:
            if np.count_nonzero(found) == len(found):
                break
            found = found | columns.mask(child)
        return found

    return conjunction if is_and else disjunction


def _match(pattern: str, name: str, scan: LiteralScan, closure: Closure) -> Mask:
    """A regular expression is asked only about the rows that hold one of its literals."""

    def mask(columns: Columns) -> Rows:
        found = np.zeros(columns.n_rows, dtype=np.bool_)
        for row in columns.rows_holding(scan, name, pattern):
            found[row] = bool(closure(EventReader(columns.features, _NO_SIGNALS, row)))
        return found

    return mask


def _of_signals(signals: frozenset[str], closure: Closure) -> Mask:
    """What reads signals only is the same for all rows without them."""
    absent = bool(closure(EventReader(_NoFeatures(), _NO_SIGNALS, 0)))

    def mask(columns: Columns) -> Rows:
        found = np.full(columns.n_rows, absent)
        for row in columns.rows_with(signals):
            found[row] = bool(closure(EventReader(_NoFeatures(), columns.signals[row], row)))
        return found

    return mask


def _truth(name: str, otherwise: Mask | None) -> Mask | None:
    """A feature that is a truth value."""

    def mask(columns: Columns) -> Rows:
        if otherwise is not None and not hasattr(columns.features, "numbers"):
            return otherwise(columns)
        values, known = columns.numbers(name)
        found = np.asarray(values, dtype=np.bool_)
        return found if known is None else found & known

    return mask


def _of_distinct(step: Step, closure: Closure) -> Mask | None:
    """What reads one short value is the same for all rows with that value."""
    if len(step.names) != 1 or not _reads_short_values(step):
        return None
    (name,) = step.names

    def mask(columns: Columns) -> Rows:
        column = columns.distinct(name)
        table = _OneColumn(column.values)
        truths = [
            bool(closure(EventReader(table, _NO_SIGNALS, code)))
            for code in range(len(column.values))
        ]
        return np.array(truths, dtype=np.bool_)[column.codes]

    return mask


def _reads_short_values(step: Step) -> bool:
    """A truth value or a text that is no post: columns of them hold few different values."""
    parts = (step.expr, *step.expr.children)
    named = [part for part in parts if isinstance(part, Name)]
    return len(named) > 0 and all(
        part.kind in (Kind.BOOL, Kind.TEXT) and not part.is_content for part in named
    )


def _limits(step: Step, plan: Plan) -> Mask | None:
    """A comparison, maybe chained, of one number with constants at each operator."""
    operators = step.expr.operators if isinstance(step.expr, Compare) else ()
    below = [plan.steps[child] for child in step.children]
    limits = [
        _limit(operator, left, right)
        for operator, left, right in zip(operators, below, below[1:], strict=False)
    ]
    known = [limit for limit in limits if limit is not None]
    if len(known) != len(limits):
        return None
    if len(known) == 1:
        return known[0]

    def mask(columns: Columns) -> Rows:
        found = known[0](columns)
        for limit in known[1:]:
            found = found & limit(columns)
        return found

    return mask


def _limit(operator: str, left: Step, right: Step) -> Mask | None:
    if isinstance(right.expr, Name | WindowRead) and left.constant is not None:
        if operator not in _FLIPPED:
            return None
        left, right, operator = right, left, _FLIPPED[operator]
    measured, constant = left.expr, right.constant
    if not isinstance(measured, Name | WindowRead) or constant is None:
        return None
    if measured.kind not in _MEASURED or operator not in _FLIPPED:
        return None
    limit = _as_number(constant[0])
    if limit is None:
        return None
    compare, numbers = COMPARISONS[operator], _numbers_of(measured)

    def mask(columns: Columns) -> Rows:
        column = numbers(columns)
        found = np.asarray(compare(column.values, limit), dtype=np.bool_)
        return found if column.known is None else found & column.known

    return mask


def _numbers_of(measured: Name | WindowRead) -> Callable[[Columns], Numbers]:
    if isinstance(measured, Name):
        name, is_whole = measured.name, measured.kind is not Kind.FLOAT
        return lambda columns: columns.numbers(name, is_whole=is_whole)
    spec, per = measured.spec, measured.per
    if per is None:
        return lambda columns: columns.window(spec)

    def rate(columns: Columns) -> Numbers:
        values, known = columns.window(spec)
        return Numbers(values / per, known)

    return rate


def _as_number(value: Result) -> int | float | None:
    """A constant as columns are compared with it: durations in microseconds."""
    if isinstance(value, timedelta):
        return _microseconds(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) <= _EXACT else None


def _as_numbers(column: Sequence[FeatureValue | None]) -> Numbers:
    known = None
    if None in column:
        known = np.array([value is not None for value in column], dtype=np.bool_)
    numbers: list[Any] = [
        _microseconds(value) if isinstance(value, timedelta) else value or 0 for value in column
    ]
    values = np.array(numbers)
    if not _is_exact(values):
        values = np.array(numbers, dtype=object)
    return Numbers(values, known)


def _is_exact(values: npt.NDArray[Any]) -> bool:
    if values.dtype.kind not in "if":
        return False
    return len(values) == 0 or bool(values.min() > -_EXACT and values.max() < _EXACT)


def _exact(numbers: Numbers) -> Numbers:
    """Numbers that may be beyond what NumPy compares exactly, as Python's where they are."""
    if _is_exact(numbers.values):
        return numbers
    return Numbers(np.array(numbers.values.tolist(), dtype=object), numbers.known)


def _microseconds(value: timedelta) -> int:
    return (value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds


class _NoFeatures:
    """For steps that read no feature."""

    def value(self, name: str, row: int) -> FeatureValue | None:
        raise KeyError(name, row)


class _OneColumn:
    """For steps that read one feature: its different values, as rows."""

    def __init__(self, values: Sequence[FeatureValue | None]) -> None:
        self._values = values

    def value(self, _name: str, row: int) -> FeatureValue | None:
        return self._values[row]
