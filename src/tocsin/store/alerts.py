"""Alerts in the store: what a person should know of.

Comes in: filters, and who knows of an alert. Goes out: alerts. Always holds: an alert stays until
a person says that they know of it, which is an entry of the log.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from tocsin.errors import ConflictError, NotFoundError
from tocsin.records import ActionKind, Alert, EntryKind, Stratum
from tocsin.store import schema
from tocsin.store.store import Transaction
from tocsin.store.times import from_us

__all__ = ["acknowledge", "count_open", "list_alerts"]

table = schema.alerts


def list_alerts(
    connection: sa.Connection, *, is_open: bool | None = True, limit: int = 200
) -> list[Alert]:
    """Alerts, newest first; those that nobody acknowledged, unless told otherwise."""
    statement = sa.select(table)
    if is_open is not None:
        is_null = table.c.acknowledged_at_us.is_(None)
        statement = statement.where(is_null if is_open else ~is_null)
    rows = connection.execute(statement.order_by(table.c.position.desc()).limit(limit))
    return [_alert(row) for row in rows]


def count_open(connection: sa.Connection) -> int:
    """How many alerts nobody acknowledged."""
    statement = sa.select(sa.func.count()).where(table.c.acknowledged_at_us.is_(None))
    return int(connection.execute(statement).scalar_one())


def acknowledge(transaction: Transaction, alert_id: str, *, by: str) -> None:
    """Somebody knows of an alert.

    Raises:
        NotFoundError: there is no such alert.
        ConflictError: somebody said so already.
    """
    statement = sa.select(table).where(table.c.id == alert_id)
    row = transaction.connection.execute(statement).one_or_none()
    if row is None:
        raise NotFoundError("there is no such alert", where=alert_id)
    if row.acknowledged_at_us is not None:
        raise ConflictError("the alert was acknowledged already", where=alert_id)
    transaction.record(EntryKind.ALERT, {"alert": alert_id, "by": by})


def _alert(row: Any) -> Alert:
    seen_us = row.acknowledged_at_us
    return Alert(
        id=row.id,
        kind=row.kind,
        stratum=Stratum(
            rule=row.rule,
            rule_version=row.rule_version,
            language=row.language,
            action=ActionKind(row.action),
        ),
        message=row.message,
        at=from_us(row.at_us),
        acknowledged_by=row.acknowledged_by,
        acknowledged_at=None if seen_us is None else from_us(seen_us),
    )
