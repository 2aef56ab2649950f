"""The check: what it says is what happens, and nothing of it stays."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from tests.pipeline.test_labels import RULES as LABEL_RULES
from tests.pipeline.test_labels import pack as label_pack
from tests.pipeline.test_labels import stream as label_stream
from tests.pipeline.test_windows import LINES, opened
from tests.support.runs import decided, judge, open_store, rows_by_table
from tocsin.errors import CheckFailedError, InputError
from tocsin.pipeline import Live, activate, batch_to_check
from tocsin.records import EventBatch, EventPolicy, encode_decision
from tocsin.store import Store, banks
from tocsin.testing import T0, FakeClock, bank_entry, batch_of, post_event

POLICY = EventPolicy()


def to_check(line: bytes, store: Store) -> EventBatch:
    return batch_to_check(line, now=store.clock.now(), policy=POLICY)


def test_what_it_says_is_what_is_decided_when_the_event_comes(
    database_url: str, tmp_path: Path
) -> None:
    store = opened(database_url, tmp_path)
    live = Live.open(store)
    for line in LINES[:80]:
        batch = to_check(line, store)
        said = live.look(batch)
        assert said == live.look(batch)
        taken = live.take(batch)
        assert list(map(encode_decision, said.decisions)) == list(
            map(encode_decision, taken.decisions)
        )
        assert said.decisions
        assert said.decisions[0].versions == said.versions
    store.close()


def test_nothing_of_it_is_stored(sqlite_url: str, tmp_path: Path) -> None:
    store = opened(sqlite_url, tmp_path)
    live = Live.open(store)
    judge(store, LINES[:50], live=live)
    before = rows_by_table(store)
    for line in LINES[50:100]:
        live.look(to_check(line, store))
        assert live.look_at_once(to_check(line, store)) is not None
    live.take(batch_of())
    assert rows_by_table(store) == before
    store.close()


def test_checks_beside_a_stream_change_nothing_that_it_decides(
    sqlite_url: str, tmp_path: Path
) -> None:
    alone = opened(f"sqlite:///{tmp_path / 'alone.db'}", tmp_path / "alone")
    judge(alone, LINES)
    expected = decided(alone)
    alone.close()
    store = opened(sqlite_url, tmp_path)
    live = Live.open(store)
    is_over = threading.Event()
    n_checks, faults = [0], []

    def look() -> None:
        while not is_over.is_set():
            for line in LINES[::7]:
                try:
                    live.look(to_check(line, store))
                    live.look_at_once(to_check(line, store))
                except Exception as error:  # noqa: BLE001  # shown below
                    faults.append(error)
                n_checks[0] += 1

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for start in range(0, len(LINES), 16):
        lines = LINES[start : start + 16]
        events = [to_check(line, store).events[0] for line in lines]
        live.take(
            EventBatch(events=events, lines=lines, received_at=store.clock.now(), source="test")
        )
    is_over.set()
    for thread in threads:
        thread.join()
    assert not faults
    assert n_checks[0]
    assert decided(store) == expected
    store.close()


def test_it_sees_what_others_did_since(sqlite_url: str, tmp_path: Path) -> None:
    count = "count(event, by=account, over=hours(1))"
    store = opened(sqlite_url, tmp_path, {"busy": f"{count} >= 1"})
    other = open_store(sqlite_url, tmp_path)
    live, elsewhere = Live.open(store), Live.open(other)
    event = batch_of(post_event("one"))

    def counted() -> object:
        (decision,) = live.look(event).decisions
        return decision.reasons[0].values[count]

    assert counted() == 1
    elsewhere.take(batch_of(post_event("two")))
    assert live.look_at_once(event) is None, "the log has to be read first"
    assert counted() == 2
    assert live.look_at_once(event) == live.look(event)
    store.close()
    other.close()


def test_an_entry_that_expired_decides_no_more(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url, tmp_path)
    live = Live.open(store)
    event = post_event("harbour bells at dawn")
    entry = bank_entry("harbour bells", bank="slogans", expires_at=T0 + timedelta(hours=1))
    with store.write() as transaction:
        banks.edit(transaction, [entry], by="test", reason="for an hour")
    assert live.look(batch_of(event)).decisions
    assert isinstance(store.clock, FakeClock)
    later = batch_of(event, received_at=T0 + timedelta(hours=2))
    assert live.look_at_once(later) is None
    assert live.look(later).decisions == ()
    store.close()


def test_an_event_needs_no_id_yet_and_what_it_lacks_is_named(
    sqlite_url: str, tmp_path: Path
) -> None:
    store = opened(sqlite_url, tmp_path)
    live = Live.open(store)
    wire = {"type": "post.created", "post": {"text": "see https://newsroom.example/x"}}
    checked = live.look(to_check(json.dumps(wire).encode(), store))
    assert checked.event == "unnamed"
    assert "count(event, by=account, over=hours(20))" in checked.missing
    assert [decision.subject.id for decision in checked.decisions] == ["unnamed"]
    store.close()


@pytest.mark.parametrize(
    "wire", [b"", b"[]", b"{}", b'{"type": "post.created"}', b'{"type": "x", "id": "a"}', b"\xff"]
)
def test_what_intake_would_refuse_is_refused(wire: bytes) -> None:
    with pytest.raises(InputError, match="the event is refused"):
        batch_to_check(wire, now=T0, policy=POLICY)


def test_reading_needs_a_policy_and_writes_none(sqlite_url: str, tmp_path: Path) -> None:
    store = Store.open(open_store(sqlite_url, tmp_path).settings)
    with pytest.raises(CheckFailedError):
        Live.reading(store)
    store.close()


def test_it_reads_labels_as_a_batch_would_and_changes_none(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url, tmp_path)
    activate(store, label_pack(**LABEL_RULES), by="test", reason="labels")
    live = Live.open(store)
    n_read = 0
    for event in label_stream(60):
        batch = batch_of(event)
        said = live.look(batch)
        assert live.look_at_once(batch) == said
        assert said.decisions == live.take(batch).decisions
        n_read += len(said.decisions)
    assert n_read
    store.close()
