"""The archive: events as Parquet, one file per day and stretch of the log.

Comes in: the events of log entries that still stand in the database. Goes out: Parquet files
(`archive/day=2026-01-02/events-<first>-<last>.parquet`) in those columns of `EVENT_SCHEMA` that
its events have, plus `position`, `ordinal`, `received_at`, `source` and `salt`; and single events
again. Always holds:
a file is listed in `archive_files` in the same transaction that removes its events from the
database, after it is whole on disk; a file that is not listed is a leftover of a crash and is
removed by the next run. The day is that of the event, or of its arrival. An erased event keeps
its row, without salt and content, so that nobody takes it for a lost one.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlalchemy as sa

from tocsin.records import (
    EVENT_SCHEMA,
    encode_event,
    event_from_row,
    lines_to_arrow,
)
from tocsin.store import content as packed_content
from tocsin.store import folder, schema
from tocsin.store.store import Store
from tocsin.store.times import from_us

__all__ = [
    "ARCHIVE_SCHEMA",
    "ArchiveRun",
    "archive_events",
    "event_line",
    "events_at",
    "line_of_row",
    "pending_events",
    "table_of_rows",
    "waiting_events",
]

ARCHIVE_SCHEMA: pa.Schema = pa.schema(
    [
        ("position", pa.int64()),
        ("ordinal", pa.int32()),
        ("received_at", pa.timestamp("us", tz="UTC")),
        ("source", pa.string()),
        ("salt", pa.binary()),
        *EVENT_SCHEMA,
    ]
)
"""Columns of the archive: where the event stands in the log, then the event. A file leaves out
the columns that none of its events has; readers see them as nulls."""

EVENTS_PER_STRETCH = 100_000
"""Events that are moved, and later read, together: bounds memory to a few hundred megabytes."""


@dataclass(slots=True)
class ArchiveRun:
    """What one run moved."""

    n_events: int = 0
    files: list[str] = field(default_factory=list)


def pending_events(connection: sa.Connection) -> int:
    """How many events still stand in the database; looks at no more than these."""
    n_salt_bytes = sa.func.sum(sa.func.length(schema.log_content.c.salts))
    found = connection.execute(sa.select(n_salt_bytes).where(_is_waiting(connection)))
    return int(found.scalar_one() or 0) // packed_content.SALT_BYTES


def archive_events(store: Store, *, on_progress: Callable[[int], None] | None = None) -> ArchiveRun:
    """Move all waiting events into the archive; safe to interrupt and to repeat.

    `on_progress` gets the number of events that were just moved.
    """
    run = ArchiveRun()
    with folder.exclusive(store.folder / "archive"):
        _remove_leftovers(store)
        while True:
            with store.read() as connection:
                last = _end_of_stretch(connection)
                rows = [] if last is None else _waiting_rows(connection, until=last)
            if not rows:
                return run
            whole = table_of_rows(rows)
            files = _write_by_day(store.folder, whole, rows[0].position, rows[-1].position)
            if not _commit(store, rows, files):
                continue
            run.n_events += whole.num_rows
            run.files += [str(row["path"]) for row in files]
            if on_progress is not None:
                on_progress(whole.num_rows)


def waiting_events(connection: sa.Connection) -> pa.Table:
    """Every event that stands in the database only, in `ARCHIVE_SCHEMA`."""
    table = table_of_rows(_waiting_rows(connection))
    return pa.concat_tables([ARCHIVE_SCHEMA.empty_table(), table], promote_options="default")


def _remove_leftovers(store: Store) -> None:
    """Remove what an interrupted run left behind: what is not listed must not keep content."""
    with store.read() as connection:
        folder.claim(store, connection)
        listed = set(connection.execute(sa.select(schema.archive_files.c.path)).scalars())
    for path in (store.folder / "archive").glob("day=*/events-*"):
        if path.relative_to(store.folder).as_posix() not in listed:
            path.unlink()


def _is_waiting(connection: sa.Connection) -> sa.ColumnElement[bool]:
    """Events behind the newest archived position: entries are archived oldest first."""
    newest = sa.select(sa.func.max(schema.archive_files.c.last_position))
    table = schema.log_content
    after = connection.execute(newest).scalar_one() or 0
    return sa.and_(table.c.name == "events", table.c.position > after)


def _end_of_stretch(connection: sa.Connection) -> int | None:
    """The last position of the next stretch; None if nothing waits."""
    table = schema.log_content
    statement = (
        sa.select(table.c.position, sa.func.length(table.c.salts).label("n_bytes"))
        .where(_is_waiting(connection))
        .order_by(table.c.position)
    )
    last, n_events = None, 0
    for row in connection.execute(statement):
        n_events += row.n_bytes // packed_content.SALT_BYTES
        if last is not None and n_events > EVENTS_PER_STRETCH:
            break
        last = row.position
    return last


def _waiting_rows(connection: sa.Connection, *, until: int | None = None) -> Sequence[Any]:
    entries, content = schema.log_entries, schema.log_content
    statement = (
        sa.select(
            entries.c.position, entries.c.at_us, entries.c.body, content.c.packed, content.c.salts
        )
        .join(content, content.c.position == entries.c.position)
        .where(_is_waiting(connection))
        .order_by(entries.c.position)
    )
    if until is not None:
        statement = statement.where(entries.c.position <= until)
    return connection.execute(statement).all()


def events_at(store: Store, position: int) -> list[bytes] | None:
    """Canonical JSON of the events of one log entry, from database or archive.

    An erased event is b""; None if the entry's events are nowhere.
    """
    with store.read() as connection:
        packed = connection.execute(
            sa.select(schema.log_content.c.packed).where(
                schema.log_content.c.position == position, schema.log_content.c.name == "events"
            )
        ).scalar_one_or_none()
        paths = [] if packed is not None else _files_holding(connection, position)
    if packed is not None:
        return packed_content.unpack(packed)
    found: dict[int, bytes] = {}
    for path in paths:
        table = pq.read_table(store.folder / path, filters=[("position", "=", position)])
        for row in table.to_pylist():
            found[row["ordinal"]] = line_of_row(row)
    return [found.get(ordinal, b"") for ordinal in range(max(found) + 1)] if found else None


def event_line(store: Store, event_id: str) -> bytes | None:
    """One event as canonical JSON by its id; None if unknown or erased."""
    table = schema.event_ids
    with store.read() as connection:
        row = connection.execute(
            sa.select(table.c.position, table.c.ordinal).where(table.c.id == event_id)
        ).one_or_none()
    if row is None:
        return None
    lines = events_at(store, row.position)
    return (lines[row.ordinal] or None) if lines and row.ordinal < len(lines) else None


def line_of_row(row: dict[str, object]) -> bytes:
    """The canonical JSON of an archived row; b"" where its content was erased."""
    if row["type"] is None:
        return b""
    return encode_event(event_from_row({name: row.get(name) for name in EVENT_SCHEMA.names}))


def table_of_rows(rows: Sequence[Any]) -> pa.Table:
    """The events of these log entries (position, time, body, packed lines, salts) as one table."""
    positions: list[int] = []
    ordinals: list[int] = []
    times: list[datetime] = []
    sources: list[str] = []
    salts: list[bytes | None] = []
    lines: list[bytes] = []
    size = packed_content.SALT_BYTES
    for row in rows:
        received_at, source = from_us(row.at_us), msgspec.json.decode(row.body)["source"]
        for ordinal, line in enumerate(packed_content.unpack(row.packed)):
            positions.append(row.position)
            ordinals.append(ordinal)
            times.append(received_at)
            sources.append(source)
            salts.append(row.salts[ordinal * size : (ordinal + 1) * size] if line else None)
            lines.append(line)
    columns = {
        "position": pa.array(positions, pa.int64()),
        "ordinal": pa.array(ordinals, pa.int32()),
        "received_at": pa.array(times, pa.timestamp("us", tz="UTC")),
        "source": pa.array(sources, pa.string()),
        "salt": pa.array(salts, pa.binary()),
        **_event_columns(lines),
    }
    return pa.table(columns)


def _event_columns(lines: Sequence[bytes]) -> dict[str, pa.Array]:
    """The events as columns, those that their types have; an erased one is a row of nulls."""
    kept = lines_to_arrow([line for line in lines if line])
    columns = dict(zip(kept.schema.names, kept.columns, strict=True))
    if kept.num_rows < len(lines):
        places = iter(range(kept.num_rows))
        rows = pa.array([next(places) if line else None for line in lines], pa.int64())
        columns = {name: column.take(rows) for name, column in columns.items()}
    if "at" not in columns:
        columns["at"] = pa.nulls(len(lines), EVENT_SCHEMA.field("at").type)
    return columns


def _write_by_day(root: Path, table: pa.Table, first: int, last: int) -> list[dict[str, object]]:
    moments = pc.coalesce(table["at"], table["received_at"])
    days = pc.strftime(moments, format="%Y-%m-%d").to_pylist()
    rows_of_day: dict[str, list[int]] = defaultdict(list)
    for row, day in enumerate(days):
        rows_of_day[day].append(row)
    files = []
    for day, rows in sorted(rows_of_day.items()):
        path = f"archive/day={day}/events-{first:012d}-{last:012d}.parquet"
        part = table if len(rows) == len(days) else table.take(rows)
        n_bytes = _write_file(root / path, part)
        files.append(
            {
                "path": path,
                "day": day,
                "first_position": first,
                "last_position": last,
                "rows": len(rows),
                "bytes": n_bytes,
            }
        )
    return files


def _write_file(path: Path, table: pa.Table) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        pq.write_table(table, file, compression="zstd", compression_level=3)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder.sync_folder(path.parent)
    folder.sync_folder(path.parent.parent)
    return path.stat().st_size


def _commit(store: Store, rows: Sequence[Any], files: list[dict[str, object]]) -> bool:
    """List the files and let the database go of their events.

    False, and nothing happens, if an event was erased since it was read.
    """
    content = schema.log_content
    is_moved = sa.and_(
        content.c.name == "events",
        content.c.position >= rows[0].position,
        content.c.position <= rows[-1].position,
    )
    with store.write() as transaction:
        connection = transaction.connection
        statement = sa.select(content.c.position, content.c.salts).where(is_moved)
        found = connection.execute(statement.order_by(content.c.position))
        if [tuple(row) for row in found] != [(row.position, row.salts) for row in rows]:
            return False
        connection.execute(sa.insert(schema.archive_files), files)
        connection.execute(sa.delete(content).where(is_moved))
        return True


def _files_holding(connection: sa.Connection, position: int) -> list[str]:
    table = schema.archive_files
    statement = (
        sa.select(table.c.path)
        .where(table.c.first_position <= position, table.c.last_position >= position)
        .order_by(table.c.path)
    )
    return list(connection.execute(statement).scalars())
