"""Time, randomness and ids as arguments.

Comes in: nothing. Goes out: the present moment, random bytes and stable ids. Always holds:
this is the only module that reads the wall clock or the operating system's randomness, so
that every stage can be replayed with a clock of the caller's choosing.
"""

from __future__ import annotations

import hashlib
import os
import time
from datetime import UTC, datetime
from typing import Protocol

__all__ = ["Clock", "SystemClock", "random_bytes", "random_token", "stable_id"]


class Clock(Protocol):
    """What stages may know of time."""

    def now(self) -> datetime:
        """The present, aware and in UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present, aware and in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait for this many seconds."""
        time.sleep(seconds)


def random_bytes(n: int) -> bytes:
    """`n` bytes from the operating system; for salts and keys, never for decisions."""
    return os.urandom(n)


def random_token(n_bytes: int = 24) -> str:
    """A secret of `n_bytes` random bytes as lower-case hexadecimal."""
    return os.urandom(n_bytes).hex()


def stable_id(kind: str, *parts: str) -> str:
    """An id that depends on its parts only: `kind` and 32 hexadecimal digits of SHA-256.

    Parts are joined with their lengths, so that ("ab", "c") and ("a", "bc") differ.

    >>> stable_id("case", "post", "p1") == stable_id("case", "post", "p1")
    True
    >>> stable_id("case", "ab", "c") == stable_id("case", "a", "bc")
    False
    """
    digest = hashlib.sha256(kind.encode())
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    return f"{kind}_{digest.hexdigest()[:32]}"
