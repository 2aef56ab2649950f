"""Samples of rules' hits: people judge them blindly.

Comes in: a reviewer, and what they say. Goes out: the next sample, and one entry of the log per
answer with what follows from it. Always holds: nobody judges a sample twice, nor one about
something that they decided a case about, except in solo mode; who cannot say leaves it to somebody
else, and until then it counts as harmless; free text stands in erasable content only. Refused:
samples that somebody else settled in the meantime.
"""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from tocsin.errors import ConflictError, InputError, NotFoundError, PermissionDenied
from tocsin.records import (
    Sample,
    SampleAnswer,
    SampleJudgement,
    SampleState,
    Stratum,
)
from tocsin.review.automation import check_samples, find_bar, list_bars
from tocsin.review.clauses import MeasuredPolicy
from tocsin.store import cases, samples
from tocsin.store.store import Store, Transaction

__all__ = ["judge", "measured_strata", "next_sample", "samples_left"]

MAX_NOTE = 4_000
"""Characters of a note: a page of text."""


def measured_strata(
    connection: sa.Connection, policy: MeasuredPolicy, *, solo: bool
) -> set[Stratum]:
    """The strata whose samples are worth somebody's time: they could earn something."""
    bars = {(bar.rule, bar.rule_version, bar.action) for bar in list_bars(policy, solo=solo)}
    return {
        stratum
        for stratum, _ in samples.tallies(connection)
        if (stratum.rule, stratum.rule_version, stratum.action) in bars
    }


def next_sample(
    store: Store, connection: sa.Connection, policy: MeasuredPolicy, *, reviewer: str
) -> Sample | None:
    """What a reviewer should judge next; None if there is nothing for them."""
    solo = store.settings.solo
    strata = measured_strata(connection, policy, solo=solo)
    return samples.next_for(connection, strata, reviewer, may_know=solo)


def samples_left(
    store: Store, connection: sa.Connection, policy: MeasuredPolicy, *, reviewer: str
) -> int:
    """How many samples a reviewer could judge."""
    solo = store.settings.solo
    strata = measured_strata(connection, policy, solo=solo)
    return samples.n_waiting_for(connection, strata, reviewer, may_know=solo)


def judge(
    store: Store,
    policy: MeasuredPolicy,
    sample_id: str,
    answer: SampleAnswer,
    *,
    reviewer: str,
    note: str = "",
) -> SampleState:
    """Say whether a sampled hit breaks the clause; gives back where that leaves the sample.

    The same answer of the same person again changes nothing: a double click.

    Raises:
        NotFoundError: there is no such sample.
        ConflictError: somebody else settled it, or its rule was demoted.
        PermissionDenied: this reviewer judged it before, or decided a case about it.
        InputError: the note is too long.
    """
    if len(note) > MAX_NOTE:
        raise InputError(f"a note may have at most {MAX_NOTE:,} characters", where="note")
    solo = store.settings.solo
    with store.write() as transaction:
        row = samples.get(transaction.connection, sample_id)
        if row is None:
            raise NotFoundError("there is no such sample", where=sample_id)
        said = samples.judgements_of(transaction.connection, sample_id)
        if (reviewer, answer) in said:
            return row.state
        _check_judgeable(transaction, row, {who for who, _ in said}, reviewer, solo=solo)
        state = _state_after(answer, said, solo=solo)
        judgement = SampleJudgement(sample=sample_id, reviewer=reviewer, answer=answer, state=state)
        samples.record(transaction, judgement, note)
        bar = find_bar(policy, row.sample.stratum, solo=solo)
        check_samples(transaction, row.sample, bar)
    return state


def _check_judgeable(
    transaction: Transaction,
    row: samples.SampleRow,
    judges: Collection[str],
    reviewer: str,
    *,
    solo: bool,
) -> None:
    if row.state not in (SampleState.WAITING, SampleState.UNSURE):
        raise ConflictError(
            f"the sample is `{row.state.value}` already",
            where=row.sample.id,
            hint="go on with the next one",
        )
    if reviewer in judges:
        raise PermissionDenied(
            "you were unsure of this sample: somebody else judges it", where=row.sample.id
        )
    verdicts = cases.verdicts_on(transaction.connection, subject=row.sample.subject)
    if not solo and any(verdict.reviewer == reviewer for verdict in verdicts):
        raise PermissionDenied(
            "you decided a case about this: somebody else judges the sample", where=row.sample.id
        )


def _state_after(
    answer: SampleAnswer, said: Collection[tuple[str, SampleAnswer]], *, solo: bool
) -> SampleState:
    """Two people who cannot say, or one where there is no other, count as harmless."""
    if answer is not SampleAnswer.UNSURE:
        return SampleState(answer.value)
    return SampleState.HARMLESS if said or solo else SampleState.UNSURE
