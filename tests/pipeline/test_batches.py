"""The same events give the same bytes, however they come and however they are cut."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.runs import (
    decided,
    environment,
    judge,
    made_lines,
    open_store,
    run_command,
    start_command,
)
from tocsin.errors import OutsideServiceError
from tocsin.ingest import ADAPTERS, Line, Parsed, parse_lines
from tocsin.pipeline import Intake, IntakeResult, Live, run_files
from tocsin.records import EventPolicy
from tocsin.store import Store, audit, schema
from tocsin.testing import T0, FakeClock

LINES = made_lines(300)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """What one undisturbed run decides."""
    folder = tmp_path_factory.mktemp("expected")
    store = open_store(f"sqlite:///{folder / 'tocsin.db'}", folder)
    judge(store, LINES)
    found = decided(store)
    store.close()
    assert len(found) > 60
    return found


@pytest.mark.parametrize("batch", [1, 7, 256, 4_096])
def test_any_cut_gives_the_same_bytes_on_both_databases(
    database_url: str, tmp_path: Path, batch: int, expected: list[bytes]
) -> None:
    store = open_store(database_url, tmp_path)
    summary = judge(store, LINES, batch=batch)
    assert decided(store) == expected
    assert (summary.accepted, summary.duplicates) == (300, 0)
    assert summary.decisions == summary.new_decisions == len(expected)
    store.close()


def test_the_same_again_in_another_cut_changes_nothing(
    database_url: str, tmp_path: Path, expected: list[bytes]
) -> None:
    store = open_store(database_url, tmp_path)
    first = judge(store, LINES, batch=256)
    with store.read() as connection:
        last = connection.execute(sa.select(sa.func.max(schema.log_entries.c.position))).scalar()
    for batch in (1, 7, 256):
        again = judge(store, LINES, batch=batch)
        assert (again.accepted, again.duplicates, again.new_decisions) == (0, 300, 0)
        assert again.decisions == first.decisions
        assert (again.by_clause, again.by_outcome) == (first.by_clause, first.by_outcome)
    assert decided(store) == expected
    with store.read() as connection:
        assert (
            connection.execute(sa.select(sa.func.max(schema.log_entries.c.position))).scalar()
            == last
        ), "nothing new is written for what is known"
    store.close()


@pytest.mark.parametrize("batch", [1, 5, 4_096])
def test_duplicates_inside_one_batch_are_judged_once(
    database_url: str, tmp_path: Path, batch: int, expected: list[bytes]
) -> None:
    store = open_store(database_url, tmp_path)
    twice = [line for line in LINES for _ in range(2)]
    summary = judge(store, twice, batch=batch)
    assert (summary.accepted, summary.duplicates) == (300, 300)
    assert summary.new_decisions == len(expected)
    assert summary.decisions == 2 * len(expected), "counted each time, whatever the cut"
    assert decided(store) == expected
    store.close()


def test_the_first_of_two_events_with_one_id_counts(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url, tmp_path)
    first = b'{"id":"e","type":"post.created","post":{"id":"p","text":"plain"}}'
    second = b'{"id":"e","type":"post.created","post":{"id":"p","text":"dawn of iron rises"}}'
    assert judge(store, [first, second]).decisions == 0
    assert judge(store, [second]).decisions == 0
    store.close()


def test_a_batch_larger_than_any_statement_may_name(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url, tmp_path)
    lines = [
        b'{"id":"e%d","type":"trend.observed","hashtag":"harbour"}' % number
        for number in range(33_000)
    ]
    bad = [b"{no json %d" % number for number in range(33_000)]
    live = Live.open(store)
    judge(store, lines, batch=65_536, live=live)
    assert judge(store, lines, batch=65_536, live=live).duplicates == 33_000
    for _ in range(2):
        assert judge(store, bad, batch=65_536, live=live).dead_letters == 33_000
    with store.read() as connection:
        n_letters = connection.execute(
            sa.select(sa.func.count()).select_from(schema.dead_letters)
        ).scalar_one()
    assert n_letters == 33_000
    store.close()


# --- files, pipes, many senders -----------------------------------------------------------------


def test_files_give_the_same_and_are_archived_and_anchored(
    database_url: str, tmp_path: Path, expected: list[bytes]
) -> None:
    store = open_store(database_url, tmp_path, archive_after_events=100)
    halves = []
    for name, lines in (("a", LINES[:150]), ("b", LINES[150:])):
        path = tmp_path / f"{name}.jsonl"
        path.write_bytes(b"\n".join(lines) + b"\n")
        halves.append(str(path))
    told: list[int] = []
    summary = run_files(store, halves, max_events=32, on_progress=lambda done, _: told.append(done))
    assert summary.accepted == 300
    assert told[-1] == sum(Path(path).stat().st_size for path in halves)
    assert told == sorted(told)
    assert decided(store) == expected
    report = audit.verify(store, anchor_file=store.folder / "anchors.jsonl")
    assert (report.is_sound, report.n_anchors > 1) == (True, True)
    with store.read() as connection:
        waiting = sa.select(schema.log_content).where(schema.log_content.c.name == "events")
        assert connection.execute(waiting).first() is None
    store.close()


def test_a_pipe_gives_the_same(database_url: str, tmp_path: Path, expected: list[bytes]) -> None:
    process = start_command(
        "run", "--db", database_url, "--json", "-", env=environment(tmp_path), stdin=-1
    )
    out, err = process.communicate(b"\n".join(LINES) + b"\n", timeout=60)
    assert process.returncode == 0, err.decode()
    assert b'"accepted": 300' in out
    store = open_store(database_url, tmp_path)
    assert decided(store) == expected
    store.close()


def parsed(lines: Sequence[bytes], source: str) -> Parsed:
    items = [Line(source, number, number + 1, line) for number, line in enumerate(lines)]
    return parse_lines(items, adapter=ADAPTERS["tocsin"], policy=EventPolicy(), now=T0)


def started(store: Store) -> Intake:
    intake = Intake(Live.open(store))
    intake.start()
    return intake


def test_many_senders_at_once_get_each_their_answer(
    database_url: str, tmp_path: Path, expected: list[bytes]
) -> None:
    store = open_store(database_url, tmp_path, batch_events=32, batch_ms=2)
    intake = started(store)
    results: list[IntakeResult] = []

    def send(worker: int) -> None:
        for start in range(0, 300, 20):  # everybody sends everything, a bad line each time
            lines = [*LINES[start : start + 20], b"{bad"]
            future = intake.submit(parsed(lines, f"http:{worker}"), f"http:{worker}")
            results.append(future.result(30))

    workers = [threading.Thread(target=send, args=(worker,)) for worker in range(4)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
    intake.stop()
    assert len(results) == 60
    assert sum(result.accepted for result in results) == 300
    assert sum(result.duplicates for result in results) == 900
    assert sum(result.dead_letters for result in results) == 60
    made = [decision for result in results for decision in result.decisions]
    assert len(made) == len(set(made)) == len(expected)
    assert sorted(decided(store)) == sorted(expected)
    assert audit.verify(store).is_sound
    store.close()


def test_a_request_with_refused_lines_only_keeps_them(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url, tmp_path)
    intake = started(store)
    result = intake.submit(parsed([b"{bad"], "http:1"), "http:1").result(30)
    intake.stop()
    assert result == IntakeResult(accepted=0, duplicates=0, dead_letters=1, decisions=())
    with store.read() as connection:
        assert connection.execute(sa.select(schema.dead_letters.c.source)).scalars().all() == [
            "http:1"
        ]
    store.close()


def test_a_sender_that_gave_up_does_not_stop_the_others(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url, tmp_path)
    intake = Intake(Live.open(store))
    with store.database.write():  # nobody can write: what is handed in has to wait
        intake.start()
        first = intake.submit(parsed(LINES[:1], "http:1"), "http:1")
        gone: Future[IntakeResult] = intake.submit(parsed(LINES[1:2], "http:2"), "http:2")
        gone.cancel()
        third = intake.submit(parsed(LINES[2:3], "http:3"), "http:3")
    assert first.result(30).accepted == 1
    assert third.result(30).accepted == 1
    intake.stop()
    store.close()


def test_a_fault_fails_its_own_requests_only(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(sqlite_url, tmp_path)
    live = Live.open(store)
    take = live.take
    monkeypatch.setattr(
        live, "take", lambda batch, letters: take(batch, letters) if "2" in batch.source else 1 / 0
    )
    intake = Intake(live)
    intake.start()
    bad = intake.submit(parsed(LINES[:1], "http:1"), "http:1")
    good = intake.submit(parsed(LINES[1:2], "http:2"), "http:2")
    with pytest.raises(ZeroDivisionError):
        bad.result(30)
    assert good.result(30).accepted == 1
    intake.stop()
    store.close()


def test_what_waits_is_judged_before_it_stops_and_nothing_is_taken_after(
    sqlite_url: str, tmp_path: Path
) -> None:
    store = open_store(sqlite_url, tmp_path)
    intake = started(store)
    futures = [intake.submit(parsed([line], "http:1"), "http:1") for line in LINES[:40]]
    intake.stop()
    assert sum(future.result(0).accepted for future in futures) == 40
    late = intake.submit(parsed(LINES[40:41], "http:1"), "http:1")
    with pytest.raises(OutsideServiceError, match="stopping"):
        late.result(0)
    store.close()


def test_the_command_lists_the_same_bytes_from_both_databases(
    sqlite_url: str,
    postgres_url: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    expected: list[bytes],
) -> None:
    clock = FakeClock()
    printed = []
    for url, batch in ((sqlite_url, 7), (postgres_url, 31)):
        folder = tmp_path / str(batch)
        store = open_store(url, folder, clock=clock)
        clock.advance(timedelta(days=1))  # the moment of judging is no part of a decision
        judge(store, LINES, batch=batch)
        store.close()
        ran = run_command(capfd, "decisions", "--db", url, "--data-dir", folder / "data", "--json")
        assert (ran.status, ran.err) == (0, "")
        printed.append(ran.out)
    assert printed[0] == printed[1] == "".join(line.decode() + "\n" for line in expected)
