"""Back-tests: what two packs say of the same events is what each said, or would have said, live."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from tests.support import runs
from tests.support.runs import judge, made_lines, open_store
from tocsin.errors import CheckFailedError, InputError
from tocsin.pipeline import activate
from tocsin.pipeline.backtest import BacktestRun
from tocsin.pipeline.backtest.tally import Tally
from tocsin.pipeline.backtest.workers import judge_all
from tocsin.policy import PackSource
from tocsin.records import (
    BacktestState,
    BankEntry,
    BankKind,
    Change,
    ChangeKind,
    EntryState,
    VerdictKind,
    entry_id,
)
from tocsin.store import Store, archive_events, backtests, banks, schema
from tocsin.store.backtests import ChangeFilter
from tocsin.testing import FakeClock

WINDOWS = {
    "busy": "count(event, by=account, over=hours(20)) >= 3",
    "copied": "distinct(account, by=text, over=days(1)) >= 2",
    "wide": "sum(text.length, by=account, over=days(2)) > 150",
    "fresh": "first_seen(event, by=skeleton, over=days(1)) > hours(1)",
}

TREND = {"type": "trend.observed", "hashtag": "harbour"}


def example(minute: int, account: str) -> dict[str, Any]:
    return {
        "event": {
            "type": "post.created",
            "at": f"2026-01-01T{10 + minute // 60}:{minute % 60:02}:00Z",
            "actor": {"id": account, "handle": account},
            "post": {"id": f"p{minute}", "text": "The harbour swimming club meets at noon."},
        }
    }


BUSY = {
    **example(120, "one"),
    "before": [example(5, "two"), *(example(minute, "one") for minute in (10, 30, 50, 70, 90))],
}
"""What every rule of `WINDOWS` hits."""


def pack(*, windows: Mapping[str, str] = WINDOWS, **changed: Any) -> dict[str, str]:
    """The pack of runs with rules that read windows; `changed` replaces files."""
    listed = yaml.safe_load(runs.PACK["rules/rules.yaml"])
    listed += [
        {
            "id": name,
            "clause": "terror.support",
            "when": when,
            "outcome": "review",
            "priority": 100 + number,
            "examples": {"hit": [deepcopy(BUSY)], "miss": [{"event": dict(TREND)}]},
        }
        for number, (name, when) in enumerate(windows.items())
    ]
    return {**runs.PACK, "rules/rules.yaml": yaml.safe_dump(listed), **changed}


def source(**changes: Any) -> PackSource:
    return PackSource.from_files(pack(**changes))


def lines() -> list[bytes]:
    """Posts over two days: some late, some much too late, some without a time of their own."""
    chance = random.Random(20_261_125)  # noqa: S311  # no secret
    made = [json.loads(line) for line in made_lines(900)]
    for event in made:
        at = datetime.fromisoformat(event["at"]) + timedelta(days=14)
        late = chance.choice((0, 0, 0, 300, 86_400))
        event["at"] = (at - timedelta(seconds=late)).isoformat()
        if chance.random() < 0.05:
            del event["at"]
        if chance.random() < 0.3:
            event["post"]["text"] = "Who lost a red umbrella at the tram stop?"
    return [json.dumps(event, ensure_ascii=False).encode() for event in made]


START = datetime(2026, 1, 16, 3, tzinfo=UTC)


def judge_as_they_came(store: Store, clock: FakeClock, *, batch: int, archive: bool) -> None:
    """Judge 150 events each time, soon after they happened; all but the last go to the archive."""
    events = lines()
    for start in range(0, 900, 150):
        clock.advance(timedelta(seconds=150 * 200))
        judge(store, events[start : start + 150], batch=batch)
        if archive and start < 750:
            archive_events(store)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A log in five archived stretches and a rest that waits, judged live by `pack()`."""
    folder = tmp_path_factory.mktemp("judged")
    clock = FakeClock(START)
    store = open_store(f"sqlite:///{folder / 'tocsin.db'}", folder, clock=clock)
    activate(store, source(), by="test", reason="the pack in force")
    judge_as_they_came(store, clock, batch=40, archive=True)
    yield store
    store.close()


def tally_of(store: Store, tried: PackSource, *, workers: int = 1, **range_: Any) -> Tally:
    run = BacktestRun.begin(store, tried, by="test", workers=workers, **range_)
    found = judge_all(store, run.source, run.plan, workers=workers, on_rows=lambda _n: None)
    with store.write() as transaction:
        now = store.clock.now()
        backtests.finish(transaction.connection, run.record.id, BacktestState.STOPPED, now=now)
    return found


