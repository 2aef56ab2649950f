"""Rows of labels: what stands of them, and what was ever said; written from the log alone.

Comes in: the decisions of one entry, or a person's change. Goes out: rows of `account_labels` (at
most two for each label: the last word of a person, and what rules say) and of `label_changes`.
Always holds: the order of the log decides, and the time of the event when a label ends; what was
erased since changes nothing. Refused: nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from tocsin.records import (
    Decision,
    LabelChange,
    LabelHolder,
    LabelSaid,
    LabelStanding,
    LogEntry,
    after_rule,
)
from tocsin.store import schema
from tocsin.store.times import from_us, to_us

__all__ = [
    "PERSON",
    "RULE",
    "LabelKey",
    "apply_decisions",
    "apply_person",
    "moment_of",
    "said_by_rule",
    "said_of",
    "standings",
]

PERSON = "person"
RULE = "rule"

LabelKey = tuple[LabelHolder, str, str]
"""Whose label it is, and its name."""

table = schema.account_labels

_OF_KEYS = {
    "sqlite": " IN (SELECT value FROM json_each(:keys))",
    "postgresql": " = ANY(CAST(:keys AS text[]))",
}


def moment_of(event_at: datetime | None, received_at: datetime) -> datetime:
    """The moment at which an event asks for labels and sets them: its own, never ahead of arrival.

    A platform's clock that runs ahead would else end labels before their time.
    """
    return received_at if event_at is None else min(event_at, received_at)


def said_by_rule(
    decision: Decision, change: LabelChange, moment: datetime, **place: int
) -> LabelSaid:
    """What a rule says by one change of a label."""
    return LabelSaid(
        by=change.rule or "",
        is_added=change.is_added,
        since=moment,
        expires_at=_after(moment, change.for_s if change.is_added else None),
        rule_version=_version_of(decision, change.rule),
        decision=decision.id,
        **place,
    )


def standings(
    connection: sa.Connection, holder: LabelHolder, keys: Collection[str]
) -> dict[LabelKey, LabelStanding]:
    """Everything that was said and not replaced of the labels of these keys, ended or not."""
    dialect = connection.dialect.name
    given: object = list(keys)
    if dialect == "sqlite":
        given = msgspec.json.encode(given).decode()
    where = sa.text(f"account_labels.key{_OF_KEYS[dialect]}").bindparams(keys=given)
    statement = sa.select(table).where(table.c.holder == holder.value, where)
    found: dict[LabelKey, LabelStanding] = {}
    for row in connection.execute(statement):
        key = (LabelHolder(row.holder), row.key, row.name)
        said = {row.source: said_of(row)}
        found[key] = msgspec.structs.replace(found.get(key, LabelStanding()), **said)
    return found


def said_of(row: Any) -> LabelSaid:
    """What a row of `account_labels` holds."""
    return LabelSaid(
        by=row.by_whom,
        is_added=row.is_added,
        since=from_us(row.since_us),
        expires_at=None if row.expires_at_us is None else from_us(row.expires_at_us),
        rule_version=row.rule_version,
        decision=row.decision_id,
        position=row.position,
        ordinal=row.ordinal,
        place=row.place,
    )


def apply_decisions(
    connection: sa.Connection, entry: LogEntry, decisions: Sequence[Decision | None]
) -> None:
    """Bring labels up to date with what the decisions of one entry put on and took off."""
    said = list(_all_said(entry, decisions))
    if not said:
        return
    keys: dict[LabelHolder, set[str]] = {}
    for (holder, key, _), _ in said:
        keys.setdefault(holder, set()).add(key)
    before: dict[LabelKey, LabelStanding] = {}
    for holder, some in keys.items():
        before |= standings(connection, holder, sorted(some))
    after = dict(before)
    for label, one in said:
        after[label] = after_rule(after.get(label, LabelStanding()), one)
    nothing = LabelStanding()
    changed = {
        label: standing.rule
        for label, standing in after.items()
        if standing.rule is not before.get(label, nothing).rule
    }
    _replace(connection, RULE, changed)
    rows = [_history_row(label, RULE, _word(one), one) for label, one in said]
    connection.execute(sa.insert(schema.label_changes), rows)


def apply_person(
    connection: sa.Connection, entry: LogEntry, content: Mapping[str, Sequence[bytes]]
) -> None:
    """Bring labels up to date with a person's change; nothing where it says no more of whom."""
    keys = content.get("key", ())
    if not keys or not keys[0]:
        return
    body = entry.body
    label = (LabelHolder(body["holder"]), msgspec.json.decode(keys[0], type=str), body["label"])
    said = LabelSaid(
        by=body["by"],
        is_added=body["change"] == "added",
        since=entry.at,
        expires_at=_after(entry.at, body["for_s"]),
        position=entry.position,
    )
    is_withdrawn = body["change"] == "withdrawn"
    _replace(connection, PERSON, {label: None if is_withdrawn else said})
    row = _history_row(label, PERSON, body["change"], said)
    connection.execute(sa.insert(schema.label_changes), row)


def _all_said(
    entry: LogEntry, decisions: Sequence[Decision | None]
) -> Iterable[tuple[LabelKey, LabelSaid]]:
    for ordinal, decision in enumerate(decisions):
        if decision is None or not decision.labels:
            continue
        moment = moment_of(decision.event_at, entry.at)
        for place, change in enumerate(decision.labels):
            if change.key is not None:
                where = {"position": entry.position, "ordinal": ordinal, "place": place}
                said = said_by_rule(decision, change, moment, **where)
                yield (change.holder, change.key, change.name), said


def _replace(
    connection: sa.Connection, source: str, changed: Mapping[LabelKey, LabelSaid | None]
) -> None:
    """Let these stand in the place of what the same source said before."""
    if not changed:
        return
    earlier = sa.delete(table).where(
        table.c.holder == sa.bindparam("of_holder"),
        table.c.key == sa.bindparam("of_key"),
        table.c.name == sa.bindparam("of_name"),
        table.c.source == source,
    )
    connection.execute(
        earlier,
        [
            {"of_holder": holder.value, "of_key": key, "of_name": name}
            for holder, key, name in changed
        ],
    )
    rows = [_row(label, source, said) for label, said in changed.items() if said is not None]
    if rows:
        connection.execute(sa.insert(table), rows)


def _row(label: LabelKey, source: str, said: LabelSaid) -> dict[str, Any]:
    holder, key, name = label
    return {
        "holder": holder.value,
        "key": key,
        "name": name,
        "source": source,
        "is_added": said.is_added,
        "by_whom": said.by,
        "rule_version": said.rule_version,
        "decision_id": said.decision,
        "since_us": to_us(said.since),
        "expires_at_us": None if said.expires_at is None else to_us(said.expires_at),
        "position": said.position,
        "ordinal": said.ordinal,
        "place": said.place,
    }


def _history_row(label: LabelKey, source: str, change: str, said: LabelSaid) -> dict[str, Any]:
    row = _row(label, source, said)
    row["at_us"] = row.pop("since_us")
    del row["is_added"]
    return {**row, "change": change}


def _word(said: LabelSaid) -> str:
    return "added" if said.is_added else "removed"


def _after(moment: datetime, for_s: int | None) -> datetime | None:
    """The end; None where there is none, or none that a calendar holds."""
    try:
        return None if for_s is None else moment + timedelta(seconds=for_s)
    except OverflowError:
        return None


def _version_of(decision: Decision, rule: str | None) -> str | None:
    return next((one.rule_version for one in decision.reasons if one.rule == rule), None)
