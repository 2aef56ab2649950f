"""Figures about what rules hit: by day, together with other rules, and as people judged it.

Comes in: a read connection, a span of time. Goes out: counts. Always holds: only `rule_hits` and
the tables of cases and verdicts are read; times are those of the events.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from tocsin.records import CaseState, Subject, VerdictKind
from tocsin.store import schema
from tocsin.store.times import from_us

__all__ = [
    "DAY_US",
    "DayCount",
    "RecentHit",
    "VerdictCount",
    "hits_by_day",
    "hits_by_version",
    "last_hit_us",
    "overlap",
    "recent_hits",
    "verdict_counts",
]

DAY_US = 86_400_000_000


class DayCount(msgspec.Struct, frozen=True, kw_only=True):
    """How often a rule hit on one day of a span, from 0; `mode` is `active` or `shadow`."""

    rule: str
    mode: str
    day: int
    n_hits: int


class VerdictCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many verdicts of one kind stand about what a rule version hit, by clause alike or not."""

    rule: str
    rule_version: str
    kind: VerdictKind
    is_own_clause: bool
    n_verdicts: int


class RecentHit(msgspec.Struct, frozen=True, kw_only=True):
    """One hit of a rule, and the verdict that stands about its subject."""

    mode: str
    rule_version: str
    decision: str | None
    event: str
    subject: Subject
    is_overridden: bool
    at: datetime
    case: str | None
    verdict: VerdictKind | None


def last_hit_us(connection: sa.Connection, rules: Sequence[str], until_us: int) -> int | None:
    """When one of these rules last hit, up to a moment; None where none ever did."""
    hits = schema.rule_hits
    # one look into the index for each rule; a single query would read every hit
    statement = sa.select(sa.func.max(hits.c.at_us)).where(
        hits.c.rule == sa.bindparam("asked"), hits.c.at_us <= until_us
    )
    found = (connection.execute(statement, {"asked": rule}).scalar_one() for rule in rules)
    return max((int(at) for at in found if at is not None), default=None)


def hits_by_day(
    connection: sa.Connection, rules: Sequence[str], since_us: int, until_us: int
) -> list[DayCount]:
    """How often each of these rules hit on each day of the span; days without are left out."""
    table = schema.rule_hits
    day = (table.c.at_us - since_us) // DAY_US
    statement = (
        sa.select(table.c.rule, table.c.mode, day.label("day"), sa.func.count().label("n"))
        .where(table.c.rule.in_(rules), table.c.at_us >= since_us, table.c.at_us < until_us)
        .group_by(table.c.rule, table.c.mode, sa.literal_column("day"))
    )
    return [
        DayCount(rule=row.rule, mode=row.mode, day=int(row.day), n_hits=row.n)
        for row in connection.execute(statement)
    ]


def hits_by_version(connection: sa.Connection, rule: str) -> dict[tuple[str, str], int]:
    """(rule version, mode) -> how often it hit, ever."""
    table = schema.rule_hits
    statement = (
        sa.select(table.c.rule_version, table.c.mode, sa.func.count())
        .where(table.c.rule == rule)
        .group_by(table.c.rule_version, table.c.mode)
    )
    return {(version, mode): n for version, mode, n in connection.execute(statement)}


def overlap(
    connection: sa.Connection, rule: str, since_us: int, until_us: int
) -> tuple[int, list[tuple[str, int]]]:
    """How many (event, subject) a rule hit, and of these how many each other rule hit too."""
    own, other = schema.rule_hits.alias("own"), schema.rule_hits.alias("other")
    place = (own.c.event_id, own.c.subject_kind, own.c.subject_id)
    here = sa.and_(own.c.rule == rule, own.c.at_us >= since_us, own.c.at_us < until_us)
    mine = sa.select(*place).where(here).distinct().subquery()
    n_own = connection.execute(sa.select(sa.func.count()).select_from(mine)).scalar_one()
    same = sa.and_(
        other.c.event_id == own.c.event_id,
        other.c.subject_kind == own.c.subject_kind,
        other.c.subject_id == own.c.subject_id,
        other.c.rule != own.c.rule,
    )
    both = (
        sa.select(other.c.rule, *place)
        .select_from(own.join(other, same))
        .where(here)
        .distinct()
        .subquery()
    )
    n = sa.func.count().label("n")
    statement = sa.select(both.c.rule, n).group_by(both.c.rule).order_by(n.desc(), both.c.rule)
    return int(n_own), [(row.rule, int(row.n)) for row in connection.execute(statement)]


