"""Windows in plain Python: a list of times per key, sorted. The reference, and the fallback.

Comes in: steps. Goes out: answers. Always holds: see `steps`; nothing but the standard library
does the work. In time order a step costs the same however long the window is; a late one looks
at the part of its key's list that it covers.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from tocsin.features.windows.steps import (
    ADD,
    ASK,
    NOTHING,
    Bools,
    Entries,
    Ints,
    Shape,
    Steps,
    WindowStats,
)
from tocsin.records import WindowMeasure

__all__ = ["PlainWindow"]

_Hash = tuple[int, int]

BYTES_PER_KEY = 700
BYTES_PER_ENTRY = 220
"""Measured with `tracemalloc` over 100,000 keys with two entries each: objects of Python."""


@dataclass(slots=True)
class _Key:
    """The events of one key; those from `first` on lie in the window that ends at `reached`."""

    reached: int
    times: list[int] = field(default_factory=list)
    of: list[_Hash] = field(default_factory=list)
    amounts: list[int] = field(default_factory=list)
    first: int = 0
    total: int = 0
    different: dict[_Hash, int] = field(default_factory=dict)

    def add(self, time: int, of: _Hash, amount: int, over: int) -> None:
        """Count one event, wherever it belongs by its time."""
        is_late = bool(self.times) and time < self.times[-1]
        place = bisect_right(self.times, time) if is_late else len(self.times)
        self.times.insert(place, time)
        self.of.insert(place, of)
        self.amounts.insert(place, amount)
        if time > self.reached - over:
            self._enter(place)
        else:
            self.first += 1
        self.reach(time, over)

    def reach(self, time: int, over: int) -> None:
        """Move the window on to this time; never back."""
        if time <= self.reached:
            return
        self.reached = time
        while self.first < len(self.times) and self.times[self.first] <= time - over:
            self._leave(self.first)
            self.first += 1

    def forget(self, horizon: int) -> bool:
        """Drop events up to this time, sooner or later; whether none is left."""
        n_gone = bisect_right(self.times, horizon)
        if n_gone == len(self.times):
            return True
        if 2 * n_gone > len(self.times):
            for place in range(self.first, n_gone):
                self._leave(place)
            del self.times[:n_gone], self.of[:n_gone], self.amounts[:n_gone]
            self.first = max(0, self.first - n_gone)
        return False

    def answer(self, measure: WindowMeasure, time: int, over: int) -> int:
        """What the window that ends at this time holds."""
        start, end, is_current = self.first, len(self.times), time >= self.reached
        if not is_current:
            start, end = bisect_right(self.times, time - over), bisect_right(self.times, time)
        match measure:
            case WindowMeasure.COUNT:
                return end - start
            case WindowMeasure.DISTINCT:
                return len(self.different) if is_current else len(set(self.of[start:end]))
            case WindowMeasure.SUM:
                return self.total if is_current else sum(self.amounts[start:end])
            case WindowMeasure.AGE:
                return time - self.times[start] if start < end else NOTHING

    def holds(self, of: _Hash, time: int, over: int) -> bool:
        """Whether this stands in the window that ends at this time."""
        if time == self.reached:
            return of in self.different
        start, end = bisect_right(self.times, time - over), bisect_right(self.times, time)
        return of in self.of[start:end]

    def _enter(self, place: int) -> None:
        self.total += self.amounts[place]
        self.different[self.of[place]] = self.different.get(self.of[place], 0) + 1

    def _leave(self, place: int) -> None:
        of = self.of[place]
        self.total -= self.amounts[place]
        if self.different[of] == 1:
            del self.different[of]
        else:
            self.different[of] -= 1


class PlainWindow:
    """One window."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self._keys: dict[_Hash, _Key] = {}
        self._arrived: deque[tuple[int, _Hash]] = deque()

    def advance(self, steps: Steps) -> Ints:
        """Take the steps in order; the answers (n), `NOTHING` where a step did not ask."""
        answers = []
        measure, over = self.shape.measure, self.shape.over_us
        columns = (column.tolist() for column in steps)
        for key_parts, time, watermark, of, amount, flags in zip(*columns, strict=True):
            self.expire(watermark)
            key = (key_parts[0], key_parts[1])
            found = self._keys.get(key)
            if flags & ADD:
                if found is None:
                    found = self._keys[key] = _Key(time)
                found.add(time, (of[0], of[1]), amount, over)
                self._arrived.append((time, key))
            if not flags & ASK:
                answers.append(NOTHING)
            elif found is None:
                answers.append(NOTHING if measure is WindowMeasure.AGE else 0)
            else:
                found.reach(time, over)
                answers.append(found.answer(measure, time, over))
        return np.array(answers, np.int64)

    def holds(self, steps: Steps) -> Bools:
        """Of `DISTINCT`: whether what a step would count stands in its key's window already."""
        over = self.shape.over_us
        found = np.zeros(len(steps.times), np.bool_)
        for place, (key, time, of) in enumerate(
            zip(steps.keys.tolist(), steps.times.tolist(), steps.of.tolist(), strict=True)
        ):
            held = self._keys.get((key[0], key[1]))
            if held is not None:
                found[place] = held.holds((of[0], of[1]), time, over)
        return found

    def expire(self, watermark_us: int) -> None:
        """Drop what no step from this watermark on can reach."""
        horizon = watermark_us - self.shape.lateness_us - self.shape.over_us
        arrived = self._arrived
        while arrived and arrived[0][0] <= horizon:
            _, key = arrived.popleft()
            found = self._keys.get(key)
            if found is not None and found.forget(horizon):
                del self._keys[key]

    def prepare(self, _n_steps: int) -> bool:
        """Nothing to do: containers grow bit by bit."""
        return False

    def entries(self) -> Entries:
        """What the window holds, by time."""
        rows = sorted(
            (time, key, of, amount)
            for key, found in self._keys.items()
            for time, of, amount in zip(found.times, found.of, found.amounts, strict=True)
        )
        return Entries(
            keys=np.array([row[1] for row in rows], np.int64).reshape(-1, 2),
            times=np.array([row[0] for row in rows], np.int64),
            of=np.array([row[2] for row in rows], np.int64).reshape(-1, 2),
            amounts=np.array([row[3] for row in rows], np.int64),
        )

    def stats(self) -> WindowStats:
        """How much it holds; `bytes` is an estimate."""
        n_keys = len(self._keys)
        n_entries = sum(len(found.times) for found in self._keys.values())
        n_bytes = n_keys * BYTES_PER_KEY + n_entries * BYTES_PER_ENTRY
        return WindowStats(n_keys, n_entries, n_bytes)
