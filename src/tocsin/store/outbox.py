"""The outbox: actions waiting to be delivered, delivered, refused or given up.

Comes in: claims and results of deliveries. Goes out: due actions, and lists of them. Always
holds: an action is handed to one deliverer at a time (a lease that expires); whatever becomes
final is an entry of the log; a cancelled action is never handed out.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from tocsin.errors import ConflictError
from tocsin.records import Action, ActionKind, ActionState, EntryKind, Subject
from tocsin.store import schema
from tocsin.store.store import Transaction
from tocsin.store.times import from_us, to_us

__all__ = [
    "OutboxRow",
    "claim_due",
    "count_by_state",
    "get",
    "list_rows",
    "mark_final",
    "mark_retry",
    "of_authority",
    "requeue",
]

table = schema.actions


class OutboxRow(msgspec.Struct, frozen=True, kw_only=True):
    """An action and where its delivery stands."""

    action: Action
    state: ActionState
    attempts: int
    next_attempt_at: datetime
    is_leased: bool
    last_error: str | None
    sent_at: datetime | None
    result_at: datetime | None
    result_error: str | None


def claim_due(
    transaction: Transaction, *, limit: int, lease: timedelta
) -> list[tuple[Action, int]]:
    """Take up to `limit` due actions for the length of the lease: (action, attempt from 1).

    An earlier action on the same subject that still waits holds back the later ones, so that
    each subject's actions arrive in order.
    """
    connection, now = transaction.connection, transaction.clock.now()
    now_us = to_us(now)
    earlier = table.alias("earlier")
    is_held_back = (
        sa.select(sa.literal(1))
        .where(
            earlier.c.subject_kind == table.c.subject_kind,
            earlier.c.subject_id == table.c.subject_id,
            earlier.c.state == ActionState.WAITING.value,
            sa.tuple_(earlier.c.position, earlier.c.id) < sa.tuple_(table.c.position, table.c.id),
        )
        .exists()
    )
    statement = (
        sa.select(table)
        .where(
            table.c.state == ActionState.WAITING.value,
            table.c.next_attempt_us <= now_us,
            table.c.lease_until_us <= now_us,
            ~is_held_back,
        )
        .order_by(table.c.next_attempt_us, table.c.position, table.c.id)
        .limit(limit)
    )
    rows = connection.execute(statement).all()
    ids = [row.id for row in rows]
    connection.execute(
        sa.update(table)
        .where(table.c.id.in_(ids))
        .values(lease_until_us=to_us(now + lease), attempts=table.c.attempts + 1)
    )
    return [(_action(row), row.attempts + 1) for row in rows]


def mark_final(
    transaction: Transaction, action_id: str, *, state: ActionState, attempts: int, note: str
) -> None:
    """An action was delivered (`sent`) or given up (`dead`): an entry of the log."""
    body = {"action": action_id, "state": state.value, "attempts": attempts, "note": note}
    transaction.record(EntryKind.DELIVERY, body)


def mark_retry(
    transaction: Transaction, action_id: str, *, next_attempt_at: datetime, note: str
) -> None:
    """A delivery failed and will be tried again."""
    transaction.connection.execute(
        sa.update(table)
        .where(table.c.id == action_id)
        .values(lease_until_us=0, next_attempt_us=to_us(next_attempt_at), last_error=note)
    )


def requeue(transaction: Transaction, action_id: str) -> bool:
    """Try a dead action again from the start; False if there is no such dead action.

    Raises:
        ConflictError: the verdict behind it was taken back: it must not act any more.
    """
    connection = transaction.connection
    statement = sa.select(table.c.state, table.c.authority).where(table.c.id == action_id)
    row = connection.execute(statement).one_or_none()
    if row is None or row.state != ActionState.DEAD.value:
        return False
    verdicts = schema.verdicts
    reversal = sa.select(verdicts.c.id).where(
        verdicts.c.reverses == row.authority.removeprefix("verdict:")
    )
    if connection.execute(reversal.limit(1)).one_or_none() is not None:
        raise ConflictError("the verdict behind this action was taken back", where=action_id)
    body = {"action": action_id, "state": ActionState.WAITING.value, "attempts": 0, "note": ""}
    transaction.record(EntryKind.DELIVERY, body)
    return True


def get(connection: sa.Connection, action_id: str, *, now: datetime) -> OutboxRow | None:
    """One action by id."""
    row = connection.execute(sa.select(table).where(table.c.id == action_id)).one_or_none()
    return None if row is None else _row(row, now)


def of_authority(connection: sa.Connection, authority: str, *, now: datetime) -> list[OutboxRow]:
    """The actions of one verdict or decision, in order."""
    statement = sa.select(table).where(table.c.authority == authority)
    rows = connection.execute(statement.order_by(table.c.position, table.c.id))
    return [_row(row, now) for row in rows]


def list_rows(
    connection: sa.Connection,
    *,
    now: datetime,
    states: tuple[ActionState, ...] = (),
    subject: Subject | None = None,
    actor: str | None = None,
    limit: int = 200,
) -> list[OutboxRow]:
    """Actions, newest first."""
    statement = sa.select(table)
    if states:
        statement = statement.where(table.c.state.in_([state.value for state in states]))
    if subject is not None:
        statement = statement.where(
            table.c.subject_kind == subject.kind, table.c.subject_id == subject.id
        )
    if actor is not None:
        statement = statement.where(table.c.actor == actor)
    order = (table.c.position.desc(), table.c.id)
    return [_row(row, now) for row in connection.execute(statement.order_by(*order).limit(limit))]


def count_by_state(connection: sa.Connection) -> dict[str, int]:
    """How many actions stand where."""
    statement = sa.select(table.c.state, sa.func.count()).group_by(table.c.state)
    return {row[0]: row[1] for row in connection.execute(statement.order_by(table.c.state))}


def _time(value: int | None) -> datetime | None:
    return None if value is None else from_us(value)


def _row(row: Any, now: datetime) -> OutboxRow:
    return OutboxRow(
        action=_action(row),
        state=ActionState(row.state),
        attempts=row.attempts,
        next_attempt_at=from_us(row.next_attempt_us),
        is_leased=row.lease_until_us > to_us(now),
        last_error=row.last_error,
        sent_at=_time(row.sent_at_us),
        result_at=_time(row.result_at_us),
        result_error=row.result_error,
    )


def _action(row: Any) -> Action:
    return Action(
        id=row.id,
        kind=ActionKind(row.kind),
        subject=Subject(kind=row.subject_kind, id=row.subject_id),
        actor=row.actor,
        clause=row.clause,
        authority=row.authority,
        not_before=from_us(row.not_before_us),
        expires_at=_time(row.expires_at_us),
        country=row.country,
        label=row.label,
        undoes=row.undoes,
    )
