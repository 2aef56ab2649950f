"""Batches: never too large, never late, and the same events wherever the cuts fall."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.ingest import ADAPTERS, Batch, Batcher, LineReader, file_batches, live_batches
from tocsin.records import EventPolicy
from tocsin.testing import FakeClock

GOOD = [
    json.dumps({"id": f"e{n}", "type": "post.created", "post": {"id": f"p{n}"}}) for n in range(40)
]
MIXED = "\n".join(line if n % 7 else f"{line}]" for n, line in enumerate(GOOD)).encode()
N_GOOD, N_BAD = 34, 6


def batcher(max_events: int = 256) -> Batcher:
    return Batcher(
        source="test",
        adapter=ADAPTERS["tocsin"],
        policy=EventPolicy(),
        clock=FakeClock(),
        max_events=max_events,
    )


def reader(content: bytes = MIXED) -> LineReader:
    return LineReader(io.BytesIO(content), source="test")


def flat(batches: Iterator[Batch]) -> tuple[list[str], list[bytes], list[str]]:
    ids: list[str] = []
    lines: list[bytes] = []
    dead: list[str] = []
    for batch in batches:
        ids += [event.id for event in batch.events.events]
        lines += batch.events.lines
        dead += [letter.id for letter in batch.dead_letters]
    return ids, lines, dead


@given(st.integers(1, 60))
def test_the_cuts_change_nothing(max_events: int) -> None:
    ids, lines, dead = flat(file_batches(reader(), batcher(max_events)))
    assert (ids, lines, dead) == flat(file_batches(reader(), batcher()))
    assert len(ids) == len(lines) == N_GOOD
    assert len(dead) == N_BAD


@pytest.mark.parametrize("max_events", [1, 5, 34, 1_000])
def test_no_batch_is_larger_than_asked(max_events: int) -> None:
    sizes = [len(batch.events) for batch in file_batches(reader(), batcher(max_events))]
    assert max(sizes) <= max_events
    assert sum(sizes) == N_GOOD


def test_huge_posts_make_smaller_batches() -> None:
    post = {"id": "p", "text": "a" * 100_000, "title": "b" * 4_000}
    lines = [json.dumps({"id": f"e{n}", "type": "post.created", "post": post}) for n in range(400)]
    batches = list(file_batches(reader("\n".join(lines).encode()), batcher(1_000)))
    assert len(batches) > 1
    assert sum(len(batch.events) for batch in batches) == 400


def test_a_flood_of_bad_lines_is_handed_on_in_parts() -> None:
    batches = list(file_batches(reader(b"x\n" * 1_000), batcher(100)))
    assert max(len(batch.dead_letters) for batch in batches) <= 200
    assert sum(len(batch.dead_letters) for batch in batches) == 1_000


def test_live_gives_what_a_file_gives() -> None:
    assert flat(live_batches(reader(), batcher(5))) == flat(file_batches(reader(), batcher(5)))


def test_a_silent_stream_is_flushed() -> None:
    read_end, write_end = os.pipe()
    with open(read_end, "rb") as source, open(write_end, "wb", buffering=0) as sender:  # noqa: PTH123  # a pipe
        batches = live_batches(LineReader(source, source="pipe"), batcher())
        sender.write(f"{GOOD[0]}\n{GOOD[1]}\n".encode())
        n_events = len(next(batches).events)
        while n_events < 2:
            n_events += len(next(batches).events)
        sender.write(f"{GOOD[2]}\n".encode())
        assert [event.id for event in next(batches).events.events] == ["e2"]
        sender.close()
        assert list(batches) == []


def test_a_fault_of_the_stream_reaches_the_caller() -> None:
    class Broken(io.BytesIO):
        def read(self, n: int | None = -1) -> bytes:
            raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        list(live_batches(LineReader(Broken(), source="test"), batcher()))


def test_a_consumer_may_leave_early() -> None:
    batches = live_batches(reader(MIXED * 100), batcher(1))
    assert len(next(batches).events) <= 1
    batches.close()
