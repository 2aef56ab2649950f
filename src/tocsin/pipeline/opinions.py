"""An outside judge's opinions on open cases: what it is asked, and what is written down.

Comes in: a judge, open cases. Goes out: opinions in the log, one entry each. Always holds: a case
is asked about by the decision that it has its place from, once for each judge and wording of the
clause; the answer moves the case in the queue (`records.opinions`) and is shown, and nothing that
decides, acts or learns reads it; an answer that came too late (the case was decided, or stands on
another decision) is written down and moves nothing; an abstention is written down with its reason.
Refused: a clause that the policy in force does not have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, TypeVar

import sqlalchemy as sa

from tocsin.nlp import PostText
from tocsin.nlp.adapters.protocols import ClauseText, Opinion, PolicyJudge
from tocsin.nlp.adapters.settings import OutsideModel
from tocsin.nlp.posts import text_of_event
from tocsin.pipeline.judging import clause_in_force, clause_text, judged_text
from tocsin.pipeline.packs import in_force
from tocsin.records import CaseOpinion, Subject, event_from_row, moves_of, restore_event
from tocsin.store import Store, Transaction, cases, decisions, opinions
from tocsin.store.cases import CaseFilter
from tocsin.store.opinions import Ground
from tocsin.store.query import post_versions

__all__ = ["Given", "Question", "Questions", "open_questions", "opinions_on"]

T = TypeVar("T")

_CASES_PER_STATEMENT: Final = 500
_ALL_CASES: Final = 1_000_000
_LONGEST_RATIONALE: Final = 4_000
"""A reviewer reads no more; a model that writes without end fills no database."""


@dataclass(frozen=True, slots=True)
class Question:
    """One open case, the words of its clause, and the post that led to it."""

    ground: Ground
    clause: ClauseText
    post: PostText


@dataclass(slots=True)
class Questions:
    """What a judge is to be asked, in the order of the queue, and what it cannot be asked."""

    asked: list[Question] = field(default_factory=list)
    n_known: int = 0
    n_without_text: int = 0
    n_without_clause: int = 0


@dataclass(frozen=True, slots=True)
class Given:
    """An opinion as it was written down, and where the case stands now."""

    opinion: CaseOpinion
    priority: int
    moved: int


def open_questions(
    store: Store,
    judge: OutsideModel,
    *,
    limit: int,
    clause: str | None = None,
    again: bool = False,
) -> Questions:
    """The first `limit` open cases that this judge has not been asked about.

    `again` asks once more where it had no opinion.

    Raises:
        NotFoundError: the policy in force does not have this clause.
    """
    questions = Questions()
    with store.read() as connection:
        if clause is not None:
            clause_in_force(connection, clause)
        words = {one.id: clause_text(one) for one in in_force(connection).clauses.values()}
        waiting = cases.list_ids(connection, CaseFilter(clause=clause), limit=_ALL_CASES)
        for some in _parts(waiting, _CASES_PER_STATEMENT):
            found = opinions.grounds(connection, some)
            known = opinions.asked(
                connection, some, model=judge.model, style=judge.style, only_answered=again
            )
            for ground in (found[one] for one in some if one in found):
                if len(questions.asked) == limit:
                    return questions
                _consider(store, connection, questions, ground, words.get(ground.clause), known)
    return questions


def _consider(
    store: Store,
    connection: sa.Connection,
    questions: Questions,
    ground: Ground,
    clause: ClauseText | None,
    known: set[tuple[str, str, str]],
) -> None:
    """Add what is to be asked about one case, or count why nothing is."""
    if clause is None:
        questions.n_without_clause += 1
    elif (ground.case, ground.decision, clause.hash) in known:
        questions.n_known += 1
    elif (post := _post_of(store, connection, ground)) is None:
        questions.n_without_text += 1
    else:
        questions.asked.append(Question(ground, clause, post))


def _post_of(store: Store, connection: sa.Connection, ground: Ground) -> PostText | None:
    """The post that led to the case; where a report did, the post that it is about."""
    line = decisions.event_json(connection, ground.decision)
    if line is None:
        return None
    post = text_of_event(restore_event(line))
    if post is None:
        subject = _subject_of(connection, ground.case)
        rows = post_versions(store, subject.id, limit=1) if subject.kind == "post" else []
        post = text_of_event(event_from_row(rows[0])) if rows else None
    return post if post is not None and judged_text(post).strip() else None


def _subject_of(connection: sa.Connection, case_id: str) -> Subject:
    case = cases.get(connection, case_id)
    assert case is not None  # noqa: S101  # it was read in this transaction
    return case.subject


def opinions_on(
    store: Store,
    judge: PolicyJudge,
    settings: OutsideModel,
    questions: Sequence[Question],
    *,
    by: str,
) -> Iterator[Given]:
    """Ask, some at once, and write each answer down before the next are asked."""

    def answer(question: Question) -> Opinion:
        post = question.post
        return judge.judge(question.clause, judged_text(post), language=post.language)

    with ThreadPoolExecutor(settings.max_concurrent) as pool:
        for some in _parts(questions, settings.max_concurrent):
            for question, opinion in zip(some, pool.map(answer, some), strict=True):
                yield _written(store, settings, question, opinion, by)


def _written(
    store: Store, settings: OutsideModel, question: Question, opinion: Opinion, by: str
) -> Given:
    with store.write() as transaction:
        said = _said(transaction, settings, question, opinion, by)
        words = (opinion.rationale[:_LONGEST_RATIONALE], opinion.draft_rationale)
        opinions.record(transaction, said, words=words)
        case = cases.get(transaction.connection, said.case)
    assert case is not None  # noqa: S101  # cases do not go away
    return Given(said, case.priority, case.moved)


def _said(
    transaction: Transaction,
    settings: OutsideModel,
    question: Question,
    opinion: Opinion,
    by: str,
) -> CaseOpinion:
    ground = question.ground
    now = opinions.grounds(transaction.connection, [ground.case]).get(ground.case)
    return CaseOpinion(
        case=ground.case,
        decision=ground.decision,
        event=question.post.id,
        clause=question.clause.id,
        words=question.clause.hash,
        model=opinion.model,
        version=opinion.version,
        style=settings.style,
        label=opinion.label,
        score=opinion.score,
        queue_priority=opinion.queue_priority,
        moves=moves_of(opinion.queue_priority),
        reason=opinion.reason,
        is_current=now == ground,
        by=by,
    )


def _parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
