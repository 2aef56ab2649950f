"""Labels in the store: what people change, what stands, and what was ever said.

Comes in: a person's word about one label of one account or handle. Goes out: labels as they
stand, their reasons, and their history. Always holds: a person's word is an entry of the log;
whom it is about and why stand in erasable content only; reasons are read from there, so that
what was erased is gone everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from tocsin.records import EntryKind, LabelHolder, LabelStanding, LogEntry
from tocsin.store import decisions, labelrows, log, schema
from tocsin.store.labelrows import LabelKey, said_of
from tocsin.store.store import Transaction
from tocsin.store.times import from_us, to_us

__all__ = [
    "Change",
    "HistoryRow",
    "LabelRow",
    "change",
    "history",
    "list_rows",
    "names_of",
    "of_holder",
]

Change = Literal["added", "removed", "withdrawn"]
"""What a person does: says that it is on, or off; or says nothing any more, so that rules count."""

_table = schema.account_labels


class LabelRow(msgspec.Struct, frozen=True, kw_only=True):
    """One label as it stands at one moment.

    `is_on` says whether rules find it; a person may have taken it off, or its time may be over.
    `by` is a person's id or a rule's; `reason` is None where none was given or it was erased.
    """

    holder: LabelHolder
    key: str
    name: str
    is_on: bool
    source: str
    by: str
    is_added: bool
    since: datetime
    expires_at: datetime | None
    rule_version: str | None
    decision: str | None
    reason: str | None


class HistoryRow(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was said of a label."""

    holder: LabelHolder
    key: str
    name: str
    source: str
    change: str
    by: str
    at: datetime
    expires_at: datetime | None
    rule_version: str | None
    decision: str | None
    position: int
    reason: str | None


def change(
    transaction: Transaction,
    label: LabelKey,
    *,
    to: Change,
    by: str,
    reason: str,
    lasts: timedelta | None = None,
) -> LogEntry:
    """Record a person's word; `lasts` is for how long it counts (None: until withdrawn)."""
    holder, key, name = label
    body = {
        "holder": holder.value,
        "label": name,
        "change": to,
        "for_s": None if lasts is None else lasts // timedelta(seconds=1),
        "by": by,
    }
    content = {"key": [msgspec.json.encode(key)], "reason": [msgspec.json.encode(reason)]}
    return transaction.record(EntryKind.LABEL, body, content)


def of_holder(
    connection: sa.Connection, holder: LabelHolder, key: str, *, now: datetime
) -> list[LabelRow]:
    """The labels of one account or handle, by name, as they stand now; those over included."""
    found = labelrows.standings(connection, holder, [key])
    return [_row(connection, label, found[label], now) for label in sorted(found)]


def names_of(connection: sa.Connection, holder: LabelHolder, key: str) -> set[str]:
    """The names of labels of which something was said about this account or handle."""
    return {name for _, _, name in labelrows.standings(connection, holder, [key])}


def list_rows(
    connection: sa.Connection,
    *,
    now: datetime,
    name: str | None = None,
    holder: LabelHolder | None = None,
    limit: int = 100,
) -> list[LabelRow]:
    """Labels that are on now, the newest first."""
    word = _table.alias("word")
    overruled = sa.exists().where(
        word.c.holder == _table.c.holder,
        word.c.key == _table.c.key,
        word.c.name == _table.c.name,
        word.c.source == labelrows.PERSON,
        _holds(word, now),
    )
    counts = sa.or_(_table.c.source == labelrows.PERSON, sa.not_(overruled))
    statement = sa.select(_table).where(_table.c.is_added, _holds(_table, now), counts)
    if name is not None:
        statement = statement.where(_table.c.name == name)
    if holder is not None:
        statement = statement.where(_table.c.holder == holder.value)
    newest = (_table.c.position.desc(), _table.c.ordinal.desc(), _table.c.place.desc())
    rows = connection.execute(statement.order_by(*newest).limit(limit)).all()
    return [
        _row(
            connection,
            (LabelHolder(row.holder), row.key, row.name),
            LabelStanding(**{row.source: said_of(row)}),
            now,
        )
        for row in rows
    ]


def history(
    connection: sa.Connection, holder: LabelHolder, key: str, *, limit: int = 100
) -> list[HistoryRow]:
    """What was said of the labels of one account or handle, the newest first."""
    table = schema.label_changes
    statement = (
        sa.select(table)
        .where(table.c.holder == holder.value, table.c.key == key)
        .order_by(table.c.position.desc(), table.c.ordinal.desc(), table.c.place.desc())
        .limit(limit)
    )
    return [
        HistoryRow(
            holder=LabelHolder(row.holder),
            key=row.key,
            name=row.name,
            source=row.source,
            change=row.change,
            by=row.by_whom,
            at=from_us(row.at_us),
            expires_at=None if row.expires_at_us is None else from_us(row.expires_at_us),
            rule_version=row.rule_version,
            decision=row.decision_id,
            position=row.position,
            reason=_reason(connection, row.decision_id, row.position, row.place),
        )
        for row in connection.execute(statement).all()
    ]


def _holds(table: Any, now: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(table.c.expires_at_us.is_(None), table.c.expires_at_us > to_us(now))


def _row(
    connection: sa.Connection, label: LabelKey, standing: LabelStanding, now: datetime
) -> LabelRow:
    """What counts now; where nothing does any more, what was said last."""
    said = standing.said_at(now) or standing.person or standing.rule
    assert said is not None  # noqa: S101  # a label is found by one of the two
    holder, key, name = label
    return LabelRow(
        holder=holder,
        key=key,
        name=name,
        is_on=standing.is_on(now),
        source=labelrows.PERSON if said is standing.person else labelrows.RULE,
        by=said.by,
        is_added=said.is_added,
        since=said.since,
        expires_at=said.expires_at,
        rule_version=said.rule_version,
        decision=said.decision,
        reason=_reason(connection, said.decision, said.position, said.place),
    )


def _reason(
    connection: sa.Connection, decision_id: str | None, position: int, place: int
) -> str | None:
    """Why, in the words of the person or the rule."""
    if decision_id is not None:
        decision = decisions.get(connection, decision_id)
        return None if decision is None else decision.labels[place].reason or None
    items: Sequence[Any] = log.content_of(connection, position, "reason") or ()
    return msgspec.json.decode(items[0], type=str) or None if items and items[0] else None