def stored_hits(
    store: Store, since: datetime | None = None, until: datetime | None = None
) -> dict[tuple[str, str], set[str]]:
    """Subject -> rules, as live judging found them and wrote them down."""
    table = schema.rule_hits
    found: dict[tuple[str, str], set[str]] = {}
    with store.read() as connection:
        for row in connection.execute(sa.select(table)):
            at = datetime.fromtimestamp(row.at_us / 1e6, UTC)
            if (since is None or at >= since) and (until is None or at < until):
                found.setdefault((row.subject_kind, row.subject_id), set()).add(row.rule)
    return found


# --- the same as live ---------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_pack_in_force_hits_in_a_back_test_what_it_hit_live(
    judged: Store, workers: int
) -> None:
    tally = tally_of(judged, source(), workers=workers)
    expected = stored_hits(judged)
    assert {key: seen.rules_before for key, seen in tally.seen.items()} == expected
    assert {key: seen.rules_after for key, seen in tally.seen.items()} == expected
    assert tally.events == 900
    with judged.read() as connection:
        rules = connection.execute(sa.select(schema.rule_hits.c.rule)).scalars()
        assert tally.hits == {rule: [n, n] for rule, n in Counter(rules).items()}
    assert all(seen.first is None for seen in tally.seen.values())
    assert {"busy", "copied", "wide", "fresh", "slogan", "known-link"} == set(tally.hits)


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (datetime(2026, 1, 17, tzinfo=UTC), None),
        (datetime(2026, 1, 16, 20, 30, tzinfo=UTC), datetime(2026, 1, 17, 11, 15, tzinfo=UTC)),
        (None, datetime(2026, 1, 16, 9, tzinfo=UTC)),
        (datetime(2026, 1, 18, 2, tzinfo=UTC), None),
    ],
)
@pytest.mark.parametrize("workers", [1, 2])
def test_windows_reach_back_before_the_range(
    judged: Store, since: datetime | None, until: datetime | None, workers: int
) -> None:
    tally = tally_of(judged, source(), since=since, until=until, workers=workers)
    expected = stored_hits(judged, since, until)
    assert expected
    assert {key: seen.rules_before for key, seen in tally.seen.items()} == expected


def test_a_pack_that_is_tried_hits_what_it_hits_once_it_is_in_force(
    judged: Store, tmp_path: Path
) -> None:
    changed = {
        "windows": {
            **WINDOWS,
            "busy": "count(event, by=account, over=hours(30)) >= 5",
            "same": 'near_duplicate_of(text, bank("slogans"))',
        },
        "banks/slogans.yaml": yaml.safe_dump(
            {
                "bank": "slogans",
                "kind": "phrase",
                "entries": [
                    "dawn of iron rises",
                    "The harbour swimming club meets at noon.",
                    "Who lost a red umbrella at the tram stop?",
                ],
            }
        ),
    }
    tally = tally_of(judged, source(**changed))
    clock = FakeClock(START)
    other = open_store(f"sqlite:///{tmp_path / 'tocsin.db'}", tmp_path, clock=clock)
    activate(other, source(**changed), by="test", reason="the other pack")
    judge_as_they_came(other, clock, batch=150, archive=False)
    found = {key: seen.rules_after for key, seen in tally.seen.items() if seen.rules_after}
    assert found == stored_hits(other)
    before = {key: seen.rules_before for key, seen in tally.seen.items() if seen.rules_before}
    assert before == stored_hits(judged)
    assert found != before
    other.close()


def test_what_a_person_said_of_an_entry_holds_for_the_pack_that_is_tried(
    sqlite_url: str, tmp_path: Path
) -> None:
    store = open_store(sqlite_url, tmp_path)
    entry = BankEntry(
        id=entry_id("slogans", "dawn of iron rises"),
        bank="slogans",
        kind=BankKind.PHRASE,
        value="dawn of iron rises",
        state=EntryState.DISPUTED,
    )
    judge(store, made_lines(40))
    with store.write() as transaction:
        banks.edit(transaction, [entry], by="mara", reason="too wide")
    tally = tally_of(store, PackSource.from_files({**runs.PACK, "rules/more.yaml": "[]\n"}))
    assert tally.hits["slogan"][0] == tally.hits["slogan"][1]
    assert 0 < tally.hits["slogan"][1] < sum(n % 7 == 3 for n in range(40))
    store.close()


# --- the difference -----------------------------------------------------------------------------


