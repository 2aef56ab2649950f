"""Cases and verdicts: a matter for a person, and what the person decided.

Comes in: nothing. Goes out: frozen structs. Always holds: a case has one subject and gathers
every decision about it while it is open; a verdict is a record that is never edited, only
reversed by another; free text lives in erasable content, never in the log's chain.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

from msgspec import Struct

from tocsin.records.decisions import ActionKind, Subject

__all__ = [
    "ESCALATED_PRIORITY",
    "Case",
    "CaseState",
    "ProtectedPurpose",
    "Verdict",
    "VerdictKind",
]

ESCALATED_PRIORITY: Final = 900
"""Of 1,000: what somebody escalates comes before what rules find, save imminent danger."""


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    DECIDED = "decided"


class VerdictKind(StrEnum):
    """What a person concluded."""

    VIOLATION = "violation"  # breaks the clause; the actions follow
    HARMLESS = "harmless"  # does not break any clause
    ESCALATE = "escalate"  # somebody with more authority should decide
    REVERSAL = "reversal"  # takes an earlier verdict back


ProtectedPurpose = Literal["none", "news", "research", "art", "counter_extremism"]
"""Considered in every verdict (TCO Regulation (EU) 2021/784, Article 1(3))."""


class Case(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A matter for a person.

    `priority` in [0, 1000], higher first; `moved` is the part of it that comes from an outside
    model's opinion, `opinion` that opinion's position in the log. `language` is the subject's,
    `und` if unknown.
    """

    id: str
    subject: Subject
    actor: str | None = None
    state: CaseState
    clause: str
    priority: int
    moved: int = 0
    opinion: int | None = None
    language: str
    opened_at: datetime
    decisions: tuple[str, ...]
    decided_at: datetime | None = None
    verdict: str | None = None
    version: int = 1


class Verdict(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person decided about a case."""

    id: str
    case: str
    subject: Subject
    reviewer: str
    at: datetime
    kind: VerdictKind
    clause: str | None = None
    actions: tuple[ActionKind, ...] = ()
    protected_purpose: ProtectedPurpose = "none"
    decisions: tuple[str, ...] = ()
    reverses: str | None = None
