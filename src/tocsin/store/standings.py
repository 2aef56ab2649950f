"""Standings and alerts: what entries of the log do to them.

Comes in: entries of the log. Goes out: rows of `automation_states` and `alerts`; samples of the
epoch that ended are dropped, and the actions that an entry names are cancelled. Always holds: an
entry says everything that follows from it; nothing is measured here.
"""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from tocsin.clock import stable_id
from tocsin.records import (
    ActionState,
    AlertKind,
    AutomationState,
    LogEntry,
    SampleState,
    Standing,
    Stratum,
)
from tocsin.store import schema
from tocsin.store.times import to_us

__all__ = ["apply_acknowledgement", "apply_standing", "of_stratum"]

_ALERTS: dict[AutomationState, AlertKind] = {
    AutomationState.DEMOTED: "automation.demoted",
    AutomationState.ELIGIBLE: "automation.eligible",
}


def of_stratum(table: sa.Table, stratum: Stratum) -> sa.ColumnElement[bool]:
    """The rows of a table about one stratum."""
    return sa.and_(
        table.c.rule == stratum.rule,
        table.c.rule_version == stratum.rule_version,
        table.c.language == stratum.language,
        table.c.action == stratum.action.value,
    )


def apply_standing(connection: sa.Connection, entry: LogEntry) -> None:
    """A stratum's state changes."""
    standing = msgspec.convert(entry.body, Standing)
    stratum, states = standing.stratum, schema.automation_states
    here = of_stratum(states, stratum)
    eligible = connection.execute(sa.select(states.c.eligible_position).where(here))
    eligible_position: int | None = eligible.scalar_one_or_none()
    if standing.state is AutomationState.ELIGIBLE:
        eligible_position = entry.position
    elif standing.state is AutomationState.DEMOTED:
        eligible_position = None
        _end_epoch(connection, standing)
    connection.execute(sa.delete(states).where(here))
    row = {
        "rule": stratum.rule,
        "rule_version": stratum.rule_version,
        "language": stratum.language,
        "action": stratum.action.value,
        "clause": standing.clause,
        "state": standing.state.value,
        "epoch": standing.epoch,
        "position": entry.position,
        "eligible_position": eligible_position,
        "n_judged": standing.n_judged,
        "n_violations": standing.n_violations,
        "lower": standing.lower,
        "bar": standing.bar,
        "alpha": standing.alpha,
        "reason": standing.reason,
        "by_whom": standing.by,
        "at_us": to_us(entry.at),
    }
    connection.execute(sa.insert(states), row)
    _alert(connection, entry, standing)


def apply_acknowledgement(connection: sa.Connection, entry: LogEntry) -> None:
    """Somebody says that they know of an alert."""
    alerts = schema.alerts
    connection.execute(
        sa.update(alerts)
        .where(alerts.c.id == entry.body["alert"])
        .values(acknowledged_by=entry.body["by"], acknowledged_at_us=to_us(entry.at))
    )


def _end_epoch(connection: sa.Connection, standing: Standing) -> None:
    """Samples that nobody judged count for nothing any more, and what waits does not leave."""
    samples, actions = schema.samples, schema.actions
    unsettled = (SampleState.WAITING.value, SampleState.UNSURE.value)
    connection.execute(
        sa.update(samples)
        .where(of_stratum(samples, standing.stratum), samples.c.state.in_(unsettled))
        .values(state=SampleState.DROPPED.value)
    )
    connection.execute(
        sa.update(actions)
        .where(actions.c.id.in_(standing.cancelled), actions.c.state == ActionState.WAITING.value)
        .values(state=ActionState.CANCELLED.value)
    )


def _alert(connection: sa.Connection, entry: LogEntry, standing: Standing) -> None:
    """A new alert where the state is worth one; that a rule waits for somebody is settled."""
    alerts, stratum = schema.alerts, standing.stratum
    connection.execute(
        sa.update(alerts)
        .where(
            of_stratum(alerts, stratum),
            alerts.c.kind == _ALERTS[AutomationState.ELIGIBLE],
            alerts.c.acknowledged_at_us.is_(None),
        )
        .values(acknowledged_by=standing.by, acknowledged_at_us=to_us(entry.at))
    )
    kind = _ALERTS.get(standing.state)
    if kind is None:
        return
    row = {
        "id": stable_id("alr", str(entry.position)),
        "position": entry.position,
        "kind": kind,
        "rule": stratum.rule,
        "rule_version": stratum.rule_version,
        "language": stratum.language,
        "action": stratum.action.value,
        "message": standing.reason,
        "at_us": to_us(entry.at),
    }
    connection.execute(sa.insert(alerts), row)
