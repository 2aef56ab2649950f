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
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlalchemy as sa
from numpy.typing import NDArray

from tocsin.records import (
    EVENT_SCHEMA,
    encode_event,
    event_from_row,
)
from tocsin.store import content as packed_content
from tocsin.store import folder, schema
from tocsin.store.linecolumns import lines_to_columns
from tocsin.store.store import Store

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


class _Body(msgspec.Struct):
    """What is read here of an entry's body."""

    source: str


_BODY = msgspec.json.Decoder(_Body)


def table_of_rows(rows: Sequence[Any]) -> pa.Table:
    """The events of these log entries (position, time, body, packed lines, salts) as one table."""
    blocks = [packed_content.unpack_joined(row.packed) for row in rows]
    sources = pa.array([_BODY.decode(row.body).source for row in rows], pa.string())
    times = np.array([row.at_us for row in rows], np.int64)
    salts = b"".join(row.salts for row in rows)
    n_events = np.array([len(row.salts) for row in rows], np.int64) // packed_content.SALT_BYTES
    each = np.repeat(np.arange(len(rows)), n_events)
    first = n_events.cumsum() - n_events
    lines = b"\n".join(blocks)
    has_content = _has_content(lines, salts)
    columns = {
        "position": pa.array(np.array([row.position for row in rows], np.int64)[each]),
        "ordinal": pa.array((np.arange(len(each)) - first[each]).astype(np.int32)),
        "received_at": pa.array(times[each]).cast(pa.timestamp("us", tz="UTC")),
        "source": sources.take(pa.array(each)),
        "salt": _salt_column(salts, has_content),
        **_event_columns(lines, has_content),
    }
    return pa.table(columns)


def _has_content(lines: bytes, salts: bytes) -> NDArray[np.bool_] | None:
    """For each line whether something stands in it; None where it does in all.

    An item is erased with its salt, and looking through the salts is faster.
    """
    if lines and bytes(packed_content.SALT_BYTES) not in salts:
        return None
    return np.array([bool(line) for line in lines.split(b"\n")] if salts else [], bool)


def _salt_column(salts: bytes, has_content: NDArray[np.bool_] | None) -> pa.Array:
    size = packed_content.SALT_BYTES
    buffers = [None, pa.py_buffer(salts)]
    found = pa.Array.from_buffers(pa.binary(size), len(salts) // size, buffers)
    if has_content is not None:
        found = pc.if_else(pa.array(has_content), found, None)
    return found.cast(pa.binary())


def _event_columns(
    lines: bytes, has_content: NDArray[np.bool_] | None
) -> dict[str, pa.Array | pa.ChunkedArray]:
    """The events as columns, those that they have; an erased one is a row of nulls."""
    if has_content is None:
        kept = lines_to_columns(lines)
        n_events = kept.num_rows
    else:
        kept = lines_to_columns(b"\n".join(line for line in lines.split(b"\n") if line))
        kept = kept.take(pa.array(has_content.cumsum() - 1, mask=~has_content))
        n_events = len(has_content)
    columns = dict(zip(kept.schema.names, kept.columns, strict=True))
    for name in ("type", "id", "at"):
        if name not in columns:
            columns[name] = pa.nulls(n_events, EVENT_SCHEMA.field(name).type)
    return columns


def _write_by_day(root: Path, table: pa.Table, first: int, last: int) -> list[dict[str, object]]:
    days = pc.coalesce(table["at"], table["received_at"]).cast(pa.date32())
    found = sorted(pc.unique(days).to_pylist())
    files = []
    for day in found:
        path = f"archive/day={day}/events-{first:012d}-{last:012d}.parquet"
        part = table if len(found) == 1 else table.filter(pc.equal(days, day))
        n_bytes = _write_file(root / path, part)
        files.append(
            {
                "path": path,
                "day": str(day),
                "first_position": first,
                "last_position": last,
                "rows": part.num_rows,
                "bytes": n_bytes,
            }
        )
    return files


def _write_file(path: Path, table: pa.Table) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        # No dictionaries: most values stand once, and zstd finds the others by itself.
        pq.write_table(table, file, compression="zstd", compression_level=1, use_dictionary=False)
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
