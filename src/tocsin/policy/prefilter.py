"""Which rules are worth asking about which events.

Comes in: rules. Goes out: for a batch, the pairs of row and rule that can hit. Always holds: a
pair that is left out cannot hit (property test: on and off give the same decisions). A rule has
an anchor where its condition cannot be true unless at least one of some signals is there; its
rows are then found from the signals, and rows without signals cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tocsin.policy.expressions import (
    Arithmetic,
    BankTest,
    BoolOp,
    Call,
    Compare,
    Expr,
    Literal,
    Matches,
    Negative,
    RuleRead,
    SignalPart,
    SignalRead,
)
from tocsin.policy.spec import Rule
from tocsin.records import EventBatch, SignalTable

__all__ = ["Prefilter", "anchors"]


def anchors(expr: Expr) -> frozenset[str] | None:
    """Signals of which one must be present for the condition to be true.

    None: the condition can be true without any signal. The empty set: it never is true.
    """
    match expr:
        case Literal(value=False):
            return frozenset()
        case BankTest(is_negated=False, signal=signal):
            return frozenset({signal})
        case SignalRead(signal=signal, part=SignalPart.ABSTAINED):
            return frozenset({signal})
        case BoolOp(is_and=True):
            found = [found for found in map(anchors, expr.children) if found is not None]
            return min(found, key=lambda names: (len(names), sorted(names)), default=None)
        case BoolOp():
            every = [anchors(child) for child in expr.children]
            known = [found for found in every if found is not None]
            return frozenset().union(*known) if len(known) == len(every) else None
        case RuleRead():
            return anchors(expr.children[0])
        case Compare():
            return next(filter(None, map(_needed, expr.children)), None)
    return _needed(expr)


def _needed(expr: Expr) -> frozenset[str] | None:
    """Signals of which one must be present for the value not to be missing."""
    if isinstance(expr, SignalRead):
        return frozenset({expr.signal})
    is_strict = isinstance(expr, Arithmetic | Negative | Matches) or (
        isinstance(expr, Call) and expr.function.name != "known"
    )
    return next(filter(None, map(_needed, expr.children)), None) if is_strict else None


@dataclass(frozen=True, slots=True)
class Prefilter:
    """Rules by the signals that they wait for; `open_rules` are asked about every event."""

    by_signal: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    open_rules: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    events: Sequence[frozenset[str]] = ()

    @classmethod
    def of(
        cls,
        rules: Sequence[Rule],
        chosen: Callable[[Rule], bool],
        *,
        use_anchors: bool = True,
    ) -> Prefilter:
        """The filter of the chosen rules; without anchors they are asked about every event."""
        by_signal: dict[str, list[int]] = {}
        open_rules: dict[str, list[int]] = {}
        for index, rule in enumerate(rules):
            if not chosen(rule):
                continue
            names = anchors(rule.condition) if use_anchors else None
            keys: Iterable[str] = rule.events if names is None else names
            into = open_rules if names is None else by_signal
            for key in keys:
                into.setdefault(key, []).append(index)
        return cls(
            {name: tuple(found) for name, found in by_signal.items()},
            {name: tuple(found) for name, found in open_rules.items()},
            tuple(rule.events for rule in rules),
        )

    def candidates(
        self, batch: EventBatch, signals: SignalTable, among: Container[int] | None = None
    ) -> list[tuple[int, Sequence[int]]]:
        """Rows in order, each with the indexes of its candidate rules in order.

        `among` limits the rows where it is given.
        """
        rows: dict[int, set[int]] = {}
        by_signal = self.by_signal
        for row, found in signals.items():
            for name in found:
                rules = by_signal.get(name)
                if rules is not None:
                    rows.setdefault(row, set()).update(rules)
        if self.open_rules:
            for row, kind in enumerate(batch.columns.values("type")):
                rules = self.open_rules.get(kind)
                if rules is not None:
                    rows.setdefault(row, set()).update(rules)
        return [
            (row, self._asked(batch, row, rows[row]))
            for row in sorted(rows)
            if among is None or row in among
        ]

    def _asked(self, batch: EventBatch, row: int, rules: set[int]) -> Sequence[int]:
        kind = batch.columns.cell("type", row)
        return [index for index in sorted(rules) if kind in self.events[index]]
