"""A back-test from beginning to end: a pack, a range, and what is stored of the difference.

Comes in: the source of a pack that is not in force, a range of event times. Goes out: a record of
the back-test, and its differences in the store. Always holds: no decision, case or action changes;
what is not finished leaves nothing but its record with the state `stopped` or `failed`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from tocsin.clock import random_token
from tocsin.errors import CheckFailedError, InputError, TocsinError
from tocsin.pipeline.backtest.figures import changes_of, figures_of, kept_of
from tocsin.pipeline.backtest.pair import PairSource, Side, window_specs
from tocsin.pipeline.backtest.plan import Plan, make_plan
from tocsin.pipeline.backtest.workers import judge_all
from tocsin.pipeline.packs import banks_under, check, load_policy
from tocsin.policy import PackSource
from tocsin.records import Backtest, BacktestState
from tocsin.store import Store, backtests, banks, rulestates
from tocsin.store.stretches import list_stretches, span_of

__all__ = ["BacktestRun", "Progress"]

MAX_KEPT = 100_000
"""Differences that are kept one by one; figures count all."""

_ROWS_PER_WRITE = 2_000
_WRITE_EVERY = timedelta(seconds=2)
_CHUNKS_PER_WORKER = 4

Progress = Callable[[int, int], None]
"""Hears how many events are done, and of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestRun:
    """One back-test, begun: its record stands in the store."""

    store: Store
    record: Backtest
    source: PairSource
    plan: Plan
    workers: int
    samples: int
    is_apart: bool
    reads_labels: bool

    @classmethod
    def begin(  # noqa: PLR0913  # each part of the request by its name
        cls,
        store: Store,
        source: PackSource,
        *,
        by: str,
        since: datetime | None = None,
        until: datetime | None = None,
        workers: int = 1,
        samples: int = 20,
        is_apart: bool = False,
        is_tried: bool = True,
    ) -> BacktestRun:
        """Check the pack and the range, and note that the back-test runs.

        With `is_apart` it judges in other processes only. With `is_tried`, rules of the pack in
        draft or shadow judge as if they were active: to try them is what a back-test is for.

        Raises:
            CheckFailedError: the pack does not pass its check.
            InputError: the range is empty, or the log holds no event.
        """
        if since is not None and until is not None and until <= since:
            raise InputError("the range ends before it begins", where="until")
        now = store.clock.now()
        with store.read() as connection:
            pair = _sources(store, connection, source, is_tried=is_tried)
            base, tried = pair.before.policy(), pair.after.policy()
            windows = window_specs(base, tried)
            lateness_us = store.settings.window_lateness_s * 1_000_000
            plan = make_plan(
                store,
                connection,
                since=since,
                until=until,
                reach_us=max((spec.over_us for spec in windows), default=0) + lateness_us
                if windows
                else None,
                n_chunks=workers if windows else workers * _CHUNKS_PER_WORKER,
            )
        if not plan.chunks:
            raise _nothing(store)
        record = Backtest(
            id=f"bt_{random_token(8)}",
            state=BacktestState.RUNNING,
            version=source.version,
            base_version=base.version,
            by=by,
            at=now,
            since=since,
            until=until,
            events=plan.rows,
            events_done=0,
        )
        with store.write() as transaction:
            backtests.add(transaction.connection, record, source.files)
        return cls(
            store=store,
            record=record,
            source=pair,
            plan=plan,
            workers=workers,
            samples=samples,
            is_apart=is_apart,
            reads_labels=bool(base.label_reads or tried.label_reads),
        )

    def run(self, on_progress: Progress = lambda _done, _total: None) -> Backtest:
        """Judge everything and store the difference.

        Raises:
            TocsinError: something failed; the record says so too.
        """
        try:
            return self._run(_Watch(self.store, self.record, on_progress))
        except TocsinError as error:
            self._end(BacktestState.FAILED, error.message)
            raise
        except Exception as error:
            self._end(BacktestState.FAILED, type(error).__name__)
            raise
        except BaseException:  # stopped from outside
            self._end(BacktestState.STOPPED, None)
            raise

    def note_alive(self) -> None:
        """Say that it is not forgotten: it waits for its turn."""
        with self.store.write() as transaction:
            now = self.store.clock.now()
            backtests.note_progress(transaction.connection, self.record.id, done=0, now=now)

    def _run(self, watch: _Watch) -> Backtest:
        store, record = self.store, self.record
        tally = judge_all(
            store,
            self.source,
            self.plan,
            workers=self.workers,
            is_apart=self.is_apart,
            on_rows=watch.add,
        )
        if not tally.events:
            raise _nothing(store)
        with store.read() as connection:
            verdicts = backtests.standing_verdicts(connection)
        changes = changes_of(tally, verdicts, record.version)
        kept = kept_of(changes, limit=MAX_KEPT, samples=self.samples)
        for start in range(0, len(kept), _ROWS_PER_WRITE):
            with store.write() as transaction:  # short ones: events go on coming in
                some = kept[start : start + _ROWS_PER_WRITE]
                backtests.add_changes(transaction.connection, record.id, some)
            watch.add(0)
        with store.write() as transaction:
            backtests.finish(
                transaction.connection,
                record.id,
                BacktestState.DONE,
                now=store.clock.now(),
                figures=figures_of(tally, changes, reads_labels=self.reads_labels),
                stored=len(kept),
            )
        with store.read() as connection:
            done = backtests.get(connection, record.id, store.clock.now())
        if done is None:
            raise TocsinError("the back-test is gone from the store", where=record.id)
        return done

    def _end(self, state: BacktestState, problem: str | None) -> None:
        with self.store.write() as transaction:
            connection = transaction.connection
            backtests.remove_changes(connection, self.record.id)
            now = self.store.clock.now()
            backtests.finish(connection, self.record.id, state, now=now, problem=problem)


