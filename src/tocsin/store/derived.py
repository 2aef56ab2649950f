"""Derived tables: what each log entry does to them.

Comes in: an entry that was just appended, or read again during a rebuild, with its content.
Goes out: rows in the derived tables. Always holds: the same log gives the same rows, whether
applied live or by `tocsin rebuild`; times come from the entry, never from a clock; an event
that arrives late never overwrites what a later one said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from tocsin.clock import stable_id
from tocsin.records import (
    ESCALATED_PRIORITY,
    AccountCreated,
    AccountRestored,
    AccountSuspended,
    AccountUpdated,
    Action,
    ActionKind,
    ActionResult,
    ActionState,
    CaseState,
    Decision,
    EntryKind,
    Event,
    EventBatch,
    LogEntry,
    Outcome,
    ProposalState,
    ReportFiled,
    ShadowHit,
    Subject,
    Verdict,
    VerdictKind,
    account_key,
    action_id,
)
from tocsin.store import draws, labelrows, opinionrows, rulehits, schema, standings
from tocsin.store.driversql import DriverSql, insert_rows
from tocsin.store.times import to_us

__all__ = ["apply_entry", "apply_events", "with_effect"]

_ABOUT_ACCOUNTS = (AccountCreated, AccountUpdated, AccountSuspended, AccountRestored)
_WITH_EFFECT = frozenset({ActionResult, ReportFiled, *_ABOUT_ACCOUNTS})
"""Types of events that change derived tables by themselves; most are of none of them."""
_TAGS_WITH_EFFECT = frozenset(str(kind.__struct_config__.tag) for kind in _WITH_EFFECT)


def apply_entry(
    connection: sa.Connection, entry: LogEntry, content: Mapping[str, Sequence[bytes]]
) -> None:
    """Bring the derived tables up to date with one entry that holds no events."""
    if entry.kind is EntryKind.BANK:
        _apply_bank(connection, entry, content.get("entries", ()))
    elif entry.kind is EntryKind.LABEL:
        labelrows.apply_person(connection, entry, content)
    elif entry.kind in _APPLIED:  # users, settings and checkpoints derive nothing
        _APPLIED[entry.kind](connection, entry)


def with_effect(batch: EventBatch) -> list[Event]:
    """Those events of a batch that change derived tables by themselves, in order."""
    kinds = batch.columns.values("type")
    if _TAGS_WITH_EFFECT.isdisjoint(kinds):
        return []
    return [batch.events[row] for row, kind in enumerate(kinds) if kind in _TAGS_WITH_EFFECT]


def apply_events(
    connection: sa.Connection,
    entry: LogEntry,
    events: Sequence[Event],
    lines: Sequence[bytes],
    decisions: Sequence[Decision | None],
    shadow: Sequence[ShadowHit | None] = (),
) -> None:
    """Bring the derived tables up to date with one batch of events and what was judged of them.

    `events` may leave out those without an effect of their own (`with_effect`). Of what was erased
    since, `events` has nothing, `lines` has b"" and the others None. The ids
    of the events are noted already (`eventids`).
    """
    for event in [event for event in events if type(event) in _WITH_EFFECT]:
        if isinstance(event, ActionResult):
            _apply_result(connection, entry, event)
        elif isinstance(event, ReportFiled):
            _apply_report(connection, entry, event)
        elif isinstance(event, _ABOUT_ACCOUNTS):
            _apply_account(connection, entry, event)
    if decisions:
        wanted = {made.event for made in decisions if made is not None}
        pairs = zip(entry.body["ids"], lines, strict=True)
        line_of = {event_id: line for event_id, line in pairs if event_id in wanted}
        _apply_decisions(connection, entry, decisions, line_of)
        labelrows.apply_decisions(connection, entry, decisions)
    if decisions or shadow:
        rulehits.insert(connection, entry, decisions, shadow)
    draws.insert(connection, entry)


# --- decisions, cases and automatic actions ----------------------------------------------------


def _apply_decisions(
    connection: sa.Connection,
    entry: LogEntry,
    decisions: Sequence[Decision | None],
    line_of: Mapping[str, bytes],
) -> None:
    kept = [(ordinal, made) for ordinal, made in enumerate(decisions) if made is not None]
    rows = [
        {
            "id": decision.id,
            "position": entry.position,
            "ordinal": ordinal,
            "subject_kind": decision.subject.kind,
            "subject_id": decision.subject.id,
            "actor": decision.actor,
            "event_id": decision.event,
            "event_at_us": None if decision.event_at is None else to_us(decision.event_at),
            "language": decision.language,
            "clause": decision.clause,
            "outcome": decision.outcome.value,
            "priority": decision.priority,
            "rules": " ".join(reason.rule for reason in decision.reasons),
            "replaces": decision.replaces,
            "trigger_json": line_of.get(decision.event, b"").decode() or None,
        }
        for ordinal, decision in kept
    ]
    if rows:
        insert_rows(connection, schema.decisions, rows)
    for _, decision in kept:
        if decision.outcome is not Outcome.ALLOW:
            _open_case(connection, entry, decision)
        for kind in decision.automatic:
            _insert_action(connection, entry, _automatic_action(entry, decision, kind))


_OPEN_CASE = DriverSql(
    "SELECT id, priority, clause, actor, moved, opinion FROM cases WHERE open_key = ?"
)
_ADD_TO_CASE = DriverSql(
    "UPDATE cases SET version = version + 1, priority = ?, clause = ?, actor = ?, moved = ?,"
    " opinion = ? WHERE id = ?"
)


def _open_case(connection: sa.Connection, entry: LogEntry, decision: Decision) -> None:
    open_key = str(decision.subject)
    found = _OPEN_CASE.rows(connection, open_key)
    if not found:
        case_id = stable_id("case", open_key, decision.id)
        row = {
            "id": case_id,
            "position": entry.position,
            "subject_kind": decision.subject.kind,
            "subject_id": decision.subject.id,
            "open_key": open_key,
            "actor": decision.actor,
            "state": CaseState.OPEN.value,
            "clause": decision.clause,
            "priority": decision.priority,
            "language": decision.language,
            "opened_at_us": to_us(entry.at),
            "version": 1,
            "moved": 0,
        }
        insert_rows(connection, schema.cases, [row])
    else:
        ((case_id, priority, clause, actor, moved, opinion),) = found
        if decision.priority > priority - moved:  # an opinion was about what led here before
            priority, clause, moved, opinion = decision.priority, decision.clause, 0, None
        actor = actor or decision.actor  # a report came first; now the author is known
        _ADD_TO_CASE.change(connection, priority, clause, actor, moved, opinion, case_id)
    link = {"case_id": case_id, "decision_id": decision.id}
    insert_rows(connection, schema.case_decisions, [link])


def _automatic_action(entry: LogEntry, decision: Decision, kind: ActionKind) -> Action:
    authority = f"decision:{decision.id}"
    return Action(
        id=action_id(authority, kind, decision.subject),
        kind=kind,
        subject=decision.subject,
        actor=decision.actor,
        clause=decision.clause,
        authority=authority,
        not_before=entry.at,
    )


def _insert_action(connection: sa.Connection, entry: LogEntry, action: Action) -> None:
    row = {
        "id": action.id,
        "position": entry.position,
        "kind": action.kind.value,
        "subject_kind": action.subject.kind,
        "subject_id": action.subject.id,
        "actor": action.actor,
        "clause": action.clause,
        "authority": action.authority,
        "not_before_us": to_us(action.not_before),
        "expires_at_us": None if action.expires_at is None else to_us(action.expires_at),
        "country": action.country,
        "label": action.label,
        "undoes": action.undoes,
        "state": ActionState.WAITING.value,
        "attempts": 0,
        "next_attempt_us": to_us(action.not_before),
        "lease_until_us": 0,
    }
    insert_rows(connection, schema.actions, [row])


# --- events that change states ------------------------------------------------------------------


def _apply_result(connection: sa.Connection, entry: LogEntry, event: ActionResult) -> None:
    state = ActionState.APPLIED if event.applied else ActionState.FAILED
    actions, at_us = schema.actions, to_us(event.at or entry.at)
    is_newest = sa.or_(actions.c.result_at_us.is_(None), actions.c.result_at_us <= at_us)
    connection.execute(
        sa.update(actions)
        .where(actions.c.id == event.action, is_newest)
        .values(state=state.value, result_at_us=at_us, result_error=event.error)
    )


def _apply_report(connection: sa.Connection, entry: LogEntry, event: ReportFiled) -> None:
    row = {
        "event_id": event.id,
        "position": entry.position,
        "target_kind": event.target.kind,
        "target_id": event.target.id,
        "reporter": account_key(event.reporter or event.actor),
        "category": event.category,
        "at_us": to_us(event.at or entry.at),
    }
    connection.execute(sa.insert(schema.reports), row)


def _apply_account(
    connection: sa.Connection,
    entry: LogEntry,
    event: AccountCreated | AccountUpdated | AccountSuspended | AccountRestored,
) -> None:
    key = account_key(event.actor)
    if key is None:
        return
    table = schema.account_states
    at_us = to_us(event.at or entry.at)
    found = connection.execute(sa.select(table).where(table.c.key == key)).one_or_none()
    state = {AccountSuspended: "suspended", AccountRestored: "active"}.get(type(event))
    if found is None:
        row = {
            "key": key,
            "handle": event.actor.handle,
            "state": state or "active",
            "at_us": at_us,
            "state_at_us": at_us if state else None,
            "position": entry.position,
        }
        connection.execute(sa.insert(table), row)
        return
    changes: dict[str, Any] = {}
    if at_us >= found.at_us:
        handle = event.actor.handle or found.handle
        changes |= {"handle": handle, "at_us": at_us, "position": entry.position}
    if state is not None and (found.state_at_us is None or at_us >= found.state_at_us):
        changes |= {"state": state, "state_at_us": at_us}
    if changes:
        connection.execute(sa.update(table).where(table.c.key == key).values(changes))


# --- what people do ------------------------------------------------------------------------------


def _apply_policy(connection: sa.Connection, entry: LogEntry) -> None:
    row = {
        "position": entry.position,
        "version": entry.body["version"],
        "by_whom": entry.body["by"],
        "reason": entry.body["reason"],
        "at_us": to_us(entry.at),
    }
    connection.execute(sa.insert(schema.policy_versions), row)


def _apply_rule_state(connection: sa.Connection, entry: LogEntry) -> None:
    body = entry.body
    row = {
        "position": entry.position,
        "rule": body["rule"],
        "rule_version": body["rule_version"],
        "state": body["state"],
        "by_whom": body["by"],
        "reason": body["reason"],
        "proposal": body["proposal"],
        "at_us": to_us(entry.at),
    }
    connection.execute(sa.insert(schema.rule_states), row)


def _apply_proposal(connection: sa.Connection, entry: LogEntry) -> None:
    body = entry.body
    if body["change"] == "proposed":
        row = {
            "id": body["proposal"],
            "position": entry.position,
            "by_whom": body["by"],
            "reason": body["reason"],
            "at_us": to_us(entry.at),
            "base": body["base"],
            "pack": body["pack"],
            "rule": body["rule"],
            "rule_version": body["rule_version"],
            "rule_state": body["rule_state"],
            "backtest": body["backtest"],
            "state": ProposalState.OPEN.value,
        }
        connection.execute(sa.insert(schema.proposals), row)
        return
    if body["change"] == "invited":
        row = {
            "token_hash": body["token_hash"],
            "id": body["invite"],
            "position": entry.position,
            "proposal": body["proposal"],
            "by_whom": body["by"],
            "at_us": to_us(entry.at),
            "expires_at_us": body["expires_at_us"],
        }
        connection.execute(sa.insert(schema.proposal_invites), row)
        return
    values = {
        "state": body["change"],
        "decided_by": body["by"],
        "decided_reason": body["reason"],
        "decided_at_us": to_us(entry.at),
        "decided_position": entry.position,
        "solo": body["solo"],
    }
    table = schema.proposals
    connection.execute(sa.update(table).where(table.c.id == body["proposal"]).values(values))


def _apply_bank(connection: sa.Connection, entry: LogEntry, items: Sequence[bytes]) -> None:
    edits = entry.body["edits"]
    table = schema.bank_entries
    rows = {  # an entry that is edited twice stands as the later edit left it
        edit["entry"]: {
            "id": edit["entry"],
            "bank": edit["bank"],
            "kind": edit["kind"],
            "state": edit["state"],
            "position": entry.position,
            "ordinal": ordinal,
            "content": item.decode() or None,
        }
        for ordinal, (edit, item) in enumerate(zip(edits, items, strict=True))
    }
    earlier = sa.delete(table).where(table.c.id == sa.bindparam("entry"))
    connection.execute(earlier, [{"entry": entry_id} for entry_id in rows])
    connection.execute(sa.insert(table), list(rows.values()))
    connection.execute(
        sa.insert(schema.bank_edits),
        [
            {
                "position": entry.position,
                "ordinal": ordinal,
                "entry_id": edit["entry"],
                "bank": edit["bank"],
                "by_whom": entry.body["by"],
                "at_us": to_us(entry.at),
                "state": edit["state"],
            }
            for ordinal, edit in enumerate(edits)
        ],
    )


def _apply_verdict(connection: sa.Connection, entry: LogEntry) -> None:
    verdict = msgspec.convert(entry.body["verdict"], Verdict)
    _insert_verdict(connection, entry, verdict)
    cases = schema.cases
    values: dict[str, Any] = {"version": cases.c.version + 1}
    if verdict.kind in (VerdictKind.VIOLATION, VerdictKind.HARMLESS):
        values |= {
            "state": CaseState.DECIDED.value,
            "open_key": None,
            "decided_at_us": to_us(verdict.at),
            "verdict_id": verdict.id,
        }
    elif verdict.kind is VerdictKind.REVERSAL:
        values |= _reopened(connection, verdict.subject)
        _cancel_actions_of(connection, verdict)
    else:
        given = cases.c.priority - cases.c.moved  # a person spoke: no opinion moves it any more
        is_lower = given < ESCALATED_PRIORITY
        values["priority"] = sa.case((is_lower, ESCALATED_PRIORITY), else_=given)
        values |= {"moved": 0, "opinion": None}
    connection.execute(sa.update(cases).where(cases.c.id == verdict.case).values(values))
    for action in msgspec.convert(entry.body["actions"], list[Action]):
        _insert_action(connection, entry, action)


def _reopened(connection: sa.Connection, subject: Subject) -> dict[str, Any]:
    """A reversed case is open again, unless a newer case about the same subject already is."""
    cases = schema.cases
    taken = connection.execute(
        sa.select(cases.c.id).where(cases.c.open_key == str(subject))
    ).one_or_none()
    if taken is not None:
        return {"verdict_id": None}
    return {
        "state": CaseState.OPEN.value,
        "open_key": str(subject),
        "decided_at_us": None,
        "verdict_id": None,
    }


def _cancel_actions_of(connection: sa.Connection, verdict: Verdict) -> None:
    actions = schema.actions
    connection.execute(
        sa.update(actions)
        .where(
            actions.c.authority == f"verdict:{verdict.reverses}",
            actions.c.state == ActionState.WAITING.value,
        )
        .values(state=ActionState.CANCELLED.value)
    )


def _insert_verdict(connection: sa.Connection, entry: LogEntry, verdict: Verdict) -> None:
    row = {
        "id": verdict.id,
        "position": entry.position,
        "case_id": verdict.case,
        "subject_kind": verdict.subject.kind,
        "subject_id": verdict.subject.id,
        "reviewer": verdict.reviewer,
        "at_us": to_us(verdict.at),
        "kind": verdict.kind.value,
        "clause": verdict.clause,
        "actions": " ".join(verdict.actions),
        "protected_purpose": verdict.protected_purpose,
        "decisions": " ".join(verdict.decisions),
        "reverses": verdict.reverses,
    }
    connection.execute(sa.insert(schema.verdicts), row)


def _apply_delivery(connection: sa.Connection, entry: LogEntry) -> None:
    actions = schema.actions
    state = ActionState(entry.body["state"])
    # The platform's own word may arrive before our note of having sent: it stands.
    undecided = [ActionState.WAITING.value, ActionState.SENT.value, ActionState.DEAD.value]
    values: dict[str, Any] = {
        "attempts": entry.body["attempts"],
        "lease_until_us": 0,
        "last_error": entry.body["note"] or None,
    }
    if state is ActionState.SENT:
        values["sent_at_us"] = to_us(entry.at)
    elif state is ActionState.WAITING:  # somebody wants a dead letter tried again
        values["next_attempt_us"] = to_us(entry.at)
    connection.execute(
        sa.update(actions).where(actions.c.id == entry.body["action"]).values(values)
    )
    connection.execute(
        sa.update(actions)
        .where(actions.c.id == entry.body["action"], actions.c.state.in_(undecided))
        .values(state=state.value)
    )


_APPLIED: Mapping[EntryKind, Callable[[sa.Connection, LogEntry], None]] = {
    EntryKind.POLICY: _apply_policy,
    EntryKind.RULE: _apply_rule_state,
    EntryKind.PROPOSAL: _apply_proposal,
    EntryKind.VERDICT: _apply_verdict,
    EntryKind.DELIVERY: _apply_delivery,
    EntryKind.OPINION: opinionrows.apply_opinion,
    EntryKind.SAMPLE: draws.apply_judgement,
    EntryKind.AUTOMATION: standings.apply_standing,
    EntryKind.ALERT: standings.apply_acknowledgement,
}
"""What is derived from an entry alone, by its kind."""
