"""Settings that safeguard people, as entries of the log.

Comes in: the settings in force. Goes out: an entry whenever one of them differs from what the
log last said. Always holds: switching a safeguard off is on the record, with the time.
"""

from __future__ import annotations

import sqlalchemy as sa

from tocsin.records import EntryKind, LogEntry
from tocsin.store import log, schema
from tocsin.store.store import Store

__all__ = ["RECORDED", "record_settings"]

RECORDED = (
    "accept_non_public",
    "allow_fields",
    "allow_public_address",
    "solo",
    "solo_delay_s",
    "undo_window_s",
    "webhook_irreversible",
    "window_lateness_s",
)
"""What an auditor asks about: who is let in, who decides, what is counted, what can be taken
back."""


def record_settings(store: Store) -> LogEntry | None:
    """Write the recorded settings to the log if they changed; None if they did not."""
    wanted = {name: getattr(store.settings, name) for name in RECORDED}
    wanted = {
        name: list(value) if isinstance(value, tuple) else value for name, value in wanted.items()
    }
    with store.read() as connection:
        if _last(connection) == wanted:
            return None
    with store.write() as transaction:
        if _last(transaction.connection) == wanted:
            return None
        return transaction.record(EntryKind.SETTING, {"settings": wanted})


def _last(connection: sa.Connection) -> object:
    table = schema.log_entries
    statement = sa.select(sa.func.max(table.c.position)).where(
        table.c.kind == EntryKind.SETTING.value
    )
    position = connection.execute(statement).scalar_one()
    entry = None if position is None else log.entry_at(connection, position)
    return None if entry is None else entry.body["settings"]
