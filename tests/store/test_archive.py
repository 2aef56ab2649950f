from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from tests.support.erasing import erase_event
from tests.support.runs import decided, judge, made_lines, open_store, rows_by_table
from tocsin.errors import InputError
from tocsin.records import Event, EventPolicy, Judgement, decode_event, encode_event
from tocsin.store import (
    Store,
    archive,
    archive_events,
    audit,
    event_line,
    events_at,
    pending_events,
    schema,
)
from tocsin.store.query import query_events, recent_posts
from tocsin.testing import T0, batch_of, post_event


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    opened = open_store(database_url, tmp_path)
    yield opened
    opened.close()


def keep(store: Store, *events: Event) -> int:
    """Put events into the log without judging them; the position."""
    with store.write() as transaction:
        entry = transaction.record_events(batch_of(*events, received_at=T0), Judgement())
    return entry.position


def listed(store: Store) -> list[str]:
    with store.read() as connection:
        table = schema.archive_files
        return list(connection.execute(sa.select(table.c.path).order_by(table.c.path)).scalars())


def waiting(store: Store) -> int:
    with store.read() as connection:
        return pending_events(connection)


def test_events_survive_the_move_byte_for_byte(store: Store) -> None:
    judge(store, made_lines(70), batch=16)
    with store.read() as connection:
        last = connection.execute(sa.select(sa.func.max(schema.event_ids.c.position))).scalar_one()
    before = {position: events_at(store, position) for position in range(1, last + 1)}
    assert sum(len(lines) for lines in before.values() if lines) == 70
    assert waiting(store) == 70
    moved: list[int] = []
    run = archive_events(store, on_progress=moved.append)
    assert (run.n_events, sum(moved), waiting(store)) == (70, 70, 0)
    assert {position: events_at(store, position) for position in range(1, last + 1)} == before
    assert event_line(store, "event-33") == canonical(made_lines(70)[33])
    assert audit.verify(store).is_sound


def canonical(line: bytes) -> bytes:
    return encode_event(decode_event(line, now=T0, policy=EventPolicy()))


def test_files_are_by_the_day_of_the_event_or_of_its_arrival(store: Store) -> None:
    keep(
        store,
        post_event("on time", at=T0),
        post_event("late", at=T0 - timedelta(days=40)),
        post_event("undated", at=None),
        post_event("before midnight", at=T0.replace(hour=23, minute=59, second=59)),
        post_event("after midnight", at=T0.replace(hour=0) + timedelta(days=1)),
    )
    run = archive_events(store)
    assert run.files == [
        "archive/day=2026-01-20/events-000000000001-000000000001.parquet",
        "archive/day=2026-03-01/events-000000000001-000000000001.parquet",
        "archive/day=2026-03-02/events-000000000001-000000000001.parquet",
    ]
    assert run.files == listed(store)
    rows = [pq.ParquetFile(store.folder / path).metadata.num_rows for path in run.files]
    assert rows == [1, 3, 1]
    answer = query_events(store, 'select post.text t, "at" is null u from events order by ordinal')
    assert answer.to_pylist()[2] == {"t": "undated", "u": True}


def test_an_event_without_a_time_comes_back_without_one(store: Store) -> None:
    event = post_event("undated", at=None)
    position = keep(store, event)
    archive_events(store)
    assert events_at(store, position) == [encode_event(event)]


def test_archiving_nothing_moves_nothing(store: Store) -> None:
    assert archive_events(store).files == []
    keep(store, post_event("one"))
    archive_events(store)
    assert archive_events(store).n_events == 0


def test_later_events_go_into_files_of_their_own(store: Store) -> None:
    keep(store, post_event("one"))
    archive_events(store)
    keep(store, post_event("two"))
    archive_events(store)
    assert len(listed(store)) == 2
    assert event_line(store, post_event("two").id) == encode_event(post_event("two"))


