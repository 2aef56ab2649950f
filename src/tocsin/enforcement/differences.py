"""Reconciliation: where the platform and our record differ.

Comes in: the store. Goes out: differences, each with what to do about it. Always holds: reads
only.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

import msgspec

from tocsin.records import ActionKind, ActionState
from tocsin.store import Store, accounts, outbox

__all__ = ["Difference", "DifferenceKind", "reconcile"]


_LEFT = (ActionState.SENT, ActionState.APPLIED)


class DifferenceKind(StrEnum):
    """In what way the two differ."""

    FAILED = "failed"  # the platform says that it could not
    UNANSWERED = "unanswered"  # delivered, and no result came
    DEAD = "dead"  # could not be delivered
    NOT_OURS = "not_ours"  # suspended on the platform without an action of ours
    UNDONE = "undone"  # we suspended, the platform says that the account is active


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One difference: about what, and what to do."""

    kind: DifferenceKind
    subject: str
    action: str | None
    detail: str
    advice: str


def reconcile(store: Store, *, patience: timedelta = timedelta(minutes=10)) -> list[Difference]:
    """Every difference; a delivered action counts as unanswered after `patience`."""
    now = store.clock.now()
    with store.read() as connection:
        rows = outbox.list_rows(connection, now=now, limit=1_000_000)
        suspended = set(accounts.suspended(connection))
        states = {
            row.action.subject.id: accounts.get(connection, row.action.subject.id)
            for row in rows
            if row.action.kind is ActionKind.SUSPEND
        }
    found = []
    for row in reversed(rows):
        if row.state is ActionState.FAILED:
            found.append(_of(row, DifferenceKind.FAILED, row.result_error or "no reason given",
                             "repair the platform's side, then decide again"))  # fmt: skip
        elif row.state is ActionState.DEAD:
            found.append(_of(row, DifferenceKind.DEAD, row.last_error or "",
                             f"tocsin enforce --retry {row.action.id}"))  # fmt: skip
        elif row.state is ActionState.SENT and row.sent_at and now - row.sent_at > patience:
            found.append(_of(row, DifferenceKind.UNANSWERED, f"delivered {row.sent_at:%F %T} UTC",
                             "the platform should send `action.result`"))  # fmt: skip
    return found + _about_accounts(rows, suspended, states)


def _about_accounts(
    rows: list[outbox.OutboxRow],
    suspended: set[str],
    states: dict[str, accounts.AccountState | None],
) -> list[Difference]:
    """Suspensions as the platform's account events tell them against those that we ordered."""
    standing: dict[str, outbox.OutboxRow] = {}
    ordered: set[str] = set()
    for row in reversed(rows):
        key = row.action.subject.id
        if row.state not in _LEFT or row.action.subject.kind != "account":
            continue
        if row.action.kind is ActionKind.SUSPEND:
            ordered.add(key)
            if row.state is ActionState.APPLIED:
                standing[key] = row
        elif row.action.kind is ActionKind.RESTORE and row.state is ActionState.APPLIED:
            ordered.discard(key)
            standing.pop(key, None)
    found = [
        Difference(
            kind=DifferenceKind.NOT_OURS,
            subject=f"account:{key}",
            action=None,
            detail="suspended on the platform without an action of ours",
            advice="record why, or ask the platform to restore it",
        )
        for key in sorted(suspended - ordered)
    ]
    for key, row in sorted(standing.items()):
        state = states.get(key)
        restored_at = state.state_at if state and state.state == "active" else None
        if restored_at and row.result_at and restored_at > row.result_at:
            found.append(_of(row, DifferenceKind.UNDONE, f"active since {restored_at:%F %T} UTC",
                             "decide again if it should be suspended"))  # fmt: skip
    return found


def _of(row: outbox.OutboxRow, kind: DifferenceKind, detail: str, advice: str) -> Difference:
    return Difference(
        kind=kind,
        subject=str(row.action.subject),
        action=row.action.id,
        detail=detail,
        advice=advice,
    )
