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

Refused: nothing. Keys are kept as 128-bit hashes, never as text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from hashlib import blake2b
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from tocsin.features.table import Features
from tocsin.features.windows.choice import new_window
from tocsin.features.windows.steps import (
    ADD,
    ASK,
    NOTHING,
    Hashes,
    Ints,
    Shape,
    Steps,
    Window,
    WindowStats,
)
from tocsin.records import (
    MAX_AMOUNT,
    EventBatch,
    FeatureTable,
    WindowKey,
    WindowMeasure,
    WindowSpec,
)
from tocsin.store.times import to_us

__all__ = ["Conditions", "Snapshot", "StoredWindow", "WindowState"]

Conditions = Mapping[str, Callable[[FeatureTable, int], bool]]
"""`WindowSpec.where` -> whether the event of a row meets it."""

BEFORE_ALL: Final = -(2**62)
"""The watermark before the first event."""

_Bools = npt.NDArray[np.bool_]


class StoredWindow(msgspec.Struct, frozen=True):
    """The entries of one window as columns of 64-bit little-endian numbers."""

    keys: bytes
    times: bytes
    of: bytes
    amounts: bytes


class Snapshot(msgspec.Struct, frozen=True):
    """Everything that windows hold, by `WindowSpec.name`."""

    watermark_us: int
    lateness_us: int
    n_late: int
    windows: dict[str, StoredWindow]


class _Answers:
    """The answers for one batch."""

    def __init__(self, answers: Mapping[str, Ints]) -> None:
        self._answers = answers

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
    ) -> None:
        self.watermark_us = BEFORE_ALL
        self.n_late = 0
        self.lateness_us = lateness // timedelta(microseconds=1)
        self._conditions = conditions
        self._specs = {spec.name: spec for spec in specs}
        self._windows = {
            spec.name: make(Shape(spec.measure, spec.over_us, self.lateness_us)) for spec in specs
        }

    @property
    def specs(self) -> Sequence[WindowSpec]:
        """What it answers."""
        return tuple(self._specs.values())

    def advance(self, batch: EventBatch, features: Features, rows: range | None = None) -> _Answers:
        """Count the events of these rows (all, if none are given) and answer for each."""
        rows = range(len(batch)) if rows is None else rows
        columns = _Columns(batch, features, rows, self._conditions)
        watermarks = np.maximum.accumulate(np.maximum(columns.times, self.watermark_us))
        is_late = columns.times < watermarks - self.lateness_us
        self.n_late += int(is_late.sum())
        answers: dict[str, Ints] = {}
        for name, spec in self._specs.items():
            found = np.full(len(batch), NOTHING, np.int64)
            steps, asking = columns.steps(spec, watermarks, is_late)
            if len(steps.times):
                given = self._windows[name].advance(steps)
                np.maximum.at(found, asking + rows.start, given)
            answers[name] = found
        if len(rows):
            self.watermark_us = int(watermarks[-1])
        for window in self._windows.values():
            window.expire(self.watermark_us)
        return _Answers(answers)

    def peek(self, batch: EventBatch, features: Features) -> _Answers:
        """What `advance` would answer for each event if it came next and alone; counts none.

        A window only moves on to the times that are asked about, which changes no answer.
        """
        rows = range(len(batch))
        columns = _Columns(batch, features, rows, self._conditions)
        watermarks = np.maximum(columns.times, self.watermark_us)
        is_late = columns.times < watermarks - self.lateness_us
        answers: dict[str, Ints] = {}
        for name, spec in self._specs.items():
            found = np.full(len(batch), NOTHING, np.int64)
            steps, asking = columns.steps(spec, watermarks, is_late)
            if len(steps.times):
                given = _with_own(self._windows[name], steps, self.watermark_us)
                np.maximum.at(found, asking, given)
            answers[name] = found
        return _Answers(answers)

    def merge(self, other: WindowState, specs: Sequence[WindowSpec], by: Conditions) -> WindowState:
        """The windows of these specs, each from here or from `other`; both followed one log."""
        merged = WindowState((), by, timedelta(microseconds=self.lateness_us))
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


def _n_new(is_new: _Bools, asks: _Bools) -> Ints:
    """How many are new from the step behind the last one that asked up to each."""
    so_far = np.concatenate((np.zeros(1, np.int64), np.cumsum(is_new)))
    ends = np.flatnonzero(asks) + 1
    counted = np.zeros(len(asks), np.int64)
    counted[ends - 1] = np.diff(so_far[ends], prepend=0)
    return counted


def _column(stored: bytes) -> Ints:
    return np.frombuffer(stored, "<i8").astype(np.int64)


class _Column:
    """The keys of one kind: `rows` says whose each is, `starts` where a row's keys begin."""

    def __init__(self, values: Sequence[Sequence[str]]) -> None:
        flat = [value for keys in values for value in keys]
        self.counts = np.fromiter(map(len, values), np.int64, len(values))
        self.starts = np.cumsum(self.counts) - self.counts
        self.rows = np.repeat(np.arange(len(values)), self.counts)
        digests = b"".join(
            blake2b(value.encode("utf-8", "surrogatepass"), digest_size=16).digest()
            for value in flat
        )
        self.hashes: Hashes = np.frombuffer(digests, "<i8").astype(np.int64).reshape(-1, 2)


