"""A plan's cheap steps over whole columns: one NumPy operation for all events of a batch.

Comes in: a `Plan`, and a batch's features and signals. Goes out: for a step that has a mask, a
truth value per row. Always holds: true exactly where the interpreter's value is true; missing is
false, as wherever a truth value is needed. Numbers are compared as integers or exact floats:
a column that holds a number beyond either is compared by Python itself.

Only truth values that are cheap in columns have a mask: features that are truth values,
comparisons of one number, duration or short text with constants, tests of signals, and `and`,
`or`, `not` of these; and regular expressions with a literal that can be looked for in all texts
at once. Everything else waits for the rows that are left (`closures`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.policy.closures import Closure
from tocsin.policy.expressions import BoolOp, Compare, Matches, Name, Not, RuleRead
from tocsin.policy.interpret import COMPARISONS, EventReader, Result
from tocsin.policy.kinds import NUMBERS, Kind
from tocsin.policy.literals import LiteralScan, scans_of, sifted_name
from tocsin.policy.plan import Plan, Step
from tocsin.records import (
    FeatureColumns,
    FeatureTable,
    FeatureValue,
    Signal,
    SignalTable,
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
class _Numbers:
    """The numbers of a column; `known` is None where none is missing."""

    values: npt.NDArray[Any]
    known: Rows | None


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
    _made: dict[int, Rows] = field(default_factory=dict)
    _numbers: dict[str, _Numbers] = field(default_factory=dict)
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
        if isinstance(self.features, FeatureColumns):
            return self.features.column(name)
        return [self.features.value(name, row) for row in range(self.n_rows)]

    def numbers(self, name: str) -> _Numbers:
        """A feature that is a number or a duration."""
        made = self._numbers.get(name)
        if made is None:
            made = self._numbers[name] = _as_numbers(self.column(name))
        return made

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
    if not step.names:
        return _of_signals(step.signals, closures[step.number])
    if step.signals:
        return None
    if isinstance(step.expr, Compare):
        return _limits(step, plan) or _of_distinct(step, closures[step.number])
    return _of_distinct(step, closures[step.number])


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
    if isinstance(right.expr, Name) and left.constant is not None and operator in _FLIPPED:
        left, right, operator = right, left, _FLIPPED[operator]
    name, constant = left.expr, right.constant
    if not isinstance(name, Name) or constant is None or name.kind not in _MEASURED:
        return None
    limit = _as_number(constant[0])
    if limit is None or operator not in _FLIPPED:
        return None
    compare, of = COMPARISONS[operator], name.name

    def mask(columns: Columns) -> Rows:
        column = columns.numbers(of)
        found = np.asarray(compare(column.values, limit), dtype=np.bool_)
        return found if column.known is None else found & column.known

    return mask


def _as_number(value: Result) -> int | float | None:
    """A constant as columns are compared with it: durations in microseconds."""
    if isinstance(value, timedelta):
        return _microseconds(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) <= _EXACT else None


def _as_numbers(column: Sequence[FeatureValue | None]) -> _Numbers:
    known = None
    if None in column:
        known = np.array([value is not None for value in column], dtype=np.bool_)
    numbers: list[Any] = [
        _microseconds(value) if isinstance(value, timedelta) else value or 0 for value in column
    ]
    values = np.array(numbers)
    if not _is_exact(values):
        values = np.array(numbers, dtype=object)
    return _Numbers(values, known)


def _is_exact(values: npt.NDArray[Any]) -> bool:
    return values.dtype.kind in "if" and bool(np.all(np.abs(values) < _EXACT))


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
