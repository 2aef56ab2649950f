"""Rows of opinions, and the places of cases that they move; written from the log alone.

Comes in: the log entry of one opinion. Goes out: a row of `opinions`; of an open case `priority`,
`moved` and `opinion`, and nothing else. Always holds: a case's `priority` less `moved` is what
rules and people gave it; the newest opinion counts, never a sum of them; an answer that is no
opinion moves nothing; the case's version stays, so that no verdict in the making is disturbed.
Refused: an
entry that moves a case further than an opinion may (`msgspec.ValidationError`).
"""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from tocsin.records import CaseOpinion, CaseState, LogEntry, place_in_queue
from tocsin.store import schema
from tocsin.store.times import to_us

__all__ = ["apply_opinion"]


def apply_opinion(connection: sa.Connection, entry: LogEntry) -> None:
    """Bring `opinions` and the case's place up to date."""
    opinion = msgspec.convert(entry.body, CaseOpinion)
    row = {
        "position": entry.position,
        "case_id": opinion.case,
        "decision_id": opinion.decision,
        "event_id": opinion.event,
        "clause": opinion.clause,
        "words": opinion.words,
        "model": opinion.model,
        "version": opinion.version,
        "style": opinion.style,
        "label": opinion.label,
        "score": opinion.score,
        "moves": opinion.moves,
        "reason": opinion.reason,
        "is_current": opinion.is_current,
        "by_whom": opinion.by,
        "at_us": to_us(entry.at),
    }
    connection.execute(sa.insert(schema.opinions), row)
    if opinion.label is not None and opinion.is_current:
        _move(connection, entry, opinion)


def _move(connection: sa.Connection, entry: LogEntry, opinion: CaseOpinion) -> None:
    cases = schema.cases
    here = sa.and_(cases.c.id == opinion.case, cases.c.state == CaseState.OPEN.value)
    found = connection.execute(sa.select(cases.c.priority, cases.c.moved).where(here))
    case = found.one_or_none()
    if case is None:
        return
    given = case.priority - case.moved
    priority = place_in_queue(given, opinion.moves)
    values = {"priority": priority, "moved": priority - given, "opinion": entry.position}
    connection.execute(sa.update(cases).where(here).values(values))