class _Columns:
    """The columns of some rows of a batch, each made when first asked for."""

    def __init__(
        self, batch: EventBatch, features: Features, rows: range, conditions: Conditions
    ) -> None:
        self._rows = rows
        self._features = features
        self._conditions = conditions
        self._types = [features.value("event.type", row) for row in rows]
        self._keys: dict[WindowKey, _Column] = {}
        self._masks: dict[tuple[frozenset[str], str], _Bools] = {}
        arrived = batch.received_at
        moments = [batch.events[row].at or arrived for row in rows]
        self.times: Ints = np.array([to_us(min(at, arrived)) for at in moments], np.int64)

    def steps(self, spec: WindowSpec, watermarks: Ints, is_late: _Bools) -> tuple[Steps, Ints]:
        """The steps of one window, and the row that each belongs to."""
        keys = self._column(spec.by)
        chosen = np.flatnonzero(~is_late[keys.rows])
        rows = keys.rows[chosen]
        counted = self._counted(spec)[rows]
        amounts = np.zeros(len(rows), np.int64)
        of = np.zeros((len(rows), 2), np.int64)
        flags = np.full(len(rows), ASK, np.int64)
        if spec.measure is WindowMeasure.SUM:
            sent = self._amounts(spec.of)[rows]
            counted &= sent >= 0
            amounts = np.maximum(sent, 0)
        elif spec.measure is WindowMeasure.DISTINCT:
            column = self._column(WindowKey(spec.of))
            n_of = column.counts[rows]
            repeats = np.maximum(n_of, 1)
            last = np.cumsum(repeats) - 1
            place = np.repeat(np.arange(len(rows)), repeats)
            nth = np.arange(len(place)) - np.repeat(last + 1 - repeats, repeats)
            flags = np.zeros(len(place), np.int64)
            flags[last] = ASK
            counted = (counted & (n_of > 0))[place]
            of = np.zeros((len(place), 2), np.int64)
            of[counted] = column.hashes[(column.starts[rows][place] + nth)[counted]]
            chosen, rows, amounts = chosen[place], rows[place], amounts[place]
        flags[counted] |= ADD
        steps = Steps(
            keys=np.ascontiguousarray(keys.hashes[chosen]),
            times=self.times[rows],
            watermarks=watermarks[rows],
            of=of,
            amounts=amounts,
            flags=flags,
        )
        return steps, rows

    def _column(self, kind: WindowKey) -> _Column:
        found = self._keys.get(kind)
        if found is None:
            read = _READERS[kind]
            found = _Column([read(self._features, row) for row in self._rows])
            self._keys[kind] = found
        return found

    def _counted(self, spec: WindowSpec) -> _Bools:
        """Whether the event of each row is one that the window counts."""
        key = (spec.events, spec.where)
        found = self._masks.get(key)
        if found is None:
            is_met = self._conditions[spec.where] if spec.where else _always
            found = self._masks[key] = np.array(
                [
                    kind in spec.events and is_met(self._features, row)
                    for kind, row in zip(self._types, self._rows, strict=True)
                ],
                np.bool_,
            )
        return found

    def _amounts(self, feature: str) -> Ints:
        """A whole number of each row, cut to its limits; -1 where it is missing."""
        values = (self._features.value(feature, row) for row in self._rows)
        return np.array(
            [max(0, min(value, MAX_AMOUNT)) if isinstance(value, int) else -1 for value in values],
            np.int64,
        )


def _always(_features: FeatureTable, _row: int) -> bool:
    return True


_Reader = Callable[[Features, int], Sequence[str]]


def _feature(name: str) -> _Reader:
    def read(features: Features, row: int) -> Sequence[str]:
        value = features.value(name, row)
        if isinstance(value, str):
            return (value,) if value else ()
        return value if isinstance(value, tuple) else ()

    return read


def _ip_hash(features: Features, row: int) -> Sequence[str]:
    actor = features.event(row).actor
    return (actor.ip_hash,) if actor is not None and actor.ip_hash else ()


def _device_hash(features: Features, row: int) -> Sequence[str]:
    actor = features.event(row).actor
    return (actor.device_hash,) if actor is not None and actor.device_hash else ()


_READERS: Final[Mapping[WindowKey, _Reader]] = {
    WindowKey.ACCOUNT: _feature("account.id"),
    WindowKey.HASHTAG: _feature("hashtags"),
    WindowKey.HOST: _feature("links.hosts"),
    WindowKey.TEXT: _feature("text"),
    WindowKey.SKELETON: _feature("account.skeleton"),
    WindowKey.IP_HASH: _ip_hash,
    WindowKey.DEVICE_HASH: _device_hash,
}
