"""States of rule versions: what the log last said, and the whole history.

Comes in: a change of state. Goes out: the state that stands, and who gave which state when.
Always holds: a change is an entry of the log; the newest entry about a rule version stands, and
where there is none, what the pack's file says stands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from tocsin.records import EntryKind, LogEntry, RuleState, StateChange
from tocsin.store import schema
from tocsin.store.store import Transaction
from tocsin.store.times import from_us

__all__ = ["history", "states", "states_digest", "write_state"]


def write_state(
    transaction: Transaction,
    *,
    rule: str,
    rule_version: str,
    state: RuleState,
    by: str,
    reason: str,
    proposal: str | None = None,
) -> LogEntry:
    """Give a rule version a state from here on."""
    body = {
        "rule": rule,
        "rule_version": rule_version,
        "state": state.value,
        "by": by,
        "reason": reason,
        "proposal": proposal,
    }
    return transaction.record(EntryKind.RULE, body)


def states(connection: sa.Connection) -> dict[tuple[str, str], RuleState]:
    """(rule, version) -> the state that the log last gave it."""
    table = schema.rule_states
    newest = sa.select(sa.func.max(table.c.position)).group_by(table.c.rule, table.c.rule_version)
    rows = connection.execute(sa.select(table).where(table.c.position.in_(newest)))
    return {(row.rule, row.rule_version): RuleState(row.state) for row in rows}


def history(connection: sa.Connection, rule: str) -> list[StateChange]:
    """Every change of a rule, of all its versions, newest first."""
    table = schema.rule_states
    statement = sa.select(table).where(table.c.rule == rule).order_by(table.c.position.desc())
    return [_change(row) for row in connection.execute(statement)]


def states_digest(overriding: Mapping[tuple[str, str], RuleState]) -> str:
    """What stands for states that are not those of the pack, in the versions of a decision."""
    lines: Iterable[str] = sorted(
        f"{rule} {version} {state}" for (rule, version), state in overriding.items()
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]


def _change(row: Any) -> StateChange:
    return StateChange(
        position=row.position,
        rule=row.rule,
        rule_version=row.rule_version,
        state=RuleState(row.state),
        by=row.by_whom,
        reason=row.reason,
        proposal=row.proposal,
        at=from_us(row.at_us),
    )
