"""Erasable content beside the log: packed lines, salts and commitments.

Comes in: the items of one log entry, each a line of bytes without a newline. Goes out: one
compressed blob, one salt per item, and one salted SHA-256 per item (the commitment that the
log's chain covers). Always holds: without its salt a commitment says nothing about its item,
and erasing an item (line and salt) leaves the chain as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import zstandard

from tocsin.clock import random_bytes
from tocsin.errors import TocsinError

__all__ = ["SALT_BYTES", "commit", "commitments", "erase", "new_salts", "pack", "unpack"]

SALT_BYTES = 16
"""128 bits: guessing an erased item from its commitment means guessing this first."""

_LEVEL = 1  # the fastest: a batch is compressed again, better, in the archive
_MAX_UNPACKED = 1 << 30


def new_salts(n_items: int) -> bytes:
    """Fresh salts for so many items."""
    return random_bytes(SALT_BYTES * n_items)


def commit(salt: bytes, item: bytes) -> str:
    """The commitment to one item: SHA-256 over salt and item, in hexadecimal."""
    return sha256(salt + item).hexdigest()


def commitments(items: Sequence[bytes], salts: bytes) -> list[str]:
    """The commitments to all items, in order."""
    return [
        sha256(salts[start : start + SALT_BYTES] + item).hexdigest()
        for item, start in zip(items, range(0, len(salts), SALT_BYTES), strict=True)
    ]


def pack(items: Sequence[bytes]) -> bytes:
    """One compressed blob of all items."""
    return zstandard.ZstdCompressor(level=_LEVEL).compress(b"\n".join(items))


def unpack(packed: bytes) -> list[bytes]:
    """The items again; an erased one is empty."""
    raw = zstandard.ZstdDecompressor().decompress(packed, max_output_size=_MAX_UNPACKED)
    return raw.split(b"\n")


def erase(packed: bytes, salts: bytes, ordinal: int) -> tuple[bytes, bytes]:
    """Blob and salts without the item at this place; the others keep theirs."""
    items = unpack(packed)
    if not 0 <= ordinal < len(items):
        raise TocsinError("there is no such item in this log entry", where=f"ordinal {ordinal}")
    items[ordinal] = b""
    start = ordinal * SALT_BYTES
    blank = bytes(SALT_BYTES)
    return pack(items), salts[:start] + blank + salts[start + SALT_BYTES :]