def verdict_counts(connection: sa.Connection, rule: str | None = None) -> list[VerdictCount]:
    """What people decided about what rules hit; each verdict once for a rule version.

    A verdict is about a hit where its case has a decision about the same event and subject: of
    this rule, or (for a rule in shadow) of another. Hits that an `allow` rule overrode are left
    out: the rule did not decide there.
    """
    hits, cases, verdicts = schema.rule_hits, schema.cases, schema.verdicts
    links, decisions = schema.case_decisions, schema.decisions
    about = sa.and_(
        hits.c.event_id == decisions.c.event_id,
        hits.c.subject_kind == decisions.c.subject_kind,
        hits.c.subject_id == decisions.c.subject_id,
    )
    own = sa.case((verdicts.c.clause == hits.c.clause, 1), else_=0).label("own")
    statement = (
        sa.select(
            hits.c.rule,
            hits.c.rule_version,
            verdicts.c.kind,
            own,
            sa.func.count(sa.distinct(verdicts.c.id)).label("n"),
        )
        .select_from(
            cases.join(verdicts, verdicts.c.id == cases.c.verdict_id)
            .join(links, links.c.case_id == cases.c.id)
            .join(decisions, decisions.c.id == links.c.decision_id)
            .join(hits, about)
        )
        .where(cases.c.state == CaseState.DECIDED.value, hits.c.is_overridden.is_(False))
        .group_by(hits.c.rule, hits.c.rule_version, verdicts.c.kind, sa.literal_column("own"))
    )
    if rule is not None:
        statement = statement.where(hits.c.rule == rule)
    return [
        VerdictCount(
            rule=row.rule,
            rule_version=row.rule_version,
            kind=VerdictKind(row.kind),
            is_own_clause=bool(row.own),
            n_verdicts=row.n,
        )
        for row in connection.execute(statement)
    ]


def recent_hits(connection: sa.Connection, rule: str, *, limit: int) -> Sequence[RecentHit]:
    """The last hits of a rule, newest first, with the newest case about each subject."""
    table = schema.rule_hits
    newest_first = (table.c.at_us.desc(), table.c.position.desc(), table.c.ordinal)
    hits = (
        sa.select(table).where(table.c.rule == rule).order_by(*newest_first).limit(limit)
    ).subquery()
    cases, verdicts, about = schema.cases, schema.verdicts, schema.cases.alias("about")
    case_id = (
        sa.select(about.c.id)
        .where(about.c.subject_kind == hits.c.subject_kind, about.c.subject_id == hits.c.subject_id)
        .order_by(about.c.position.desc(), about.c.id)
        .limit(1)
        .correlate(hits)
        .scalar_subquery()
    )
    statement = (
        sa.select(hits, cases.c.id.label("case_id"), verdicts.c.kind)
        .select_from(
            hits.outerjoin(cases, cases.c.id == case_id).outerjoin(
                verdicts, verdicts.c.id == cases.c.verdict_id
            )
        )
        .order_by(hits.c.at_us.desc(), hits.c.position.desc(), hits.c.ordinal)
    )
    return [_recent(row) for row in connection.execute(statement)]


def _recent(row: Any) -> RecentHit:
    return RecentHit(
        mode=row.mode,
        rule_version=row.rule_version,
        decision=row.decision_id,
        event=row.event_id,
        subject=Subject(kind=row.subject_kind, id=row.subject_id),
        is_overridden=row.is_overridden,
        at=from_us(row.at_us),
        case=row.case_id,
        verdict=None if row.kind is None else VerdictKind(row.kind),
    )