class _Watch:
    """Tells the caller, and now and then the store, how far it is."""

    def __init__(self, store: Store, record: Backtest, on_progress: Progress) -> None:
        self._store = store
        self._record = record
        self._on_progress = on_progress
        self._done = 0
        self._written_at = record.at

    def add(self, n_rows: int) -> None:
        """So many more rows were read."""
        self._done += n_rows
        self._on_progress(self._done, self._record.events)
        now = self._store.clock.now()
        if now - self._written_at >= _WRITE_EVERY:
            self._written_at = now
            with self._store.write() as transaction:
                backtests.note_progress(
                    transaction.connection, self._record.id, done=self._done, now=now
                )


def _sources(
    store: Store, connection: sa.Connection, source: PackSource, *, is_tried: bool
) -> PairSource:
    """What processes need to judge with the pack in force and with the one that is tried."""
    stored = banks.list_entries(connection)
    report = check(source, stored)
    if report.policy is None:
        raise CheckFailedError(
            f"the pack has {len(report.problems)} mistakes and is not tried",
            hint="tocsin policy check shows them all",
        )
    states = rulestates.states(connection)
    entries = banks_under(connection, report.policy.entries, store.clock)
    return PairSource(
        before=Side(
            files=dict(load_policy(connection).source.files), entries=stored, states=states
        ),
        after=Side(files=dict(source.files), entries=entries, states=states, is_tried=is_tried),
        lateness_s=store.settings.window_lateness_s,
        text_model=store.settings.text_model_dir,
    )


def _nothing(store: Store) -> InputError:
    """No event of the range: says of when there are any."""
    with store.read() as connection:
        span = span_of(store, connection, list_stretches(connection))
    if span is None:
        return InputError("the log holds no event", hint="`tocsin run` judges some first")
    first, last = (f"{moment:%Y-%m-%d %H:%M} UTC" for moment in span)
    return InputError(
        "no event of the log lies in that range",
        where="since, until",
        hint=f"its events are from {first} to {last}",
    )
