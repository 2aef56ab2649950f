"""Windows as exact linked rings in arrays, compiled by numba: the fast implementation.

Comes in: steps. Goes out: answers. Always holds: see `steps`; the same answers as `plain`. The
arrays double when they are full, or (`prepare`) one by one before; memory follows the events of
one window. Refused: nothing. Needs the extra `tocsin[fast]`: importing this module imports numba.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np

from tocsin.features.windows import kernel
from tocsin.features.windows.steps import Bools, Entries, Hashes, Ints, Shape, Steps, WindowStats
from tocsin.records import WindowMeasure

__all__ = ["RingWindow"]

SMALLEST: Final = 1_024
"""Entries at first: 50 kB a window, so that a pack may have many."""

AHEAD: Final = 16
"""Calls before an array is full, at which it is made longer: windows do so one after the other."""

CACHE_LINE: Final = 64
"""Bytes that memory hands out at a time."""

_FILLED: Final = [kernel.SIZE, kernel.USED_KEYS, kernel.USED_PAIRS]

_MEASURES: Final = {
    WindowMeasure.COUNT: 0,
    WindowMeasure.DISTINCT: 1,
    WindowMeasure.SUM: 2,
    WindowMeasure.AGE: 3,
}


class RingWindow:
    """One window."""

    def __init__(self, shape: Shape) -> None:
        _load()
        self.shape = shape
        self._measure = _MEASURES[shape.measure]
        self._state = np.zeros(6, np.int64)
        self._entries = _aligned(SMALLEST, kernel.ENTRY_COLUMNS)
        self._keys = _empty(2 * SMALLEST, kernel.KEY_COLUMNS)
        self._spare_keys = _empty(1, kernel.KEY_COLUMNS)
        self._spare_pairs = _empty(1, kernel.PAIR_COLUMNS)
        is_distinct = shape.measure is WindowMeasure.DISTINCT
        self._pairs = _empty(2 * SMALLEST if is_distinct else 1, kernel.PAIR_COLUMNS)

    def advance(self, steps: Steps) -> Ints:
        """Take the steps in order; the answers (n), `NOTHING` where a step did not ask."""
        answers = np.empty(len(steps.times), np.int64)
        done = 0
        while True:
            done = kernel.advance(
                self._keys, self._pairs, self._entries, self._state, steps.keys, steps.times,
                steps.watermarks, steps.of, steps.amounts,
                steps.flags, answers, done, self.shape.over_us, self.shape.lateness_us,
                self._measure,
            )  # fmt: skip
            if done == len(steps.times):
                return answers
            self._make_room(int(steps.watermarks[done]))

    def holds(self, steps: Steps) -> Bools:
        """Of `DISTINCT`: whether what a step would count stands in its key's window already."""
        found = np.zeros(len(steps.times), np.bool_)
        kernel.holds(
            self._keys, self._pairs, self._entries, steps.keys, steps.times, steps.of, found,
            self.shape.over_us,
        )  # fmt: skip
        return found

    def expire(self, watermark_us: int) -> None:
        """Drop what no step from this watermark on can reach."""
        horizon_us = watermark_us - self.shape.lateness_us - self.shape.over_us
        front, size = self._state[kernel.FRONT], self._state[kernel.SIZE]
        if size and self._entries[front, kernel.TIME] <= horizon_us:
            kernel.expire(
                self._keys, self._pairs, self._entries, self._state, self.shape.over_us,
                horizon_us,
            )  # fmt: skip

    def entries(self) -> Entries:
        """What the window holds, by time."""
        front, size = self._state[kernel.FRONT], self._state[kernel.SIZE]
        places = (front + np.arange(size)) % len(self._entries)
        times = self._entries[places, kernel.TIME]
        places = places[np.argsort(times, kind="stable")]
        held = self._entries[places]
        keys = self._keys[held[:, kernel.OWNER], : kernel.LAST]
        of = np.zeros((len(held), 2), np.int64)
        if self.shape.measure is WindowMeasure.DISTINCT:
            of = _unmixed(self._pairs[held[:, kernel.PAIR], : kernel.INSIDE], keys)
        return Entries(
            keys=keys, times=held[:, kernel.TIME].copy(), of=of,
            amounts=held[:, kernel.AMOUNT].copy(),
        )  # fmt: skip

    def stats(self) -> WindowStats:
        """How much it holds; `bytes` is what the arrays take."""
        tables = (self._keys, self._pairs, self._spare_keys, self._spare_pairs)
        return WindowStats(
            keys=int(self._state[kernel.N_KEYS]),
            entries=int(self._state[kernel.SIZE]),
            bytes=self._entries.nbytes + sum(table.nbytes for table in tables),
        )

    def prepare(self, n_steps: int) -> bool:
        """Grow one array that a few calls with so many steps would fill; whether one was."""
        n_ahead = AHEAD * n_steps
        size, used_keys, used_pairs = self._state[_FILLED].tolist()
        if len(self._entries) - size < min(n_ahead, len(self._entries) // 4):
            self._grow_entries()
        elif _room(self._keys, used_keys) < min(n_ahead, len(self._keys) // 8):
            self._grow_keys()
        elif used_pairs and _room(self._pairs, used_pairs) < min(n_ahead, len(self._pairs) // 8):
            self._grow_pairs()
        else:
            return False
        return True

    def _make_room(self, watermark_us: int) -> None:
        """Let go of what has expired; double what is full all the same."""
        self.expire(watermark_us)
        state = self._state
        if state[kernel.SIZE] == len(self._entries):
            self._grow_entries()
        if _room(self._keys, int(state[kernel.USED_KEYS])) <= 0:
            self._grow_keys()
        if _room(self._pairs, int(state[kernel.USED_PAIRS])) <= 0:
            self._grow_pairs()

    def _grow_keys(self) -> None:
        spare, self._spare_keys = self._spare_keys, self._keys
        self._keys = self._anew(self._keys, spare, kernel.LAST, 0, kernel.OWNER)
        self._state[kernel.USED_KEYS] = self._state[kernel.N_KEYS]

    def _grow_pairs(self) -> None:
        spare, self._spare_pairs = self._spare_pairs, self._pairs
        self._pairs = self._anew(self._pairs, spare, kernel.HELD, 1, kernel.PAIR)
        self._state[kernel.USED_PAIRS] = np.count_nonzero(self._pairs[:, kernel.HELD])

    def _anew(self, old: Ints, spare: Ints, column: int, least: int, link: int) -> Ints:
        """A table of the rows that are still in use, half full at most, and links to it.

        The table before the last is used again where it fits: fresh memory is dear.
        """
        n_used = int(np.count_nonzero(old[:, column] >= least))
        size = 2 * SMALLEST
        while size < 2 * n_used:
            size *= 2
        new = spare if len(spare) == size else _aligned(size, old.shape[1])
        moved = kernel.rehash(old, new, column, least)
        kernel.relink(self._entries, self._state, link, moved)
        return new

    def _grow_entries(self) -> None:
        """Twice the ring, its entries from the first place on."""
        old = self._entries
        self._entries = _aligned(2 * len(old), kernel.ENTRY_COLUMNS)
        kernel.unroll(old, self._entries, self._keys, int(self._state[kernel.FRONT]))
        self._state[kernel.FRONT] = 0


@cache
def _load() -> None:
    """Have the compiled code at hand: from the disk it takes milliseconds, which no batch has."""
    keys, pairs = _empty(1, kernel.KEY_COLUMNS), _empty(1, kernel.PAIR_COLUMNS)
    entries, state = _aligned(1, kernel.ENTRY_COLUMNS), np.zeros(6, np.int64)
    moved = kernel.rehash(keys, keys.copy(), kernel.LAST, 0)
    kernel.relink(entries, state, kernel.OWNER, moved)
    kernel.unroll(entries, entries.copy(), keys, 0)
    kernel.expire(keys, pairs, entries, state, 0, 0)
    hashes, none = np.zeros((0, 2), np.int64), np.zeros(0, np.int64)
    kernel.advance(
        keys, pairs, entries, state, hashes, none, none, hashes, none, none, none.copy(), 0, 0, 0, 0
    )


def _room(table: Ints, n_used: int) -> int:
    """How many more rows fit until the table is made anew: at three quarters."""
    return (3 * len(table) + 3) // 4 - n_used


def _empty(n: int, n_columns: int) -> Ints:
    """A table without rows."""
    rows = _aligned(n, n_columns)
    rows[:] = 0
    rows[:, kernel.USE] = kernel.EMPTY
    return rows


def _aligned(n: int, n_columns: int) -> Ints:
    """Anything, from where a cache line begins, so that a row of one line lies in one."""
    room = np.empty(n * n_columns + CACHE_LINE // 8, np.int64)  # NumPy asks for large pages here
    start = -room.ctypes.data % CACHE_LINE // 8
    return room[start : start + n * n_columns].reshape(n, n_columns)


def _unmixed(pairs: Hashes, keys: Hashes) -> Hashes:
    """What `distinct` counts, from the rows of its pairs: the mixing of `kernel`, undone."""
    low = keys[:, 1]
    turned = (low << 1) | (low >> 63 & 1)
    return np.stack([pairs[:, 0] ^ keys[:, 0], pairs[:, 1] ^ turned], axis=1)
