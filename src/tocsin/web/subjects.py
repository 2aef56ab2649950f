"""What there is to know of a subject: the post as its readers saw it, and who wrote it.

Comes in: a decision and the store. Goes out: values for templates and the API. Always holds:
only the store is read, nothing is fetched; what was erased is said to be erased.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from tocsin.detectors.text_reading import DETECTOR
from tocsin.records import (
    Actor,
    BankEntry,
    Case,
    Decision,
    Event,
    Evidence,
    LabelHolder,
    Media,
    Post,
    Reason,
    Signal,
    Span,
    Subject,
    Verdict,
    account_key,
    event_from_row,
    folded_handle,
    post_of,
    restore_event,
)
from tocsin.store import accounts, banks, cases, decisions, labels, outbox, people
from tocsin.store.query import post_versions
from tocsin.store.store import Store
from tocsin.web.readings import ReadingView
from tocsin.web.text import Link, Mark, Piece, cut, find_links, hidden_in

__all__ = [
    "AuthorView",
    "Found",
    "History",
    "PostView",
    "find_post",
    "find_trigger",
    "names_of",
    "read_author",
    "read_found",
    "read_history",
    "read_post",
    "trigger_of",
]


_SHOWN_SPANS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing that a detector or an expression found, numbered as the marks in the text are.

    `spans` are all its places, as (field, start, end); overlapping ones are joined. `entry` is
    the bank's entry, where it has one.
    """

    number: int
    signal: str
    detector: str
    version: str
    score: float | None
    note: str | None
    kind: str | None
    spans: Sequence[tuple[str, int, int]]
    distance: int | None
    bank: str | None
    entry_id: str | None
    entry: BankEntry | None

    @property
    def title(self) -> str:
        """What matched, in a few words."""
        if self.bank is not None:
            return f"{self.number}: {self.kind or 'entry'} of the bank {self.bank}"
        return f"{self.number}: {self.signal}"

    @property
    def facts(self) -> list[str]:
        """Where it stands, how near the match is, and where the entry comes from."""
        facts = [f"{field} {start}–{end}" for field, start, end in self.spans[:_SHOWN_SPANS]]
        if len(self.spans) > _SHOWN_SPANS:
            facts.append(f"{len(self.spans) - _SHOWN_SPANS} more places")
        if self.distance is not None:
            facts.append(f"distance {self.distance}")
        if self.entry is not None:
            judged = f", judged by {self.entry.judged_by}" if self.entry.judged_by else ""
            facts += [f"severity {self.entry.severity}", f"from {self.entry.source}{judged}"]
        elif self.note is not None:
            facts.append(self.note)
        return facts


@dataclass(frozen=True, slots=True, kw_only=True)
class PostView:
    """A post for templates."""

    post: Post
    at: datetime | None
    title: Sequence[Piece]
    text: Sequence[Piece]
    links: Sequence[Link]
    hidden: Sequence[tuple[str, str, int]]

    @property
    def media(self) -> Sequence[Media]:
        """Pictures, videos, sounds: shown as placeholders."""
        return self.post.media


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorView:
    """Who wrote it: as the event described them, and as the store knows them.

    `labels` are those of the account and of its handle; `said_by` names who said them.
    """

    key: str
    actor: Actor | None
    name: Sequence[Piece]
    bio: Sequence[Piece]
    state: accounts.AccountState | None
    at: datetime | None
    labels: Sequence[labels.LabelRow]
    said_by: Mapping[str, str]

    @property
    def handle(self) -> str | None:
        """The handle that it has, as far as is known."""
        if self.actor is not None and self.actor.handle:
            return self.actor.handle
        return None if self.state is None else self.state.handle


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What happened around a subject and its author before."""

    decisions: Sequence[decisions.DecisionRow]
    n_decisions: int
    cases: Sequence[Case]
    verdicts: Sequence[Verdict]
    actions: Sequence[outbox.OutboxRow]
    reports: Sequence[accounts.Report]


def trigger_of(connection: sa.Connection, decision: Decision) -> Event | None:
    """The event that led to a decision; None if it was erased."""
    line = decisions.event_json(connection, decision.id)
    return None if line is None else restore_event(line)


def find_trigger(
    connection: sa.Connection, subject: Subject, decision_ids: Sequence[str]
) -> Event | None:
    """The first of these decisions' events that shows the subject; one with a post goes first."""
    first: Event | None = None
    for one in decision_ids:
        line = decisions.event_json(connection, one)
        event = None if line is None else restore_event(line)
        if event is None or not _shows(event, subject):
            continue
        if post_of(event) is not None:
            return event
        first = first or event
    return first


def find_post(store: Store, subject: Subject) -> Event | None:
    """The newest version of a post that nothing was decided about; None if it never came."""
    if subject.kind != "post":
        return None
    found = post_versions(store, subject.id, limit=1)
    return event_from_row(found[0]) if found else None


def read_found(connection: sa.Connection, decision: Decision) -> list[Found]:
    """What detectors and regular expressions found, each once, numbered from 1.

    What the text models read is not among it (`web.readings`), but for hits on banks.
    """
    groups: dict[tuple[str | None, ...], list[tuple[Signal, Evidence]]] = {}
    for signal in decision.signals:
        for item in signal.evidence:
            if signal.detector == DETECTOR and item.bank is None:
                continue
            what = item.entry or item.note
            groups.setdefault((signal.name, item.kind, item.bank, what), []).append((signal, item))
    found = [
        _found(connection, number, group) for number, group in enumerate(groups.values(), start=1)
    ]
    matched = {
        key: _matched(len(found) + place, key, reason)
        for place, (key, reason) in enumerate(_expressions(decision).items(), start=1)
    }
    return [*found, *matched.values()]