LOOSER: dict[str, Any] = {
    "banks/slogans.yaml": yaml.safe_dump(
        {"bank": "slogans", "kind": "phrase", "entries": ["dawn of iron rises", "umbrella"]}
    )
}


@pytest.fixture
def plain(sqlite_url: str, tmp_path: Path) -> Iterator[Store]:
    """150 posts judged by the pack of runs, archived."""
    store = open_store(sqlite_url, tmp_path)
    judge(store, made_lines(150))
    archive_events(store)
    yield store
    store.close()


def tried(store: Store, **options: Any) -> tuple[Any, list[Change]]:
    run = BacktestRun.begin(
        store, PackSource.from_files({**runs.PACK, **LOOSER}), by="mara", **options
    )
    done = run.run()
    with store.read() as connection:
        return done, backtests.list_changes(connection, done.id, ChangeFilter(), limit=1_000)


def test_the_difference_names_who_is_newly_hit_and_who_no_longer(plain: Store) -> None:
    done, changes = tried(plain)
    assert done.state is BacktestState.DONE
    new = {change.subject.id for change in changes if change.kind is ChangeKind.NEW}
    lost = {change.subject.id for change in changes if change.kind is ChangeKind.LOST}
    has_link = {n for n in range(150) if n % 11 == 5}
    has_slogan = {n for n in range(150) if n % 7 == 3}
    assert new == {f"post-{n}" for n in range(150) if n % 4 == 3} - {
        f"post-{n}" for n in has_slogan | has_link
    }
    assert lost == {f"post-{n}" for n in has_slogan - has_link if n % 2}
    figures = done.figures
    assert (figures.new.subjects, figures.lost.subjects) == (len(new), len(lost))
    assert figures.events == 150
    assert [change.number for change in changes] == list(range(1, len(changes) + 1))
    (rule,) = [rule for rule in figures.rules if rule.rule == "slogan"]
    assert (rule.new.subjects, rule.lost.subjects) == (len(new), len(lost))
    assert rule.hits_before == len(has_slogan)
    assert sum(account.total for account in figures.accounts) == figures.changes
    assert sum(day.events for day in figures.days) == 150


def test_another_outcome_of_the_same_rule_is_a_difference(plain: Store) -> None:
    rules = yaml.safe_load(runs.PACK["rules/rules.yaml"])
    rules[0] |= {"outcome": "label", "priority": 510}
    files = {**runs.PACK, "rules/rules.yaml": yaml.safe_dump(rules)}
    done = BacktestRun.begin(plain, PackSource.from_files(files), by="mara").run()
    assert done.figures is not None
    assert (done.figures.new.subjects, done.figures.lost.subjects) == (0, 0)
    with plain.read() as connection:
        changes = backtests.list_changes(connection, done.id, ChangeFilter(rule="slogan"), limit=99)
    assert len(changes) == done.figures.other > 0
    first = changes[0]
    assert first.before is not None
    assert first.after is not None
    assert (first.before.outcome, first.after.outcome) == ("review", "label")
    assert (first.before.priority, first.after.priority) == (500, 510)


def test_nothing_changes_for_anybody_by_trying_a_pack(plain: Store) -> None:
    before = runs.rows_by_table(plain)
    tried(plain)
    assert runs.rows_by_table(plain) == before


def test_verdicts_of_people_are_held_against_the_difference(plain: Store) -> None:
    _, changes = tried(plain)
    new = [change for change in changes if change.kind is ChangeKind.NEW]
    lost = [change for change in changes if change.kind is ChangeKind.LOST]
    said = [
        ("v1", new[0], "violation", None),
        ("v2", new[0], "harmless", None),  # the last word counts
        ("v3", lost[0], "violation", None),
        ("v4", lost[1], "violation", None),
        ("v5", lost[1], "reversal", "v4"),
        ("v6", lost[2], "escalate", None),
    ]
    with plain.write() as transaction:
        for number, (verdict, change, kind, reverses) in enumerate(said):
            row = {
                "id": verdict,
                "position": 1_000 + number,
                "case_id": "case",
                "subject_kind": change.subject.kind,
                "subject_id": change.subject.id,
                "reviewer": "mara",
                "at_us": 0,
                "kind": kind,
                "actions": "",
                "protected_purpose": "none",
                "decisions": "",
                "reverses": reverses,
            }
            transaction.connection.execute(sa.insert(schema.verdicts).values(row))
    done, changes = tried(plain)
    assert done.figures.new.harmless == 1
    assert done.figures.new.violation == 0
    assert done.figures.new.unjudged == len(new) - 1
    assert (done.figures.lost.violation, done.figures.lost.harmless) == (1, 0)
    missed = [change for change in changes if change.verdict is VerdictKind.VIOLATION]
    assert [change.subject for change in missed] == [lost[0].subject]


