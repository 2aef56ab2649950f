"""Everything that the page of one case shows, read in one state of the store.

Comes in: a case's id and the queue it was opened from. Goes out: a `CasePage`. Always holds:
evidence, reasons and choices are of the same moment, and `case.version` is that moment's: it
comes back with the verdict.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from tocsin.errors import CheckFailedError, NotFoundError
from tocsin.pipeline import load_policy, panels, texts_of
from tocsin.plugins import PanelView
from tocsin.policy import Clause, CompiledPolicy, Explanation, explain
from tocsin.records import ActionKind, Case, Decision, Event, Verdict, account_key
from tocsin.review import Neighbours, consequence, find_neighbours, subject_of, undo_until
from tocsin.store import accounts, cases, decisions, opinions, outbox
from tocsin.store.cases import CaseFilter
from tocsin.store.store import Store
from tocsin.web.readings import ReadingView, read_reading
from tocsin.web.subjects import (
    AuthorView,
    Found,
    History,
    PostView,
    find_post,
    find_trigger,
    names_of,
    read_author,
    read_found,
    read_history,
    read_post,
)

__all__ = [
    "ActionChoice",
    "CasePage",
    "ClauseChoice",
    "Standing",
    "Why",
    "read_case_page",
    "read_rows",
    "read_standing",
    "read_why",
    "strongest_decision",
    "strongest_row",
]

CLAUSE_KEYS = "abcdefghilortwxz"
"""Letters that choose a clause: those that no other key of the page needs."""


_IDS_PER_STATEMENT = 10_000

_SHOWN_OTHERWISE = ("bank.", "text_models")
"""Panels of banks say what the list of findings says with the entries' values beside it; what the
text models read has a place of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """One decision, explained; `panels` are those that have something to say.

    `reading` is what the text models read, where rules asked them.
    `policy` is the one that made it, or the one in force where that no longer compiles.
    """

    decision: Decision
    policy: CompiledPolicy
    explanation: Explanation
    notes: Mapping[str, str]
    found: Sequence[Found]
    reading: ReadingView | None
    panels: Sequence[PanelView]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionChoice:
    """An action that may be chosen, its key, and what it will do."""

    kind: ActionKind
    key: str
    consequence: str
    is_proposed: bool
    is_possible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseChoice:
    """A clause that may be chosen, its key, and the actions that it allows."""

    clause: Clause
    key: str
    is_proposed: bool
    actions: Sequence[ActionChoice]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A verdict with its note and what became of its actions."""

    verdict: Verdict
    by: str
    note: str | None
    actions: Sequence[outbox.OutboxRow]
    undo_until: datetime
    stands: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePage:
    """The page of one case.

    `why` is its strongest decision, the one that priority and clause come from; `others` are the
    rest, newest first. `is_other_version` says that the post shown is not the one that `why`
    judged: it was edited (never so where the case is about an account: its posts differ).
    `is_erased` says that the post was erased. `opinions` are those of outside models, newest first.
    """

    case: Case
    title: str
    why: Why | None
    others: Sequence[decisions.DecisionRow]
    post: PostView | None
    is_other_version: bool
    is_erased: bool
    reports: Sequence[accounts.Report]
    author: AuthorView | None
    history: History
    choices: Sequence[ClauseChoice]
    neighbours: Neighbours
    standings: Sequence[Standing]
    opinions: Sequence[opinions.OpinionRow]


def read_case_page(
    store: Store,
    connection: sa.Connection,
    policy: CompiledPolicy,
    case_id: str,
    *,
    queue: CaseFilter,
) -> CasePage:
    """Read a case.

    Raises:
        NotFoundError: there is no such case.
    """
    case = cases.get(connection, case_id)
    if case is None:
        raise NotFoundError("there is no such case", hint="it may have been mistyped")
    rows = read_rows(connection, case.decisions)
    decision = strongest_decision(connection, case, rows)
    why = None if decision is None else read_why(connection, policy, decision)
    reports = accounts.reports_about(connection, case.subject)
    event, is_erased = _evidence(store, connection, case, rows, reports)
    is_judged = event is not None and decision is not None and event.id == decision.event
    judged = why if is_judged else None
    found = () if judged is None else judged.found
    post = read_post(event, found, None if judged is None else judged.reading)
    is_post_judged = decision is not None and decision.event not in {one.event for one in reports}
    author = case.actor or (None if event is None else account_key(event.actor))
    clause = policy.clauses.get(case.clause)
    now = store.clock.now()
    return CasePage(
        case=case,
        title=(clause and clause.title) or (why and why.explanation.clause_title) or case.clause,
        why=why,
        others=[
            rows[one]
            for one in reversed(case.decisions)
            if one in rows and (decision is None or one != decision.id)
        ],
        post=post,
        is_other_version=(
            case.subject.kind == "post" and post is not None and is_post_judged and not is_judged
        ),
        is_erased=is_erased,
        reports=reports[::-1],
        author=read_author(connection, author, event, found, now=now),
        history=read_history(connection, case.subject, author, now=now),
        choices=_choices(case, decision, policy),
        neighbours=find_neighbours(connection, queue, case_id),
        standings=read_standings(store, connection, case),
        opinions=opinions.of_case(connection, case_id),
    )


def read_rows(
    connection: sa.Connection, decision_ids: Sequence[str]
) -> dict[str, decisions.DecisionRow]:
    """What lists show of these decisions: a case that many people report has thousands."""
    found: dict[str, decisions.DecisionRow] = {}
    for start in range(0, len(decision_ids), _IDS_PER_STATEMENT):
        some = decision_ids[start : start + _IDS_PER_STATEMENT]
        found |= decisions.rows_by_id(connection, some)
    return found


def strongest_row(
    case: Case, rows: Mapping[str, decisions.DecisionRow]
) -> decisions.DecisionRow | None:
    """The decision that a case has its priority and clause from: of equal ones the first."""
    known = [rows[one] for one in case.decisions if one in rows]
    return max(known, key=lambda row: row.priority, default=None)


def read_why(connection: sa.Connection, policy: CompiledPolicy, decision: Decision) -> Why:
    """Explain one decision with everything that still exists."""
    line = decisions.event_json(connection, decision.id)
    used = decision.versions.get("policy", policy.version)
    if used != policy.version:
        # an older pack may no longer compile: then the explanation says which one decided
        with contextlib.suppress(CheckFailedError):
            policy = load_policy(connection, used)
    shown = [panel for panel in panels() if not panel.name.startswith(_SHOWN_OTHERWISE)]
    views = (panel.view(decision, decision.signals) for panel in shown)
    found = read_found(connection, decision)
    return Why(
        decision=decision,
        policy=policy,
        explanation=explain(
            decision,
            policy,
            texts=texts_of(line),
            erased="since it was made" if line is None else None,
        ),
        notes={rule.id: rule.note for rule in policy.rules if rule.note},
        found=found,
        reading=read_reading(decision, first=len(found) + 1),
        panels=[view for view in views if view.rows],
    )


def read_standings(store: Store, connection: sa.Connection, case: Case) -> list[Standing]:
    """The verdicts on a case, newest first."""
    verdicts = cases.verdicts_on(connection, case=case.id)
    return [read_standing(store, connection, verdict, case) for verdict in reversed(verdicts)]


def read_standing(
    store: Store, connection: sa.Connection, verdict: Verdict, case: Case
) -> Standing:
    """One verdict and what became of it."""
    now = store.clock.now()
    return Standing(
        verdict=verdict,
        by=names_of(connection, [verdict.reviewer])[verdict.reviewer],
        note=cases.note_of(connection, verdict.id),
        actions=outbox.of_authority(connection, f"verdict:{verdict.id}", now=now),
        undo_until=undo_until(store, verdict),
        stands=case.verdict == verdict.id,
    )


def strongest_decision(
    connection: sa.Connection, case: Case, rows: Mapping[str, decisions.DecisionRow]
) -> Decision | None:
    """The strongest decision whose content still exists."""
    left = dict(rows)
    while (row := strongest_row(case, left)) is not None:
        decision = decisions.get(connection, row.id)
        if decision is not None:
            return decision
        del left[row.id]
    return None


def _evidence(
    store: Store,
    connection: sa.Connection,
    case: Case,
    rows: Mapping[str, decisions.DecisionRow],
    reports: Sequence[accounts.Report],
) -> tuple[Event | None, bool]:
    """The event that shows what the case is about, and whether such an event was erased.

    A report shows nothing of what it is about: where nothing else led to the case, the archive
    is asked for the post.
    """
    reported = {report.event for report in reports}
    triggers = [rows[one] for one in reversed(case.decisions) if one in rows]
    judged = [row for row in triggers if row.event_id not in reported]
    event = find_trigger(connection, case.subject, [row.id for row in judged])
    if event is not None or judged:
        return event, event is None
    return find_post(store, case.subject), False


def _choices(case: Case, decision: Decision | None, policy: CompiledPolicy) -> list[ClauseChoice]:
    """The clauses, the one that was hit first."""
    proposed = None if decision is None else decision.outcome.action
    # a clause without actions protects; it is never what somebody broke
    usable = [one for one in policy.clauses.values() if one.actions or one.id == case.clause]
    ordered = sorted(usable, key=lambda clause: clause.id != case.clause)
    return [
        ClauseChoice(
            clause=clause,
            key=CLAUSE_KEYS[place] if place < len(CLAUSE_KEYS) else "",
            is_proposed=clause.id == case.clause,
            actions=[
                ActionChoice(
                    kind=kind,
                    key=str(number) if number < 10 else "",  # noqa: PLR2004  # nine digits
                    consequence=consequence(case, kind),
                    is_proposed=kind == proposed and clause.id == case.clause,
                    is_possible=subject_of(case, kind) is not None,
                )
                for number, kind in enumerate(_by_strength(clause), 1)
            ],
        )
        for place, clause in enumerate(ordered)
    ]


def _by_strength(clause: Clause) -> list[ActionKind]:
    """A clause's actions, mildest first, always in the same order."""
    return [kind for kind in ActionKind if kind in clause.actions]
