"""Samples of rules' hits in the store.

Comes in: strata, reviewers. Goes out: the sample that a reviewer should judge next, counts, and
outcomes in the order in which they were settled. Always holds: nobody gets a sample twice, nor one
about something that they decided a case about, unless the caller says that there is nobody else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from tocsin.records import (
    ActionKind,
    EntryKind,
    LogEntry,
    Sample,
    SampleAnswer,
    SampleJudgement,
    SampleState,
    Stratum,
    Subject,
)
from tocsin.store import decisions, log, schema
from tocsin.store.archive import event_line
from tocsin.store.standings import of_stratum
from tocsin.store.store import Store, Transaction

__all__ = [
    "SampleRow",
    "SettledSample",
    "Tally",
    "event_json",
    "first_decision",
    "get",
    "judgements_of",
    "n_waiting_for",
    "next_for",
    "note_of",
    "outcomes",
    "record",
    "reviewers",
    "settled",
    "tallies",
    "tally",
]

table = schema.samples
_UNSETTLED = (SampleState.WAITING.value, SampleState.UNSURE.value)
_STRATUM = (table.c.rule, table.c.rule_version, table.c.language, table.c.action)


class SampleRow(msgspec.Struct, frozen=True, kw_only=True):
    """A sample and where it stands."""

    sample: Sample
    state: SampleState
    position: int


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How many samples of one stratum and epoch stand where."""

    n_waiting: int = 0
    n_unsure: int = 0
    n_violations: int = 0
    n_harmless: int = 0

    @property
    def n_sampled(self) -> int:
        """All that were drawn."""
        return self.n_waiting + self.n_judged

    @property
    def n_judged(self) -> int:
        """Those that somebody looked at: who could not say counts as not a violation."""
        return self.n_unsure + self.n_settled

    @property
    def n_settled(self) -> int:
        """Those that will not change any more."""
        return self.n_violations + self.n_harmless


def record(transaction: Transaction, judgement: SampleJudgement, note: str) -> LogEntry:
    """Write one person's answer to the log; the note stands in erasable content."""
    content = {"note": [msgspec.json.encode(note)]} if note.strip() else None
    return transaction.record(EntryKind.SAMPLE, msgspec.to_builtins(judgement), content)


def get(connection: sa.Connection, sample_id: str) -> SampleRow | None:
    """One sample by id."""
    row = connection.execute(sa.select(table).where(table.c.id == sample_id)).one_or_none()
    return None if row is None else _row(row)


def judgements_of(connection: sa.Connection, sample_id: str) -> list[tuple[str, SampleAnswer]]:
    """Who said what of a sample, in order."""
    judged = schema.sample_judgements
    statement = sa.select(judged.c.reviewer, judged.c.answer).where(judged.c.sample_id == sample_id)
    rows = connection.execute(statement.order_by(judged.c.position))
    return [(row.reviewer, SampleAnswer(row.answer)) for row in rows]


def note_of(connection: sa.Connection, position: int) -> str | None:
    """What somebody wrote beside an answer; None if nothing, or erased."""
    items = log.content_of(connection, position, "note")
    return msgspec.json.decode(items[0], type=str) if items and items[0] else None


def event_json(store: Store, connection: sa.Connection, sample: Sample) -> bytes | None:
    """The event that a sample is about, as canonical JSON; None if erased."""
    if sample.decision is not None:
        line = decisions.event_json(connection, sample.decision)
        if line is not None:
            return line
    return event_line(store, sample.event)


def tally(connection: sa.Connection, stratum: Stratum, epoch: int) -> Tally:
    """How many samples of one stratum and epoch stand where."""
    statement = (
        sa.select(table.c.state, sa.func.count())
        .where(of_stratum(table, stratum), table.c.epoch == epoch)
        .group_by(table.c.state)
    )
    return _tally({row[0]: row[1] for row in connection.execute(statement)})


def tallies(connection: sa.Connection) -> dict[tuple[Stratum, int], Tally]:
    """The tally of every stratum and epoch that has samples."""
    columns = (*_STRATUM, table.c.epoch)
    statement = sa.select(*columns, table.c.state, sa.func.count()).group_by(
        *columns, table.c.state
    )
    counts: dict[tuple[Stratum, int], dict[str, int]] = {}
    for row in connection.execute(statement):
        counts.setdefault((_stratum(row), row.epoch), {})[row.state] = row[6]
    return {key: _tally(by_state) for key, by_state in counts.items()}


def outcomes(
    connection: sa.Connection, stratum: Stratum, epoch: int, *, after: int = 0
) -> list[bool]:
    """Whether each settled sample was a violation, in the order in which they were settled."""
    settled = (SampleState.VIOLATION.value, SampleState.HARMLESS.value)
    statement = sa.select(table.c.state).where(
        of_stratum(table, stratum),
        table.c.epoch == epoch,
        table.c.state.in_(settled),
        table.c.settled_position > after,
    )
    states = connection.execute(statement.order_by(table.c.settled_position)).scalars()
    return [state == SampleState.VIOLATION.value for state in states]


class SettledSample(NamedTuple):
    """What people agreed on about a sample, and where in the log."""

    position: int
    sample: Sample
    is_violation: bool


