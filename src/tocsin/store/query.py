"""Questions to the archive in SQL, read only.

Comes in: one SELECT. Goes out: an Arrow table. Always holds: the statement sees one view,
`events` (archive and what still waits in the database); DuckDB runs without access to files,
network, extensions or settings while the caller's SQL runs, within limits of memory, time and
rows; an error never quotes the archive. Refused: anything but one SELECT.
"""

from __future__ import annotations

import threading
from collections.abc import Collection

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import sqlalchemy as sa

from tocsin.errors import InputError, TocsinError
from tocsin.store import schema
from tocsin.store.archive import ARCHIVE_SCHEMA, waiting_events
from tocsin.store.store import Store

__all__ = ["MAX_ROWS", "all_versions", "post_versions", "query_events", "recent_posts"]

_VIEW_OF_WAITING = """
    CREATE TEMP VIEW events AS
    SELECT *, coalesce("at", received_at) AS happened_at FROM waiting_events
    WHERE type IS NOT NULL  -- an erased event is a row of nulls
"""
_VIEW_OF_ALL = """
    CREATE TEMP VIEW events AS
    SELECT *, coalesce("at", received_at) AS happened_at
    FROM (SELECT * FROM archived_events UNION ALL SELECT * FROM waiting_events)
    WHERE type IS NOT NULL
"""

_VISIBLE_SCHEMA: pa.Schema = pa.schema([part for part in ARCHIVE_SCHEMA if part.name != "salt"])

MEMORY_LIMIT = "1GB"
TIME_LIMIT_S = 120.0
MAX_ROWS = 1_000_000
"""More than anybody reads: who wants to copy the archive has its Parquet files."""

_BATCH_ROWS = 10_000

_ABOUT_THE_QUESTION = (
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.ParserException,
    duckdb.PermissionException,
    duckdb.SyntaxException,
)
"""Errors whose message is about the SQL; what fails later may quote a value of the archive."""


def query_events(
    store: Store, sql: str, *, max_rows: int = MAX_ROWS, time_limit_s: float = TIME_LIMIT_S
) -> pa.Table:
    """Answer one SELECT over the view `events`, with its first `max_rows` rows.

    Raises:
        InputError: not one SELECT, wrong SQL, forbidden access, or too slow.
    """
    with duckdb.connect(":memory:") as connection:
        _register_events(store, connection)
        connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        connection.execute("SET temp_directory = ''")
        connection.execute("SET python_enable_replacements = false")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        _check_one_select(connection, sql)
        timer = threading.Timer(time_limit_s, connection.interrupt)
        timer.start()
        try:
            return _first_rows(connection.sql(sql), max_rows)
        except duckdb.InterruptException:
            message = f"the question took longer than {time_limit_s:g} s"
            hint = "narrow it, for example by `happened_at` or `actor.id`"
            raise InputError(message, where="SQL", hint=hint) from None
        except duckdb.Error as error:
            raise _explained(error) from None
        finally:
            timer.cancel()


def _first_rows(answer: duckdb.DuckDBPyRelation, max_rows: int) -> pa.Table:
    reader = answer.to_arrow_reader(min(max_rows, _BATCH_ROWS))
    batches, n_rows = [], 0
    while n_rows < max_rows:
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            break
        batches.append(batch)
        n_rows += batch.num_rows
    return pa.Table.from_batches(batches, schema=reader.schema).slice(0, max_rows)


def recent_posts(store: Store, actor_key: str, limit: int = 20) -> list[dict[str, object]]:
    """The newest posts of an account, as rows of `ARCHIVE_SCHEMA`, newest first."""
    with duckdb.connect(":memory:") as connection:
        _register_events(store, connection)
        found = connection.sql(
            "SELECT * FROM events WHERE type IN ('post.created', 'post.updated')"
            " AND coalesce(actor.id, actor.handle) = ?"
            " ORDER BY happened_at DESC, position DESC, ordinal DESC LIMIT ?",
            params=[actor_key, limit],
        )
        return list(found.to_arrow_table().to_pylist())


def post_versions(store: Store, post_id: str, limit: int = 5) -> list[dict[str, object]]:
    """What a post looked like, as rows of `ARCHIVE_SCHEMA`, newest first."""
    with duckdb.connect(":memory:") as connection:
        _register_events(store, connection)
        found = connection.sql(
            "SELECT * FROM events WHERE type IN ('post.created', 'post.updated')"
            " AND post.id = ? ORDER BY happened_at DESC, position DESC, ordinal DESC LIMIT ?",
            params=[post_id, limit],
        )
        return list(found.to_arrow_table().to_pylist())


def all_versions(store: Store, post_ids: Collection[str]) -> list[dict[str, object]]:
    """Every version of these posts, as rows of `ARCHIVE_SCHEMA`, oldest first."""
    if not post_ids:
        return []
    with duckdb.connect(":memory:") as connection:
        _register_events(store, connection)
        found = connection.sql(
            "SELECT * FROM events WHERE type IN ('post.created', 'post.updated')"
            " AND post.id IN (SELECT unnest(?)) ORDER BY position, ordinal",
            params=[sorted(post_ids)],
        )
        return list(found.to_arrow_table().to_pylist())


def _register_events(store: Store, connection: duckdb.DuckDBPyConnection) -> None:
    with store.read() as database:
        table = schema.archive_files
        paths = list(database.execute(sa.select(table.c.path).order_by(table.c.path)).scalars())
        tail = waiting_events(database)
    files = [str(store.folder / path) for path in paths]
    connection.register("waiting_events", tail.select(_VISIBLE_SCHEMA.names))
    if not files:
        connection.execute(_VIEW_OF_WAITING)
        return
    connection.register("archived_events", _dataset(files))
    connection.execute(_VIEW_OF_ALL)


def _dataset(files: list[str]) -> ds.Dataset:
    try:
        return ds.dataset(files, format="parquet", schema=_VISIBLE_SCHEMA)
    except (OSError, pa.ArrowException):
        raise TocsinError(
            "a file of the archive is missing or cannot be read",
            hint="`tocsin audit verify` names it; bring it back from a copy",
        ) from None


def _check_one_select(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise _explained(error) from None
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise InputError(
            "only one SELECT is answered here",
            where="SQL",
            hint="for example: select type, count(*) from events group by type",
        )


def _explained(error: duckdb.Error) -> InputError:
    if not isinstance(error, _ABOUT_THE_QUESTION):
        message = f"the question failed while it was answered ({type(error).__name__})"
        return InputError(
            message, where="SQL", hint="`try_cast` passes over values that do not fit"
        )
    kind, colon, rest = str(error).strip().partition(":")  # for example "Parser Error: …"
    return InputError(f"{kind.lower()}{colon}{rest}", where="SQL")
