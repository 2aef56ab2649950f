"""The plan of a rule set: every sub-expression once, what it costs, what it reads.

Comes in: checked rules. Goes out: a `Plan`: numbered steps, and for each rule its last step.
Always holds: two sub-expressions with the same kind and the same canonical text are one step,
whichever rules they stand in; a step's children have lower numbers; the parts of `and` and `or`
are ordered by cost, and those of equal cost as written. Order cannot change a result: nothing in
the language has an effect, and missing counts as false wherever a truth value is needed
(`tests/property/test_plan.py` holds the plan against the interpreter).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

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
    SignalRead,
    WindowRead,
    walk,
)
from tocsin.policy.interpret import Result, combine
from tocsin.policy.kinds import Kind
from tocsin.policy.spec import Rule

__all__ = ["OPAQUE_COST", "WORTH_KEEPING", "Plan", "Step"]

_NAME_COST = {Kind.TEXT: 3, Kind.TEXTS: 6}
"""Relative to a number or truth value (1): texts and lists are often found in the post itself."""

_CALL_COST = 8
OPAQUE_COST = 100
"""A node that the plan does not know."""

WORTH_KEEPING = 6
"""A shared step of this cost or more is remembered; asking a cheaper one again costs less."""

_MATCH_COST = 30
_LABEL_COST = 4

_KNOWN_NODES = (
    Literal, ListOf, Name, SignalRead, BankTest, WindowRead, Not, BoolOp, Compare, Arithmetic,
    Negative, Call, Matches, RuleRead,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One sub-expression. `constant` holds its value in a tuple where nothing can change it.

    `names`, `signals` and `windows` are what it reads, and `reads_labels` whether it reads labels;
    `is_opaque`: the interpreter evaluates it whole.
    """

    number: int
    expr: Expr
    children: tuple[int, ...]
    cost: int
    names: frozenset[str]
    signals: frozenset[str]
    windows: frozenset[str]
    reads_labels: bool
    constant: tuple[Result] | None
    is_opaque: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Steps in an order in which they can be computed; `roots[i]` is the condition of rule `i`.

    `shared` are the steps that more than one place reads.
    """

    steps: tuple[Step, ...]
    roots: tuple[int, ...]
    shared: frozenset[int]

    @classmethod
    def of(cls, rules: Sequence[Rule]) -> Plan:
        """The plan of these rules."""
        return cls.of_conditions([rule.condition for rule in rules])

    @classmethod
    def of_conditions(cls, conditions: Sequence[Expr]) -> Plan:
        """The plan of these conditions."""
        numbering = _Numbering()
        roots = tuple(map(numbering.number, conditions))
        readers = Counter(roots)
        for step in numbering.steps:
            readers.update(step.children)
        return cls(
            steps=tuple(numbering.steps),
            roots=roots,
            shared=frozenset(number for number, n in readers.items() if n > 1),
        )


class _Numbering:
    """Gives each sub-expression its number."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._numbers: dict[tuple[Kind, str], int] = {}

    def number(self, expr: Expr) -> int:
        known = self._numbers.get((expr.kind, expr.key))
        if known is not None:
            return known
        is_opaque = not isinstance(expr, _KNOWN_NODES)
        children = [] if is_opaque else [self.number(child) for child in expr.children]
        if isinstance(expr, BoolOp):
            children.sort(key=lambda child: self.steps[child].cost)
        below = [self.steps[child] for child in children]
        constant = None if is_opaque else _constant(expr, below)
        step = Step(
            number=len(self.steps),
            expr=expr,
            children=tuple(children),
            cost=0 if constant is not None else _cost(expr, below, is_opaque=is_opaque),
            names=frozenset().union(*map(_names, walk(expr))),
            signals=frozenset().union(*map(_signals, walk(expr))),
            windows=frozenset().union(*map(_windows, walk(expr))),
            reads_labels=any(isinstance(part, HasLabel) for part in walk(expr)),
            constant=constant,
            is_opaque=is_opaque or any(child.is_opaque for child in below),
        )
        self._numbers[expr.kind, expr.key] = step.number
        self.steps.append(step)
        return step.number


def _constant(expr: Expr, below: Sequence[Step]) -> tuple[Result] | None:
    """The value of a node that reads nothing."""
    if isinstance(expr, Name | SignalRead | BankTest | WindowRead):
        return None
    values = [child.constant[0] for child in below if child.constant is not None]
    return (combine(expr, values),) if len(values) == len(below) else None


def _cost(expr: Expr, below: Sequence[Step], *, is_opaque: bool) -> int:
    if is_opaque:
        return _LABEL_COST if isinstance(expr, HasLabel) else OPAQUE_COST
    if isinstance(expr, Name):
        return _NAME_COST.get(expr.kind, 1)
    own = _MATCH_COST if isinstance(expr, Matches) else 1
    if isinstance(expr, Call):
        own = _CALL_COST
    return own + sum(child.cost for child in below)


def _names(expr: Expr) -> frozenset[str]:
    return frozenset({expr.name}) if isinstance(expr, Name) else frozenset()


def _signals(expr: Expr) -> frozenset[str]:
    return frozenset({expr.signal}) if isinstance(expr, BankTest | SignalRead) else frozenset()


def _windows(expr: Expr) -> frozenset[str]:
    return frozenset({expr.spec.name}) if isinstance(expr, WindowRead) else frozenset()
