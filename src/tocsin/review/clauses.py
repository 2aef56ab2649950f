"""What a reviewer needs of the policy.

Comes in: nothing. Goes out: protocols that a compiled policy meets, so that reviewing knows
clauses without knowing how policies are written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from tocsin.records import ActionKind, Outcome, SubjectKind

__all__ = ["BarView", "ClauseView", "MeasuredPolicy", "PolicyView", "RuleView"]


class ClauseView(Protocol):
    """One clause, as a reviewer applies it."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def title(self) -> str:
        """One line for people."""
        ...

    @property
    def actions(self) -> Sequence[ActionKind]:
        """What may be done under it."""
        ...


class PolicyView(Protocol):
    """The policy in force."""

    @property
    def clauses(self) -> Mapping[str, ClauseView]:
        """Clause by id, in the order of the policy."""
        ...


class BarView(Protocol):
    """What a clause lets happen by itself."""

    @property
    def bars(self) -> Mapping[ActionKind, float]:
        """The precision that each action needs."""
        ...


class RuleView(Protocol):
    """One rule, as its hits are measured."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def version(self) -> str:
        """Changes whenever it could decide otherwise."""
        ...

    @property
    def clause(self) -> str:
        """The clause that it points to."""
        ...

    @property
    def outcome(self) -> Outcome:
        """What it proposes."""
        ...

    @property
    def subject(self) -> SubjectKind:
        """What it is about."""
        ...

    @property
    def basis(self) -> str:
        """`bank` where it rests on known material only: then it needs no measuring."""
        ...


class MeasuredPolicy(Protocol):
    """The policy in force, with its rules."""

    @property
    def version(self) -> str:
        """Which one it is."""
        ...

    @property
    def clauses(self) -> Mapping[str, BarView]:
        """Clause by id."""
        ...

    @property
    def rules(self) -> Sequence[RuleView]:
        """Every rule."""
        ...
