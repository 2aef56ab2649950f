"""Questions to the archive in SQL, read only.

Comes in: one SELECT. Goes out: an Arrow table. Always holds: the statement sees one view,
`events` (archive and what still waits in the database); DuckDB runs without access to files,
network, extensions or settings while the caller's SQL runs, within limits of memory and time.
Refused: anything but one SELECT.
"""

from __future__ import annotations

import threading

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import sqlalchemy as sa

from tocsin.errors import InputError
from tocsin.store import schema
from tocsin.store.archive import ARCHIVE_SCHEMA, waiting_events
from tocsin.store.store import Store

__all__ = ["post_versions", "query_events", "recent_posts"]

_VIEW_OF_WAITING = """
    CREATE TEMP VIEW events AS
    SELECT * EXCLUDE (salt), coalesce("at", received_at) AS happened_at FROM waiting_events
"""
_VIEW_OF_ALL = """
    CREATE TEMP VIEW events AS
    SELECT * EXCLUDE (salt), coalesce("at", received_at) AS happened_at
    FROM (SELECT * FROM archived_events UNION ALL SELECT * FROM waiting_events)
"""

MEMORY_LIMIT = "1GB"
TIME_LIMIT_S = 120.0


def query_events(store: Store, sql: str, *, time_limit_s: float = TIME_LIMIT_S) -> pa.Table:
    """Answer one SELECT over the view `events`.

    Raises:
        InputError: not one SELECT, wrong SQL, forbidden access, or too slow.
    """
    with duckdb.connect(":memory:") as connection:
        _register_events(store, connection)
        connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        _check_one_select(connection, sql)
        timer = threading.Timer(time_limit_s, connection.interrupt)
        timer.start()
        try:
            return connection.sql(sql).to_arrow_table()
        except duckdb.InterruptException:
            message = f"the question took longer than {time_limit_s:g} s"
            hint = "narrow it, for example by `happened_at` or `actor.id`"
            raise InputError(message, where="SQL", hint=hint) from None
        except duckdb.Error as error:
            raise _explained(error) from None
        finally:
            timer.cancel()


def recent_posts(store: Store, actor_key: str, limit: int = 20) -> list[dict[str, object]]:
    """The newest posts of an account, as rows of `ARCHIVE_SCHEMA`, newest first."""
    with duckdb.connect(":memory:") as connection:
        _register_events(store, connection)
        connection.execute(
            "SELECT * FROM events WHERE type IN ('post.created', 'post.updated')"
            " AND coalesce(actor.id, actor.handle) = ?"
            " ORDER BY happened_at DESC, position DESC, ordinal DESC LIMIT ?",
            [actor_key, limit],
        )
        table: pa.Table = connection.to_arrow_table()
        return list(table.to_pylist())


def post_versions(store: Store, post_id: str, limit: int = 5) -> list[dict[str, object]]:
    """What a post looked like, as rows of `ARCHIVE_SCHEMA`, newest first."""
    with duckdb.connect(":memory:") as connection:
        _register_events(store, connection)
        connection.execute(
            "SELECT * FROM events WHERE type IN ('post.created', 'post.updated')"
            " AND post.id = ? ORDER BY happened_at DESC, position DESC, ordinal DESC LIMIT ?",
            [post_id, limit],
        )
        table: pa.Table = connection.to_arrow_table()
        return list(table.to_pylist())


def _register_events(store: Store, connection: duckdb.DuckDBPyConnection) -> None:
    with store.read() as database:
        table = schema.archive_files
        paths = list(database.execute(sa.select(table.c.path).order_by(table.c.path)).scalars())
        tail = waiting_events(database)
    files = [str(store.folder / path) for path in paths]
    archived = ds.dataset(files, format="parquet", schema=ARCHIVE_SCHEMA) if files else None
    connection.register("waiting_events", tail)
    if archived is None:
        connection.execute(_VIEW_OF_WAITING)
        return
    connection.register("archived_events", archived)
    connection.execute(_VIEW_OF_ALL)


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
    message = str(error).strip()
    return InputError(message[:1].lower() + message[1:], where="SQL")
