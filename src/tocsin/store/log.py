"""The ordered log: one total order, one hash chain per writer, content beside it.

Comes in: entries to append, inside a write transaction. Goes out: entries in order, their
content, and the heads of the chains. Always holds: positions run from 1 without gaps; each
entry's hash covers its predecessor in the same writer's chain, so that every change is found
from there on; content is covered by salted commitments and can be erased. Refused: nothing;
appending is the only way to change the truth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any

import msgspec
import sqlalchemy as sa

from tocsin.records import EntryKind, LogEntry, LogHead
from tocsin.store import content as packed_content
from tocsin.store.driversql import DriverSql
from tocsin.store.schema import log_content, log_entries
from tocsin.store.times import from_us, to_us

__all__ = [
    "GENESIS",
    "append",
    "content_of",
    "decode_commitments",
    "entries",
    "entry_at",
    "entry_hash",
    "heads",
    "last_position",
    "newest",
]

GENESIS = "0" * 64
"""What the first entry of a chain names as its predecessor."""

_ENCODER = msgspec.json.Encoder(order="deterministic")


def append(
    connection: sa.Connection,
    *,
    writer: str,
    kind: EntryKind,
    at: datetime,
    body: Mapping[str, Any],
    content: Mapping[str, Sequence[bytes]] | None = None,
) -> LogEntry:
    """Add one entry; `content` maps a name to its items (lines of bytes without newlines)."""
    last, head = _end(connection, writer)
    position = last + 1
    commitments: dict[str, bytes] = {}
    for name, items in (content or {}).items():
        if not items:
            continue
        salts = packed_content.new_salts(len(items))
        commitments[name] = packed_content.commitments(items, salts)
        packed = packed_content.pack(items)
        _INSERT_CONTENT.change(connection, position, name, packed, salts)
    body_json = _ENCODER.encode(body).decode()
    commitments_json = _ENCODER.encode(commitments).decode()
    at_us = to_us(at)
    hashed = entry_hash(
        position, writer, head.seq + 1, kind, at_us, body_json, commitments_json, head.hash
    )
    _INSERT_ENTRY.change(
        connection, position, writer, head.seq + 1, kind.value, at_us,
        body_json, commitments_json, head.hash, hashed,
    )  # fmt: skip
    return LogEntry(
        position=position,
        writer=writer,
        writer_seq=head.seq + 1,
        kind=kind,
        at=from_us(at_us),
        body=dict(body),
        commitments=commitments,
        previous=head.hash,
        hash=hashed,
    )


def entry_hash(*parts: str | int) -> str:
    """SHA-256 over all parts of an entry, each with its length, in hexadecimal.

    The parts, in order: position, writer, the writer's own number, kind, microseconds, body,
    commitments (both as stored), hash of the predecessor.
    """
    digest = sha256()
    for part in parts:
        encoded = str(part).encode()
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    return digest.hexdigest()


def last_position(connection: sa.Connection) -> int:
    """The newest position, 0 for an empty log."""
    return _LAST_POSITION.rows(connection)[0][0] or 0


def newest(connection: sa.Connection, *kinds: EntryKind) -> int:
    """The position of the newest entry of these kinds; 0 if there is none."""
    return _newest_of(len(kinds)).rows(connection, *[kind.value for kind in kinds])[0][0] or 0


def heads(connection: sa.Connection) -> dict[str, LogHead]:
    """The last entry of every writer's chain."""
    newest = (
        sa.select(log_entries.c.writer, sa.func.max(log_entries.c.writer_seq).label("seq"))
        .group_by(log_entries.c.writer)
        .subquery()
    )
    statement = sa.select(log_entries.c.writer, log_entries.c.writer_seq, log_entries.c.hash).join(
        newest,
        (newest.c.writer == log_entries.c.writer) & (newest.c.seq == log_entries.c.writer_seq),
    )
    rows = connection.execute(statement.order_by(log_entries.c.writer))
    return {row.writer: LogHead(seq=row.writer_seq, hash=row.hash) for row in rows}


def entries(
    connection: sa.Connection,
    *,
    after: int = 0,
    until: int | None = None,
    kinds: Sequence[EntryKind] = (),
) -> Iterator[LogEntry]:
    """Entries in order, from `after` (exclusive) to `until` (inclusive)."""
    statement = sa.select(log_entries).where(log_entries.c.position > after)
    if until is not None:
        statement = statement.where(log_entries.c.position <= until)
    if kinds:
        statement = statement.where(log_entries.c.kind.in_([kind.value for kind in kinds]))
    paged = statement.order_by(log_entries.c.position).execution_options(yield_per=500)
    with connection.execute(paged) as rows:
        for row in rows:
            yield _entry(row)


def entry_at(connection: sa.Connection, position: int) -> LogEntry | None:
    """The entry at this position, if there is one."""
    statement = sa.select(log_entries).where(log_entries.c.position == position)
    row = connection.execute(statement).one_or_none()
    return None if row is None else _entry(row)


def content_of(connection: sa.Connection, position: int, name: str) -> list[bytes] | None:
    """The items of an entry's content; None if they stand elsewhere (archive) or nowhere."""
    statement = sa.select(log_content.c.packed).where(
        log_content.c.position == position, log_content.c.name == name
    )
    packed = connection.execute(statement).scalar_one_or_none()
    return None if packed is None else packed_content.unpack(packed)


_LAST_POSITION = DriverSql("SELECT max(position) FROM log_entries")
_END = DriverSql(
    "SELECT (SELECT max(position) FROM log_entries), writer_seq, hash FROM log_entries"
    " WHERE writer = ? ORDER BY writer_seq DESC LIMIT 1"
)
_INSERT_CONTENT = DriverSql(
    "INSERT INTO log_content (position, name, packed, salts) VALUES (?, ?, ?, ?)"
)
_INSERT_ENTRY = DriverSql(
    "INSERT INTO log_entries (position, writer, writer_seq, kind, at_us, body, commitments,"
    " previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


@cache
def _newest_of(n_kinds: int) -> DriverSql:
    """One look-up in the index for each kind, in one statement."""
    each = " UNION ALL ".join(
        ["SELECT max(position) AS newest FROM log_entries WHERE kind = ?"] * n_kinds
    )
    return DriverSql(f"SELECT max(newest) FROM ({each}) AS found")  # noqa: S608  # nothing given


def _end(connection: sa.Connection, writer: str) -> tuple[int, LogHead]:
    """The newest position, and where the writer's own chain stands."""
    rows = _END.rows(connection, writer)
    if not rows:
        return last_position(connection), LogHead(seq=0, hash=GENESIS)
    ((last, seq, hashed),) = rows
    return last, LogHead(seq=seq, hash=hashed)


def decode_commitments(stored: str) -> dict[str, bytes]:
    """The commitments of an entry as the database keeps them: JSON, the bytes in base64.

    Raises:
        msgspec.DecodeError: they were changed.
    """
    return _COMMITMENTS.decode(stored)


_COMMITMENTS = msgspec.json.Decoder(dict[str, bytes])


def _entry(row: Any) -> LogEntry:
    return LogEntry(
        position=row.position,
        writer=row.writer,
        writer_seq=row.writer_seq,
        kind=EntryKind(row.kind),
        at=from_us(row.at_us),
        body=msgspec.json.decode(row.body),
        commitments=decode_commitments(row.commitments),
        previous=row.previous,
        hash=row.hash,
    )
