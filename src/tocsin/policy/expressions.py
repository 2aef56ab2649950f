"""The typed form of a rule's condition: what parsing makes, and everything else reads.

Comes in: nothing. Goes out: frozen nodes. Always holds: every node knows its type, its canonical
text (`key`), where it stands in the rule's `when`, and whether its value is stored with a
decision. Text that people wrote (a post, a name, a handle) is content: it is never stored with a
decision, only what a rule made of it (`len(text)`, `contains(text, "…")`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from tocsin.policy.functions import Function
from tocsin.policy.kinds import Kind
from tocsin.records import LabelHolder, TextField, WindowSpec

__all__ = [
    "READS",
    "Arithmetic",
    "BankTest",
    "BoolOp",
    "Call",
    "Compare",
    "Expr",
    "HasLabel",
    "ListOf",
    "Literal",
    "Matches",
    "Name",
    "Negative",
    "Not",
    "RuleRead",
    "SignalPart",
    "SignalRead",
    "WindowRead",
    "walk",
]


class SignalPart(StrEnum):
    """What a rule may read of a signal."""

    SCORE = "score"
    ABSTAINED = "abstained"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expr:
    """A node.

    `start` and `end` are characters of the rule's `when`. `is_content`: its value is, or holds,
    text that people wrote. `is_recorded`: its value is stored with a decision, from which
    everything above it can be computed again.
    """

    kind: Kind
    key: str
    start: int
    end: int
    children: tuple[Expr, ...] = ()
    is_content: bool = False
    is_recorded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal(Expr):
    """A constant."""

    value: bool | float | str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOf(Expr):
    """A list of constants."""

    values: tuple[str, ...] | tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Name(Expr):
    """A feature."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRead(Expr):
    """A part of a signal."""

    signal: str
    part: SignalPart


@dataclass(frozen=True, slots=True, kw_only=True)
class BankTest(Expr):
    """Whether the signal of a bank has evidence in `fields` (None: any evidence counts).

    `signal` names one of several ways to look something up in the bank: see `memberships`.
    """

    bank: str
    signal: str
    fields: frozenset[TextField] | None
    is_negated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRead(Expr):
    """The answer of a window, divided by `per` where there is one (a rate).

    `where` is read of the events that the window counts, not of the one that asks: it is no
    child.
    """

    spec: WindowSpec
    where: Expr | None = None
    per: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Not(Expr):
    """`not x`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoolOp(Expr):
    """`x and y …` or `x or y …`."""

    is_and: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare(Expr):
    """`a < b <= c …`; one operator fewer than children."""

    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arithmetic(Expr):
    """`a + b`, `a - b`, `a * b`, `a / b`."""

    operator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Negative(Expr):
    """`-a`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Expr):
    """A function of the language."""

    function: Function


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches(Expr):
    """Whether a regular expression matches a text, or one text of a list.

    `is_normal`: the text is a normal form, in which literals of the pattern can be looked for.
    """

    pattern: str
    is_normal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HasLabel(Expr):
    """Whether the account or handle of the event has a label."""

    name: str
    holder: LabelHolder


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRead(Expr):
    """Whether the condition of another rule is true, where that rule is asked; its only child."""

    rule: str


READS = (Name, SignalRead, BankTest, WindowRead, HasLabel)
"""The nodes whose value is the event's, and not fixed by the rule."""


def walk(expr: Expr) -> Iterator[Expr]:
    """The node and all below it, outermost first, left to right."""
    yield expr
    for child in expr.children:
        yield from walk(child)
