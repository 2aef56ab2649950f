"""Dead letters in the store: refused lines, until somebody fixes or dismisses them.

Comes in: dead letters, and what became of them. Goes out: lists. Always holds: the same line at
the same place of the same source is one dead letter; its content can be erased by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from tocsin.records import Refusal
from tocsin.records.deadletters import DeadLetter
from tocsin.store import schema
from tocsin.store.store import Transaction
from tocsin.store.times import from_us, to_us

__all__ = [
    "DeadLetterRow",
    "DeadLetterState",
    "add",
    "count",
    "get",
    "list_ids",
    "list_rows",
    "set_state",
]

DeadLetterState = Literal["open", "replayed", "dismissed"]

table = schema.dead_letters

_IDS_PER_STATEMENT = 10_000
"""SQLite takes 32,766 values in one statement, PostgreSQL 65,535."""


class DeadLetterRow(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter, when it came and where it stands."""

    letter: DeadLetter
    received_at: datetime
    state: DeadLetterState


def add(transaction: Transaction, letters: Sequence[DeadLetter]) -> int:
    """Keep these, except those that are kept already; how many were new."""
    unique = {letter.id: letter for letter in letters}
    if not unique:
        return 0
    connection = transaction.connection
    known = _known(connection, list(unique))
    received_at_us = to_us(transaction.clock.now())
    rows = [
        {
            "id": letter.id,
            "source": letter.source[:512],
            "byte_offset": letter.offset,
            "line_number": letter.line_number,
            "format": letter.format,
            "reason": letter.reason.value,
            "message": letter.message,
            "content": letter.content,
            "is_truncated": letter.truncated,
            "digest": letter.digest,
            "received_at_us": received_at_us,
            "state": "open",
        }
        for letter in unique.values()
        if letter.id not in known
    ]
    if rows:
        connection.execute(sa.insert(table), rows)
    return len(rows)


def _known(connection: sa.Connection, ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(ids), _IDS_PER_STATEMENT):
        some = ids[start : start + _IDS_PER_STATEMENT]
        found.update(
            connection.execute(sa.select(table.c.id).where(table.c.id.in_(some))).scalars()
        )
    return found


def list_rows(
    connection: sa.Connection,
    *,
    state: DeadLetterState | None = "open",
    reason: str | None = None,
    source: str | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[DeadLetterRow]:
    """Dead letters, newest first, then by place in their source."""
    statement = _filtered(sa.select(table), state, reason, source)
    order = (table.c.received_at_us.desc(), table.c.source, table.c.byte_offset)
    rows = connection.execute(statement.order_by(*order).limit(limit).offset(offset))
    return [_row(row) for row in rows]


def list_ids(connection: sa.Connection, *, reason: str | None = None) -> list[str]:
    """The ids of all open dead letters, in the order of their sources."""
    statement = _filtered(sa.select(table.c.id), "open", reason, None)
    order = (table.c.source, table.c.byte_offset, table.c.id)
    return list(connection.execute(statement.order_by(*order)).scalars())


def count(
    connection: sa.Connection,
    *,
    state: DeadLetterState | None = "open",
    reason: str | None = None,
    source: str | None = None,
) -> int:
    """How many dead letters."""
    statement = _filtered(sa.select(sa.func.count()).select_from(table), state, reason, source)
    return int(connection.execute(statement).scalar_one())


def get(connection: sa.Connection, letter_id: str) -> DeadLetterRow | None:
    """One dead letter by id."""
    row = connection.execute(sa.select(table).where(table.c.id == letter_id)).one_or_none()
    return None if row is None else _row(row)


def set_state(transaction: Transaction, letter_id: str, state: DeadLetterState) -> bool:
    """Say what became of a dead letter; False if there is none of this id."""
    statement = sa.update(table).where(table.c.id == letter_id).values(state=state)
    return transaction.connection.execute(statement).rowcount == 1


def _filtered(
    statement: sa.Select[Any], state: str | None, reason: str | None, source: str | None
) -> sa.Select[Any]:
    pairs = ((table.c.state, state), (table.c.reason, reason), (table.c.source, source))
    for column, value in pairs:
        if value is not None:
            statement = statement.where(column == value)
    return statement


def _row(row: Any) -> DeadLetterRow:
    return DeadLetterRow(
        letter=DeadLetter(
            id=row.id,
            source=row.source,
            offset=row.byte_offset,
            line_number=row.line_number,
            reason=Refusal(row.reason),
            message=row.message,
            content=bytes(row.content or b""),
            truncated=row.is_truncated,
            digest=row.digest,
            format=row.format,
        ),
        received_at=from_us(row.received_at_us),
        state=row.state,
    )
