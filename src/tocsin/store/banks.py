"""Banks in the store: edits through the log, entries as they stand, and their history.

Comes in: entries to write. Goes out: entries, and what happened to each. Always holds: an edit
is an entry of the log; values stand in erasable content only; writing what already stands
changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa

from tocsin.errors import InputError
from tocsin.records import BankEntry, EntryKind, EntryState, LogEntry, check_entry
from tocsin.store import schema
from tocsin.store.store import Transaction
from tocsin.store.times import from_us

__all__ = [
    "BankEdit",
    "bank_digest",
    "edit",
    "edited_by_others",
    "get",
    "history",
    "list_entries",
    "next_expiry",
    "retire_expired",
    "summary",
]

TIMER = "timer"
"""Who retires entries that have expired."""

_IDS_PER_STATEMENT = 10_000
"""SQLite takes 32,766 values in one statement, PostgreSQL 65,535."""

_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(BankEntry)


class BankEdit(msgspec.Struct, frozen=True, kw_only=True):
    """One change of one entry."""

    entry: str
    bank: str
    by: str
    at: datetime
    state: str
    position: int


def edit(
    transaction: Transaction, entries: Sequence[BankEntry], *, by: str, reason: str
) -> LogEntry | None:
    """Write entries (new ones, and new states of known ones); None if nothing changes.

    Raises:
        InputError: an entry may not enter its bank (`records.check_entry`), or is of another
            kind than the bank's.
    """
    _check_kinds(transaction.connection, entries)
    stored = _stored(transaction.connection, [entry.id for entry in entries])
    changed = [entry for entry in entries if check_entry(entry) != stored.get(entry.id)]
    if not changed:
        return None
    body = {
        "by": by,
        "reason": reason,
        "edits": [
            {"entry": entry.id, "bank": entry.bank, "kind": entry.kind, "state": entry.state}
            for entry in changed
        ],
    }
    content = {"entries": [_ENCODER.encode(entry) for entry in changed]}
    return transaction.record(EntryKind.BANK, body, content)


def list_entries(
    connection: sa.Connection, *, bank: str | None = None, active_only: bool = False
) -> list[BankEntry]:
    """Entries in a stable order (bank, then id)."""
    table = schema.bank_entries
    statement = sa.select(table.c.content).where(table.c.content.is_not(None))
    if bank is not None:
        statement = statement.where(table.c.bank == bank)
    if active_only:
        statement = statement.where(table.c.state == "active")
    rows = connection.execute(statement.order_by(table.c.bank, table.c.id)).scalars()
    return sorted((_DECODER.decode(row) for row in rows), key=lambda entry: (entry.bank, entry.id))


def get(connection: sa.Connection, entry_id: str) -> BankEntry | None:
    """One entry by id."""
    table = schema.bank_entries
    statement = sa.select(table.c.content).where(table.c.id == entry_id)
    content = connection.execute(statement).scalar_one_or_none()
    return None if content is None else _DECODER.decode(content)


def history(connection: sa.Connection, entry_id: str) -> list[BankEdit]:
    """What happened to one entry, oldest first."""
    table = schema.bank_edits
    statement = sa.select(table).where(table.c.entry_id == entry_id).order_by(table.c.position)
    return [
        BankEdit(
            entry=row.entry_id,
            bank=row.bank,
            by=row.by_whom,
            at=from_us(row.at_us),
            state=row.state,
            position=row.position,
        )
        for row in connection.execute(statement)
    ]


def next_expiry(connection: sa.Connection) -> datetime | None:
    """When the next active entry expires; None if none does."""
    times = [entry.expires_at for entry in list_entries(connection, active_only=True)]
    return min((at for at in times if at is not None), default=None)


def retire_expired(transaction: Transaction, now: datetime) -> LogEntry | None:
    """Retire what has expired: an entry of the log like any other edit."""
    expired = [
        msgspec.structs.replace(entry, state=EntryState.RETIRED)
        for entry in list_entries(transaction.connection, active_only=True)
        if entry.expires_at is not None and entry.expires_at <= now
    ]
    return edit(transaction, expired, by=TIMER, reason="expired")


def edited_by_others(connection: sa.Connection, by: str) -> set[str]:
    """Ids of entries whose last edit was by somebody else; the timer is nobody."""
    table = schema.bank_edits
    statement = sa.select(table.c.entry_id, table.c.by_whom).order_by(
        table.c.position, table.c.ordinal
    )
    rows = connection.execute(statement.where(table.c.by_whom != TIMER))
    last = {row.entry_id: row.by_whom for row in rows}
    return {entry for entry, editor in last.items() if editor != by}


def summary(connection: sa.Connection) -> list[tuple[str, str, str, int]]:
    """Bank, kind, state and number of entries."""
    table = schema.bank_entries
    statement = (
        sa.select(table.c.bank, table.c.kind, table.c.state, sa.func.count())
        .group_by(table.c.bank, table.c.kind, table.c.state)
        .order_by(table.c.bank, table.c.kind, table.c.state)
    )
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(statement)]


def bank_digest(entries: Iterable[BankEntry]) -> str:
    """One digest over everything in these entries that can decide."""
    digest = hashlib.sha256()
    for entry in sorted(entries, key=lambda entry: entry.id):
        digest.update(entry.digest.encode())
    return digest.hexdigest()[:32]


def _check_kinds(connection: sa.Connection, entries: Sequence[BankEntry]) -> None:
    """A bank holds one kind: rules that ask it depend on what it is compared with."""
    table = schema.bank_entries
    rows = connection.execute(sa.select(table.c.bank, table.c.kind).distinct())
    kinds = {row.bank: row.kind for row in rows}
    for entry in entries:
        kind = kinds.setdefault(entry.bank, entry.kind.value)
        if kind != entry.kind.value:
            raise InputError(
                f"the bank holds entries of the kind `{kind}`, not `{entry.kind}`",
                where=f"bank {entry.bank}",
                hint="choose another name for the bank, or the bank's own kind",
            )


def _stored(connection: sa.Connection, ids: Sequence[str]) -> dict[str, BankEntry]:
    """Those of these entries that the store has, by id."""
    table = schema.bank_entries
    found: dict[str, BankEntry] = {}
    for start in range(0, len(ids), _IDS_PER_STATEMENT):
        some = ids[start : start + _IDS_PER_STATEMENT]
        statement = sa.select(table.c.content).where(table.c.id.in_(some))
        for content in connection.execute(statement).scalars():
            if content is not None:
                entry = _DECODER.decode(content)
                found[entry.id] = entry
    return found
