"""Which rule hit what: one row per hit, of rules in force and of rules in shadow.

Comes in: the decisions and shadow hits of one log entry. Goes out: rows of `rule_hits`. Always
holds: derived from the log alone; a decision that was erased has no row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from tocsin.records import Decision, LogEntry, Outcome, ShadowHit
from tocsin.store import schema
from tocsin.store.driversql import insert_rows
from tocsin.store.times import to_us

__all__ = ["ACTIVE", "SHADOW", "insert"]

ACTIVE = "active"
SHADOW = "shadow"


def insert(
    connection: sa.Connection,
    entry: LogEntry,
    decisions: Sequence[Decision | None],
    shadow: Sequence[ShadowHit | None],
) -> None:
    """Note every hit of one log entry; None stands for what was erased."""
    rows = [
        row
        for ordinal, decision in enumerate(decisions)
        if decision is not None
        for row in _of_decision(entry, ordinal, decision)
    ]
    rows += [
        _of_shadow(entry, ordinal, hit) for ordinal, hit in enumerate(shadow) if hit is not None
    ]
    if rows:
        insert_rows(connection, schema.rule_hits, rows)


def _of_decision(entry: LogEntry, ordinal: int, decision: Decision) -> list[dict[str, Any]]:
    allowing = (r.priority for r in decision.reasons if r.outcome is Outcome.ALLOW)
    floor = max(allowing, default=-1)
    return [
        {
            "position": entry.position,
            "mode": ACTIVE,
            "ordinal": ordinal,
            "rule": reason.rule,
            "rule_version": reason.rule_version,
            "decision_id": decision.id,
            "event_id": decision.event,
            "subject_kind": decision.subject.kind,
            "subject_id": decision.subject.id,
            "actor": decision.actor,
            "language": decision.language,
            "clause": reason.clause,
            "outcome": reason.outcome.value,
            "is_overridden": reason.outcome is not Outcome.ALLOW and reason.priority < floor,
            "at_us": to_us(decision.event_at or entry.at),
        }
        for reason in decision.reasons
    ]


def _of_shadow(entry: LogEntry, ordinal: int, hit: ShadowHit) -> dict[str, Any]:
    return {
        "position": entry.position,
        "mode": SHADOW,
        "ordinal": ordinal,
        "rule": hit.rule,
        "rule_version": hit.rule_version,
        "decision_id": None,
        "event_id": hit.event,
        "subject_kind": hit.subject.kind,
        "subject_id": hit.subject.id,
        "actor": hit.actor,
        "language": hit.language,
        "clause": hit.clause,
        "outcome": hit.outcome.value,
        "is_overridden": hit.is_overridden,
        "at_us": to_us(hit.event_at or entry.at),
    }
