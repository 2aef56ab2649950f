"""Verdicts: a person decides a case, or takes a verdict back.

Comes in: what the reviewer chose, and the version of the case that the reviewer saw. Goes out:
one verdict, and the actions that follow from it, in one entry of the log; where it takes back what
a rule did by itself, what follows for that rule. Always holds: of two
people who decide the same version exactly one succeeds; a double click is one verdict; nothing
leaves before the undo window has ended; free text stands in erasable content only. Refused:
clauses that do not exist, actions that the clause does not allow, severe actions on what serves
a protected purpose unless confirmed, and taking back what is being delivered at this moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from tocsin.clock import stable_id
from tocsin.errors import ConflictError, InputError, NotFoundError, PermissionDenied
from tocsin.records import (
    Action,
    ActionKind,
    ActionState,
    Case,
    CaseState,
    EntryKind,
    ProtectedPurpose,
    Verdict,
    VerdictKind,
    action_id,
)
from tocsin.review.automation import check_acts
from tocsin.review.clauses import PolicyView
from tocsin.review.consequences import subject_of
from tocsin.store import cases, outbox, people
from tocsin.store.store import Store, Transaction

__all__ = ["CONFIRMED_ACTIONS", "MAX_NOTE", "Ruling", "decide", "reverse", "undo_until"]

MAX_NOTE = 4_000
"""Characters of a reviewer's note: a page of text."""

MAX_COUNTRY = 2  # ISO 3166-1 alpha-2

CONFIRMED_ACTIONS = frozenset(
    {ActionKind.HIDE, ActionKind.WITHHOLD, ActionKind.REMOVE, ActionKind.SUSPEND}
)
"""Taken against what serves a protected purpose only when the reviewer says so twice."""


class Ruling(Struct, frozen=True, kw_only=True):
    """What a reviewer chose.

    `version` is the case's version that the reviewer saw; `confirmed` says that severe actions
    are meant although a protected purpose applies; `country` goes with `withhold`.
    """

    case: str
    version: int
    kind: VerdictKind
    clause: str | None = None
    actions: tuple[ActionKind, ...] = ()
    protected_purpose: ProtectedPurpose = "none"
    confirmed: bool = False
    country: str | None = None
    note: str = ""


def decide(store: Store, policy: PolicyView, ruling: Ruling, *, reviewer: str) -> Verdict:
    """Decide a case.

    Raises:
        InputError: the ruling contradicts itself or the policy.
        NotFoundError: there is no such case.
        ConflictError: the case changed since the reviewer saw it; says how.
    """
    ruling = _checked(policy, ruling)
    with store.write() as transaction:
        case = _case(transaction.connection, ruling.case)
        verdict_id = stable_id("vrd", case.id, str(ruling.version))
        known = cases.get_verdict(transaction.connection, verdict_id)
        if known is not None and _is_same(known, ruling, reviewer):
            return known
        _check_unchanged(transaction.connection, case, ruling.version)
        verdict = Verdict(
            id=verdict_id,
            case=case.id,
            subject=case.subject,
            reviewer=reviewer,
            at=transaction.clock.now(),
            kind=ruling.kind,
            clause=ruling.clause,
            actions=ruling.actions,
            protected_purpose=ruling.protected_purpose,
            decisions=case.decisions,
        )
        not_before = undo_until(store, verdict)
        if ruling.kind is VerdictKind.HARMLESS:
            actions = list(_restored(transaction, case, verdict, not_before))
        else:
            actions = [_action(case, verdict, ruling, kind, not_before) for kind in ruling.actions]
        _record(transaction, verdict, actions, ruling.note)
    return verdict


