"""Cases and verdicts in the store.

Comes in: filters and ids. Goes out: cases with their decisions, verdicts with their notes.
Always holds: a case's state is derived from the log; nothing here changes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import msgspec
import sqlalchemy as sa

from tocsin.records import Case, CaseState, Subject, Verdict
from tocsin.store import log, schema
from tocsin.store.times import from_us

__all__ = [
    "CaseFilter",
    "StandingVerdict",
    "count_by",
    "count_by_clause",
    "get",
    "get_verdict",
    "list_cases",
    "list_ids",
    "next_case",
    "note_of",
    "of_decision",
    "standing",
    "verdicts_on",
]

table = schema.cases


class CaseFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which cases; absent parts do not restrict."""

    state: CaseState | None = CaseState.OPEN
    clause: str | None = None
    language: str | None = None
    actor: str | None = None
    subject: Subject | None = None


def list_cases(
    connection: sa.Connection, where: CaseFilter, *, limit: int = 50, offset: int = 0
) -> list[Case]:
    """Cases by priority, then the oldest first."""
    statement = _filtered(sa.select(table), where)
    order = (table.c.priority.desc(), table.c.opened_at_us, table.c.id)
    rows = connection.execute(statement.order_by(*order).limit(limit).offset(offset)).all()
    linked = _decisions_of(connection, [row.id for row in rows])
    return [_case(row, linked.get(row.id, ())) for row in rows]


def list_ids(connection: sa.Connection, where: CaseFilter, *, limit: int) -> list[str]:
    """The ids of the first cases, in the order of `list_cases`."""
    order = (table.c.priority.desc(), table.c.opened_at_us, table.c.id)
    statement = _filtered(sa.select(table.c.id), where).order_by(*order).limit(limit)
    return list(connection.execute(statement).scalars())


def next_case(connection: sa.Connection, where: CaseFilter, *, not_case: str = "") -> Case | None:
    """The first case of the queue, other than `not_case`."""
    found = list_cases(connection, where, limit=2)
    return next((case for case in found if case.id != not_case), None)


def get(connection: sa.Connection, case_id: str) -> Case | None:
    """One case by id."""
    row = connection.execute(sa.select(table).where(table.c.id == case_id)).one_or_none()
    if row is None:
        return None
    return _case(row, _decisions_of(connection, [case_id]).get(case_id, ()))


def count_by_clause(connection: sa.Connection) -> dict[str, int]:
    """Open cases per clause."""
    statement = (
        sa.select(table.c.clause, sa.func.count())
        .where(table.c.state == CaseState.OPEN.value)
        .group_by(table.c.clause)
        .order_by(table.c.clause)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


def count_by(
    connection: sa.Connection, column: Literal["clause", "language", "state"], where: CaseFilter
) -> dict[str, int]:
    """How many cases, by one of their properties."""
    counted = _filtered(sa.select(table.c[column], sa.func.count()), where)
    statement = counted.group_by(table.c[column]).order_by(table.c[column])
    return {row[0]: row[1] for row in connection.execute(statement)}


def of_decision(connection: sa.Connection, decision_id: str) -> Case | None:
    """The case that a decision is part of."""
    links = schema.case_decisions
    statement = sa.select(links.c.case_id).where(links.c.decision_id == decision_id)
    case_id = connection.execute(statement).scalars().first()
    return None if case_id is None else get(connection, case_id)


def get_verdict(connection: sa.Connection, verdict_id: str) -> Verdict | None:
    """One verdict by id."""
    verdicts = schema.verdicts
    statement = sa.select(verdicts).where(verdicts.c.id == verdict_id)
    row = connection.execute(statement).one_or_none()
    return None if row is None else _verdict(row)


def verdicts_on(
    connection: sa.Connection, *, case: str | None = None, subject: Subject | None = None
) -> list[Verdict]:
    """Verdicts about a case or a subject, oldest first."""
    verdicts = schema.verdicts
    statement = sa.select(verdicts)
    if case is not None:
        statement = statement.where(verdicts.c.case_id == case)
    if subject is not None:
        statement = statement.where(
            verdicts.c.subject_kind == subject.kind, verdicts.c.subject_id == subject.id
        )
    return [_verdict(row) for row in connection.execute(statement.order_by(verdicts.c.position))]


class StandingVerdict(NamedTuple):
    """A verdict that a case stands decided by: where it is in the log, and the case's clause."""

    position: int
    verdict: Verdict
    clause: str


def standing(connection: sa.Connection) -> Iterator[StandingVerdict]:
    """The verdicts that decide a case now, in the order of the log; none that was taken back."""
    verdicts = schema.verdicts
    statement = (
        sa.select(verdicts, table.c.clause.label("case_clause"))
        .join(table, table.c.verdict_id == verdicts.c.id)
        .order_by(verdicts.c.position)
    )
    for row in connection.execute(statement):
        yield StandingVerdict(row.position, _verdict(row), row.case_clause)


def note_of(connection: sa.Connection, verdict_id: str) -> str | None:
    """The reviewer's note; None if there is none or it was erased."""
    verdicts = schema.verdicts
    statement = sa.select(verdicts.c.position).where(verdicts.c.id == verdict_id)
    position = connection.execute(statement).scalar_one_or_none()
    items = None if position is None else log.content_of(connection, position, "note")
    return msgspec.json.decode(items[0], type=str) if items and items[0] else None


def _decisions_of(connection: sa.Connection, case_ids: list[str]) -> dict[str, tuple[str, ...]]:
    links, decisions = schema.case_decisions, schema.decisions
    statement = (
        sa.select(links.c.case_id, links.c.decision_id)
        .join(decisions, decisions.c.id == links.c.decision_id)
        .where(links.c.case_id.in_(case_ids))
        .order_by(decisions.c.position, decisions.c.ordinal)
    )
    found: dict[str, tuple[str, ...]] = {}
    for row in connection.execute(statement):
        found[row.case_id] = (*found.get(row.case_id, ()), row.decision_id)
    return found


def _filtered(statement: sa.Select[Any], where: CaseFilter) -> sa.Select[Any]:
    for column, value in (
        (table.c.state, where.state and where.state.value),
        (table.c.clause, where.clause),
        (table.c.language, where.language),
        (table.c.actor, where.actor),
        (table.c.subject_kind, where.subject and where.subject.kind),
        (table.c.subject_id, where.subject and where.subject.id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    return statement


def _case(row: Any, decisions: tuple[str, ...]) -> Case:
    return Case(
        id=row.id,
        subject=Subject(kind=row.subject_kind, id=row.subject_id),
        actor=row.actor,
        state=CaseState(row.state),
        clause=row.clause,
        priority=row.priority,
        moved=row.moved,
        opinion=row.opinion,
        language=row.language,
        opened_at=from_us(row.opened_at_us),
        decisions=decisions,
        decided_at=None if row.decided_at_us is None else from_us(row.decided_at_us),
        verdict=row.verdict_id,
        version=row.version,
    )


def _verdict(row: Any) -> Verdict:
    return msgspec.convert(
        {
            "id": row.id,
            "case": row.case_id,
            "subject": {"kind": row.subject_kind, "id": row.subject_id},
            "reviewer": row.reviewer,
            "at": from_us(row.at_us),
            "kind": row.kind,
            "clause": row.clause,
            "actions": row.actions.split(),
            "protected_purpose": row.protected_purpose,
            "decisions": row.decisions.split(),
            "reverses": row.reverses,
        },
        Verdict,
    )
