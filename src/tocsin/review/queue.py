"""The queue: what waits, and what comes after a case.

Comes in: a filter. Goes out: pages of cases, counts, and neighbours. Always holds: the order is
priority first, then the oldest; nothing is changed here.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from tocsin.records import Case
from tocsin.store import cases
from tocsin.store.cases import CaseFilter

__all__ = ["PAGE_SIZE", "Neighbours", "QueuePage", "find_neighbours", "list_page"]

PAGE_SIZE = 50
"""Cases on one page: two screens; filters are the way to fewer."""

_WINDOW = 500
"""How far down the queue the neighbours of a case are looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePage:
    """One page of the queue."""

    cases: list[Case]
    page: int
    has_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """The cases before and after one; `place` counts from 1, None if it is not in the queue."""

    previous: str | None
    following: str | None
    place: int | None


def list_page(connection: sa.Connection, where: CaseFilter, *, page: int = 1) -> QueuePage:
    """One page, from 1."""
    offset = (page - 1) * PAGE_SIZE
    found = cases.list_cases(connection, where, limit=PAGE_SIZE + 1, offset=offset)
    return QueuePage(cases=found[:PAGE_SIZE], page=page, has_more=len(found) > PAGE_SIZE)


def find_neighbours(connection: sa.Connection, where: CaseFilter, case_id: str) -> Neighbours:
    """What stands before and after a case; a case that left the queue is followed by the first."""
    ids = cases.list_ids(connection, where, limit=_WINDOW)
    if case_id not in ids:
        return Neighbours(previous=None, following=ids[0] if ids else None, place=None)
    at = ids.index(case_id)
    return Neighbours(
        previous=ids[at - 1] if at else None,
        following=ids[at + 1] if at + 1 < len(ids) else None,
        place=at + 1,
    )
