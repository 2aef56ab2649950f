"""Proposals: changes of policy that wait for a second person.

Comes in: nothing. Goes out: frozen structs. Always holds: a proposal names exactly one change:
a version of a pack, or the state of one rule version.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from msgspec import Struct

from tocsin.records.rules import RuleState

__all__ = ["Proposal", "ProposalInvite", "ProposalState", "SoloWay"]

SoloWay = Literal["delay", "invited"]
"""What stood in for the second person in solo mode: the same person after a delay, or somebody
from outside by a link."""


class ProposalState(StrEnum):
    """What became of a proposal."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Proposal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A change that somebody proposes: a version of a pack (`pack`), or a state of a rule version.

    `by` and `decided_by` are the ids of users, or names where there are no users. `base` is the
    pack that was in force when it was proposed.
    """

    id: str
    position: int
    by: str
    reason: str
    at: datetime
    base: str | None = None
    pack: str | None = None
    rule: str | None = None
    rule_version: str | None = None
    rule_state: RuleState | None = None
    backtest: str | None = None
    state: ProposalState = ProposalState.OPEN
    decided_by: str | None = None
    decided_reason: str | None = None
    decided_at: datetime | None = None
    decided_position: int | None = None
    solo: SoloWay | None = None

    @property
    def what(self) -> str:
        """The change in a few words."""
        if self.pack is not None:
            return f"activate the pack {self.pack[:8]}"
        return f"make the rule {self.rule} {self.rule_state}"


class ProposalInvite(Struct, frozen=True, kw_only=True):
    """A link for somebody outside, good for one proposal until it ends."""

    id: str
    proposal: str
    by: str
    at: datetime
    expires_at: datetime
