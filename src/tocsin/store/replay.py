"""Replay: the derived tables again, from the log alone.

Comes in: a log with its content, wherever that stands, and empty derived tables (those of the
same database for `tocsin rebuild`, those of a scratch database for an audit). Goes out: the
tables, filled. Always holds: uses the same code as the live path (`derived`). What was erased
stays erased.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from tocsin.errors import TocsinError
from tocsin.records import (
    ActionState,
    EntryKind,
    Event,
    LogEntry,
    decode_decision,
    decode_shadow_hit,
)
from tocsin.store import derived, eventids, log, schema
from tocsin.store.archive import line_of_row
from tocsin.store.store import Store

__all__ = ["DELIVERY_COLUMNS", "read_events", "rebuild", "replay_log"]

DELIVERY_COLUMNS = frozenset({"attempts", "next_attempt_us", "lease_until_us", "last_error"})
"""Of `actions`: where a delivery stands between two entries of the log."""

_EVENT = msgspec.json.Decoder(Event)


def rebuild(store: Store, *, on_progress: Callable[[int], None] | None = None) -> int:
    """Empty the derived tables and fill them from the log, in one transaction; how many entries.

    Where a delivery stood between two entries (attempts, next attempt, lease) is no part of the
    log and stays as it was.

    Raises:
        TocsinError: a file of the archive is missing or cannot be read; nothing changes.
    """
    with store.write() as transaction:
        connection = transaction.connection
        deliveries = _deliveries_under_way(connection)
        for table in schema.DERIVED:
            connection.execute(sa.delete(table))
        n_entries = replay_log(store, connection, connection, on_progress=on_progress)
        actions = schema.actions
        for delivery in deliveries:
            kept = sa.update(actions).where(
                actions.c.id == delivery["id"], actions.c.state == ActionState.WAITING.value
            )
            connection.execute(kept.values(delivery))
        return n_entries


def _deliveries_under_way(connection: sa.Connection) -> list[dict[str, Any]]:
    table = schema.actions
    columns = (table.c[name] for name in ("id", *sorted(DELIVERY_COLUMNS)))
    tried = sa.select(*columns).where(
        table.c.state == ActionState.WAITING.value, table.c.attempts > 0
    )
    return [row._asdict() for row in connection.execute(tried)]


def replay_log(
    store: Store,
    source: sa.Connection,
    target: sa.Connection,
    *,
    on_progress: Callable[[int], None] | None = None,
) -> int:
    """Apply every entry of the log in `source` to the derived tables in `target`."""
    reader = _EventReader(store, source)
    n_entries = 0
    for entry in _all_entries(source):
        if entry.kind is EntryKind.EVENTS:
            lines = reader.lines(entry)
            events = [_EVENT.decode(line) for line in lines if line]
            items = log.content_of(source, entry.position, "decisions") or []
            decisions = [decode_decision(item) if item else None for item in items]
            hits = log.content_of(source, entry.position, "shadow") or []
            shadow = [decode_shadow_hit(item) if item else None for item in hits]
            eventids.insert(target, entry.position, entry.body["ids"])
            derived.apply_events(target, entry, events, lines, decisions, shadow)
        else:
            content = {
                name: log.content_of(source, entry.position, name) or []
                for name in entry.commitments
            }
            derived.apply_entry(target, entry, content)
        n_entries += 1
        if on_progress is not None:
            on_progress(1)
    return n_entries


def read_events(
    store: Store, connection: sa.Connection, *, after: int
) -> Iterator[tuple[LogEntry, list[bytes]]]:
    """The entries of events behind a position in order, each with its lines; erased ones are b"".

    Raises:
        TocsinError: a file of the archive is missing or cannot be read.
    """
    reader = _EventReader(store, connection)
    for entry in _all_entries(connection, after=after):
        if entry.kind is EntryKind.EVENTS:
            yield entry, reader.lines(entry)


def _all_entries(
    connection: sa.Connection, *, after: int = 0, page: int = 500
) -> Iterator[LogEntry]:
    """Every entry in order, by pages: other statements run on the connection in between."""
    while True:
        entries = list(log.entries(connection, after=after, until=after + page))
        if not entries:
            if after >= log.last_position(connection):
                return
            after += page
            continue
        yield from entries
        after = entries[-1].position


class _EventReader:
    """Events of log entries in order, from database or archive, one stretch of files at a time."""

    def __init__(self, store: Store, connection: sa.Connection) -> None:
        self._store = store
        self._connection = connection
        self._stretch: tuple[int, int] = (0, -1)
        self._lines: dict[tuple[int, int], bytes] = {}

    def lines(self, entry: LogEntry) -> list[bytes]:
        """The entry's events; b"" for those that were erased."""
        waiting = log.content_of(self._connection, entry.position, "events")
        if waiting is not None:
            return waiting
        if not self._stretch[0] <= entry.position <= self._stretch[1]:
            self._load(entry.position)
        n_events = len(entry.body["ids"])
        return [self._lines.get((entry.position, ordinal), b"") for ordinal in range(n_events)]

    def _load(self, position: int) -> None:
        table = schema.archive_files
        statement = sa.select(table).where(
            table.c.first_position <= position, table.c.last_position >= position
        )
        files = self._connection.execute(statement).all()
        self._lines = {}
        self._stretch = (position, position)
        for file in files:
            self._stretch = (file.first_position, file.last_position)
            self._read(file.path)

    def _read(self, path: str) -> None:
        try:
            with pq.ParquetFile(self._store.folder / path) as file:
                for batch in file.iter_batches(batch_size=4_096):
                    for row in batch.to_pylist():
                        self._lines[row["position"], row["ordinal"]] = line_of_row(row)
        except (OSError, pa.ArrowException):
            raise TocsinError(
                "a file of the archive is missing or cannot be read",
                where=path,
                hint="bring it back from a copy",
            ) from None
