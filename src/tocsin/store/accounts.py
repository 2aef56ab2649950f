"""Accounts and reports in the store.

Comes in: account keys and subjects. Goes out: the last known state of an account, and reports
about a subject. Always holds: derived from events by event time; nothing here changes it.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
import sqlalchemy as sa

from tocsin.records import Subject
from tocsin.store import schema
from tocsin.store.times import from_us

__all__ = ["AccountState", "Report", "get", "reports_about", "suspended"]


class AccountState(msgspec.Struct, frozen=True, kw_only=True):
    """What account events last said of an account.

    `at` is the time of the newest, `state_at` that of the newest that suspended or restored it.
    """

    key: str
    handle: str | None
    state: str
    at: datetime
    state_at: datetime | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's report about a subject; the comment stands in the event."""

    event: str
    reporter: str | None
    category: str | None
    at: datetime


def get(connection: sa.Connection, key: str) -> AccountState | None:
    """The account with this key; None if no account event named it."""
    table = schema.account_states
    row = connection.execute(sa.select(table).where(table.c.key == key)).one_or_none()
    if row is None:
        return None
    return AccountState(
        key=row.key,
        handle=row.handle,
        state=row.state,
        at=from_us(row.at_us),
        state_at=None if row.state_at_us is None else from_us(row.state_at_us),
    )


def suspended(connection: sa.Connection) -> list[str]:
    """Keys of the accounts that the platform last said were suspended."""
    table = schema.account_states
    statement = sa.select(table.c.key).where(table.c.state == "suspended").order_by(table.c.key)
    return list(connection.execute(statement).scalars())


def reports_about(connection: sa.Connection, subject: Subject) -> list[Report]:
    """Reports about a subject, oldest first."""
    table = schema.reports
    statement = (
        sa.select(table)
        .where(table.c.target_kind == subject.kind, table.c.target_id == subject.id)
        .order_by(table.c.at_us, table.c.event_id)
    )
    return [
        Report(
            event=row.event_id, reporter=row.reporter, category=row.category, at=from_us(row.at_us)
        )
        for row in connection.execute(statement)
    ]
