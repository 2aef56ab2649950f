"""Erasable content beside the log: packed lines, salts and commitments.

Comes in: the items of one log entry, each a line of bytes without a newline. Goes out: one
compressed blob, the salts of all items and their salted SHA-256s (the commitments that the log's
chain covers), each as one run of bytes in the order of the items. Always holds: without its salt
a commitment says nothing about its item, and erasing an item (line and salt) leaves the chain as
it was.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Sequence
from hashlib import sha256
from operator import add

import zstandard

from tocsin.clock import random_bytes
from tocsin.errors import TocsinError

__all__ = [
    "COMMITMENT_BYTES",
    "SALT_BYTES",
    "commit",
    "commitments",
    "erase",
    "new_salts",
    "pack",
    "split_commitments",
    "unpack",
    "unpack_joined",
]

SALT_BYTES = 16
"""128 bits: guessing an erased item from its commitment means guessing this first."""

COMMITMENT_BYTES = sha256().digest_size

_LEVEL = -3  # a fast one: a batch is compressed again, better, in the archive
_MAX_UNPACKED = 1 << 30


class _Zstd(threading.local):
    """One of each for a thread: making one takes longer than compressing a small batch."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=_LEVEL)
        self.decompressor = zstandard.ZstdDecompressor()


_ZSTD = _Zstd()


def new_salts(n_items: int) -> bytes:
    """Fresh salts for so many items."""
    return random_bytes(SALT_BYTES * n_items)


def commit(salt: bytes, item: bytes) -> bytes:
    """The commitment to one item: SHA-256 over salt and item."""
    return sha256(salt + item).digest()


def commitments(items: Sequence[bytes], salts: bytes) -> bytes:
    """The commitments to all items, one after the other."""
    each = struct.unpack(f"{SALT_BYTES}s" * len(items), salts)
    digests = map(sha256, map(add, each, items))
    return b"".join([digest.digest() for digest in digests])


def split_commitments(found: bytes) -> list[bytes]:
    """The commitment to each item."""
    return [
        found[start : start + COMMITMENT_BYTES] for start in range(0, len(found), COMMITMENT_BYTES)
    ]


def pack(items: Sequence[bytes]) -> bytes:
    """One compressed blob of all items."""
    return _ZSTD.compressor.compress(b"\n".join(items))


def unpack(packed: bytes) -> list[bytes]:
    """The items again; an erased one is empty."""
    return unpack_joined(packed).split(b"\n")


def unpack_joined(packed: bytes) -> bytes:
    """The items again as lines, a newline between each two; an erased one is an empty line."""
    return _ZSTD.decompressor.decompress(packed, max_output_size=_MAX_UNPACKED)


def erase(packed: bytes, salts: bytes, ordinal: int) -> tuple[bytes, bytes]:
    """Blob and salts without the item at this place; the others keep theirs."""
    items = unpack(packed)
    if not 0 <= ordinal < len(items):
        raise TocsinError("there is no such item in this log entry", where=f"ordinal {ordinal}")
    items[ordinal] = b""
    start = ordinal * SALT_BYTES
    blank = bytes(SALT_BYTES)
    return pack(items), salts[:start] + blank + salts[start + SALT_BYTES :]
