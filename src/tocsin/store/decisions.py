"""Decisions in the store.

Comes in: filters. Goes out: decisions in the order in which they were made, as canonical JSON
or records, and the event that triggered each. Always holds: the JSON is byte for byte what the
log's commitment covers; what was erased comes back as None.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from tocsin.records import Decision, decode_decision
from tocsin.store import log, schema

__all__ = [
    "DecisionFilter",
    "DecisionRow",
    "about_events",
    "count",
    "event_json",
    "get",
    "list_rows",
    "rows_by_id",
    "stream_json",
]

table = schema.decisions

_IDS_PER_STATEMENT = 10_000
"""SQLite takes 32,766 values in one statement, PostgreSQL 65,535."""


class DecisionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which decisions; absent parts do not restrict."""

    clause: str | None = None
    outcome: str | None = None
    language: str | None = None
    rule: str | None = None
    actor: str | None = None
    subject_kind: str | None = None
    subject_id: str | None = None
    event: str | None = None


class DecisionRow(msgspec.Struct, frozen=True, kw_only=True):
    """What lists show of a decision, without its reasons."""

    id: str
    position: int
    ordinal: int
    subject_kind: str
    subject_id: str
    actor: str | None
    event_id: str
    event_at_us: int | None
    language: str
    clause: str
    outcome: str
    priority: int
    rules: list[str]


def list_rows(
    connection: sa.Connection,
    where: DecisionFilter,
    *,
    limit: int = 50,
    before: tuple[int, int] | None = None,
) -> list[DecisionRow]:
    """The newest decisions first; `before` is the (position, ordinal) of the last row seen."""
    statement = _filtered(sa.select(table), where)
    if before is not None:
        statement = statement.where(sa.tuple_(table.c.position, table.c.ordinal) < before)
    statement = statement.order_by(table.c.position.desc(), table.c.ordinal.desc()).limit(limit)
    return [_row(row) for row in connection.execute(statement)]


def rows_by_id(connection: sa.Connection, ids: Sequence[str]) -> dict[str, DecisionRow]:
    """What lists show of these decisions, by id; unknown ids are left out."""
    statement = sa.select(table).where(table.c.id.in_(list(ids)))
    return {row.id: _row(row) for row in connection.execute(statement)}


def count(connection: sa.Connection, where: DecisionFilter) -> int:
    """How many decisions."""
    statement = _filtered(sa.select(sa.func.count()).select_from(table), where)
    return int(connection.execute(statement).scalar_one())


def about_events(
    connection: sa.Connection, event_ids: Sequence[str]
) -> Iterator[tuple[str, str, str]]:
    """Event, clause and outcome of every decision that these events triggered."""
    columns = (table.c.event_id, table.c.clause, table.c.outcome)
    for start in range(0, len(event_ids), _IDS_PER_STATEMENT):
        some = event_ids[start : start + _IDS_PER_STATEMENT]
        for row in connection.execute(sa.select(*columns).where(table.c.event_id.in_(some))):
            yield row.event_id, row.clause, row.outcome


def get(connection: sa.Connection, decision_id: str) -> Decision | None:
    """One decision; None if unknown or erased."""
    statement = sa.select(table.c.position, table.c.ordinal).where(table.c.id == decision_id)
    row = connection.execute(statement).one_or_none()
    if row is None:
        return None
    items = log.content_of(connection, row.position, "decisions")
    item = items[row.ordinal] if items else b""
    return decode_decision(item) if item else None


def event_json(connection: sa.Connection, decision_id: str) -> bytes | None:
    """The event that triggered a decision, as canonical JSON; None if erased or unknown."""
    statement = sa.select(table.c.trigger_json).where(table.c.id == decision_id)
    found = connection.execute(statement).scalar_one_or_none()
    return None if found is None else found.encode()


def stream_json(connection: sa.Connection, where: DecisionFilter) -> Iterator[bytes]:
    """Canonical JSON of decisions, oldest first."""
    statement = _filtered(sa.select(table.c.position, table.c.ordinal), where)
    rows = connection.execute(statement.order_by(table.c.position, table.c.ordinal)).all()
    position, items = 0, []
    for row in rows:
        if row.position != position:
            position = row.position
            items = log.content_of(connection, position, "decisions") or []
        if items and items[row.ordinal]:
            yield items[row.ordinal]


def _filtered(statement: sa.Select[Any], where: DecisionFilter) -> sa.Select[Any]:
    for column, value in (
        (table.c.clause, where.clause),
        (table.c.outcome, where.outcome),
        (table.c.language, where.language),
        (table.c.actor, where.actor),
        (table.c.subject_kind, where.subject_kind),
        (table.c.subject_id, where.subject_id),
        (table.c.event_id, where.event),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if where.rule is not None:
        padded = sa.literal(" ").concat(table.c.rules).concat(" ")
        statement = statement.where(padded.contains(f" {where.rule} ", autoescape=True))
    return statement


def _row(row: Any) -> DecisionRow:
    return DecisionRow(
        id=row.id,
        position=row.position,
        ordinal=row.ordinal,
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        actor=row.actor,
        event_id=row.event_id,
        event_at_us=row.event_at_us,
        language=row.language,
        clause=row.clause,
        outcome=row.outcome,
        priority=row.priority,
        rules=row.rules.split(" "),
    )
