"""What people decided about posts, by the harm that it was about: what models can learn from.

Comes in: a store, and the policy in force, whose clauses name their harm. Goes out: for each post
that somebody judged the event that they saw and, by harm, whether it is there; how many verdicts
say nothing, and why. Always holds: what was taken back does not count, and of two answers about
one harm of one text the later one does; a harm that nobody was asked about stays unknown; what a
person said of an account is kept apart from what they said of its posts; erased posts are gone.
Refused: a policy of which no clause names a harm.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from tocsin.errors import InputError
from tocsin.nlp import Harm
from tocsin.nlp.posts import text_of_event
from tocsin.policy import CompiledPolicy
from tocsin.records import (
    Event,
    Outcome,
    PostDeleted,
    ProtectedPurpose,
    Sample,
    Verdict,
    VerdictKind,
    account_key,
    event_from_row,
    post_of,
    restore_event,
)
from tocsin.store import Store, cases, decisions, samples
from tocsin.store.query import all_versions

__all__ = ["JudgedEvent", "JudgedEvents", "judged_events"]

_POST = "post"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedEvent:
    """One post as people saw it, and what they said of it.

    `purpose` is the protected purpose that they found; `account_supports` what people decided
    about its account as a whole, None where nobody did.
    """

    event: Event
    harms: Mapping[Harm, bool]
    purpose: ProtectedPurpose = "none"
    account_supports: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedEvents:
    """All judged posts, and the answers that teach nothing: by reason, how many."""

    posts: tuple[JudgedEvent, ...]
    n_erased: int
    n_without_harm: int


@dataclass(slots=True, kw_only=True)
class _Answer:
    """What one verdict or sample says; `position` is where in the log it was said."""

    position: int
    post: str
    harms: dict[Harm, bool]
    purpose: ProtectedPurpose = "none"
    event: Event | None = None
    is_erased: bool = False


@dataclass(slots=True)
class _Told:
    """What was found while reading."""

    answers: list[_Answer] = field(default_factory=list)
    accounts: dict[str, bool] = field(default_factory=dict)
    n_without_harm: int = 0


def judged_events(store: Store, policy: CompiledPolicy) -> JudgedEvents:
    """Everything that verdicts and samples say of posts whose text is still there.

    Raises:
        InputError: no clause of the policy names a harm.
    """
    harms = {clause.id: clause.harm for clause in policy.clauses.values() if clause.harm}
    if not harms:
        raise InputError(
            "no clause of the policy in force says which harm it is about",
            hint="add `harm: support`, `harm: incitement` or `harm: threat` to clauses",
        )
    told = _Told()
    with store.read() as connection:
        _read_verdicts(connection, harms, told)
        _read_samples(store, connection, harms, told)
    _find_reported(store, told.answers)
    answers = sorted(told.answers, key=lambda answer: answer.position)
    return JudgedEvents(
        posts=tuple(_joined(answers, told.accounts)),
        n_erased=sum(answer.event is None for answer in answers),
        n_without_harm=told.n_without_harm,
    )


# --- verdicts -----------------------------------------------------------------------------------


def _read_verdicts(connection: sa.Connection, harms: Mapping[str, Harm], told: _Told) -> None:
    for position, verdict, clause in cases.standing(connection):
        said = _said(connection, verdict, clause, harms)
        if not said:
            told.n_without_harm += 1
        elif verdict.subject.kind == "account" and Harm.SUPPORT in said:
            told.accounts[verdict.subject.id] = said[Harm.SUPPORT]
        elif verdict.subject.kind == _POST:
            answer = _Answer(
                position=position,
                post=verdict.subject.id,
                harms=said,
                purpose=verdict.protected_purpose,
            )
            lines = (decisions.event_json(connection, one) for one in reversed(verdict.decisions))
            _show(answer, lines)
            told.answers.append(answer)
        else:
            told.n_without_harm += 1


def _said(
    connection: sa.Connection, verdict: Verdict, clause: str, harms: Mapping[str, Harm]
) -> dict[Harm, bool]:
    """A violation is of its clause; what breaks no clause is none of those that rules named."""
    if verdict.kind is VerdictKind.VIOLATION:
        return _of_harm(harms.get(verdict.clause or clause), is_there=True)
    said: dict[Harm, bool] = {}
    for named in dict.fromkeys([clause, *_named(connection, verdict)]):
        said |= _of_harm(harms.get(named), is_there=False)
    return said


def _of_harm(harm: Harm | None, *, is_there: bool) -> dict[Harm, bool]:
    """A call to others is a kind of threat too; a post that calls nobody may still threaten."""
    if harm is None:
        return {}
    if harm is Harm.INCITEMENT and is_there:
        return {harm: True, Harm.THREAT: True}
    return {harm: is_there}


def _named(connection: sa.Connection, verdict: Verdict) -> Iterator[str]:
    """The clauses of all rules that hit."""
    for one in verdict.decisions:
        decision = decisions.get(connection, one)
        reasons = () if decision is None else decision.reasons
        yield from (reason.clause for reason in reasons if reason.outcome is not Outcome.ALLOW)


# --- samples ------------------------------------------------------------------------------------


def _read_samples(
    store: Store, connection: sa.Connection, harms: Mapping[str, Harm], told: _Told
) -> None:
    for position, sample, is_violation in samples.settled(connection):
        said = _of_harm(harms.get(sample.clause), is_there=is_violation)
        if not said or sample.subject.kind != _POST:
            told.n_without_harm += 1
            continue
        answer = _Answer(position=position, post=sample.subject.id, harms=said)
        _show(answer, [_line_of(store, connection, sample)])
        told.answers.append(answer)


def _line_of(store: Store, connection: sa.Connection, sample: Sample) -> bytes | None:
    return samples.event_json(store, connection, sample)


# --- what they saw ------------------------------------------------------------------------------


def _show(answer: _Answer, lines: Iterable[bytes | None]) -> None:
    """Keep the first of these events that shows the post."""
    for line in lines:
        if line is None:
            answer.is_erased = True
            continue
        event = restore_event(line)
        if _shows(event, answer.post):
            answer.event = event
            return


def _shows(event: Event, post_id: str) -> bool:
    post = post_of(event)
    return post is not None and post.id == post_id and not isinstance(event, PostDeleted)


def _find_reported(store: Store, answers: Iterable[_Answer]) -> None:
    """A report shows nothing of its post: ask the archive what stood there when it was judged."""
    missing = [answer for answer in answers if answer.event is None and not answer.is_erased]
    versions: dict[str, list[tuple[int, Event]]] = {}
    for row in all_versions(store, {answer.post for answer in missing}):
        event = event_from_row(row)
        post = post_of(event)
        if post is not None:
            versions.setdefault(post.id, []).append((int(str(row["position"])), event))
    for answer in missing:
        seen = [
            event for position, event in versions.get(answer.post, ()) if position < answer.position
        ]
        answer.event = seen[-1] if seen else None


def _joined(answers: Iterable[_Answer], accounts: Mapping[str, bool]) -> Iterator[JudgedEvent]:
    """One record per text of a post; `answers` in the order of the log."""
    by_text: dict[tuple[str, str], list[_Answer]] = {}
    for answer in answers:
        seen = None if answer.event is None else text_of_event(answer.event)
        if seen is not None:
            by_text.setdefault((answer.post, seen.text), []).append(answer)
    for found in by_text.values():
        last = found[-1]
        assert last.event is not None  # noqa: S101  # others were left out above
        harms: dict[Harm, bool] = {}
        for answer in found:
            harms |= answer.harms
        purposes = [answer.purpose for answer in found if answer.purpose != "none"]
        actor = account_key(last.event.actor)
        yield JudgedEvent(
            event=last.event,
            harms=harms,
            purpose=purposes[-1] if purposes else "none",
            account_supports=None if actor is None else accounts.get(actor),
        )