def read_post(
    event: Event | None, found: Sequence[Found], reading: ReadingView | None = None
) -> PostView | None:
    """The post of an event with what was found and read in it marked; None if there is no post."""
    post = None if event is None else post_of(event)
    if event is None or post is None:
        return None
    return PostView(
        post=post,
        at=event.at,
        title=cut(post.title or "", _marks(found, "post.title", reading)),
        text=cut(post.text or "", _marks(found, "post.text", reading)),
        links=find_links(post.text or "", post.links),
        hidden=hidden_in(f"{post.title or ''}{post.text or ''}"),
    )


def read_author(
    connection: sa.Connection,
    key: str | None,
    event: Event | None,
    found: Sequence[Found],
    *,
    now: datetime,
) -> AuthorView | None:
    """Who wrote it; None for an anonymous post."""
    if key is None:
        return None
    actor = None if event is None else event.actor
    state = accounts.get(connection, key)
    handle = (actor and actor.handle) or (state and state.handle)
    rows = labels.of_holder(connection, LabelHolder.ACCOUNT, key, now=now)
    if handle and (folded := folded_handle(handle)):
        rows += labels.of_holder(connection, LabelHolder.HANDLE, folded, now=now)
    return AuthorView(
        key=key,
        actor=actor,
        name=cut((actor and actor.name) or "", _marks(found, "actor.name")),
        bio=cut((actor and actor.bio) or "", _marks(found, "actor.bio")),
        state=state,
        at=None if event is None else event.at,
        labels=rows,
        said_by=names_of(connection, [row.by for row in rows]),
    )


def read_history(
    connection: sa.Connection, subject: Subject, key: str | None, *, now: datetime, limit: int = 8
) -> History:
    """What was decided, done and reported about the subject and its author."""
    about_subject = outbox.list_rows(connection, now=now, subject=subject, limit=limit)
    if key is None:
        return History(
            decisions=(),
            n_decisions=0,
            cases=(),
            verdicts=cases.verdicts_on(connection, subject=subject),
            actions=about_subject,
            reports=accounts.reports_about(connection, subject),
        )
    where = decisions.DecisionFilter(actor=key)
    account = Subject(kind="account", id=key)
    subjects = [subject] if subject == account else [subject, account]
    by_account = outbox.list_rows(connection, now=now, actor=key, limit=limit)
    unique = {row.action.id: row for row in (*about_subject, *by_account)}
    return History(
        decisions=decisions.list_rows(connection, where, limit=limit),
        n_decisions=decisions.count(connection, where),
        cases=cases.list_cases(connection, cases.CaseFilter(state=None, actor=key), limit=limit),
        verdicts=[
            verdict for one in subjects for verdict in cases.verdicts_on(connection, subject=one)
        ],
        actions=list(unique.values())[:limit],
        reports=[report for one in subjects for report in accounts.reports_about(connection, one)],
    )


def names_of(connection: sa.Connection, ids: Sequence[str]) -> Mapping[str, str]:
    """Names of users by id; programs and people who are gone keep their ids."""
    found = {one: people.user_by_id(connection, one) for one in set(ids)}
    return {one: user.name if user is not None else one for one, user in found.items()}


def _shows(event: Event, subject: Subject) -> bool:
    """Whether an event shows this subject, and not only something near it."""
    post = post_of(event)
    if subject.kind == "post":
        return post is not None and post.id == subject.id
    if subject.kind == "account":
        return account_key(event.actor) == subject.id
    return True


def _found(
    connection: sa.Connection, number: int, group: Sequence[tuple[Signal, Evidence]]
) -> Found:
    signal, item = group[0]
    distances = [one.distance for _, one in group if one.distance is not None]
    return Found(
        number=number,
        signal=signal.name,
        detector=signal.detector,
        version=signal.version,
        score=None if signal.abstained else signal.score,
        note=item.note or signal.note,
        kind=item.kind,
        spans=_joined([one.span for _, one in group if one.span is not None]),
        distance=min(distances, default=None),
        bank=item.bank,
        entry_id=item.entry,
        entry=banks.get(connection, item.entry) if item.entry else None,
    )


def _expressions(decision: Decision) -> dict[str, Reason]:
    """The regular expressions that matched, each with the first rule that holds it."""
    found: dict[str, Reason] = {}
    for reason in decision.reasons:
        for key in reason.spans:
            found.setdefault(key, reason)
    return found


def _matched(number: int, key: str, reason: Reason) -> Found:
    return Found(
        number=number,
        signal=key,
        detector=reason.rule,
        version=reason.rule_version,
        score=None,
        note=None,
        kind="regex",
        spans=_joined(reason.spans[key]),
        distance=None,
        bank=None,
        entry_id=None,
        entry=None,
    )


def _joined(spans: Sequence[Span]) -> list[tuple[str, int, int]]:
    """The places in order, those that overlap as one."""
    joined: list[tuple[str, int, int]] = []
    for span in sorted(spans, key=lambda span: (span.field, span.start, span.end)):
        if joined and joined[-1][0] == span.field and span.start <= joined[-1][2]:
            field, start, end = joined[-1]
            joined[-1] = (field, start, max(end, span.end))
        else:
            joined.append((span.field, span.start, span.end))
    return joined


def _marks(found: Sequence[Found], field: str, reading: ReadingView | None = None) -> list[Mark]:
    marks = [] if reading is None else reading.marks(field)
    return marks + [
        Mark(start=start, end=end, number=item.number, title=item.title)
        for item in found
        for where, start, end in item.spans
        if where == field
    ]
