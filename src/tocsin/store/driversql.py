"""Statements of the live path in the drivers' own SQL.

Comes in: SQL with `?` for each value, for both databases or for each of them. Goes out: the
driver's answer. Always holds: the same few statements per batch whatever its size; errors come
as SQLAlchemy's, without values. Elsewhere SQLAlchemy's expressions are used: here their cost per
statement shows (`tocsin bench pipeline`, batch 1).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

__all__ = ["DriverSql"]


class DriverSql:
    """One statement; `postgresql` says it otherwise there, where it must be."""

    def __init__(self, sqlite: str, postgresql: str | None = None) -> None:
        self._by_dialect = {
            "sqlite": sqlite,
            "postgresql": (postgresql or sqlite).replace("?", "%s"),
        }

    def run(self, connection: sa.Connection, *values: object) -> sa.CursorResult[Any]:
        """Execute it once."""
        return connection.exec_driver_sql(self._by_dialect[connection.dialect.name], values)
