"""Statements of the live path, spoken to the driver itself.

Comes in: SQL with `?` for each value, for both databases or for each of them. Goes out: rows, or
how many were changed. Always holds: runs inside the connection's transaction; errors are
SQLAlchemy's, without values. Elsewhere SQLAlchemy's own way is used: here its cost per statement
shows (`tocsin bench pipeline`, batch 1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import sqlalchemy as sa

__all__ = ["DriverSql", "insert_rows"]


class DriverSql:
    """One statement; `postgresql` says it otherwise there, where it must be."""

    def __init__(self, sqlite: str, postgresql: str | None = None) -> None:
        self._by_dialect = {
            "sqlite": sqlite,
            "postgresql": (postgresql or sqlite).replace("?", "%s"),
        }

    def rows(self, connection: sa.Connection, *values: object) -> list[tuple[Any, ...]]:
        """Execute it; what it gives."""
        found: list[tuple[Any, ...]] = self._run(connection, values).fetchall()
        return found

    def change(self, connection: sa.Connection, *values: object) -> int:
        """Execute it; how many rows it changed."""
        n_rows: int = self._run(connection, values).rowcount
        return n_rows

    def change_each(self, connection: sa.Connection, values: Sequence[tuple[object, ...]]) -> None:
        """Execute it once for each of these; inside a transaction."""
        with self._explained(connection):
            connection.connection.cursor().executemany(self._of(connection), values)

    def _of(self, connection: sa.Connection) -> str:
        return self._by_dialect[connection.dialect.name]

    def _run(self, connection: sa.Connection, values: tuple[object, ...]) -> Any:
        statement = self._of(connection)
        if not connection.in_transaction():  # SQLAlchemy begins one with its first statement
            return connection.exec_driver_sql(statement, values)
        return self.run_at_once(connection, *values)

    def run_at_once(self, connection: sa.Connection, *values: object) -> Any:
        """Execute it, in a transaction or not; the driver's cursor."""
        statement = self._of(connection)
        cursor = connection.connection.cursor()
        with self._explained(connection):
            cursor.execute(statement, values)
        return cursor

    @contextmanager
    def _explained(self, connection: sa.Connection) -> Iterator[None]:
        try:
            yield
        except connection.dialect.loaded_dbapi.Error as error:
            dialect = connection.dialect
            raise sa.exc.DBAPIError.instance(
                self._of(connection), None, error, dialect.loaded_dbapi.Error,
                hide_parameters=True, dialect=dialect,
            ) from None  # fmt: skip


def insert_rows(
    connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, object]]
) -> None:
    """Insert rows inside a transaction; a column that a row does not name is null."""
    statement, names = _insert_into(table)
    statement.change_each(connection, [tuple(map(row.get, names)) for row in rows])


@cache
def _insert_into(table: sa.Table) -> tuple[DriverSql, tuple[str, ...]]:
    names = tuple(column.name for column in table.columns)
    marks = ", ".join("?" * len(names))
    columns = ", ".join(names)
    statement = f"INSERT INTO {table.name} ({columns}) VALUES ({marks})"  # noqa: S608  # our names
    return DriverSql(statement), names
