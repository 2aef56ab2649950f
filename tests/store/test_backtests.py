"""Back-tests in the store, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.support.cases import new_store
from tocsin.records import (
    Backtest,
    BacktestFigures,
    BacktestState,
    Change,
    ChangeKind,
    Mark,
    RuleFigures,
    Subject,
    Treatment,
    VerdictKind,
)
from tocsin.store import Store, backtests
from tocsin.store.backtests import ChangeFilter
from tocsin.testing import T0

REVIEW = Treatment(priority=500, outcome="review", clause="terror.support")


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with new_store(database_url) as opened:
        yield opened


def backtest(name: str, minutes: int = 0) -> Backtest:
    return Backtest(
        id=name,
        state=BacktestState.RUNNING,
        version=f"v-{name}",
        base_version="v0",
        by="mara",
        at=T0 + timedelta(minutes=minutes),
        since=T0 - timedelta(days=1),
        until=None,
        events=10,
        events_done=0,
    )


def change(number: int, kind: ChangeKind, **parts: object) -> Change:
    given = {
        "subject": Subject(kind="post", id=f"p{number}"),
        "actor": f"a{number % 2}",
        "rules": ("slogan",),
        "rules_before": (),
        "rules_after": ("slogan",),
        "before": None if kind is ChangeKind.NEW else REVIEW,
        "after": None if kind is ChangeKind.LOST else REVIEW,
        **parts,
    }
    return Change(
        number=number,
        kind=kind,
        event=f"e{number}",
        position=3,
        ordinal=number,
        at=T0,
        language="en",
        **given,  # type: ignore[arg-type]  # the test names real parts
    )


CHANGES = [
    change(1, ChangeKind.NEW, verdict=VerdictKind.HARMLESS),
    change(2, ChangeKind.LOST, verdict=VerdictKind.VIOLATION, rules=("slogan", "slogan-2")),
    change(3, ChangeKind.NEW, rules=("slogan-2",)),
    change(4, ChangeKind.OTHER),
]


def filled(store: Store) -> None:
    with store.write() as transaction:
        backtests.add(transaction.connection, backtest("one"), {"policy.yaml": "name: x\n"})
        backtests.add(transaction.connection, backtest("two", 5), {"policy.yaml": "name: y\n"})
        backtests.add_changes(transaction.connection, "one", CHANGES)


def test_what_is_written_is_read_again(store: Store) -> None:
    filled(store)
    figures = BacktestFigures(events=10, rules=(RuleFigures(rule="slogan", hits_after=3),))
    with store.write() as transaction:
        backtests.note_progress(transaction.connection, "two", done=4, now=T0)
        backtests.finish(
            transaction.connection,
            "one",
            BacktestState.DONE,
            now=T0 + timedelta(seconds=90),
            figures=figures,
            stored=4,
        )
    with store.read() as connection:
        newest, oldest = backtests.list_backtests(connection, T0)
        assert backtests.list_backtests(connection, T0, limit=1) == [newest]
        before = (int(newest.at.timestamp() * 1e6), newest.id)
        assert backtests.list_backtests(connection, T0, before=before) == [oldest]
        assert backtests.get(connection, "one", T0) == oldest
        assert backtests.files_of(connection, "one") == {"policy.yaml": "name: x\n"}
        assert backtests.with_version(connection, "v-two") == "two"
        assert backtests.list_changes(connection, "one", ChangeFilter()) == CHANGES
        assert backtests.get_change(connection, "one", 2) == CHANGES[1]
        assert backtests.touching_rule(connection, "slogan", T0) == [oldest]
        assert backtests.touching_rule(connection, "slog", T0) == []
    assert (newest.events_done, oldest.seconds, oldest.figures) == (4, 90.0, figures)


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        (ChangeFilter(), [1, 2, 3, 4]),
        (ChangeFilter(kind=ChangeKind.NEW), [1, 3]),
        (ChangeFilter(rule="slogan"), [1, 2, 4]),
        (ChangeFilter(rule="slogan-2"), [2, 3]),
        (ChangeFilter(account="a0"), [2, 4]),
        (ChangeFilter(verdict="harmless"), [1]),
        (ChangeFilter(verdict="none"), [3, 4]),
        (ChangeFilter(mark="none"), [1, 2, 4]),
        (ChangeFilter(mark="wrong"), [3]),
    ],
)
def test_filters_choose(store: Store, where: ChangeFilter, numbers: list[int]) -> None:
    filled(store)
    with store.write() as transaction:
        connection = transaction.connection
        assert backtests.mark(connection, "one", 3, Mark.WRONG, by="noor", now=T0)
        assert not backtests.mark(connection, "one", 9, Mark.WRONG, by="noor", now=T0)
    with store.read() as connection:
        found = backtests.list_changes(connection, "one", where)
        assert [one.number for one in found] == numbers
        assert backtests.count_changes(connection, "one", where) == len(numbers)
        last = numbers[-1]
        before = backtests.number_before(connection, "one", where, last)
        assert before == (numbers[-2] if len(numbers) > 1 else None)
        assert backtests.count_marks(connection, "one") == {(ChangeKind.NEW, Mark.WRONG): 1}


def test_what_was_not_finished_can_be_forgotten(store: Store) -> None:
    filled(store)
    with store.write() as transaction:
        backtests.remove_changes(transaction.connection, "one")
        backtests.finish(
            transaction.connection, "one", BacktestState.FAILED, now=T0, problem="a file is missing"
        )
    with store.read() as connection:
        assert backtests.count_changes(connection, "one", ChangeFilter()) == 0
        found = backtests.get(connection, "one", T0)
    assert found is not None
    assert (found.state, found.problem) == (BacktestState.FAILED, "a file is missing")
