"""Stretches: the events of the log in order, as Arrow, from the archive or from the database.

Comes in: a read connection. Goes out: which stretches of the log hold events of which days, and
the events of one as record batches in columns of `ARCHIVE_SCHEMA`, without their salts. Always
holds: rows come in the order of the log; what was erased is left out; a stretch that waited in the
database when it was listed is found in the archive if it was moved there since.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlalchemy as sa

from tocsin.errors import TocsinError
from tocsin.store import content as packed_content
from tocsin.store import schema
from tocsin.store.archive import ARCHIVE_SCHEMA, EVENTS_PER_STRETCH, table_of_rows
from tocsin.store.store import Store
from tocsin.store.times import from_us

__all__ = ["DayFile", "Stretch", "list_stretches", "read_stretch", "span_of", "watermark_of"]

_COLUMNS = tuple(name for name in ARCHIVE_SCHEMA.names if name != "salt")
_BATCH_ROWS = 16_384


class DayFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the archive: the events of one day in one stretch."""

    day: str
    path: str
    rows: int


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """Events that stand together: `files` is empty where they wait in the database."""

    first: int
    last: int
    rows: int
    files: tuple[DayFile, ...] = ()

    @property
    def is_waiting(self) -> bool:
        """Whether its events stand in the database."""
        return not self.files

    def rows_from(self, day: str) -> int:
        """How many rows `read_stretch` reads from this day on."""
        if self.is_waiting:
            return self.rows
        return sum(file.rows for file in self.files if file.day >= day)


def list_stretches(connection: sa.Connection) -> list[Stretch]:
    """Every stretch of the log that holds events, in order."""
    table = schema.archive_files
    files: dict[tuple[int, int], list[DayFile]] = {}
    for row in connection.execute(sa.select(table).order_by(table.c.first_position, table.c.day)):
        found = files.setdefault((row.first_position, row.last_position), [])
        found.append(DayFile(day=row.day, path=row.path, rows=row.rows))
    archived = [
        Stretch(first=first, last=last, rows=sum(file.rows for file in found), files=tuple(found))
        for (first, last), found in files.items()
    ]
    return archived + _waiting_stretches(connection, archived[-1].last if archived else 0)


def _waiting_stretches(connection: sa.Connection, after: int) -> list[Stretch]:
    table = schema.log_content
    statement = (
        sa.select(table.c.position, sa.func.length(table.c.salts).label("n_bytes"))
        .where(table.c.name == "events", table.c.position > after)
        .order_by(table.c.position)
    )
    found: list[Stretch] = []
    first, last, rows = 0, 0, 0
    for row in connection.execute(statement):
        n_rows = row.n_bytes // packed_content.SALT_BYTES
        if rows and rows + n_rows > EVENTS_PER_STRETCH:
            found.append(Stretch(first=first, last=last, rows=rows))
            rows = 0
        first, last, rows = (first if rows else row.position), row.position, rows + n_rows
    return [*found, Stretch(first=first, last=last, rows=rows)] if rows else found


def watermark_of(store: Store, connection: sa.Connection, stretch: Stretch) -> int:
    """The latest moment of a stretch's events, none later than its arrival; microseconds.

    This is how far a stretch moves the watermark of windows (`features.windows`). -2**62 where
    every event was erased.
    """
    latest = -(2**62)
    for at, arrived in _times(store, connection, stretch):
        moments = pc.min_element_wise(at, arrived)  # an event without a time happened on arrival
        latest = max(latest, pc.max(moments).as_py())
    return latest


def span_of(
    store: Store, connection: sa.Connection, stretches: Sequence[Stretch]
) -> tuple[datetime, datetime] | None:
    """The times of the first and the last event; None where there is none."""
    moments: list[int] = []
    for stretch in stretches:
        for at, arrived in _times(store, connection, stretch):
            found = pc.min_max(pc.coalesce(at, arrived)).as_py()
            moments += [found["min"], found["max"]]
    return (from_us(min(moments)), from_us(max(moments))) if moments else None


