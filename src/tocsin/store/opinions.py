"""Opinions of outside models in the store.

Comes in: an opinion on a case, with the model's own words. Goes out: the opinions on a case, and
which questions were asked before. Always holds: every opinion is an entry of the log; the model's
words may repeat the post, so they stand in erasable content and are read from there only. Nothing
that decides reads this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from tocsin.records import CaseOpinion, CaseState, EntryKind, LogEntry
from tocsin.store import log, schema
from tocsin.store.store import Transaction
from tocsin.store.times import from_us

__all__ = ["Ground", "OpinionRow", "asked", "grounds", "of_case", "record"]

_table = schema.opinions
_WORDS = "rationale"


class OpinionRow(Struct, frozen=True, kw_only=True):
    """One opinion as people see it.

    `unverified_rationale` and `unverified_draft` are the model's own words: nobody checked them,
    and they are no evidence; None where there are none or they were erased. `counts` says that the
    case's place comes from this one.
    """

    position: int
    case: str
    decision: str
    event: str
    clause: str
    model: str
    version: str
    style: str
    at: datetime
    by: str
    label: Literal["breach", "no_breach"] | None
    score: float | None
    moves: int
    counts: bool
    abstained: bool
    reason: str
    unverified_rationale: str | None
    unverified_draft: str | None


class Ground(NamedTuple):
    """The decision that an open case has its priority and clause from."""

    case: str
    clause: str
    decision: str
    event: str


def record(transaction: Transaction, opinion: CaseOpinion, *, words: Sequence[str]) -> LogEntry:
    """Write one opinion to the log; `words` are the model's rationale and draft."""
    content = {_WORDS: [msgspec.json.encode(part) for part in words]} if any(words) else None
    return transaction.record(EntryKind.OPINION, msgspec.to_builtins(opinion), content)


def of_case(connection: sa.Connection, case_id: str) -> list[OpinionRow]:
    """The opinions on a case, the newest first."""
    cases = schema.cases
    statement = (
        sa.select(_table, (cases.c.opinion == _table.c.position).label("counts"))
        .join(cases, cases.c.id == _table.c.case_id)
        .where(_table.c.case_id == case_id)
        .order_by(_table.c.position.desc())
    )
    return [_row(connection, row) for row in connection.execute(statement).all()]


def asked(
    connection: sa.Connection,
    case_ids: Sequence[str],
    *,
    model: str,
    style: str,
    only_answered: bool = False,
) -> set[tuple[str, str, str]]:
    """What this model was asked about these cases: case, decision, hash of the clause's words.

    `only_answered` leaves out what it had no opinion on.
    """
    statement = sa.select(_table.c.case_id, _table.c.decision_id, _table.c.words).where(
        _table.c.case_id.in_(list(case_ids)), _table.c.model == model, _table.c.style == style
    )
    if only_answered:
        statement = statement.where(_table.c.label.is_not(None))
    return {(row[0], row[1], row[2]) for row in connection.execute(statement)}


def grounds(connection: sa.Connection, case_ids: Sequence[str]) -> dict[str, Ground]:
    """What these cases stand on, those that are open: of equally strong decisions the first."""
    cases, links, made = schema.cases, schema.case_decisions, schema.decisions
    order = (made.c.priority.desc(), made.c.position, made.c.ordinal)
    place = sa.func.row_number().over(partition_by=links.c.case_id, order_by=order)
    ranked = (
        sa.select(links.c.case_id, cases.c.clause, made.c.id, made.c.event_id, place.label("place"))
        .join(made, made.c.id == links.c.decision_id)
        .join(cases, cases.c.id == links.c.case_id)
        .where(links.c.case_id.in_(list(case_ids)), cases.c.state == CaseState.OPEN.value)
        .subquery()
    )
    statement = sa.select(ranked).where(ranked.c.place == 1)
    return {
        row.case_id: Ground(row.case_id, row.clause, row.id, row.event_id)
        for row in connection.execute(statement)
    }


def _row(connection: sa.Connection, row: Any) -> OpinionRow:
    items = log.content_of(connection, row.position, _WORDS) or ()
    said = [msgspec.json.decode(item, type=str) or None if item else None for item in items]
    rationale, draft = said or (None, None)
    return OpinionRow(
        position=row.position,
        case=row.case_id,
        decision=row.decision_id,
        event=row.event_id,
        clause=row.clause,
        model=row.model,
        version=row.version,
        style=row.style,
        at=from_us(row.at_us),
        by=row.by_whom,
        label=row.label,
        score=row.score,
        moves=row.moves,
        counts=bool(row.counts),
        abstained=row.label is None,
        reason=row.reason,
        unverified_rationale=rationale,
        unverified_draft=draft,
    )
