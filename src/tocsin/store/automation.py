"""What rules have earned, in the store: standings, and what people made of automatic actions.

Comes in: strata, verdicts. Goes out: standings, their history, and for each automatic action
whether a person took it back. Always holds: a standing changes by an entry of the log only.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from tocsin.records import (
    ActionKind,
    ActionState,
    AutomationState,
    EntryKind,
    LogEntry,
    Standing,
    Stratum,
    VerdictKind,
)
from tocsin.store import log, schema
from tocsin.store.standings import of_stratum
from tocsin.store.store import Transaction
from tocsin.store.times import from_us, to_us

__all__ = [
    "StandingRow",
    "acted_on",
    "acts",
    "cancellable",
    "get",
    "history",
    "last_change",
    "list_rows",
    "record",
]

table = schema.automation_states
_RECENT_ACTS = 2_000
"""Automatic actions among which it is looked for those that were taken back: enough for every
alarm to ring, and a bound on the work that one verdict can cause."""


class StandingRow(msgspec.Struct, frozen=True, kw_only=True):
    """A standing, since when and since which entry of the log."""

    standing: Standing
    position: int
    eligible_position: int | None
    at: datetime


def record(transaction: Transaction, standing: Standing) -> LogEntry:
    """Write a change to the log."""
    return transaction.record(EntryKind.AUTOMATION, msgspec.to_builtins(standing))


def get(connection: sa.Connection, stratum: Stratum) -> StandingRow | None:
    """Where a stratum stands; None while nothing was ever said of it."""
    row = connection.execute(sa.select(table).where(of_stratum(table, stratum))).one_or_none()
    return None if row is None else _row(row)


def list_rows(connection: sa.Connection) -> list[StandingRow]:
    """Every standing, by stratum."""
    order = (table.c.rule, table.c.rule_version, table.c.language, table.c.action)
    return [_row(row) for row in connection.execute(sa.select(table).order_by(*order))]


def history(connection: sa.Connection, stratum: Stratum) -> list[LogEntry]:
    """Every entry that changed a stratum's state, oldest first."""
    wanted = msgspec.to_builtins(stratum)
    found = log.entries(connection, kinds=[EntryKind.AUTOMATION])
    return [entry for entry in found if entry.body["stratum"] == wanted]


def last_change(connection: sa.Connection) -> int:
    """Where the log last changed what rules may do; 0 if nowhere."""
    return log.newest(connection, EntryKind.AUTOMATION)


def acted_on(connection: sa.Connection, decision_ids: Collection[str]) -> list[Stratum]:
    """The strata that act by themselves and did so in one of these decisions."""
    actions, hits = schema.actions, schema.rule_hits
    statement = (
        sa.select(table.c.rule, table.c.rule_version, table.c.language, table.c.action)
        .join(hits, _is_hit_of(table))
        .join(actions, actions.c.authority == sa.literal("decision:").concat(hits.c.decision_id))
        .where(
            hits.c.decision_id.in_(list(decision_ids)),
            actions.c.kind == table.c.action,
            table.c.state == AutomationState.EARNED.value,
            actions.c.position > table.c.position,
        )
        .distinct()
    )
    found = [
        Stratum(
            rule=row.rule,
            rule_version=row.rule_version,
            language=row.language,
            action=ActionKind(row.action),
        )
        for row in connection.execute(statement)
    ]
    return sorted(found)


