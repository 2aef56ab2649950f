"""What a reviewer needs of the policy.

Comes in: nothing. Goes out: protocols that a compiled policy meets, so that reviewing knows
clauses without knowing how policies are written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from tocsin.records import ActionKind

__all__ = ["ClauseView", "PolicyView"]


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
