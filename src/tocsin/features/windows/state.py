"""All windows of a policy: events in, answers out.

Comes in: batches with their features, in order of the log. Goes out: for each row the answers of
every window. Always holds:

- an event's time is its own, or its arrival where it has none or claims to lie ahead of it;
- the watermark is the latest time of any event so far, whether or not a window counts it;
- an event that lies further behind the watermark than the lateness is counted nowhere and gets no
  answers; every other event is counted at its own time;
- an event counts itself, where it is of the window's types and meets its condition; one that does
  not may still ask;
- an event with several keys (hashtags, hosts) is counted for each, and gets the greatest answer;
  one without a key gets none;
- answers depend on the events in their order only, not on how they were cut into batches.

Refused: nothing. Keys are kept as 128-bit hashes under a secret, never as text; all windows of a
state share one hasher, and `merge` is for states that do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from tocsin.features.table import Features
from tocsin.features.windows.choice import new_window
from tocsin.features.windows.hashing import SECRET_BYTES, Hasher, new_hasher
from tocsin.features.windows.keys import BatchKeys, Conditions, KeyColumn
from tocsin.features.windows.steps import (
    ADD,
    ASK,
    NOTHING,
    Bools,
    Ints,
    Shape,
    Steps,
    Window,
    WindowStats,
)
from tocsin.records import EventBatch, WindowKey, WindowMeasure, WindowSpec

__all__ = ["Snapshot", "StoredWindow", "WindowState"]

BEFORE_ALL: Final = -(2**62)
"""The watermark before the first event."""


class StoredWindow(msgspec.Struct, frozen=True):
    """The entries of one window as columns of 64-bit little-endian numbers."""

    keys: bytes
    times: bytes
    of: bytes
    amounts: bytes


class Snapshot(msgspec.Struct, frozen=True):
    """Everything that windows hold, by `WindowSpec.name`, and how keys were hashed."""

    watermark_us: int
    lateness_us: int
    n_late: int
    method: str
    secret: bytes
    windows: dict[str, StoredWindow]


class _Answers:
    """The answers for one batch."""

    def __init__(self, answers: Mapping[str, Ints]) -> None:
        self._answers = answers

    def answers(self, spec: WindowSpec) -> Ints | None:
        """The answers for all rows, durations in microseconds; below 0 where one is missing."""
        return self._answers.get(spec.name)

    def window(self, spec: WindowSpec, row: int) -> int | timedelta | None:
        """A count, a sum, or (of `AGE`) a duration; None where it is missing."""
        answers = self._answers.get(spec.name)
        value = NOTHING if answers is None else int(answers[row])
        if value == NOTHING:
            return None
        return timedelta(microseconds=value) if spec.measure is WindowMeasure.AGE else value


class WindowState:
    """The windows of these specs, empty at first.

    `n_late` counts the events that came too late.
    """

    def __init__(
        self,
        specs: Sequence[WindowSpec],
        conditions: Conditions,
        lateness: timedelta,
        make: Callable[[Shape], Window] = new_window,
        hasher: Hasher | None = None,
    ) -> None:
        self.watermark_us = BEFORE_ALL
        self.n_late = 0
        self.lateness_us = lateness // timedelta(microseconds=1)
        self._conditions = conditions
        self._hasher = hasher or new_hasher(bytes(SECRET_BYTES))
        self._specs = {spec.name: spec for spec in specs}
        self._windows = {
            spec.name: make(Shape(spec.measure, spec.over_us, self.lateness_us)) for spec in specs
        }

    @property
    def specs(self) -> Sequence[WindowSpec]:
        """What it answers."""
        return tuple(self._specs.values())

    def beside(self, specs: Sequence[WindowSpec], conditions: Conditions) -> WindowState:
        """Other windows, empty, that `merge` can take in."""
        lateness = timedelta(microseconds=self.lateness_us)
        return WindowState(specs, conditions, lateness, hasher=self._hasher)

    def keys_of(self, batch: EventBatch, features: Features) -> BatchKeys:
        """What `advance` needs of a batch; for callers that advance it in several turns."""
        return BatchKeys(batch, features, self._conditions, self._hasher)

    def advance(
        self,
        batch: EventBatch,
        features: Features,
        rows: range | None = None,
        keys: BatchKeys | None = None,
    ) -> _Answers:
        """Count the events of these rows (all, if none are given) and answer for each."""
        keys = keys or self.keys_of(batch, features)
        n_rows = len(batch)
        taken = slice(0, n_rows) if rows is None else slice(rows.start, rows.stop)
        times = keys.times[taken]
        watermarks = np.maximum.accumulate(np.maximum(times, self.watermark_us))
        is_late = times < watermarks - self.lateness_us
        n_late = int(np.count_nonzero(is_late))
        self.n_late += n_late
        is_taken = None
        if n_late or len(times) < n_rows:
            is_taken = np.zeros(n_rows, np.bool_)
            is_taken[taken] = ~is_late
            whole = np.zeros(n_rows, np.int64)
            whole[taken] = watermarks
        else:
            whole = watermarks
        turn = _Turn(keys, whole, is_taken)
        answers = {
            name: self._answer(turn, name, spec, n_rows) for name, spec in self._specs.items()
        }
        if len(times):
            self.watermark_us = int(watermarks[-1])
        for window in self._windows.values():
            window.expire(self.watermark_us)
        for window in self._windows.values():
            if window.prepare(len(times)):
                break  # one in a batch, so that no batch waits for all
        return _Answers(answers)

    def peek(self, batch: EventBatch, features: Features) -> _Answers:
        """What `advance` would answer for each event if it came next and alone; counts none.

        A window only moves on to the times that are asked about, which changes no answer.
        """
        keys = self.keys_of(batch, features)
        watermarks = np.maximum(keys.times, self.watermark_us)
        turn = _Turn(keys, watermarks, keys.times >= watermarks - self.lateness_us)
        answers: dict[str, Ints] = {}
        for name, spec in self._specs.items():
            steps, place = turn.steps(spec)
            given = _with_own(self._windows[name], steps, self.watermark_us)
            answers[name] = place.by_row(given, len(batch))
        return _Answers(answers)

    def _answer(self, turn: _Turn, name: str, spec: WindowSpec, n_rows: int) -> Ints:
        """The answers of one window for all rows."""
        steps, place = turn.steps(spec)
        return place.by_row(self._windows[name].advance(steps), n_rows)

    def merge(self, other: WindowState, specs: Sequence[WindowSpec], by: Conditions) -> WindowState:
        """The windows of these specs, each from here or from `other`; both followed one log."""
        lateness = timedelta(microseconds=self.lateness_us)
        merged = WindowState((), by, lateness, hasher=self._hasher)
        merged.watermark_us = max(self.watermark_us, other.watermark_us)
        merged.n_late = max(self.n_late, other.n_late)
        merged._specs = {spec.name: spec for spec in specs}
        merged._windows = {
            name: self._windows.get(name) or other._windows[name] for name in merged._specs
        }
        return merged

    def snapshot(self) -> Snapshot:
        """Everything that is held, as values."""
        return Snapshot(
            watermark_us=self.watermark_us,
            lateness_us=self.lateness_us,
            n_late=self.n_late,
            method=self._hasher.method,
            secret=self._hasher.secret,
            windows={name: self._stored(window) for name, window in self._windows.items()},
        )

    def _stored(self, window: Window) -> StoredWindow:
        """What later events can still reach, whether or not the rest was dropped already."""
        entries = window.entries()
        horizon = self.watermark_us - self.lateness_us - window.shape.over_us
        start = int(np.searchsorted(entries.times, horizon, side="right"))
        columns = (np.ascontiguousarray(column[start:], "<i8") for column in entries)
        return StoredWindow(*(column.tobytes() for column in columns))

    def restore(self, snapshot: Snapshot) -> None:
        """Take over what a snapshot holds of these windows; they must be empty."""
        self.watermark_us, self.n_late = snapshot.watermark_us, snapshot.n_late
        for name, window in self._windows.items():
            stored = snapshot.windows[name]
            times = _column(stored.times)
            window.advance(
                Steps(
                    keys=_column(stored.keys).reshape(-1, 2),
                    times=times,
                    watermarks=times,
                    of=_column(stored.of).reshape(-1, 2),
                    amounts=_column(stored.amounts),
                    flags=np.full(len(times), ADD, np.int64),
                )
            )
            window.expire(self.watermark_us)

    def stats(self) -> dict[str, WindowStats]:
        """How much each window holds, by the name of its spec."""
        return {name: window.stats() for name, window in self._windows.items()}


def _with_own(window: Window, steps: Steps, watermark_us: int) -> Ints:
    """The answers of a window to steps that it does not count, as if it had counted each."""
    asks, counts = (steps.flags & ASK) > 0, (steps.flags & ADD) > 0
    asked = Steps(
        keys=steps.keys,
        times=steps.times,
        watermarks=np.full(len(steps.times), watermark_us, np.int64),  # lets go of nothing early
        of=steps.of,
        amounts=steps.amounts,
        flags=np.full(len(steps.times), ASK, np.int64),
    )
    held = window.advance(asked)
    own: Ints = np.zeros(len(held), np.int64)
    match window.shape.measure:
        case WindowMeasure.COUNT:
            own[counts] = 1
        case WindowMeasure.SUM:
            own[counts] = steps.amounts[counts]
        case WindowMeasure.AGE:
            own[counts] = np.maximum(held, 0)[counts] - held[counts]
        case WindowMeasure.DISTINCT:
            own = _n_new(counts & ~window.holds(steps), asks)
    return np.where(asks, held + own, NOTHING)


def _n_new(is_new: Bools, asks: Bools) -> Ints:
    """How many are new from the step behind the last one that asked up to each."""
    so_far = np.concatenate((np.zeros(1, np.int64), np.cumsum(is_new)))
    ends = np.flatnonzero(asks) + 1
    counted = np.zeros(len(asks), np.int64)
    counted[ends - 1] = np.diff(so_far[ends], prepend=0)
    return counted


class _Place(NamedTuple):
    """The row that each step belongs to (None: one of each), and whether no row has several."""

    rows: Ints | None
    is_single: bool

    def by_row(self, given: Ints, n_rows: int) -> Ints:
        """The answers for all rows; of several for one row the greatest."""
        if self.rows is None:
            return given
        found = np.full(n_rows, NOTHING, np.int64)
        if self.is_single:
            found[self.rows] = given
        else:
            np.maximum.at(found, self.rows, given)
        return found


def _column(stored: bytes) -> Ints:
    return np.frombuffer(stored, "<i8").astype(np.int64)


class _Asked:
    """The keys of one kind that ask: whose they are (None: one of each row), and when."""

    def __init__(
        self, column: KeyColumn, times: Ints, watermarks: Ints, is_taken: Bools | None
    ) -> None:
        self.keys = column.hashes
        self.times, self.watermarks = times, watermarks
        self.rows: Ints | None = None
        if is_taken is not None:
            chosen = np.flatnonzero(is_taken[column.rows])
            self.rows, self.keys = column.rows[chosen], column.hashes[chosen]
        elif not column.is_whole:
            self.rows = column.rows
        if self.rows is not None:
            self.times, self.watermarks = times[self.rows], watermarks[self.rows]
        self.place = _Place(self.rows, column.is_single)
        self.n = len(self.times)
        self.nothing = np.zeros((self.n, 2), np.int64)
        self.zeros = np.zeros(self.n, np.int64)
        self.flags: dict[tuple[frozenset[str], str], Ints] = {}

    def of(self, by_row: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """What is known of rows, for the keys."""
        return by_row if self.rows is None else by_row[self.rows]


class _Turn:
    """The steps of all windows for the rows of one call.

    `is_taken` says which rows are in it: of those asked for the ones that are not late; None: all.
    """

    def __init__(self, keys: BatchKeys, watermarks: Ints, is_taken: Bools | None) -> None:
        self._keys = keys
        self._watermarks = watermarks
        self._is_taken = is_taken
        self._asked: dict[WindowKey, _Asked] = {}

    def asked(self, kind: WindowKey) -> _Asked:
        """The keys of one kind that ask."""
        found = self._asked.get(kind)
        if found is None:
            column = self._keys.column(kind)
            found = _Asked(column, self._keys.times, self._watermarks, self._is_taken)
            self._asked[kind] = found
        return found

    def steps(self, spec: WindowSpec) -> tuple[Steps, _Place]:
        """The steps of one window, and where they belong."""
        asked = self.asked(spec.by)
        if spec.measure is WindowMeasure.DISTINCT:
            return self._distinct(spec, asked)
        flags, amounts = self._flags(spec, asked), asked.zeros
        if spec.measure is WindowMeasure.SUM:
            sent = asked.of(self._keys.amounts(spec.of))
            flags = np.where(sent >= 0, flags, ASK)
            amounts = np.maximum(sent, 0)
        steps = Steps(asked.keys, asked.times, asked.watermarks, asked.nothing, amounts, flags)
        return steps, asked.place

    def _flags(self, spec: WindowSpec, asked: _Asked) -> Ints:
        key = (spec.events, spec.where)
        found = asked.flags.get(key)
        if found is None:
            counted = asked.of(self._keys.counted(spec.events, spec.where))
            found = asked.flags[key] = np.where(counted, ADD | ASK, ASK)
        return found

    def _distinct(self, spec: WindowSpec, asked: _Asked) -> tuple[Steps, _Place]:
        column = self._keys.column(WindowKey(spec.of))
        flags = self._flags(spec, asked)
        if column.is_single:
            if not column.is_whole:
                flags = np.where(asked.of(column.counts) > 0, flags, ASK)
            of = asked.of(column.by_row)
            steps = Steps(asked.keys, asked.times, asked.watermarks, of, asked.zeros, flags)
            return steps, asked.place
        rows = np.arange(asked.n) if asked.rows is None else asked.rows
        n_of = column.counts[rows]
        repeats = np.maximum(n_of, 1)
        last = np.cumsum(repeats) - 1
        place = np.repeat(np.arange(len(rows)), repeats)
        nth = np.arange(len(place)) - np.repeat(last + 1 - repeats, repeats)
        counted = ((flags & ADD > 0) & (n_of > 0))[place]
        flags = np.where(counted, ADD, 0)
        flags[last] |= ASK
        of = np.zeros((len(place), 2), np.int64)
        of[counted] = column.hashes[(column.starts[rows][place] + nth)[counted]]
        steps = Steps(
            asked.keys[place],
            asked.times[place],
            asked.watermarks[place],
            of,
            np.zeros(len(place), np.int64),
            flags,
        )
        return steps, _Place(rows[place], is_single=False)
