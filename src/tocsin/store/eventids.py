"""Which events the log has, by id: the look-up and the insertion on the live path.

Comes in: ids. Goes out: those that are known. Always holds: one statement per batch on both
databases; written in each driver's own SQL, since this is the only place where the compiler's
cost per row shows (`tocsin bench pipeline`, stage "store").
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

__all__ = ["insert", "known"]

_KNOWN = {
    "sqlite": "SELECT id FROM event_ids WHERE id IN (SELECT value FROM json_each(?))",
    "postgresql": "SELECT id FROM event_ids WHERE id = ANY(%s::text[])",
}
_INSERT = {
    "sqlite": "INSERT INTO event_ids (id, position, ordinal)"
    " SELECT value, ?, key FROM json_each(?)",
    "postgresql": "INSERT INTO event_ids (id, position, ordinal)"
    " SELECT id, %s, number - 1 FROM unnest(%s::text[]) WITH ORDINALITY AS given (id, number)",
}


def known(connection: sa.Connection, ids: Sequence[str]) -> set[str]:
    """Those of these ids that the log has."""
    dialect = connection.dialect.name
    found = connection.exec_driver_sql(_KNOWN[dialect], (_bound(dialect, ids),))
    return set(found.scalars())


def insert(connection: sa.Connection, position: int, ids: Sequence[str]) -> None:
    """Note that the entry at this position holds these events, in this order."""
    dialect = connection.dialect.name
    connection.exec_driver_sql(_INSERT[dialect], (position, _bound(dialect, ids)))


def _bound(dialect: str, ids: Sequence[str]) -> object:
    return msgspec.json.encode(list(ids)).decode() if dialect == "sqlite" else list(ids)
