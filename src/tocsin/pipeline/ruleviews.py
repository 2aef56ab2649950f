"""A rule as people look at it: where it stands, what it hit, how often it was right.

Comes in: a read connection and the present. Goes out: summaries of all rules, and everything
about one. Always holds: read only; figures end with the newest event (a replayed history ends
where it ends, not today); an interval is named with its method.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from msgspec import Struct

from tocsin.errors import NotFoundError
from tocsin.matching import wilson
from tocsin.pipeline.packdiff import Piece, words_of
from tocsin.pipeline.packs import standing_rules
from tocsin.records import Outcome, RuleState, StateChange, VerdictKind, WrittenRule
from tocsin.store import policies, rulefigures, rulehits, rulestates
from tocsin.store.times import from_us, to_us

__all__ = [
    "DAYS",
    "Overlap",
    "Precision",
    "RuleDetail",
    "RuleEvent",
    "RuleSummary",
    "read_rule",
    "read_rules",
]

DAYS = 30
WEEK = 7
RECENT = 12


class Precision(Struct, frozen=True, kw_only=True):
    """How often people agreed with a rule version, with the Wilson interval at 95 %.

    Only what people came to look at is in it: no random sample. A violation of another clause
    counts as not right. Of an `allow` rule, harmless is right.
    """

    right: int
    other_clause: int
    wrong: int
    judged: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    method: str = "Wilson score interval, 95 %"


class RuleSummary(Struct, frozen=True, kw_only=True):
    """One rule in a list. `daily` and `shadow_daily` are hits on each of the last days."""

    id: str
    version: str
    state: RuleState
    is_in_force: bool = True
    clause: str
    outcome: Outcome
    priority: int
    note: str | None
    hits_week: int
    hits_month: int
    shadow_week: int
    shadow_month: int
    daily: tuple[int, ...]
    shadow_daily: tuple[int, ...]
    precision: Precision


class Overlap(Struct, frozen=True, kw_only=True):
    """How much of what a rule hit another rule hit too."""

    rule: str
    n_hits: int
    share: float


class RuleEvent(Struct, frozen=True, kw_only=True):
    """Something that happened to a rule: by a pack (`pack`), or a new state.

    `condition` is how its condition changed, word by word; only where it did.
    """

    at: datetime
    kind: Literal["added", "changed", "removed", "state"]
    by: str
    reason: str
    version: str | None = None
    pack: str | None = None
    state: RuleState | None = None
    proposal: str | None = None
    condition: tuple[Piece, ...] = ()


class RuleDetail(Struct, frozen=True, kw_only=True):
    """Everything about one rule; figures by day are about `DAYS` days, up to `last_day`."""

    summary: RuleSummary
    when: str
    first_day: datetime
    last_day: datetime
    hits_by_version: dict[str, dict[str, int]]
    n_hits: int
    overlap: tuple[Overlap, ...]
    history: tuple[RuleEvent, ...]
    recent: tuple[rulefigures.RecentHit, ...]


def read_rules(connection: sa.Connection, now: datetime) -> list[RuleSummary]:
    """Every rule of the pack in force, by id."""
    rules = sorted(standing_rules(connection), key=lambda rule: rule.id)
    names = [rule.id for rule in rules]
    since, until = _span(connection, names, now)
    daily = _daily(rulefigures.hits_by_day(connection, names, since, until))
    verdicts = _by_version(rulefigures.verdict_counts(connection))
    return [_summary(rule, daily, verdicts) for rule in rules]


def read_rule(connection: sa.Connection, rule_id: str, now: datetime) -> RuleDetail:
    """One rule, also one that an earlier pack had.

    Raises:
        NotFoundError: no pack that was in force had it.
    """
    packs = _packs(connection)
    in_force = {one.id: one for one in standing_rules(connection)}
    standing = in_force.get(rule_id)
    known = [rules[rule_id] for _, rules in packs if rule_id in rules]
    if not known:
        raise NotFoundError("no pack that was in force has such a rule", where=rule_id)
    rule = standing or known[-1]
    since, until = _span(connection, sorted({rule_id, *in_force}), now)
    daily = _daily(rulefigures.hits_by_day(connection, [rule_id], since, until))
    verdicts = _by_version(rulefigures.verdict_counts(connection, rule_id))
    n_hits, others = rulefigures.overlap(connection, rule_id, since, until)
    by_version: dict[str, dict[str, int]] = {}
    for (version, mode), n in rulefigures.hits_by_version(connection, rule_id).items():
        by_version.setdefault(version, {})[mode] = n
    return RuleDetail(
        summary=_summary(rule, daily, verdicts, is_in_force=standing is not None),
        when=rule.when,
        first_day=from_us(since),
        last_day=from_us(until - rulefigures.DAY_US),
        hits_by_version=by_version,
        n_hits=n_hits,
        overlap=tuple(Overlap(rule=o, n_hits=n, share=n / n_hits) for o, n in others if n_hits),
        history=tuple(_history(rule_id, packs, rulestates.history(connection, rule_id))),
        recent=tuple(rulefigures.recent_hits(connection, rule_id, limit=RECENT)),
    )


# --- figures -------------------------------------------------------------------------------------

Daily = Mapping[tuple[str, str], Sequence[int]]
Verdicts = Mapping[tuple[str, str], Sequence[rulefigures.VerdictCount]]


def _span(connection: sa.Connection, rules: Sequence[str], now: datetime) -> tuple[int, int]:
    """The last days, whole, up to the day on which one of these rules last hit."""
    now_us = to_us(now)
    last = rulefigures.last_hit_us(connection, rules, now_us)
    day = rulefigures.DAY_US
    until = ((now_us if last is None else last) // day + 1) * day
    return until - DAYS * day, until


def _daily(counts: Iterable[rulefigures.DayCount]) -> Daily:
    found: dict[tuple[str, str], list[int]] = {}
    for count in counts:
        found.setdefault((count.rule, count.mode), [0] * DAYS)[count.day] = count.n_hits
    return found


def _by_version(counts: Iterable[rulefigures.VerdictCount]) -> Verdicts:
    found: dict[tuple[str, str], list[rulefigures.VerdictCount]] = {}
    for count in counts:
        found.setdefault((count.rule, count.rule_version), []).append(count)
    return found


def _summary(
    rule: WrittenRule, daily: Daily, verdicts: Verdicts, *, is_in_force: bool = True
) -> RuleSummary:
    none = [0] * DAYS
    active = daily.get((rule.id, rulehits.ACTIVE), none)
    shadow = daily.get((rule.id, rulehits.SHADOW), none)
    return RuleSummary(
        id=rule.id,
        version=rule.version,
        state=rule.state,
        is_in_force=is_in_force,
        clause=rule.clause,
        outcome=rule.outcome,
        priority=rule.priority,
        note=rule.note,
        hits_week=sum(active[-WEEK:]),
        hits_month=sum(active),
        shadow_week=sum(shadow[-WEEK:]),
        shadow_month=sum(shadow),
        daily=tuple(active),
        shadow_daily=tuple(shadow),
        precision=_precision(rule, verdicts.get((rule.id, rule.version), ())),
    )


def _precision(rule: WrittenRule, counts: Sequence[rulefigures.VerdictCount]) -> Precision:
    own = other = harmless = 0
    for count in counts:
        if count.kind is VerdictKind.HARMLESS:
            harmless += count.n_verdicts
        elif count.kind is VerdictKind.VIOLATION and count.is_own_clause:
            own += count.n_verdicts
        elif count.kind is VerdictKind.VIOLATION:
            other += count.n_verdicts
    if rule.outcome is Outcome.ALLOW:
        right, other, wrong = harmless, 0, own + other
    else:
        right, wrong = own, harmless
    judged = right + other + wrong
    bounds = wilson(right, judged)
    if bounds is None:
        return Precision(right=right, other_clause=other, wrong=wrong, judged=0)
    return Precision(
        right=right,
        other_clause=other,
        wrong=wrong,
        judged=judged,
        value=right / judged,
        low=bounds[0],
        high=bounds[1],
    )


# --- history -------------------------------------------------------------------------------------

Pack = tuple[policies.Activation, Mapping[str, WrittenRule]]


def _packs(connection: sa.Connection) -> list[Pack]:
    """Every activation with its rules, oldest first; the content of a version is read once."""
    known: dict[str, dict[str, WrittenRule]] = {}
    found: list[Pack] = []
    for activation in reversed(policies.list_activations(connection)):
        rules = known.get(activation.version)
        if rules is None:
            written = policies.rules_of(connection, activation.position)
            rules = known[activation.version] = {rule.id: rule for rule in written}
        found.append((activation, rules))
    return found


def _history(
    rule_id: str, packs: Sequence[Pack], changes: Sequence[StateChange]
) -> list[RuleEvent]:
    """What happened to a rule, newest first."""
    found: list[tuple[int, RuleEvent]] = []
    before: WrittenRule | None = None
    for activation, rules in packs:
        now = rules.get(rule_id)
        event = _of_activation(activation, before, now)
        if event is not None:
            found.append((activation.position, event))
        before = now
    found += [
        (
            change.position,
            RuleEvent(
                at=change.at,
                kind="state",
                by=change.by,
                reason=change.reason,
                version=change.rule_version,
                state=change.state,
                proposal=change.proposal,
            ),
        )
        for change in changes
    ]
    return [event for _, event in sorted(found, key=lambda item: -item[0])]


def _of_activation(
    activation: policies.Activation, before: WrittenRule | None, now: WrittenRule | None
) -> RuleEvent | None:
    if now is None and before is None:
        return None
    kind: Literal["added", "changed", "removed"] = "changed"
    if before is None or now is None:
        kind = "added" if before is None else "removed"
    elif (before.version, before.state) == (now.version, now.state):
        return None
    is_new_text = before is None or now is None or before.when != now.when
    return RuleEvent(
        at=activation.at,
        kind=kind,
        by=activation.by,
        reason=activation.reason,
        version=None if now is None else now.version,
        pack=activation.version,
        state=None if now is None else now.state,
        condition=words_of(before, now) if is_new_text and now is not None else (),
    )