def reverse(
    store: Store, verdict_id: str, *, reviewer: str, may_reverse_any: bool, note: str = ""
) -> Verdict:
    """Take a verdict back: what waits is cancelled, what was sent is restored.

    Raises:
        NotFoundError: there is no such verdict.
        PermissionDenied: it is somebody else's, or its undo window has ended.
        ConflictError: it was taken back already, or is being delivered at this moment.
        InputError: it decided nothing.
    """
    with store.write() as transaction:
        connection = transaction.connection
        verdict = cases.get_verdict(connection, verdict_id)
        if verdict is None:
            raise NotFoundError("there is no such verdict", where=verdict_id)
        reversal_id = stable_id("vrd", verdict_id, "reversal")
        known = cases.get_verdict(connection, reversal_id)
        if known is not None and known.reviewer == reviewer:
            return known
        now = transaction.clock.now()
        is_own = verdict.reviewer == reviewer and now < undo_until(store, verdict)
        if not (is_own or may_reverse_any):
            raise PermissionDenied(
                "the undo window has ended, or the verdict is somebody else's",
                where=verdict_id,
                hint="ask somebody whose role allows `verdicts.reverse`",
            )
        _check_reversible(connection, verdict)
        reversal = Verdict(
            id=reversal_id,
            case=verdict.case,
            subject=verdict.subject,
            reviewer=reviewer,
            at=now,
            kind=VerdictKind.REVERSAL,
            decisions=verdict.decisions,
            reverses=verdict.id,
        )
        sent = outbox.of_authority(connection, f"verdict:{verdict.id}", now=now)
        _check_not_leased(sent, verdict_id)
        actions = [_undoing(connection, row, reversal, now) for row in sent if _has_left(row)]
        _record(transaction, reversal, actions, _checked_note(note))
    return reversal


def undo_until(store: Store, verdict: Verdict) -> datetime:
    """Until when a verdict's own reviewer may take it back, and nothing leaves."""
    return verdict.at + timedelta(seconds=store.settings.undo_window_s)


# --- checks ------------------------------------------------------------------------------------


def _checked(policy: PolicyView, ruling: Ruling) -> Ruling:
    where = ruling.case
    _checked_note(ruling.note)
    if ruling.kind is VerdictKind.REVERSAL:
        raise InputError("a reversal takes back a verdict; it does not decide a case", where=where)
    if ruling.kind is not VerdictKind.VIOLATION:
        if ruling.actions:
            raise InputError("actions follow from a violation only", where=where)
        return msgspec.structs.replace(ruling, clause=None)
    clause = policy.clauses.get(ruling.clause or "")
    if clause is None:
        raise InputError("a violation names a clause of the policy in force", where=where)
    for kind in ruling.actions:
        if kind not in clause.actions:
            allowed = ", ".join(f"`{other}`" for other in clause.actions) or "none"
            raise InputError(
                f"the clause does not allow `{kind}`", where=clause.id, hint=f"it allows: {allowed}"
            )
    if (ruling.country is None) is (ActionKind.WITHHOLD in ruling.actions):
        raise InputError("`withhold` needs a country, and only `withhold` has one", where=where)
    severe = CONFIRMED_ACTIONS.intersection(ruling.actions)
    if ruling.protected_purpose != "none" and severe and not ruling.confirmed:
        raise InputError(
            f"the post serves a protected purpose ({ruling.protected_purpose})",
            where=where,
            hint="choose `harmless` or a milder action, or confirm that it is still a breach",
        )
    ordered = tuple(dict.fromkeys(kind for kind in ActionKind if kind in ruling.actions))
    return msgspec.structs.replace(ruling, actions=ordered, country=_country(ruling.country))


def _country(code: str | None) -> str | None:
    if code is None:
        return None
    if len(code) != MAX_COUNTRY or not code.isascii() or not code.isalpha():
        raise InputError("a country is two letters (ISO 3166-1)", where="country")
    return code.upper()


def _checked_note(note: str) -> str:
    if len(note) > MAX_NOTE:
        raise InputError(f"a note may have at most {MAX_NOTE:,} characters", where="note")
    return note


def _case(connection: sa.Connection, case_id: str) -> Case:
    case = cases.get(connection, case_id)
    if case is None:
        raise NotFoundError("there is no such case", where=case_id)
    return case


def _is_same(known: Verdict, ruling: Ruling, reviewer: str) -> bool:
    """Whether this is the same choice of the same person again: a double click."""
    return (known.reviewer, known.kind, known.clause, known.actions) == (
        reviewer,
        ruling.kind,
        ruling.clause,
        ruling.actions,
    )


def _check_unchanged(connection: sa.Connection, case: Case, version: int) -> None:
    if case.state is CaseState.OPEN and case.version == version:
        return
    verdicts = cases.verdicts_on(connection, case=case.id)
    last = verdicts[-1] if verdicts else None
    if case.state is CaseState.DECIDED and last is not None:
        changed = f"{_name(connection, last)} decided it as `{last.kind}`"
    elif last is not None and last.kind is VerdictKind.ESCALATE:
        changed = f"{_name(connection, last)} escalated it"
    elif last is not None and last.kind is VerdictKind.REVERSAL:
        changed = f"{_name(connection, last)} took a verdict back"
    else:
        changed = f"new decisions were added, now {len(case.decisions)}"
    raise ConflictError(
        f"the case changed since you opened it: {changed}",
        where=case.id,
        hint=f"you saw version {version}, it is now {case.version}: look again, then decide",
    )


