from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.runs import environment, open_store, start_command
from tocsin.records import EntryKind
from tocsin.store import Store, anchors, audit, log, schema
from tocsin.testing import T0


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    opened = open_store(database_url, tmp_path)
    yield opened
    opened.close()


def append(store: Store, n: int, *, writer: str = "main") -> None:
    for number in range(n):
        with store.write(writer) as transaction:
            transaction.record(
                EntryKind.SETTING, {"settings": {"n": number}}, {"note": [b'"a"', b'"b"']}
            )


def test_positions_run_from_one_without_gaps_and_each_writer_has_a_chain(store: Store) -> None:
    for writer in ("one", "two", "one", "one", "two"):
        append(store, 1, writer=writer)
    with store.read() as connection:
        entries = list(log.entries(connection))
        heads = log.heads(connection)
    assert [entry.position for entry in entries] == [1, 2, 3, 4, 5]
    assert [(entry.writer, entry.writer_seq) for entry in entries] == [
        ("one", 1), ("two", 1), ("one", 2), ("one", 3), ("two", 2),
    ]  # fmt: skip
    by_place = {(entry.writer, entry.writer_seq): entry for entry in entries}
    assert by_place["one", 1].previous == by_place["two", 1].previous == log.GENESIS
    assert by_place["one", 3].previous == by_place["one", 2].hash
    assert heads["one"].hash == by_place["one", 3].hash
    assert heads["two"].seq == 2


def test_entries_come_back_as_they_were_appended(store: Store) -> None:
    body = {"text": "ä\u2028\U0001f6a2", "n": 2**53, "list": [1.5, None, True]}
    at = datetime(2026, 5, 4, 3, 2, 1, 123_456, tzinfo=UTC)
    with store.write() as transaction:
        written = log.append(
            transaction.connection,
            writer="main",
            kind=EntryKind.USER,
            at=at,
            body=body,
            content={"note": [b'"x"']},
        )
    with store.read() as connection:
        assert log.entry_at(connection, 1) == written
        assert log.content_of(connection, 1, "note") == [b'"x"']
        assert log.content_of(connection, 1, "other") is None
        assert log.entry_at(connection, 2) is None
    assert written.at == at


def test_the_hash_covers_every_part() -> None:
    parts = (3, "main", 2, "verdict", 17, '{"a":1}', "{}", "0" * 64)
    changed = (4, "other", 3, "bank.edited", 18, '{"a":2}', '{"note":[]}', "1" * 64)
    hashes = {log.entry_hash(*parts)}
    for place, value in enumerate(changed):
        other = list(parts)
        other[place] = value
        hashes.add(log.entry_hash(*other))  # type: ignore[arg-type]  # one part each of its own type
    assert len(hashes) == 1 + len(parts)


def test_the_hash_tells_where_one_part_ends_and_the_next_begins() -> None:
    one = log.entry_hash(1, "ab", 1, "c", 0, "{}", "{}", "")
    assert one != log.entry_hash(1, "a", 1, "bc", 0, "{}", "{}", "")


def test_a_checkpoint_joins_the_chains_of_two_writers(store: Store) -> None:
    append(store, 2, writer="one")
    append(store, 1, writer="two")
    anchor = anchors.write_anchor(store)
    assert anchor is not None
    with store.read() as connection:
        checkpoint = log.entry_at(connection, 4)
        heads = log.heads(connection)
    assert checkpoint is not None
    assert checkpoint.kind is EntryKind.CHECKPOINT
    assert set(checkpoint.body["heads"]) == {"one", "two"}
    assert anchor.heads == heads
    assert anchors.write_anchor(store) is None, "nothing happened since"


def test_a_failed_transaction_leaves_nothing_and_no_gap(store: Store) -> None:
    append(store, 1)
    with pytest.raises(ZeroDivisionError), store.write() as transaction:  # noqa: PT012  # both
        transaction.record(EntryKind.SETTING, {"settings": "lost"})
        raise ZeroDivisionError
    append(store, 1)
    with store.read() as connection:
        assert [entry.position for entry in log.entries(connection)] == [1, 2]
    assert audit.verify(store).is_sound


def test_writers_in_many_threads_leave_a_sound_log(store: Store) -> None:
    threads = [
        threading.Thread(target=append, args=(store, 10), kwargs={"writer": f"w{n % 3}"})
        for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report = audit.verify(store)
    assert report.is_sound, report.findings
    assert report.n_entries == 60


def test_writers_in_two_processes_leave_a_sound_log(database_url: str, tmp_path: Path) -> None:
    processes = []
    for name in ("one", "two"):
        lines = tmp_path / f"{name}.jsonl"
        lines.write_text(
            "".join(
                f'{{"id":"{name}-{n}","type":"post.created","post":{{"id":"p-{name}-{n}",'
                f'"text":"dawn of iron rises {n}"}}}}\n'
                for n in range(60)
            )
        )
        env = {"TOCSIN_WRITER": name, **environment(tmp_path)}
        words = ("run", "--db", database_url, "--batch", "3", lines)
        processes.append(start_command(*words, env=env))
    for process in processes:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err.decode()
    store = open_store(database_url, tmp_path)
    report = audit.verify(store, anchor_file=tmp_path / "data" / "anchors.jsonl")
    with store.read() as connection:
        heads = log.heads(connection)
        n_decisions = connection.execute(
            sa.select(sa.func.count()).select_from(schema.decisions)
        ).scalar_one()
        n_packs = connection.execute(
            sa.select(sa.func.count()).select_from(schema.policy_versions)
        ).scalar_one()
    store.close()
    assert report.is_sound, report.findings
    assert set(heads) == {"one", "two"}
    assert n_decisions == 120
    assert n_packs == 1, "only one of two processes that start together activates the first pack"


def test_a_reader_sees_one_state_while_others_write(store: Store) -> None:
    append(store, 1)
    with store.read() as connection:
        before = log.last_position(connection)
        append(store, 2, writer="other")
        assert log.last_position(connection) == before
    with store.read() as connection:
        assert log.last_position(connection) == before + 2


def test_reading_cannot_write_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    opened = open_store(postgres_url, tmp_path)
    with pytest.raises(sa.exc.DBAPIError), opened.read() as connection:
        connection.execute(sa.delete(schema.users))
    opened.close()


def test_times_keep_their_microseconds(store: Store) -> None:
    append(store, 1)
    with store.read() as connection:
        entry = log.entry_at(connection, 1)
    assert entry is not None
    assert entry.at == T0