def test_many_events_go_in_stretches(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "EVENTS_PER_STRETCH", 20)
    judge(store, made_lines(50), batch=8)
    run = archive_events(store)
    stretches = {path.rpartition("/")[2] for path in run.files}
    assert run.n_events == 50
    assert len(stretches) == 3, "two entries of eight events fit into twenty"
    assert audit.verify(store).is_sound


@pytest.mark.parametrize("name", ["events-000000000001-000000000009.parquet", "events-1.part"])
def test_leftovers_of_an_interrupted_run_are_removed(store: Store, name: str) -> None:
    keep(store, post_event("one"))
    leftover = store.folder / "archive" / "day=2026-03-01" / name
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"half a file")
    archive_events(store)
    assert not leftover.exists()
    found = {path.relative_to(store.folder).as_posix() for path in leftover.parent.iterdir()}
    assert found == set(listed(store))
    assert audit.verify(store).is_sound


def test_two_archivers_at_once_move_everything_once(store: Store) -> None:
    judge(store, made_lines(120), batch=4)
    runs: list[int] = []
    threads = [
        threading.Thread(target=lambda: runs.append(archive_events(store).n_events))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(runs) == [0, 0, 0, 120]
    answer = query_events(store, "select count(*) n, count(distinct id) d from events")
    assert answer.to_pylist() == [{"n": 120, "d": 120}]
    assert audit.verify(store).is_sound


def test_an_event_erased_while_it_is_moved_is_moved_erased(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    position = keep(store, post_event("kept", event_id="e1"), post_event("gone", event_id="e2"))
    write = archive._write_by_day  # noqa: SLF001  # the moment between reading and listing
    erased: list[str] = []

    def erase_and_write(*args: object) -> object:
        if not erased:
            erased.append("e2")
            erase_event(store, "e2")
        return write(*args)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(archive, "_write_by_day", erase_and_write)
    archive_events(store)
    lines = events_at(store, position)
    assert lines is not None
    assert [bool(line) for line in lines] == [True, False]
    assert not any(
        b"gone" in path.read_bytes() for path in (store.folder / "archive").rglob("*.p*")
    )
    report = audit.verify(store)
    assert (report.is_sound, report.n_erased) == (True, 1)


def test_a_stretch_of_erased_events_only_is_archived(store: Store) -> None:
    keep(store, post_event("gone", event_id="e1"))
    erase_event(store, "e1")
    assert archive_events(store).n_events == 1
    assert event_line(store, "e1") is None
    assert query_events(store, "select count(*) n from events").to_pylist() == [{"n": 0}]
    assert audit.verify(store).is_sound


def test_a_data_folder_belongs_to_one_database(store: Store, tmp_path: Path) -> None:
    keep(store, post_event("one"))
    archive_events(store)
    other = open_store(f"sqlite:///{tmp_path / 'other.db'}", tmp_path)
    keep(other, post_event("two"))
    with pytest.raises(InputError, match="belongs to another database") as caught:
        archive_events(other)
    assert "--data-dir" in str(caught.value.hint)
    other.close()
    assert event_line(store, post_event("one").id)


def test_the_newest_posts_of_an_account_come_first(store: Store) -> None:
    keep(
        store,
        post_event("first", at=T0 - timedelta(hours=2)),
        post_event("other", by="someone_else"),
        post_event("last", at=T0),
    )
    archive_events(store)
    keep(store, post_event("between", at=T0 - timedelta(hours=1)), post_event("undated", at=None))
    rows = recent_posts(store, post_event("first").actor.id, 3)  # type: ignore[union-attr,arg-type]  # it has one
    assert [row["post"]["text"] for row in rows] == ["undated", "last", "between"]  # type: ignore[index]  # nested


def test_archiving_changes_no_decision_and_no_derived_row(store: Store) -> None:
    judge(store, made_lines(40), batch=8)
    before, rows = decided(store), rows_by_table(store)
    archive_events(store)
    assert decided(store) == before
    assert rows_by_table(store) == rows