def _name(connection: sa.Connection, verdict: Verdict) -> str:
    """Who decided, as colleagues know them; programs and people who are gone keep their ids."""
    user = people.user_by_id(connection, verdict.reviewer)
    return verdict.reviewer if user is None else user.name


def _check_reversible(connection: sa.Connection, verdict: Verdict) -> None:
    if verdict.kind not in (VerdictKind.VIOLATION, VerdictKind.HARMLESS):
        raise InputError("only a verdict that decided a case can be taken back", where=verdict.id)
    if _case(connection, verdict.case).verdict != verdict.id:
        raise ConflictError(
            "the verdict no longer stands", where=verdict.id, hint="it was taken back already"
        )


def _check_not_leased(rows: Sequence[outbox.OutboxRow], verdict_id: str) -> None:
    if any(row.is_leased and row.state is ActionState.WAITING for row in rows):
        raise ConflictError(
            "an action of this verdict is being delivered, try again",
            where=verdict_id,
            hint="in a moment it has arrived, and can be restored",
        )


# --- actions -----------------------------------------------------------------------------------


def _action(
    case: Case, verdict: Verdict, ruling: Ruling, kind: ActionKind, not_before: datetime
) -> Action:
    subject = subject_of(case, kind)
    if subject is None:
        raise InputError(
            f"`{kind}` needs an account, and the author is not known",
            where=case.id,
            hint="choose an action on the post",
        )
    authority = f"verdict:{verdict.id}"
    country = ruling.country if kind is ActionKind.WITHHOLD else None
    return Action(
        id=action_id(authority, kind, subject, country or ""),
        kind=kind,
        subject=subject,
        actor=case.actor,
        clause=ruling.clause or case.clause,
        authority=authority,
        not_before=not_before,
        country=country,
    )


def _restored(
    transaction: Transaction, case: Case, verdict: Verdict, not_before: datetime
) -> Iterator[Action]:
    """What takes back everything that was done automatically about a harmless subject."""
    for decision in case.decisions:
        rows = outbox.of_authority(
            transaction.connection, f"decision:{decision}", now=transaction.clock.now()
        )
        for row in rows:
            if row.state is ActionState.WAITING or _has_left(row):
                yield _restoring(row.action, verdict, not_before)


def _restoring(done: Action, verdict: Verdict, not_before: datetime) -> Action:
    authority = f"verdict:{verdict.id}"
    return Action(
        id=action_id(authority, ActionKind.RESTORE, done.subject, done.country or "", done.id),
        kind=ActionKind.RESTORE,
        subject=done.subject,
        actor=done.actor,
        clause=done.clause,
        authority=authority,
        not_before=not_before,
        country=done.country,
        undoes=done.id,
    )


def _has_left(row: outbox.OutboxRow) -> bool:
    """Whether the platform has, or may have, the action: an attempt may have arrived unseen."""
    match row.state:
        case ActionState.CANCELLED | ActionState.FAILED:
            return False
        case ActionState.SENT | ActionState.APPLIED:
            return True
        case ActionState.DEAD:
            return row.attempts > 1  # given up at the first attempt: refused for good
        case _:
            return row.attempts > 0


def _undoing(
    connection: sa.Connection, row: outbox.OutboxRow, reversal: Verdict, now: datetime
) -> Action:
    """What takes a sent action back; of a restoration, that is the first action once more."""
    done = row.action
    if done.kind is not ActionKind.RESTORE:
        return _restoring(done, reversal, now)
    first = outbox.get(connection, done.undoes or "", now=now)
    if first is None:
        raise ConflictError("the action that was restored is not known", where=done.id)
    authority = f"verdict:{reversal.id}"
    return msgspec.structs.replace(
        first.action,
        id=action_id(
            authority, first.action.kind, done.subject, first.action.country or "", done.id
        ),
        authority=authority,
        not_before=now,
        undoes=done.id,
    )


def _record(
    transaction: Transaction, verdict: Verdict, actions: Sequence[Action], note: str
) -> None:
    body = {"verdict": msgspec.to_builtins(verdict), "actions": msgspec.to_builtins(list(actions))}
    content = {"note": [msgspec.json.encode(note)]} if note.strip() else None
    transaction.record(EntryKind.VERDICT, body, content)
    if verdict.kind in (VerdictKind.HARMLESS, VerdictKind.REVERSAL):
        check_acts(transaction, verdict.decisions)