def _times(
    store: Store, connection: sa.Connection, stretch: Stretch
) -> Iterator[tuple[pa.Array, pa.Array]]:
    """When the events of a stretch happened and arrived, in no certain order; microseconds."""
    columns = ("type", "at", "received_at")
    batches: Iterator[pa.RecordBatch]
    if stretch.is_waiting:
        batches = read_stretch(store, connection, stretch, columns=columns)
    else:
        batches = (
            batch
            for file in stretch.files
            for batch in _one_file(store, file.path, columns, _BATCH_ROWS)
        )
    for batch in batches:
        yield batch.column("at").cast(pa.int64()), batch.column("received_at").cast(pa.int64())


def read_stretch(
    store: Store,
    connection: sa.Connection,
    stretch: Stretch,
    *,
    from_day: str = "",
    until_day: str = "~",
    columns: Sequence[str] = _COLUMNS,
    batch_rows: int = _BATCH_ROWS,
) -> Iterator[pa.RecordBatch]:
    """The events of a stretch in the order of the log; of archived ones only those of these days.

    Raises:
        TocsinError: a file of the archive is missing or cannot be read.
    """
    wanted = [name for name in _COLUMNS if name in {*columns, "position", "ordinal", "type"}]
    if stretch.is_waiting:
        yield from _batches(_waiting(store, connection, stretch, wanted), batch_rows)
        return
    files = [file.path for file in stretch.files if from_day <= file.day <= until_day]
    if len(files) == 1:
        yield from _one_file(store, files[0], wanted, batch_rows)
    elif files:
        tables = [_read(store, path, wanted) for path in files]
        yield from _batches(_ordered(tables), batch_rows)


def _waiting(
    store: Store, connection: sa.Connection, stretch: Stretch, columns: Sequence[str]
) -> pa.Table:
    """What waits of a stretch, and what was moved into the archive since it was listed."""
    archive, entries, content = schema.archive_files, schema.log_entries, schema.log_content
    moved = sa.select(archive.c.path).where(
        archive.c.first_position <= stretch.last, archive.c.last_position >= stretch.first
    )
    tables = []
    for path in connection.execute(moved).scalars():
        table = _read(store, path, columns)
        position = table["position"]
        is_ours = pc.and_(
            pc.greater_equal(position, stretch.first), pc.less_equal(position, stretch.last)
        )
        tables.append(table.filter(is_ours))
    waiting = (
        sa.select(
            entries.c.position, entries.c.at_us, entries.c.body, content.c.packed, content.c.salts
        )
        .join(content, content.c.position == entries.c.position)
        .where(
            content.c.name == "events",
            content.c.position >= stretch.first,
            content.c.position <= stretch.last,
        )
        .order_by(entries.c.position)
    )
    rows: Sequence[Any] = connection.execute(waiting).all()
    if rows:
        table = table_of_rows(rows)
        tables.append(table.select([name for name in columns if name in table.column_names]))
    return _ordered(tables)


def _ordered(tables: Sequence[pa.Table]) -> pa.Table:
    """One table in the order of the log."""
    whole = pa.concat_tables(tables, promote_options="default")
    order = pc.sort_indices(
        whole.select(("position", "ordinal")),
        sort_keys=[("position", "ascending"), ("ordinal", "ascending")],
    )
    return whole.take(order)


def _batches(table: pa.Table, batch_rows: int) -> Iterator[pa.RecordBatch]:
    kept = table.filter(table["type"].is_valid()).combine_chunks()
    yield from kept.to_batches(max_chunksize=batch_rows)


def _one_file(
    store: Store, path: str, columns: Sequence[str], batch_rows: int
) -> Iterator[pa.RecordBatch]:
    try:
        with pq.ParquetFile(store.folder / path) as file:
            for batch in file.iter_batches(batch_rows, columns=columns, use_threads=False):
                kept = batch
                if batch.column("type").null_count:
                    kept = batch.filter(batch.column("type").is_valid())
                if kept.num_rows:
                    yield kept
    except (OSError, pa.ArrowException):
        raise _unreadable(path) from None


def _read(store: Store, path: str, columns: Sequence[str]) -> pa.Table:
    try:
        with pq.ParquetFile(store.folder / path) as file:
            return file.read(columns=columns, use_threads=False)
    except (OSError, pa.ArrowException):
        raise _unreadable(path) from None


def _unreadable(path: str) -> TocsinError:
    return TocsinError(
        "a file of the archive is missing or cannot be read",
        where=path,
        hint="bring it back from a copy",
    )