def acts(connection: sa.Connection, stratum: Stratum, *, after: int) -> list[bool]:
    """Whether each recent automatic action of a stratum still stands, oldest first.

    It does not where the last word of people on its case is that it is harmless, or that they took
    back that it is a violation.
    """
    actions, hits, links = schema.actions, schema.rule_hits, schema.case_decisions
    statement = (
        sa.select(hits.c.decision_id, links.c.case_id)
        .join(actions, actions.c.authority == sa.literal("decision:").concat(hits.c.decision_id))
        .join(links, links.c.decision_id == hits.c.decision_id, isouter=True)
        .where(
            hits.c.rule == stratum.rule,
            hits.c.rule_version == stratum.rule_version,
            hits.c.language == stratum.language,
            hits.c.outcome == stratum.action.value,
            hits.c.is_overridden.is_(False),
            actions.c.kind == stratum.action.value,
            actions.c.position > after,
        )
        .order_by(hits.c.position.desc(), hits.c.ordinal.desc())
        .limit(_RECENT_ACTS)
    )
    rows = connection.execute(statement).all()[::-1]
    overturned = _overturned(connection, {row.case_id for row in rows if row.case_id})
    return [row.case_id not in overturned for row in rows]


def cancellable(connection: sa.Connection, stratum: Stratum, *, now: datetime) -> list[str]:
    """Actions of a stratum that nobody began to deliver, and that rest on no other rule."""
    actions, hits = schema.actions, schema.rule_hits
    other = hits.alias("other")
    rests_elsewhere = sa.exists().where(
        other.c.decision_id == hits.c.decision_id,
        other.c.rule != hits.c.rule,
        other.c.outcome == hits.c.outcome,
        other.c.is_overridden.is_(False),
    )
    statement = (
        sa.select(actions.c.id)
        .join(hits, actions.c.authority == sa.literal("decision:").concat(hits.c.decision_id))
        .where(
            hits.c.rule == stratum.rule,
            hits.c.rule_version == stratum.rule_version,
            hits.c.language == stratum.language,
            hits.c.outcome == stratum.action.value,
            actions.c.kind == stratum.action.value,
            actions.c.state == ActionState.WAITING.value,
            actions.c.attempts == 0,
            actions.c.lease_until_us <= to_us(now),
            ~rests_elsewhere,
        )
        .order_by(actions.c.id)
    )
    return list(connection.execute(statement).scalars())


def _is_hit_of(states: sa.Table) -> sa.ColumnElement[bool]:
    hits = schema.rule_hits
    return sa.and_(
        hits.c.rule == states.c.rule,
        hits.c.rule_version == states.c.rule_version,
        hits.c.language == states.c.language,
        hits.c.outcome == states.c.action,
        hits.c.is_overridden.is_(False),
    )


def _overturned(connection: sa.Connection, case_ids: set[str]) -> set[str]:
    """The cases on which people last said that nothing was broken."""
    verdicts = schema.verdicts
    reversed_ = verdicts.alias("reversed_")
    statement = (
        sa.select(verdicts.c.case_id, verdicts.c.kind, reversed_.c.kind.label("reversed_kind"))
        .join(reversed_, reversed_.c.id == verdicts.c.reverses, isouter=True)
        .where(
            verdicts.c.case_id.in_(sorted(case_ids)),
            verdicts.c.kind != VerdictKind.ESCALATE.value,
        )
        .order_by(verdicts.c.position)
    )
    last = {row.case_id: (row.kind, row.reversed_kind) for row in connection.execute(statement)}
    against = {
        (VerdictKind.HARMLESS.value, None),
        (VerdictKind.REVERSAL.value, VerdictKind.VIOLATION.value),
    }
    return {case_id for case_id, word in last.items() if word in against}


def _row(row: Any) -> StandingRow:
    stratum = Stratum(
        rule=row.rule,
        rule_version=row.rule_version,
        language=row.language,
        action=ActionKind(row.action),
    )
    standing = Standing(
        stratum=stratum,
        clause=row.clause,
        state=AutomationState(row.state),
        epoch=row.epoch,
        n_judged=row.n_judged,
        n_violations=row.n_violations,
        lower=row.lower,
        bar=row.bar,
        alpha=row.alpha,
        reason=row.reason,
        by=row.by_whom,
    )
    return StandingRow(
        standing=standing,
        position=row.position,
        eligible_position=row.eligible_position,
        at=from_us(row.at_us),
    )