def test_the_list_is_the_same_at_every_number_of_processes(judged: Store) -> None:
    looser = PackSource.from_files(pack(**LOOSER))
    lists = []
    for workers in (1, 2):
        done = BacktestRun.begin(judged, looser, by="mara", workers=workers).run()
        with judged.read() as connection:
            found = backtests.list_changes(connection, done.id, ChangeFilter(), limit=10_000)
        lists.append((done.figures, found))
    assert lists[0] == lists[1]
    assert len(lists[0][1]) > 100


def test_the_files_that_were_tried_are_kept_with_it(plain: Store) -> None:
    done, _ = tried(plain)
    with plain.read() as connection:
        files = backtests.files_of(connection, done.id)
    assert files is not None
    assert PackSource.from_files(files).version == done.version


# --- what does not come to an end ---------------------------------------------------------------


def test_a_range_without_events_says_when_there_are_any(plain: Store) -> None:
    with pytest.raises(InputError, match="no event of the log lies in that range") as caught:
        BacktestRun.begin(
            plain,
            PackSource.from_files(runs.PACK),
            by="mara",
            since=datetime(2030, 1, 1, tzinfo=UTC),
        )
    assert caught.value.hint == ("its events are from 2026-01-02 03:04 UTC to 2026-01-02 11:20 UTC")
    with plain.read() as connection:
        assert backtests.list_backtests(connection, plain.clock.now()) == []


def test_a_pack_with_mistakes_is_not_tried(plain: Store) -> None:
    files = {**runs.PACK, "rules/rules.yaml": "- id: broken\n"}
    with pytest.raises(CheckFailedError, match="is not tried"):
        BacktestRun.begin(plain, PackSource.from_files(files), by="mara")


def test_what_is_stopped_leaves_its_record_and_nothing_else(plain: Store) -> None:
    run = BacktestRun.begin(plain, PackSource.from_files({**runs.PACK, **LOOSER}), by="mara")

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.run(stop)
    with plain.read() as connection:
        (left,) = backtests.list_backtests(connection, plain.clock.now())
        assert backtests.count_changes(connection, left.id, ChangeFilter()) == 0
    assert left.state is BacktestState.STOPPED
    assert left.figures is None


def test_a_missing_file_of_the_archive_fails_it_and_is_named(plain: Store) -> None:
    run = BacktestRun.begin(plain, PackSource.from_files(runs.PACK), by="mara")
    for path in (plain.folder / "archive").glob("day=*/*.parquet"):
        path.unlink()
    with pytest.raises(Exception, match="a file of the archive is missing"):
        run.run()
    with plain.read() as connection:
        (left,) = backtests.list_backtests(connection, plain.clock.now())
    assert left.state is BacktestState.FAILED
    assert left.problem is not None


def test_one_whose_process_is_gone_counts_as_stopped(sqlite_url: str, tmp_path: Path) -> None:
    clock = FakeClock()
    store = open_store(sqlite_url, tmp_path, clock=clock)
    judge(store, made_lines(10))
    BacktestRun.begin(store, PackSource.from_files(runs.PACK), by="mara")
    with store.read() as connection:
        (running,) = backtests.list_backtests(connection, clock.now())
        clock.advance(timedelta(minutes=3))
        (gone,) = backtests.list_backtests(connection, clock.now())
    assert (running.state, gone.state) == (BacktestState.RUNNING, BacktestState.STOPPED)
    store.close()


def test_a_rule_that_asks_for_labels_is_named_as_a_limit(plain: Store) -> None:
    done, _ = tried(plain)
    assert not done.figures.reads_labels
    head = yaml.safe_load(runs.PACK["policy.yaml"])
    head["labels"] = {"watched": "somebody looks at it"}
    rules = yaml.safe_load(runs.PACK["rules/rules.yaml"])
    rules[0]["when"] = 'text in bank("slogans") and not has_label("watched")'
    files = {
        **runs.PACK,
        "policy.yaml": yaml.safe_dump(head),
        "rules/rules.yaml": yaml.safe_dump(rules),
    }
    labelled = BacktestRun.begin(plain, PackSource.from_files(files), by="mara").run()
    assert labelled.figures is not None
    assert labelled.figures.reads_labels
