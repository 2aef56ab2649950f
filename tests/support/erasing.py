"""Erasure of one event, as the store allows it: the item, its salt, and its copies."""

from __future__ import annotations

import sqlalchemy as sa

from tocsin.store import Store, content, schema

__all__ = ["erase_content", "erase_event"]


def erase_event(store: Store, event_id: str) -> None:
    """Erase an event that still stands in the database."""
    ids, table = schema.event_ids, schema.log_content
    with store.database.write() as connection:
        place = connection.execute(sa.select(ids).where(ids.c.id == event_id)).one()
        here = sa.and_(table.c.position == place.position, table.c.name == "events")
        row = connection.execute(sa.select(table).where(here)).one()
        packed, salts = content.erase(row.packed, row.salts, place.ordinal)
        connection.execute(sa.update(table).where(here).values(packed=packed, salts=salts))
        connection.execute(
            sa.update(schema.decisions)
            .where(schema.decisions.c.event_id == event_id)
            .values(trigger_json=None)
        )


def erase_content(store: Store, name: str) -> None:
    """Erase the first item of the newest content of this name."""
    table = schema.log_content
    with store.database.write() as connection:
        newest = sa.select(sa.func.max(table.c.position)).where(table.c.name == name)
        here = sa.and_(table.c.position == newest.scalar_subquery(), table.c.name == name)
        row = connection.execute(sa.select(table).where(here)).one()
        packed, salts = content.erase(row.packed, row.salts, 0)
        connection.execute(sa.update(table).where(here).values(packed=packed, salts=salts))
