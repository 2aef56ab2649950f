"""Which events a signal can still matter for: the mask on which dear detectors run.

Comes in: a plan, and a batch as far as it is known: features, windows, the signals of detectors
that went before; labels count as unknown, and windows where they are not counted yet. Goes out:
the rows where a rule that reads one of the signals in question can still hit. Always holds: on any
other row no such rule hits, whatever the signals would say, so that decisions are the same bytes as
if every detector had seen every row (`tests/property/test_tiers.py`). A row is asked about even
where the rule hits without the signal: a decision names the signals that its rules read. Refused:
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.policy.execute import CompiledPlan, ReaderOf
from tocsin.policy.expressions import BoolOp, Not, RuleRead
from tocsin.policy.masks import Columns
from tocsin.policy.plan import Step
from tocsin.policy.spec import Rule
from tocsin.records import EventBatch

__all__ = ["Tiers"]

_Rows = npt.NDArray[np.intp]
_Truths = npt.NDArray[np.bool_]
_Test = Callable[[Step, _Rows], _Truths]


@dataclass(frozen=True, slots=True)
class Tiers:
    """The rules of a plan, asked before all signals are there."""

    compiled: CompiledPlan
    rules: Sequence[Rule]

    def rows(
        self,
        asked: Collection[str],
        unknown: Collection[str],
        batch: EventBatch,
        columns: Columns,
        reader_of: ReaderOf,
        *,
        has_windows: bool = True,
    ) -> list[int]:
        """The rows where a rule that reads one of the signals `asked` can still hit.

        `unknown` are all signals that are not there yet, those among them; `has_windows` says
        whether windows are counted already.
        """
        steps = self.compiled.plan.steps
        missing = frozenset(unknown) | frozenset(asked)
        question = _Question(self.compiled, missing, columns, reader_of, has_windows)
        types = batch.columns.values("type")
        wanted = np.zeros(len(batch), np.bool_)
        for rule, root in zip(self.rules, self.compiled.plan.roots, strict=True):
            if steps[root].signals.isdisjoint(asked):
                continue
            is_open = np.fromiter(map(rule.events.__contains__, types), np.bool_, len(batch))
            rows = np.flatnonzero(is_open & ~wanted)
            wanted[rows[question.may_be_true(steps[root], rows)]] = True
        found: list[int] = np.flatnonzero(wanted).tolist()
        return found


@dataclass(frozen=True, slots=True)
class _Question:
    """What can be said of steps while some signals, and perhaps windows, are unknown."""

    compiled: CompiledPlan
    unknown: frozenset[str]
    columns: Columns
    reader_of: ReaderOf
    has_windows: bool

    def may_be_true(self, step: Step, rows: _Rows) -> _Truths:
        """For each of these rows whether the step is true for some signals."""
        if self._is_known(step):
            return self._is_true(step, rows)
        match step.expr:
            case RuleRead():
                return self.may_be_true(self._children(step)[0], rows)
            case Not():
                return ~self.must_be_true(self._children(step)[0], rows)
            case BoolOp(is_and=True):
                return self._all(step, rows, self.may_be_true)
            case BoolOp():
                return self._any(step, rows, self.may_be_true)
        return np.ones(len(rows), np.bool_)

    def must_be_true(self, step: Step, rows: _Rows) -> _Truths:
        """For each of these rows whether the step is true for all signals."""
        if self._is_known(step):
            return self._is_true(step, rows)
        match step.expr:
            case RuleRead():
                return self.must_be_true(self._children(step)[0], rows)
            case Not():
                return ~self.may_be_true(self._children(step)[0], rows)
            case BoolOp(is_and=True):
                return self._all(step, rows, self.must_be_true)
            case BoolOp():
                return self._any(step, rows, self.must_be_true)
        return np.zeros(len(rows), np.bool_)

    def _children(self, step: Step) -> list[Step]:
        """The parts of a step, those that are known first."""
        below = [self.compiled.plan.steps[child] for child in step.children]
        return sorted(below, key=lambda child: not self._is_known(child))

    def _is_known(self, step: Step) -> bool:
        """Whether the step's value is certain already: a batch sets labels while it is judged."""
        is_counted = self.has_windows or not step.windows
        return is_counted and not step.reads_labels and step.signals.isdisjoint(self.unknown)

    def _all(self, step: Step, rows: _Rows, test: _Test) -> _Truths:
        found = np.ones(len(rows), np.bool_)
        for child in self._children(step):
            left = np.flatnonzero(found)
            found[left] = test(child, rows[left])
        return found

    def _any(self, step: Step, rows: _Rows, test: _Test) -> _Truths:
        found = np.zeros(len(rows), np.bool_)
        for child in self._children(step):
            left = np.flatnonzero(~found)
            found[left] = test(child, rows[left])
        return found

    def _is_true(self, step: Step, rows: _Rows) -> _Truths:
        """The step itself, which reads nothing unknown."""
        if len(rows) == 0:
            return np.zeros(0, np.bool_)
        if self.compiled.masks[step.number] is not None:
            return self.columns.mask(step.number)[rows]
        test = self.compiled.closures[step.number]
        truths = (bool(test(self.reader_of(row))) for row in rows.tolist())
        return np.fromiter(truths, np.bool_, len(rows))
