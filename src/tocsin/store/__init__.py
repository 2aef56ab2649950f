"""The SQL truth: the ordered log, what is derived from it, and the files beside it.

Comes in: settings, records to append. Goes out: records, lists, reports. Always holds: SQLite
and PostgreSQL keep the same promises (`tests/store` runs on both); the log changes by
appending only; content can be erased and the log still verifies.
"""

from tocsin.store.archive import archive_events, event_line, events_at, pending_events
from tocsin.store.store import Store, Transaction

__all__ = [
    "Store",
    "Transaction",
    "archive_events",
    "event_line",
    "events_at",
    "pending_events",
]
