"""Passwords: hashed with argon2id, checked at the same cost whoever asks.

Comes in: passwords. Goes out: hashes, and whether one fits. Always holds: a check takes as long
for a user who does not exist as for one who does; at most `MAX_AT_ONCE` checks run at once, so
that guessing cannot exhaust memory; no password is kept, logged or part of an error. Refused:
passwords shorter than `MIN_CHARACTERS`, and longer than any person types.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tocsin.clock import random_token
from tocsin.errors import InputError

__all__ = ["MAX_CHARACTERS", "MIN_CHARACTERS", "Passwords", "lock_after"]

MIN_CHARACTERS = 12
"""NIST SP 800-63B-4 asks for 8 with and 15 without a second factor; people here handle the
content of others, so the middle until a second factor exists."""

MAX_CHARACTERS = 1_024
"""Bounds the work of hashing; no password manager makes longer ones."""

MAX_AT_ONCE = 2
"""Each check takes 64 MiB (RFC 9106, section 4, second recommended option): 128 MiB in all, so
that the smallest machine (2 GB) survives a flood of guesses."""

FREE_FAILURES = 5
"""Typing errors that cost nothing."""

FIRST_LOCK = timedelta(seconds=30)
LONGEST_LOCK = timedelta(minutes=15)
"""Longer would let anybody who knows a name keep its owner out for the day."""


class Passwords:
    """Makes and checks hashes."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=4)
        self._nobodys = self._hasher.hash(random_token(16))
        self._turn = threading.BoundedSemaphore(MAX_AT_ONCE)

    def hash(self, password: str) -> str:
        """The hash to keep.

        Raises:
            InputError: the password is too short or too long.
        """
        if len(password) < MIN_CHARACTERS:
            raise InputError(
                f"a password needs at least {MIN_CHARACTERS} characters",
                where="password",
                hint="a few unrelated words are easy to remember and hard to guess",
            )
        if len(password) > MAX_CHARACTERS:
            message = f"a password may have at most {MAX_CHARACTERS} characters"
            raise InputError(message, where="password")
        return self._hasher.hash(password)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until a check may run; what is read inside cannot be outrun by many guesses."""
        with self._turn:
            yield

    def fits(self, password_hash: str | None, password: str) -> bool:
        """Whether the password is the one that was hashed; None stands for an unknown user."""
        try:
            self._hasher.verify(password_hash or self._nobodys, password[:MAX_CHARACTERS])
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)


def lock_after(failures: int) -> timedelta | None:
    """For how long a name is locked after so many failures in a row; None: not at all.

    >>> lock_after(4) is None
    True
    >>> lock_after(6)
    datetime.timedelta(seconds=60)
    """
    if failures < FREE_FAILURES:
        return None
    doublings = min(failures - FREE_FAILURES, 10)  # beyond, the lock has long been the longest
    return min(FIRST_LOCK * (1 << doublings), LONGEST_LOCK)
