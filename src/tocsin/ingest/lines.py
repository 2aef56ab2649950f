"""Bytes in, lines out, in bounded memory.

Comes in: a binary stream or a path (`-` is standard input), plain or packed by gzip or zstd.
Goes out: `Line`s and, where a line cannot even be handed on, `RefusedLine`s, in order. Always
holds: every line goes out once with the byte where it begins in the unpacked stream; blank
lines are skipped; a byte order mark and carriage returns are tolerated; memory stays near
`BLOCK_BYTES` + `MAX_LINE_BYTES` whatever comes. Refused: lines beyond `MAX_LINE_BYTES`, and the
rest of a stream that is broken.
"""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
from msgspec import Struct

from tocsin.errors import InputError
from tocsin.ingest.compression import BrokenStream, blocks_of, compression_of
from tocsin.records import MAX_EXCERPT_BYTES, MAX_LINE_BYTES, Refusal

__all__ = [
    "BYTE_ORDER_MARK",
    "STANDARD_INPUT",
    "Block",
    "Item",
    "Line",
    "LineReader",
    "RefusedLine",
    "Row",
    "Rows",
    "open_lines",
]

STANDARD_INPUT = "-"

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_HEAD_BYTES = 4  # as much as tells plain, gzip and zstd apart


class Line(Struct, frozen=True, gc=False):
    """One line as it came: `offset` counts bytes of the unpacked source, `number` from 1."""

    source: str
    offset: int
    number: int
    content: bytes


class Block(Struct, frozen=True, gc=False):
    """Whole lines as they followed each other; `offset` and `number` are those of the first.

    Some may be blank or end in a carriage return: `lines` knows, and costs something per line.
    """

    source: str
    offset: int
    number: int
    contents: list[bytes]

    def __len__(self) -> int:
        return len(self.contents)

    def lines(self) -> Iterator[Line]:
        """The lines one by one; blank ones are left out."""
        offset = self.offset
        for number, content in enumerate(self.contents, start=self.number):
            if content and not content.isspace():
                yield Line(self.source, offset, number, content.removesuffix(b"\r"))
            offset += len(content) + 1

    def cut(self, first: int, then: int) -> Iterator[Block]:
        """Its lines again in smaller blocks: the first of so many lines, each other of so many."""
        start, offset = 0, self.offset
        while start < len(self.contents):
            part = self.contents[start : start + (then if start else first)]
            yield Block(self.source, offset, self.number + start, part)
            offset += sum(map(len, part)) + len(part)
            start += len(part)


class RefusedLine(Struct, frozen=True, gc=False, kw_only=True):
    """A line that went no further: `excerpt` is its beginning, `digest` the SHA-256 of it all."""

    source: str
    offset: int
    number: int
    reason: Refusal
    message: str
    excerpt: bytes
    digest: str
    is_whole: bool


class Row(Struct, frozen=True):
    """One event as decoded values, from a source that has no lines; `offset` is its index."""

    source: str
    offset: int
    number: int
    value: Mapping[str, Any]


class Rows(Struct, frozen=True):
    """Rows of a record batch as they follow each other; `offset` is the index of the first."""

    source: str
    offset: int
    batch: pa.RecordBatch

    def __len__(self) -> int:
        return int(self.batch.num_rows)

    def cut(self, first: int, then: int) -> Iterator[Rows]:
        """The same in smaller parts: the first of so many rows, each other of so many."""
        start = 0
        while start < len(self):
            part = self.slice(start, start + (then if start else first))
            yield part
            start += len(part)

    def slice(self, start: int, end: int) -> Rows:
        """Some of them."""
        return Rows(self.source, self.offset + start, self.batch.slice(start, end - start))


Item = Line | Block | RefusedLine | Row | Rows
"""What the readers give and `parse` takes."""


