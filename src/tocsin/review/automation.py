"""Earned automation: what a rule may do by itself, measured, confirmed, and taken away.

Comes in: samples that people judged, verdicts, and what people decide about a rule. Goes out:
entries of the log that change a stratum's state: a rule version in one language with one action.
Always holds:

- a stratum becomes eligible by judged samples alone, at whichever look the evidence that its
  precision exceeds the bar reaches 1/α; it acts by itself only once a second person confirmed;
- it is demoted without anybody's doing, in the transaction that gives the reason: when the alarm
  rings on its samples or on automatic actions that people took back, or when the samples since it
  began to be measured are no evidence any more;
- what was demoted earns anew from nothing, with hits that come later.

Refused: to confirm what is not eligible, one's own rule, and what one judged all alone.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Collection
from datetime import timedelta

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from tocsin.errors import ConflictError, InputError, NotFoundError, PermissionDenied
from tocsin.matching import (
    alarm,
    expected_more,
    fewest_more,
    log_evidence,
    lower_bound,
    upper_bound,
)
from tocsin.records import (
    ALPHA,
    CALM_SAMPLES,
    ITEM_ACTIONS,
    ActionKind,
    AutomationState,
    Sample,
    Standing,
    Stratum,
    needed_bar,
)
from tocsin.review.clauses import MeasuredPolicy
from tocsin.store import automation, decisions, people, policies, samples
from tocsin.store.store import Store, Transaction

__all__ = [
    "SOLO_DELAY",
    "Bar",
    "Progress",
    "check_acts",
    "check_samples",
    "confirm",
    "demote",
    "find_bar",
    "is_alarming",
    "is_enough",
    "is_used_up",
    "list_bars",
    "list_progress",
    "parse_stratum",
]

_LOG = logging.getLogger(__name__)

SOLO_DELAY = timedelta(hours=24)
"""In solo mode the second person is the same one a day later."""

MAX_REASON = 500
_LAST = 20  # samples that a reason speaks of: what the alarm rang for stands at the end
_ITSELF = "tocsin"


class Bar(Struct, frozen=True, kw_only=True):
    """What one rule version would have to be measured to exceed, and for what."""

    rule: str
    rule_version: str
    clause: str
    action: ActionKind
    bar: float


class Progress(Struct, frozen=True, kw_only=True):
    """Where a stratum stands.

    `bar` is what has to be cleared now; None where the policy in force has no such rule any more.
    `lower` and `upper` hold with probability 1 - α each, at all looks together. `fewest_more` is
    how many samples are needed if all are violations, `expected_more` at the rate so far: None
    where that rate does not lead there. `n_acts` and `n_overturned` count what the rule did by
    itself, and what people took back of it; `alarm` is the louder of the two alarms.
    """

    stratum: Stratum
    clause: str
    bar: float | None
    state: AutomationState
    epoch: int
    tally: samples.Tally
    lower: float
    upper: float
    fewest_more: int | None
    expected_more: int | None
    n_acts: int = 0
    n_overturned: int = 0
    alarm: float = 0.0
    standing: Standing | None = None


def list_bars(policy: MeasuredPolicy, *, solo: bool) -> list[Bar]:
    """The rules of a policy that could earn to act by themselves, in its order."""
    found = []
    for rule in policy.rules:
        action, clause = rule.outcome.action, policy.clauses.get(rule.clause)
        if action is None or clause is None or action not in clause.bars:
            continue
        if action in ITEM_ACTIONS and rule.basis != "bank" and rule.subject in ("post", "media"):
            bar = needed_bar(clause.bars[action], solo=solo)
            found.append(
                Bar(
                    rule=rule.id,
                    rule_version=rule.version,
                    clause=rule.clause,
                    action=action,
                    bar=bar,
                )
            )
    return found


def find_bar(policy: MeasuredPolicy, stratum: Stratum, *, solo: bool) -> float | None:
    """What a stratum has to clear; None where it can earn nothing under this policy."""
    wanted = (stratum.rule, stratum.rule_version, stratum.action)
    return next(
        (
            bar.bar
            for bar in list_bars(policy, solo=solo)
            if (bar.rule, bar.rule_version, bar.action) == wanted
        ),
        None,
    )


def parse_stratum(
    policy: MeasuredPolicy, rule: str, language: str, action: str, *, version: str | None = None
) -> Stratum:
    """The stratum of a rule as people name it; without a version the one in force.

    Raises:
        InputError: there is no such rule or action.
    """
    if action not in tuple(ActionKind):
        known = ", ".join(f"`{kind}`" for kind in sorted(ITEM_ACTIONS))
        raise InputError("there is no such action", where="action", hint=f"one of {known}")
    if version is None:
        version = next((one.version for one in policy.rules if one.id == rule), None)
    if version is None:
        raise InputError(
            "the policy in force has no such rule",
            where=rule,
            hint="`tocsin policy automation` lists those that could act by themselves",
        )
    return Stratum(rule=rule, rule_version=version, language=language, action=ActionKind(action))


# --- where it stands ---------------------------------------------------------------------------


def list_progress(
    store: Store, connection: sa.Connection, policy: MeasuredPolicy, *, rule: str | None = None
) -> list[Progress]:
    """Every stratum that could earn something or once did, by rule and language."""
    bars = {
        (bar.rule, bar.rule_version, bar.action): bar
        for bar in list_bars(policy, solo=store.settings.solo)
    }
    rows = {row.standing.stratum: row for row in automation.list_rows(connection)}
    tallies = samples.tallies(connection)
    strata = rows.keys() | {stratum for stratum, _ in tallies}
    found = []
    for stratum in sorted(strata):
        bar = bars.get((stratum.rule, stratum.rule_version, stratum.action))
        row = rows.get(stratum)
        if (bar is None and row is None) or rule not in (None, stratum.rule):
            continue
        epoch = 0 if row is None else row.standing.epoch
        tally = tallies.get((stratum, epoch), samples.Tally())
        found.append(_progress(connection, stratum, bar, row, tally))
    return found


def _progress(
    connection: sa.Connection,
    stratum: Stratum,
    bar: Bar | None,
    row: automation.StandingRow | None,
    tally: samples.Tally,
) -> Progress:
    n, k = tally.n_judged, tally.n_violations
    state = AutomationState.MEASURING if row is None else row.standing.state
    is_measuring = state in (AutomationState.MEASURING, AutomationState.DEMOTED)
    has_earned = state is AutomationState.EARNED
    acts = [] if row is None or is_measuring else _acts_of(connection, row)
    return Progress(
        stratum=stratum,
        clause=bar.clause if bar is not None else row.standing.clause if row else "",
        bar=None if bar is None else bar.bar,
        state=state,
        epoch=0 if row is None else row.standing.epoch,
        tally=tally,
        lower=lower_bound(n, k, ALPHA),
        upper=upper_bound(n, k, ALPHA),
        fewest_more=fewest_more(n, k, bar.bar, ALPHA) if bar and not has_earned else None,
        expected_more=expected_more(n, k, bar.bar, ALPHA) if bar and not has_earned else None,
        n_acts=len(acts),
        n_overturned=acts.count(False),
        alarm=0.0 if row is None or is_measuring else _loudest(connection, row, acts),
        standing=None if row is None else row.standing,
    )


def _acts_of(connection: sa.Connection, row: automation.StandingRow) -> list[bool]:
    if row.standing.state is not AutomationState.EARNED:
        return []
    return automation.acts(connection, row.standing.stratum, after=row.position)


def _loudest(
    connection: sa.Connection, row: automation.StandingRow, acts: Collection[bool]
) -> float:
    judged = samples.outcomes(
        connection, row.standing.stratum, row.standing.epoch, after=row.eligible_position or 0
    )
    return max(alarm(judged, row.standing.bar), alarm(acts, row.standing.bar))


# --- what follows from what people said --------------------------------------------------------


def check_samples(transaction: Transaction, sample: Sample, bar: float | None) -> None:
    """Draw the consequences of a sample that was just judged.

    `bar` is what the policy in force asks for; None where it asks for nothing.
    """
    connection, stratum = transaction.connection, sample.stratum
    row = automation.get(connection, stratum)
    epoch = 0 if row is None else row.standing.epoch
    tally = samples.tally(connection, stratum, epoch)
    if row is not None and row.standing.state in (AutomationState.ELIGIBLE, AutomationState.EARNED):
        _check_stands(transaction, row, tally)
    elif bar is not None and is_enough(tally.n_judged, tally.n_violations, bar):
        n, k = tally.n_judged, tally.n_violations
        eligible = Standing(
            stratum=stratum,
            clause=sample.clause,
            state=AutomationState.ELIGIBLE,
            epoch=epoch,
            n_judged=n,
            n_violations=k,
            lower=0.0,
            bar=bar,
            reason=f"measured: {_figures(n, k)}, the bar is {bar:g}",
            by=_ITSELF,
        )
        _change(transaction, eligible, tally)


def check_acts(transaction: Transaction, decision_ids: Collection[str]) -> None:
    """Draw the consequences of a verdict for the rules that acted by themselves before it."""
    connection = transaction.connection
    for stratum in automation.acted_on(connection, decision_ids):
        row = automation.get(connection, stratum)
        if row is None:
            continue
        acts = automation.acts(connection, stratum, after=row.position)
        if is_alarming(acts, row.standing.bar):
            n_overturned = acts.count(False)
            reason = f"people took back {n_overturned} of its last {len(acts)} automatic actions"
            _take_away(transaction, row, reason, by=_ITSELF)


def is_enough(n: int, k: int, bar: float) -> bool:
    """Whether `k` violations among `n` samples are enough to be found eligible."""
    return log_evidence(n, k, bar) >= -math.log(ALPHA)


def is_used_up(n: int, k: int, bar: float) -> bool:
    """Whether `k` violations among `n` samples are no evidence at all for a precision above `bar`.

    Far below what it takes to be found eligible: a rule at its bar does not go to and fro.
    """
    return log_evidence(n, k, bar) < 0


def is_alarming(outcomes: Collection[bool], bar: float) -> bool:
    """Whether a sequence of outcomes says that the precision fell below `bar`."""
    return alarm(outcomes, bar) >= CALM_SAMPLES


def _check_stands(
    transaction: Transaction, row: automation.StandingRow, tally: samples.Tally
) -> None:
    """Demote what went bad lately, or was found good by chance."""
    standing = row.standing
    lately = samples.outcomes(
        transaction.connection, standing.stratum, standing.epoch, after=row.eligible_position or 0
    )
    if is_alarming(lately, standing.bar):
        last = lately[-_LAST:]
        reason = (
            f"it went bad: {last.count(True)} of the last {len(last)} samples are violations, "
            f"the bar is {standing.bar:g}"
        )
        _take_away(transaction, row, reason, by=_ITSELF)
    elif is_used_up(tally.n_settled, tally.n_violations, standing.bar):
        reason = (
            f"the evidence is used up: {_figures(tally.n_settled, tally.n_violations)}, the bar is "
            f"{standing.bar:g}"
        )
        _take_away(transaction, row, reason, by=_ITSELF)


def _take_away(
    transaction: Transaction, row: automation.StandingRow, reason: str, *, by: str
) -> None:
    standing, connection = row.standing, transaction.connection
    tally = samples.tally(connection, standing.stratum, standing.epoch)
    cancelled = automation.cancellable(connection, standing.stratum, now=transaction.clock.now())
    demoted = msgspec.structs.replace(
        standing,
        state=AutomationState.DEMOTED,
        epoch=standing.epoch + 1,
        reason=reason,
        by=by,
        cancelled=tuple(cancelled),
    )
    _change(transaction, demoted, tally)


def _change(transaction: Transaction, wanted: Standing, tally: samples.Tally) -> Standing:
    """Write a change to the log, with the figures of its moment."""
    n, k = tally.n_judged, tally.n_violations
    standing = msgspec.structs.replace(
        wanted, n_judged=n, n_violations=k, lower=round(lower_bound(n, k, ALPHA), 6)
    )
    automation.record(transaction, standing)
    stratum = standing.stratum
    words = stratum.rule, stratum.action.value, stratum.language, standing.state.value
    _LOG.warning("automation: rule %s, action %s, language %s is now %s", *words)
    return standing


def _figures(n: int, k: int) -> str:
    return f"{k} of {n} samples are violations, lower bound {lower_bound(n, k, ALPHA):.3f}"


# --- what people decide ------------------------------------------------------------------------


def confirm(
    store: Store, policy: MeasuredPolicy, stratum: Stratum, *, by: str, reason: str
) -> Standing:
    """Let a rule act by itself that has earned it.

    Raises:
        ConflictError: it is not eligible, not for as much as is needed now, or not any more.
        PermissionDenied: `by` is not a second person.
        InputError: without a reason.
    """
    reason = _checked_reason(reason)
    with store.write() as transaction:
        connection = transaction.connection
        row = automation.get(connection, stratum)
        if row is None or row.standing.state is not AutomationState.ELIGIBLE:
            state = AutomationState.MEASURING if row is None else row.standing.state
            raise ConflictError(
                f"the rule is `{state.value}`, and only what is `eligible` can be confirmed",
                where=stratum.rule,
                hint="`tocsin policy automation` shows how many judged samples are missing",
            )
        needed = find_bar(policy, stratum, solo=store.settings.solo)
        if needed is None or row.standing.bar < needed:
            raise ConflictError(
                "the policy in force asks for more than was measured",
                where=stratum.rule,
                hint="`tocsin policy automation` shows the bar",
            )
        tally = samples.tally(connection, stratum, row.standing.epoch)
        if not is_enough(tally.n_judged, tally.n_violations, row.standing.bar):
            raise ConflictError(
                "the lower bound fell below the bar since it became eligible",
                where=stratum.rule,
                hint=f"{_figures(tally.n_judged, tally.n_violations)}: judge more samples first",
            )
        _check_second_person(store, transaction, policy, row, by)
        earned = msgspec.structs.replace(
            row.standing, state=AutomationState.EARNED, reason=reason, by=by
        )
        return _change(transaction, earned, tally)


def demote(store: Store, stratum: Stratum, *, by: str, reason: str) -> None:
    """Take away what a rule has earned, at once.

    Raises:
        NotFoundError: it has nothing to lose.
        InputError: without a reason.
    """
    reason = _checked_reason(reason)
    with store.write() as transaction:
        row = automation.get(transaction.connection, stratum)
        if row is None or row.standing.state not in (
            AutomationState.ELIGIBLE,
            AutomationState.EARNED,
        ):
            raise NotFoundError("the rule has earned nothing there", where=stratum.rule)
        _take_away(transaction, row, reason, by=by)


def _checked_reason(reason: str) -> str:
    reason = reason.strip()
    if not 0 < len(reason) <= MAX_REASON:
        message = f"a reason has 1 to {MAX_REASON} characters"
        raise InputError(message, where="reason", hint="the log keeps it")
    return reason


def _check_second_person(
    store: Store,
    transaction: Transaction,
    policy: MeasuredPolicy,
    row: automation.StandingRow,
    by: str,
) -> None:
    if store.settings.solo:
        if transaction.clock.now() < row.at + SOLO_DELAY:
            raise PermissionDenied(
                "in solo mode it can be confirmed a day after it became eligible",
                where=row.standing.stratum.rule,
            )
        return
    connection = transaction.connection
    names = _names(connection, by)
    if names & _authors(connection, policy, row.standing.stratum):
        raise PermissionDenied(
            "a second person confirms: you put this rule in force",
            where=row.standing.stratum.rule,
            hint="ask a colleague, or declare solo mode",
        )
    judges = samples.reviewers(connection, row.standing.stratum, row.standing.epoch)
    if judges and judges <= names:
        raise PermissionDenied(
            "a second person confirms: you judged every sample yourself",
            where=row.standing.stratum.rule,
            hint="ask a colleague, or declare solo mode",
        )


def _names(connection: sa.Connection, by: str) -> set[str]:
    """The id and the name of somebody who gave either."""
    user = people.user_by_id(connection, by) or people.user_by_name(connection, by)
    return {by} if user is None else {by, user.id, user.name}


def _authors(connection: sa.Connection, policy: MeasuredPolicy, stratum: Stratum) -> set[str]:
    """Who put in force the policy of now, and the one under which the rule first hit."""
    versions = {policy.version}
    first = samples.first_decision(connection, stratum)
    decision = None if first is None else decisions.get(connection, first)
    if decision is not None:
        versions.add(decision.versions.get("policy", ""))
    return {
        activation.by
        for activation in policies.list_activations(connection)
        if activation.version in versions
    }
