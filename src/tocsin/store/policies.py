"""Policy packs in the store: each activation is an entry of the log with the pack's files.

Comes in: a pack's files and version. Goes out: the active version, and any version's files and
rules, so that a decision can be explained years later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa

from tocsin.records import EntryKind, LogEntry, WrittenRule, decode_written, encode_written
from tocsin.store import log, prepared, schema
from tocsin.store.store import Transaction
from tocsin.store.times import from_us

__all__ = ["Activation", "activate", "active_version", "files_of", "list_activations", "rules_of"]


class Activation(msgspec.Struct, frozen=True, kw_only=True):
    """When which pack took effect, by whom and why."""

    position: int
    version: str
    by: str
    reason: str
    at: datetime


def activate(
    transaction: Transaction,
    version: str,
    files: Mapping[str, str],
    *,
    by: str,
    reason: str,
    rules: Sequence[WrittenRule] = (),
) -> LogEntry:
    """Make this pack the active one from here on; `rules` are those that it holds."""
    body = {"version": version, "by": by, "reason": reason}
    prepared.clear(transaction.connection)
    content = {
        "pack": [msgspec.json.encode(dict(sorted(files.items())))],
        "rules": [encode_written(rule) for rule in rules],
    }
    return transaction.record(EntryKind.POLICY, body, content)


def active_version(connection: sa.Connection) -> str | None:
    """The version in force; None before the first activation."""
    table = schema.policy_versions
    statement = sa.select(table.c.version).order_by(table.c.position.desc()).limit(1)
    return connection.execute(statement).scalar_one_or_none()


def files_of(connection: sa.Connection, version: str) -> dict[str, str] | None:
    """The files of a pack by its version; None if it was never active here."""
    table = schema.policy_versions
    statement = sa.select(table.c.position).where(table.c.version == version).limit(1)
    position = connection.execute(statement).scalar_one_or_none()
    if position is None:
        return None
    items = log.content_of(connection, position, "pack")
    return msgspec.json.decode(items[0], type=dict[str, str]) if items and items[0] else None


def rules_of(connection: sa.Connection, position: int) -> list[WrittenRule]:
    """The rules of the pack that an activation (or a proposal) at this position brought."""
    items = log.content_of(connection, position, "rules") or []
    return [decode_written(item) for item in items if item]


def list_activations(connection: sa.Connection) -> list[Activation]:
    """Every activation, newest first."""
    table = schema.policy_versions
    rows = connection.execute(sa.select(table).order_by(table.c.position.desc()))
    return [
        Activation(
            position=row.position,
            version=row.version,
            by=row.by_whom,
            reason=row.reason,
            at=from_us(row.at_us),
        )
        for row in rows
    ]