class LineReader:
    """Reads a stream once.

    `bytes_read` grows as the (packed) stream is read, for a progress bar; `size` is the length
    of the packed stream, where it is known.
    """

    def __init__(self, stream: BinaryIO, *, source: str, size: int | None = None) -> None:
        self.source = source
        self.size = size
        self.bytes_read = 0
        self._stream = stream
        self._head = b""
        self._number = 0

    def __iter__(self) -> Iterator[Line | RefusedLine]:
        """The lines, one by one."""
        for items in self.groups():
            for item in items:
                if isinstance(item, Block):
                    yield from item.lines()
                elif isinstance(item, Line | RefusedLine):
                    yield item

    def groups(self) -> Iterator[list[Item]]:
        """The lines, in groups of as many as each block that was read completes."""
        self._head = self._peek()
        blocks = blocks_of(self._read, compression_of(self._head))
        rest = _Rest(self.source)
        offset = 0
        is_first = True
        fault: BrokenStream | None = None
        while True:
            try:
                block = next(blocks, b"")
            except BrokenStream as error:
                fault = error
                break
            if not block:
                break
            if is_first:
                offset = len(BYTE_ORDER_MARK) * block.startswith(BYTE_ORDER_MARK)
                block, is_first = block[offset:], False
                rest.offset = offset
            if lines := self._split(block, rest):
                yield lines
        if last := self._close(rest, fault):
            yield [last]

    def _split(self, block: bytes, rest: _Rest) -> list[Item]:
        if b"\n" not in block:
            rest.add(block)
            return []
        first, *pieces = block.split(b"\n")
        rest.add(first)
        found: list[Item] = []
        offset = rest.end + 1
        self._number += 1
        if opened := rest.take(self._number):
            found.append(opened)
        last = pieces.pop()
        if pieces:
            found.append(Block(self.source, offset, self._number + 1, pieces))
            self._number += len(pieces)
            offset += len(block) - len(first) - 1 - len(last)
        rest.restart(offset, last)
        return found

    def _close(self, rest: _Rest, fault: BrokenStream | None) -> Line | RefusedLine | None:
        self._number += 1
        if fault is None:
            return rest.take(self._number)
        message = f"{fault}; the lines before this one were read, the rest is lost"
        return rest.refused(self._number, Refusal.MALFORMED, message)

    def _peek(self) -> bytes:
        head = b""
        while len(head) < _HEAD_BYTES and (more := self._stream.read(_HEAD_BYTES - len(head))):
            head += more
        return head

    def _read(self, n: int) -> bytes:
        if self._head:
            found, self._head = self._head[:n], self._head[n:]
        elif isinstance(self._stream, io.BufferedReader):
            found = self._stream.read1(n)  # what is there now, so that a pipe is never waited for
        else:
            found = self._stream.read(n)
        self.bytes_read += len(found)
        return found


class _Rest:
    """The beginning of a line whose end was not read yet, kept only as far as it is wanted."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.restart(0, b"")

    def restart(self, offset: int, content: bytes) -> None:
        self.offset = offset
        self.n_bytes = len(content)
        self.pieces = [content]
        self.digest: hashlib._Hash | None = None

    @property
    def end(self) -> int:
        return self.offset + self.n_bytes

    def add(self, content: bytes) -> None:
        self.n_bytes += len(content)
        if self.digest is not None:
            self.digest.update(content)
            return
        self.pieces.append(content)
        if self.n_bytes > MAX_LINE_BYTES:
            whole = b"".join(self.pieces)
            self.digest = hashlib.sha256(whole)
            self.pieces = [whole[:MAX_EXCERPT_BYTES]]

    def take(self, number: int) -> Line | RefusedLine | None:
        """The finished line; None if it is blank."""
        if self.digest is not None:
            message = (
                f"the line has {self.n_bytes:,} bytes and may have {MAX_LINE_BYTES:,}; "
                "split it or cut the text"
            )
            return self.refused(number, Refusal.LIMIT, message)
        content = b"".join(self.pieces)
        if not content or content.isspace():
            return None
        return Line(self.source, self.offset, number, content.removesuffix(b"\r"))

    def refused(self, number: int, reason: Refusal, message: str) -> RefusedLine:
        content = b"".join(self.pieces)
        digest = self.digest or hashlib.sha256(content)
        excerpt = content[:MAX_EXCERPT_BYTES]
        return RefusedLine(
            source=self.source,
            offset=self.offset,
            number=number,
            reason=reason,
            message=message,
            excerpt=excerpt,
            digest=digest.hexdigest(),
            is_whole=len(excerpt) == self.n_bytes,
        )


@contextmanager
def open_lines(path: str | Path) -> Iterator[LineReader]:
    """The lines of a file, or of standard input for `-`.

    Raises:
        InputError: the file cannot be opened.
    """
    name = str(path)
    if name == STANDARD_INPUT:
        yield LineReader(sys.stdin.buffer, source="stdin")
        return
    try:
        stream = Path(path).open("rb")  # noqa: SIM115  # closed below; opening alone may fail here
        size = Path(path).stat().st_size
    except OSError as error:
        raise InputError(
            f"cannot read the file: {(error.strerror or 'unknown reason').lower()}",
            where=name,
            hint="give the path of a file of JSON lines (plain, .gz or .zst), or - for stdin",
        ) from None
    with stream:
        yield LineReader(stream, source=name, size=size)
