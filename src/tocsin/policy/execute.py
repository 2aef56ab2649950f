"""The plan at work: which rules hit which events of a batch.

Comes in: a batch with its features and signals. Goes out: rows in order, each with the rules
that hit it, in order. Always holds: the same as asking the interpreter about every rule and row,
however batches are cut. Refused: nothing.

Two ways, chosen per rule when the plan is made:

- a rule that cannot be true without a signal (`prefilter.anchors`) is asked about the rows that
  have that signal, one at a time, by its closure: such rows are few;
- every other rule is *open*: from `DENSE_ROWS` rows on its cheap parts are computed for all rows
  at once, and its closure is asked about the rows that are left; below, NumPy's fixed cost per
  operation is more than the closures take.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from tocsin.policy.closures import Closure, both, closures_of
from tocsin.policy.expressions import BoolOp, Expr
from tocsin.policy.interpret import EventReader, evaluate
from tocsin.policy.masks import Columns, Mask, Rows, masks_of
from tocsin.policy.plan import Plan
from tocsin.policy.prefilter import Prefilter
from tocsin.policy.spec import Rule
from tocsin.records import (
    EventBatch,
    FeatureTable,
    Signal,
    SignalTable,
    WindowTable,
)

__all__ = [
    "DENSE_ROWS",
    "Asker",
    "CompiledPlan",
    "Executor",
    "Interpreted",
    "ReaderOf",
    "RowHits",
    "rows_that_meet",
]

DENSE_ROWS = 6
"""From so many rows on, columns are quicker than closures (measured: `docs/adr/0015`)."""

ReaderOf = Callable[[int], EventReader]
"""The reader of a row."""


RowHits = tuple[int, Sequence[int]]
"""A row, and the indexes of the rules that hit it."""


class Asker(Protocol):
    """Asks rules about a batch."""

    def hits(
        self,
        batch: EventBatch,
        features: FeatureTable,
        signals: SignalTable,
        reader_of: ReaderOf,
        windows: WindowTable,
        among: Collection[int] | None = None,
    ) -> list[RowHits]:
        """Rows in order, each with the indexes of the rules that hit it, in order.

        `among` limits the rows where it is given.
        """
        ...


@dataclass(frozen=True)
class Interpreted:
    """Asks every candidate rule through the interpreter: the oracle of `Executor`."""

    rules: Sequence[Rule] = ()
    prefilter: Prefilter = field(default_factory=Prefilter)

    def hits(
        self,
        batch: EventBatch,
        _features: FeatureTable,
        signals: SignalTable,
        reader_of: ReaderOf,
        _windows: WindowTable,
        among: Collection[int] | None = None,
    ) -> list[RowHits]:
        """Rows in order, each with the indexes of the rules that hit it, in order."""
        found: list[RowHits] = []
        for row, candidates in self.prefilter.candidates(batch, signals, among):
            reader = reader_of(row)
            hit = [index for index in candidates if evaluate(self.rules[index].condition, reader)]
            if hit:
                found.append((row, hit))
        return found


@dataclass(frozen=True)
class CompiledPlan:
    """The plan of a rule set with its closures and masks; shared by the executors over it."""

    plan: Plan
    closures: Sequence[Closure]
    masks: Sequence[Mask | None]

    @classmethod
    def of(cls, rules: Sequence[Rule]) -> CompiledPlan:
        """Compile the conditions of these rules."""
        return cls.of_plan(Plan.of(rules))

    @classmethod
    def of_plan(cls, plan: Plan) -> CompiledPlan:
        """Compile the steps of a plan."""
        closures = closures_of(plan)
        return cls(plan, closures, masks_of(plan, closures))

    def test(self, rule: int) -> Closure:
        """The whole condition of a rule."""
        return self.closures[self.plan.roots[rule]]

    def dense(self, rule: int) -> _Dense:
        """The condition of an open rule, cut into masks and what is left."""
        root = self.plan.steps[self.plan.roots[rule]]
        is_and = isinstance(root.expr, BoolOp) and root.expr.is_and and root.constant is None
        parts = root.children if is_and else (root.number,)
        left = [self.closures[part] for part in parts if self.masks[part] is None]
        return _Dense(
            masks=tuple(part for part in parts if self.masks[part] is not None),
            left=both(left) if left else None,
        )


@dataclass(frozen=True, slots=True)
class _Dense:
    """True where all masks are, and then `left`."""

    masks: tuple[int, ...]
    left: Closure | None

    def rows(self, columns: Columns, asked: Rows | None) -> list[int]:
        """The rows that pass the masks; all that were asked where there is no mask."""
        found = asked
        for number in self.masks:
            mask = columns.mask(number)
            found = mask if found is None else found & mask
            if not np.count_nonzero(found):
                return []
        if found is None:
            return list(range(columns.n_rows))
        rows: list[int] = np.flatnonzero(found).tolist()
        return rows


def rows_that_meet(condition: Expr) -> Callable[[FeatureTable, int], Rows]:
    """A condition over features alone as a function: which of so many rows meet it."""
    compiled = CompiledPlan.of_plan(Plan.of_conditions([condition]))
    root = compiled.plan.roots[0]
    test, has_mask = compiled.closures[root], compiled.masks[root] is not None

    def ask(features: FeatureTable, n_rows: int) -> Rows:
        if has_mask and n_rows >= DENSE_ROWS:
            return Columns(features, {}, n_rows, compiled.masks).mask(root)
        found = (bool(test(EventReader(features, _NO_SIGNALS, row))) for row in range(n_rows))
        return np.fromiter(found, np.bool_, n_rows)

    return ask


_NO_SIGNALS: Mapping[str, Signal] = {}


@dataclass(frozen=True)
class Executor:
    """Asks the rules of one prefilter."""

    compiled: CompiledPlan
    prefilter: Prefilter

    def hits(
        self,
        batch: EventBatch,
        features: FeatureTable,
        signals: SignalTable,
        reader_of: ReaderOf,
        windows: WindowTable,
        among: Collection[int] | None = None,
    ) -> list[RowHits]:
        """Rows in order, each with the indexes of the rules that hit it, in order."""
        found: dict[int, list[int]] = {}
        readers: dict[int, EventReader] = {}

        def reader(row: int) -> EventReader:
            known = readers.get(row)
            if known is None:
                known = readers[row] = reader_of(row)
            return known

        if self._anchored:
            self._ask_anchored(batch, signals, reader, among, found)
        if self.prefilter.open_rules:
            n_rows = len(batch) if among is None else len(among)
            if n_rows < DENSE_ROWS:
                rows = range(len(batch)) if among is None else among
                self._ask_each(batch, rows, reader, found)
            else:
                masks = self.compiled.masks
                columns = Columns(features, signals, len(batch), masks, windows)
                self._ask_columns(batch, columns, reader, among, found)
        return [(row, sorted(found[row])) for row in sorted(found)]

    def _ask_anchored(
        self,
        batch: EventBatch,
        signals: SignalTable,
        reader: ReaderOf,
        among: Collection[int] | None,
        found: dict[int, list[int]],
    ) -> None:
        type_of = batch.columns.cell
        for row, names in signals.items():
            if among is not None and row not in among:
                continue
            anchored = self._anchored.get(type_of("type", row))
            if anchored is None:
                continue
            waiting = [anchored[name] for name in names if name in anchored]
            if not waiting:
                continue
            asked = waiting[0]
            for more in waiting[1:]:
                asked = {**asked, **more}
            own = reader(row)
            hits = [index for index, test in asked.items() if test(own)]
            if hits:
                found.setdefault(row, []).extend(hits)

    def _ask_each(
        self,
        batch: EventBatch,
        rows: Collection[int],
        reader: ReaderOf,
        found: dict[int, list[int]],
    ) -> None:
        type_of = batch.columns.cell
        for row in rows:
            tests = self._open.get(type_of("type", row), ())
            if not tests:
                continue
            own = reader(row)
            hits = [index for index, test in tests if test(own)]
            if hits:
                found.setdefault(row, []).extend(hits)

    def _ask_columns(
        self,
        batch: EventBatch,
        columns: Columns,
        reader: ReaderOf,
        among: Collection[int] | None,
        found: dict[int, list[int]],
    ) -> None:
        for rules, asked in self._scopes(batch, among):
            for index, dense in rules:
                rows = dense.rows(columns, asked)
                left = dense.left
                for row in rows:
                    if left is None or left(reader(row)):
                        found.setdefault(row, []).append(index)

    def _scopes(
        self, batch: EventBatch, among: Collection[int] | None
    ) -> Iterator[tuple[Sequence[tuple[int, _Dense]], Rows | None]]:
        """For each event type of the batch its open rules, and the rows (None: all)."""
        types = batch.columns.values("type")
        kinds = set(types)
        for kind in sorted(kinds & self._open_dense.keys()):
            rows = None
            if len(kinds) > 1:
                rows = np.array([own == kind for own in types], dtype=np.bool_)
            if among is not None:
                chosen = np.zeros(len(types), dtype=np.bool_)
                chosen[list(among)] = True
                rows = chosen if rows is None else rows & chosen
            yield self._open_dense[kind], rows

    @cached_property
    def _anchored(self) -> Mapping[str, Mapping[str, Mapping[int, Closure]]]:
        """Event type -> signal -> the rules that wait for it."""
        made: dict[str, dict[str, dict[int, Closure]]] = {}
        for signal, rules in self.prefilter.by_signal.items():
            for rule in rules:
                for kind in self.prefilter.events[rule]:
                    of_signal = made.setdefault(kind, {}).setdefault(signal, {})
                    of_signal[rule] = self.compiled.test(rule)
        return made

    @cached_property
    def _open(self) -> Mapping[str, Sequence[tuple[int, Closure]]]:
        """Event type -> the open rules."""
        return {
            kind: [(rule, self.compiled.test(rule)) for rule in rules]
            for kind, rules in self.prefilter.open_rules.items()
        }

    @cached_property
    def _open_dense(self) -> Mapping[str, Sequence[tuple[int, _Dense]]]:
        """Event type -> the open rules, cut for columns."""
        return {
            kind: [(rule, self.compiled.dense(rule)) for rule in rules]
            for kind, rules in self.prefilter.open_rules.items()
        }
