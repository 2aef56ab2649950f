"""Compressed bytes in, plain bytes out, in blocks of bounded size.

Comes in: a function that reads bytes. Goes out: blocks of at most about 1 MiB, whatever the
compressed stream claims. Always holds: what could be read before a fault goes out before the
fault is raised; files made of several gzip members or zstd frames are read to the end. Refused:
streams that end early or are corrupt (`BrokenStream`).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from enum import StrEnum

import zstandard

__all__ = ["BLOCK_BYTES", "BrokenStream", "Compression", "blocks_of", "compression_of"]

BLOCK_BYTES = 1024 * 1024
"""Large enough that the cost per block vanishes, small enough for any machine."""

Read = Callable[[int], bytes]
"""Up to n bytes; fewer than n only where no more are there yet; empty at the end."""

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WBITS = 31  # 15 bits of window, plus 16: expect a gzip header
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = range(0x184D2A50, 0x184D2A60)
_ZSTD_MAX_WINDOW = 128 * 1024 * 1024  # what `zstd --long` writes by default
_ZSTD_RUN = 1  # a block type: one byte, repeated


class Compression(StrEnum):
    """How a stream is packed."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"


class BrokenStream(ValueError):  # noqa: N818  # an outcome of hostile or cut input, not a fault
    """The compressed stream ends early or is corrupt; what came before was given out."""


def compression_of(head: bytes) -> Compression:
    """How a stream that begins with these bytes is packed.

    >>> compression_of(b'{"id": "e1"}').value
    'none'
    """
    if head.startswith(_GZIP_MAGIC):
        return Compression.GZIP
    if head.startswith(_ZSTD_MAGIC) or int.from_bytes(head[:4], "little") in _ZSTD_SKIPPABLE:
        return Compression.ZSTD
    return Compression.NONE


def blocks_of(read: Read, compression: Compression) -> Iterator[bytes]:
    """The plain bytes.

    Raises:
        BrokenStream: at the place where the stream cannot be read further.
    """
    if compression is Compression.GZIP:
        return _gzip_blocks(read)
    if compression is Compression.ZSTD:
        return _zstd_blocks(read)
    return iter(lambda: read(BLOCK_BYTES), b"")


def _gzip_blocks(read: Read) -> Iterator[bytes]:
    member = zlib.decompressobj(_GZIP_WBITS)
    is_inside = False
    packed = b""
    while packed := packed or read(BLOCK_BYTES):
        if not is_inside:
            packed = packed.lstrip(b"\0")  # padding between members and at the end is legal
            member = zlib.decompressobj(_GZIP_WBITS)
            is_inside = bool(packed)
        try:
            block = member.decompress(packed, BLOCK_BYTES) if is_inside else b""
        except zlib.error:
            raise BrokenStream("the gzip stream is corrupt") from None
        if block:
            yield block
        packed = member.unconsumed_tail
        if member.eof:
            packed = member.unused_data
            is_inside = False
    if is_inside:
        raise BrokenStream("the gzip stream ends early")


def _zstd_blocks(read: Read) -> Iterator[bytes]:
    """Feed the frames block by block (RFC 8878, section 3.1.1): a block gives at most 128 KiB."""
    while magic := _exactly(read, 4, may_end=True):
        if int.from_bytes(magic, "little") in _ZSTD_SKIPPABLE:
            _skip(read, int.from_bytes(_exactly(read, 4), "little"))
        elif magic == _ZSTD_MAGIC:
            yield from _zstd_frame(read)
        else:
            raise BrokenStream("the zstd stream is corrupt")


def _zstd_frame(read: Read) -> Iterator[bytes]:
    descriptor = _exactly(read, 1)
    flags = descriptor[0]
    has_window = not flags & 0x20
    n_size = (0 if has_window else 1, 2, 4, 8)[flags >> 6]
    n_dictionary = (0, 1, 2, 4)[flags & 3]
    header = _ZSTD_MAGIC + descriptor + _exactly(read, has_window + n_dictionary + n_size)
    try:
        frame = zstandard.ZstdDecompressor(max_window_size=_ZSTD_MAX_WINDOW).decompressobj()
        frame.decompress(header)
        is_last = False
        while not is_last:
            head = _exactly(read, 3)
            fields = int.from_bytes(head, "little")
            is_last = bool(fields & 1)
            n_packed = 1 if (fields >> 1) & 3 == _ZSTD_RUN else fields >> 3
            if block := frame.decompress(head + _exactly(read, n_packed)):
                yield block
        if flags & 0x04:
            frame.decompress(_exactly(read, 4))
    except zstandard.ZstdError:
        raise BrokenStream("the zstd stream is corrupt, or needs a dictionary") from None


def _exactly(read: Read, n: int, *, may_end: bool = False) -> bytes:
    found = read(n)
    while len(found) < n and (more := read(n - len(found))):
        found += more
    if len(found) < n and not (may_end and not found):
        raise BrokenStream("the zstd stream ends early")
    return found


def _skip(read: Read, n: int) -> None:
    while n > 0:
        n -= len(_exactly(read, min(n, BLOCK_BYTES)))