def settled(connection: sa.Connection) -> Iterator[SettledSample]:
    """Samples that somebody was sure of, in the order of the log.

    One that counts as harmless because two people could not say is not among them.
    """
    judged = schema.sample_judgements
    statement = (
        sa.select(table, judged.c.answer)
        .join(judged, judged.c.position == table.c.settled_position)
        .where(judged.c.answer != SampleAnswer.UNSURE.value)
        .order_by(table.c.settled_position)
    )
    for row in connection.execute(statement):
        is_violation = row.answer == SampleAnswer.VIOLATION.value
        yield SettledSample(row.settled_position, _row(row).sample, is_violation)


def reviewers(connection: sa.Connection, stratum: Stratum, epoch: int) -> set[str]:
    """Who judged the samples of one stratum and epoch."""
    judged = schema.sample_judgements
    statement = (
        sa.select(judged.c.reviewer)
        .join(table, table.c.id == judged.c.sample_id)
        .where(of_stratum(table, stratum), table.c.epoch == epoch)
        .distinct()
    )
    return set(connection.execute(statement).scalars())


def first_decision(connection: sa.Connection, stratum: Stratum) -> str | None:
    """The decision of a stratum's oldest sample; None where it was in shadow then."""
    statement = sa.select(table.c.decision_id).where(of_stratum(table, stratum))
    order = (table.c.position, table.c.ordinal)
    found: str | None = connection.execute(statement.order_by(*order).limit(1)).scalar_one_or_none()
    return found


def next_for(
    connection: sa.Connection,
    strata: Collection[Stratum],
    reviewer: str,
    *,
    may_know: bool = False,
) -> Sample | None:
    """The sample that a reviewer should judge next; None if there is none for them.

    The stratum comes first of which nothing was judged for longest, and in it what somebody was
    unsure of, then the newest hit: what is measured is how the rule does now. `may_know` lets a
    reviewer have what they decided a case about.
    """
    available = {
        stratum
        for stratum, _ in _available(connection, reviewer, may_know=may_know)
        if stratum in strata
    }
    if not available:
        return None
    judged_last = _judged_last(connection)
    wanted = min(available, key=lambda stratum: (judged_last.get(stratum, 0), stratum))
    statement = (
        sa.select(table)
        .where(
            of_stratum(table, wanted),
            _is_open_to(reviewer, may_know=may_know),
        )
        .order_by(table.c.state, table.c.position.desc(), table.c.ordinal.desc())
        .limit(1)
    )
    row = connection.execute(statement).one_or_none()
    return None if row is None else _row(row).sample


def n_waiting_for(
    connection: sa.Connection,
    strata: Collection[Stratum],
    reviewer: str,
    *,
    may_know: bool = False,
) -> int:
    """How many samples of these strata a reviewer could judge."""
    found = _available(connection, reviewer, may_know=may_know)
    return sum(n for stratum, n in found if stratum in strata)


def _available(
    connection: sa.Connection, reviewer: str, *, may_know: bool
) -> Iterator[tuple[Stratum, int]]:
    statement = (
        sa.select(*_STRATUM, sa.func.count())
        .where(_is_open_to(reviewer, may_know=may_know))
        .group_by(*_STRATUM)
    )
    for row in connection.execute(statement).all():
        yield _stratum(row), row[4]


def _is_open_to(reviewer: str, *, may_know: bool) -> sa.ColumnElement[bool]:
    judged, verdicts = schema.sample_judgements, schema.verdicts
    has_judged = sa.exists().where(judged.c.sample_id == table.c.id, judged.c.reviewer == reviewer)
    parts: list[sa.ColumnElement[bool]] = [table.c.state.in_(_UNSETTLED), ~has_judged]
    if not may_know:
        has_decided = sa.exists().where(
            verdicts.c.subject_kind == table.c.subject_kind,
            verdicts.c.subject_id == table.c.subject_id,
            verdicts.c.reviewer == reviewer,
        )
        parts.append(~has_decided)
    return sa.and_(*parts)


def _judged_last(connection: sa.Connection) -> dict[Stratum, int]:
    judged = schema.sample_judgements
    statement = (
        sa.select(*_STRATUM, sa.func.max(judged.c.position))
        .join(judged, judged.c.sample_id == table.c.id)
        .group_by(*_STRATUM)
    )
    return {_stratum(row): row[4] for row in connection.execute(statement)}


def _tally(counts: dict[str, int]) -> Tally:
    return Tally(
        n_waiting=counts.get(SampleState.WAITING.value, 0),
        n_unsure=counts.get(SampleState.UNSURE.value, 0),
        n_violations=counts.get(SampleState.VIOLATION.value, 0),
        n_harmless=counts.get(SampleState.HARMLESS.value, 0),
    )


def _stratum(row: Any) -> Stratum:
    return Stratum(
        rule=row.rule,
        rule_version=row.rule_version,
        language=row.language,
        action=ActionKind(row.action),
    )


def _row(row: Any) -> SampleRow:
    sample = Sample(
        id=row.id,
        stratum=_stratum(row),
        clause=row.clause,
        subject=Subject(kind=row.subject_kind, id=row.subject_id),
        event=row.event_id,
        decision=row.decision_id,
        epoch=row.epoch,
    )
    return SampleRow(sample=sample, state=SampleState(row.state), position=row.position)
