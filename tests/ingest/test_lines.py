"""Lines come through whole, whatever their packing, and nothing takes memory without bound."""

from __future__ import annotations

import gzip
import hashlib
import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import InputError
from tocsin.ingest import Line, LineReader, RefusedLine, open_lines
from tocsin.records import MAX_EXCERPT_BYTES, MAX_LINE_BYTES, Refusal

LINES = [b'{"n": %d, "text": "%s"}' % (n, b"harbour " * (n % 50)) for n in range(3_000)]
PLAIN = b"\n".join(LINES) + b"\n"


def read(content: bytes) -> list[Line | RefusedLine]:
    return list(LineReader(io.BytesIO(content), source="test"))


def contents(items: list[Line | RefusedLine]) -> list[bytes]:
    return [item.content for item in items if isinstance(item, Line)]


def in_frames(content: bytes) -> bytes:
    half = len(content) // 2
    skippable = (0x184D2A53).to_bytes(4, "little") + (3).to_bytes(4, "little") + b"abc"
    checked = zstandard.ZstdCompressor(write_checksum=True)
    unsized = zstandard.ZstdCompressor(write_content_size=False)
    return checked.compress(content[:half]) + skippable + unsized.compress(content[half:])


PACKED = {
    "plain": PLAIN,
    "gzip": gzip.compress(PLAIN),
    "gzip members, padded": gzip.compress(PLAIN[:999]) + gzip.compress(PLAIN[999:]) + b"\0" * 99,
    "zstd": zstandard.compress(PLAIN),
    "zstd frames": in_frames(PLAIN),
}


@pytest.mark.parametrize("packing", PACKED)
def test_every_packing_gives_the_same_lines(packing: str) -> None:
    packed = PACKED[packing]
    reader = LineReader(io.BytesIO(packed), source="test")
    items = list(reader)
    assert contents(items) == LINES
    assert reader.bytes_read == len(packed)
    for item in items:
        assert isinstance(item, Line)
        assert PLAIN[item.offset :].startswith(item.content)
    assert [item.number for item in items] == list(range(1, len(LINES) + 1))


def test_marks_blank_lines_and_carriage_returns_are_tolerated() -> None:
    items = read(b"\xef\xbb\xbf{}\r\n\r\n   \n[1]\r\n2")
    assert [(item.offset, item.number) for item in items] == [(3, 1), (13, 4), (18, 5)]
    assert contents(items) == [b"{}", b"[1]", b"2"]


@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf", b" \n \n", gzip.compress(b"")])
def test_nothing_gives_nothing(content: bytes) -> None:
    assert read(content) == []


class Trickle(io.RawIOBase):
    """A stream that gives a few bytes at a time, as a pipe may."""

    def __init__(self, content: bytes, sizes: Iterator[int]) -> None:
        self._rest = content
        self._sizes = sizes

    def read(self, n: int | None = -1) -> bytes:
        size = min(next(self._sizes), n if n is not None and n >= 0 else len(self._rest))
        found, self._rest = self._rest[:size], self._rest[size:]
        return found


def trickle(content: bytes, sizes: list[int]) -> BinaryIO:
    def endless() -> Iterator[int]:
        while True:
            yield from sizes

    return Trickle(content, endless())  # type: ignore[return-value]  # reading is all it is asked


@given(
    st.lists(st.sampled_from([b"{}", b"", b" ", b"abc", b"\r", b"\xff"]), max_size=8),
    st.lists(st.integers(1, 5), min_size=1),
    st.sampled_from(["plain", "gzip", "zstd"]),
)
def test_the_cuts_of_the_stream_change_nothing(
    lines: list[bytes], sizes: list[int], packing: str
) -> None:
    plain = b"\n".join(lines)
    packed = {"plain": plain, "gzip": gzip.compress(plain), "zstd": zstandard.compress(plain)}
    whole = LineReader(io.BytesIO(plain), source="test")
    cut = LineReader(trickle(packed[packing], sizes), source="test")
    assert list(cut) == list(whole)


@pytest.mark.parametrize("packing", ["gzip", "zstd", "zstd frames"])
@pytest.mark.parametrize("kept", [0.3, 0.7, 0.999])
def test_a_stream_that_ends_early_loses_only_its_rest(packing: str, kept: float) -> None:
    packed = PACKED[packing]
    *before, last = read(packed[: int(len(packed) * kept)])
    assert contents(before) == LINES[: len(before)]
    assert isinstance(last, RefusedLine)
    assert last.reason is Refusal.MALFORMED
    assert "ends early" in last.message


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_a_corrupt_stream_loses_only_its_rest(packing: str) -> None:
    packed = bytearray(PACKED[packing])
    for place in range(len(packed) // 2, len(packed) // 2 + 20):
        packed[place] ^= 0xFF
    *_, last = read(bytes(packed) + b"\xff" * 100)
    assert isinstance(last, RefusedLine)
    assert last.reason is Refusal.MALFORMED


def test_garbage_after_a_packed_stream_is_said() -> None:
    for packing in ("gzip", "zstd"):
        *before, last = read(PACKED[packing] + b"garbage at the end")
        assert contents(before) == LINES
        assert isinstance(last, RefusedLine)


def test_a_line_beyond_the_limit_is_skipped_with_its_beginning_kept() -> None:
    size = 5 * MAX_LINE_BYTES + 17
    long = b"a" * size
    first, refused, last = read(b"{}\n" + long + b"\n[]\n")
    assert (first, last) == (Line("test", 0, 1, b"{}"), Line("test", size + 4, 3, b"[]"))
    assert isinstance(refused, RefusedLine)
    assert refused.reason is Refusal.LIMIT
    assert refused.excerpt == long[:MAX_EXCERPT_BYTES]
    assert refused.digest == hashlib.sha256(long).hexdigest()
    assert not refused.is_whole


def test_a_line_at_the_limit_comes_through() -> None:
    at_limit = b"a" * MAX_LINE_BYTES
    assert contents(read(at_limit + b"\n" + at_limit + b"b")) == [at_limit]


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_a_bomb_takes_no_memory(packing: str) -> None:
    zeros = b"a" * 200_000_000
    packed = gzip.compress(zeros, 1) if packing == "gzip" else zstandard.compress(zeros)
    del zeros
    tracemalloc.start()
    (refused,) = read(packed)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(refused, RefusedLine)
    assert peak_bytes < 20_000_000


def test_files_are_opened_by_name(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl.gz"
    path.write_bytes(PACKED["gzip"])
    with open_lines(path) as reader:
        assert reader.size == len(PACKED["gzip"])
        assert contents(list(reader)) == LINES


def test_a_file_that_is_not_there_is_the_callers_fault(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught, open_lines(tmp_path / "absent.jsonl"):
        pass
    assert "no such file" in caught.value.message
    with pytest.raises(InputError), open_lines(tmp_path):
        pass


def test_standard_input_is_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"{}\n")))
    with open_lines("-") as reader:
        assert list(reader) == [Line("stdin", 0, 1, b"{}")]
