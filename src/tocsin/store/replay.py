"""Replay: the derived tables again, from the log alone.

Comes in: a log with its content, wherever that stands, and empty derived tables (those of the
same database for `tocsin rebuild`, those of a scratch database for an audit). Goes out: the
tables, filled. Always holds: uses the same code as the live path (`derived`). What was erased
stays erased.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
import pyarrow.parquet as pq
import sqlalchemy as sa

from tocsin.records import EntryKind, Event, LogEntry, decode_decision
from tocsin.store import derived, log, schema
from tocsin.store.archive import line_of_row
from tocsin.store.store import Store

__all__ = ["rebuild", "replay_log"]

_EVENT = msgspec.json.Decoder(Event)


def rebuild(store: Store, *, on_progress: Callable[[int], None] | None = None) -> int:
    """Empty the derived tables and fill them from the log, in one transaction; how many entries.

    Where a delivery stood between two entries (attempts, next attempt) is forgotten: waiting
    actions are due at once; the platform knows them by their idempotency keys.
    """
    with store.write() as transaction:
        for table in schema.DERIVED:
            transaction.connection.execute(sa.delete(table))
        return replay_log(
            store, transaction.connection, transaction.connection, on_progress=on_progress
        )


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
            decisions = [decode_decision(item) for item in items if item]
            derived.apply_events(target, entry, events, lines, decisions)
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


def _all_entries(connection: sa.Connection, page: int = 500) -> Iterator[LogEntry]:
    """Every entry in order, by pages: other statements run on the connection in between."""
    after = 0
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
            for row in pq.read_table(self._store.folder / file.path).to_pylist():
                self._lines[row["position"], row["ordinal"]] = line_of_row(row)
