"""Which events the log has, by id: the look-up and the insertion on the live path.

Comes in: ids. Goes out: those that are known. Always holds: an id stands once, at the place of
its first event; one statement per batch of new events on both databases.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from tocsin.store.driversql import DriverSql

__all__ = ["claim", "insert", "known"]

_KNOWN = DriverSql(
    "SELECT id FROM event_ids WHERE id IN (SELECT value FROM json_each(?))",
    "SELECT id FROM event_ids WHERE id = ANY(?::text[])",
)
_INSERT = DriverSql(
    "INSERT INTO event_ids (id, position, ordinal) SELECT value, ?, key FROM json_each(?)",
    "INSERT INTO event_ids (id, position, ordinal)"
    " SELECT id, ?, number - 1 FROM unnest(?::text[]) WITH ORDINALITY AS given (id, number)",
)
_INSERT_NEW = DriverSql(
    "INSERT OR IGNORE INTO event_ids (id, position, ordinal)"
    " SELECT value, ?, key FROM json_each(?)",
    "INSERT INTO event_ids (id, position, ordinal)"
    " SELECT id, ?, number - 1 FROM unnest(?::text[]) WITH ORDINALITY AS given (id, number)"
    " ON CONFLICT DO NOTHING",
)
_OF_POSITION = DriverSql(
    "SELECT id FROM event_ids WHERE position = ? AND id IN (SELECT value FROM json_each(?))",
    "SELECT id FROM event_ids WHERE position = ? AND id = ANY(?::text[])",
)
_DELETE = DriverSql(
    "DELETE FROM event_ids WHERE id IN (SELECT value FROM json_each(?))",
    "DELETE FROM event_ids WHERE id = ANY(?::text[])",
)


def known(connection: sa.Connection, ids: Sequence[str]) -> set[str]:
    """Those of these ids that the log has."""
    return {row[0] for row in _KNOWN.rows(connection, _bound(connection, ids))}


def insert(connection: sa.Connection, position: int, ids: Sequence[str]) -> None:
    """Note that the entry at this position holds these events, in this order; all are new."""
    _INSERT.change(connection, position, _bound(connection, ids))


def claim(connection: sa.Connection, position: int, ids: Sequence[str]) -> tuple[bool, ...]:
    """Note those ids that are new, for the entry that comes next, at this position.

    For each id whether it is: the log did not have it, and it did not stand before in `ids`.
    The entry must hold these events, in their order. Mostly all are new: trying to insert them
    asks the same question as looking first, once instead of twice.
    """
    bound = _bound(connection, ids)
    if _INSERT_NEW.change(connection, position, bound) == len(ids):
        return (True,) * len(ids)
    left = {row[0] for row in _OF_POSITION.rows(connection, position, bound)}
    is_new = []
    for event_id in ids:
        is_new.append(event_id in left)
        left.discard(event_id)
    new = [event_id for event_id, new in zip(ids, is_new, strict=True) if new]
    if new:  # their places in the entry are others than in `ids`
        _DELETE.change(connection, _bound(connection, new))
        insert(connection, position, new)
    return tuple(is_new)


def _bound(connection: sa.Connection, ids: Sequence[str]) -> object:
    if connection.dialect.name == "sqlite":
        return msgspec.json.encode(list(ids)).decode()
    return list(ids)
