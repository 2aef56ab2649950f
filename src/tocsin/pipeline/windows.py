"""The windows of the live path: in memory, beside the log, and back after a crash.

Comes in: a policy, batches inside their write transaction, and the log. Goes out: answers for
each batch. Always holds: what is held in memory equals what the log says up to `position`; what
was counted for a transaction that did not commit is forgotten, and counted again from the log; a
snapshot names the entry of the log that it includes last, and is used only where the log still
has that entry; a snapshot that cannot be read is as good as none.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import msgspec
import sqlalchemy as sa

from tocsin import __version__
from tocsin.clock import random_bytes
from tocsin.features import Features, WindowState, WindowStats, compute
from tocsin.features.windows import SECRET_BYTES, Hasher, new_hasher
from tocsin.features.windows.state import Snapshot
from tocsin.policy import CompiledPolicy
from tocsin.records import EntryKind, Event, EventBatch, LogEntry, WindowSpec, WindowTable
from tocsin.store import Store, folder, log, schema
from tocsin.store.replay import read_events
from tocsin.store.times import to_us

__all__ = ["LiveWindows"]

_LOG = logging.getLogger(__name__)

MAGIC = b"tocsin windows 2\n"
FILE = "state.bin"
_EVENT = msgspec.json.Decoder(Event)


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What a file of a snapshot holds, behind its checksum."""

    program: str
    position: int
    entry: str
    state: Snapshot


class LiveWindows:
    """The windows that the policy in force reads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lateness = timedelta(seconds=store.settings.window_lateness_s)
        self._policy: CompiledPolicy | None = None
        self._state: WindowState | None = None
        self._position = 0
        self._saved_position = 0
        self._saved_at: datetime | None = None

    @property
    def position(self) -> int:
        """The last entry of the log that is counted."""
        return self._position

    def stats(self) -> dict[str, WindowStats]:
        """How much each window holds, by the name of its spec."""
        return {} if self._state is None else self._state.stats()

    @property
    def n_late(self) -> int:
        """How many events came too late to be counted."""
        return 0 if self._state is None else self._state.n_late

    def snapshot(self) -> Snapshot | None:
        """Everything that is held; None where no rule reads a window."""
        return None if self._state is None else self._state.snapshot()

    def prepare(self, connection: sa.Connection, policy: CompiledPolicy) -> None:
        """Have the windows of this policy, up to the end of the log."""
        if policy is self._policy and self._state is not None:
            self._follow(connection, self._state)
            return
        wanted = _names(policy.windows)
        have = self._state
        if have is None and wanted:
            have = self._restored(connection, policy)
        if have is None:
            have = WindowState((), {}, self._lateness, hasher=_fresh_hasher())
            self._position = log.last_position(connection)
        else:
            self._follow(connection, have)
        missing = [spec for spec in policy.windows if spec.name not in _names(have.specs)]
        built = have.beside(missing, policy.window_conditions)
        if missing:
            self._build(connection, built)
        self._state = have.merge(built, policy.windows, policy.window_conditions)
        self._policy = policy

    def advance(self, batch: EventBatch, features: Features) -> WindowTable:
        """Count a batch and answer for it; `commit` or `forget` must follow."""
        if self._state is None:
            raise RuntimeError("windows are asked before they are prepared")
        return self._state.advance(batch, features)

    def peek(self, batch: EventBatch, features: Features) -> WindowTable:
        """Answer for a batch of one as if it came next; nothing is counted."""
        if self._state is None:
            raise RuntimeError("windows are asked before they are prepared")
        return self._state.peek(batch, features)

    def commit(self, position: int) -> None:
        """What was counted last is in the log, at this position."""
        self._position = position

    def forget(self) -> None:
        """What was counted last may not be in the log: begin again from there."""
        self._state = None
        self._policy = None

    def save_if_due(self) -> None:
        """Write a snapshot where the last one is old enough; only between transactions."""
        now = self._store.clock.now()
        if self._saved_at is None:
            self._saved_at = now
        if (now - self._saved_at).total_seconds() >= self._store.settings.window_snapshot_s:
            try:
                self.save()
            except OSError as error:  # the batch is stored all the same; tried again later
                _LOG.error("no snapshot of windows was written: %s", type(error).__name__)

    def save(self) -> None:
        """Write a snapshot where something was counted since the last; between transactions."""
        self._saved_at = self._store.clock.now()
        if self._state is None or not self._state.specs:
            return
        if self._position in (0, self._saved_position):
            return
        with self._store.read() as connection:
            entry = log.entry_at(connection, self._position)
        if entry is None:
            return
        stored = _Stored(
            program=__version__,
            position=self._position,
            entry=entry.hash,
            state=self._state.snapshot(),
        )
        _write(self._folder, msgspec.msgpack.encode(stored))
        self._saved_position = self._position

    @property
    def _folder(self) -> Path:
        return self._store.folder / "windows"

    def _restored(self, connection: sa.Connection, policy: CompiledPolicy) -> WindowState | None:
        """The windows of the last snapshot that this policy reads; None without a snapshot."""
        stored = _read(self._folder / FILE)
        if stored is None or stored.program != __version__:
            return None
        entry = log.entry_at(connection, stored.position)
        is_ours = entry is not None and entry.hash == stored.entry
        lateness_us = self._lateness // timedelta(microseconds=1)
        if not is_ours or stored.state.lateness_us != lateness_us:
            return None
        hasher = new_hasher(stored.state.secret)
        if hasher.method != stored.state.method:
            return None
        kept = [spec for spec in policy.windows if spec.name in stored.state.windows]
        state = WindowState(kept, policy.window_conditions, self._lateness, hasher=hasher)
        state.restore(stored.state)
        self._position = self._saved_position = stored.position
        return state

    def _follow(self, connection: sa.Connection, state: WindowState) -> None:
        """Count what stands in the log behind `position`: after a crash, or by other writers."""
        last = log.last_position(connection)
        if last > self._position:
            self._count(connection, state, after=self._position)
            self._position = last

    def _build(self, connection: sa.Connection, state: WindowState) -> None:
        """Count everything in the log that the windows can still reach."""
        start = self._first_reachable(connection, state)
        if start is not None:
            self._count(connection, state, after=start - 1)

    def _count(self, connection: sa.Connection, state: WindowState, *, after: int) -> None:
        for entry, lines in read_events(self._store, connection, after=after):
            batch = _batch_of(entry, lines)
            if batch.events:
                state.advance(batch, compute(batch))

    def _first_reachable(self, connection: sa.Connection, state: WindowState) -> int | None:
        """A position before which no event can matter to any window; None in an empty log.

        No event is later than its arrival, and the watermark is at least the newest event's
        time: what arrived longer ago than that, less length and lateness, is out of reach.
        """
        entries = schema.log_entries
        is_events = entries.c.kind == EntryKind.EVENTS.value
        last = connection.execute(
            sa.select(sa.func.max(entries.c.position)).where(is_events)
        ).scalar_one()
        if last is None:
            return None
        newest = [
            min(batch.at(row), entry.at)
            for entry, lines in read_events(self._store, connection, after=last - 1)
            for batch in [_batch_of(entry, lines)]
            for row in range(len(batch))
        ]
        reach_us = state.lateness_us + max(spec.over_us for spec in state.specs)
        horizon_us = to_us(max(newest)) - reach_us if newest else -(2**62)
        later = sa.and_(is_events, entries.c.at_us > horizon_us)
        statement = sa.select(sa.func.min(entries.c.position)).where(later)
        found: int | None = connection.execute(statement).scalar_one()
        return found


def _fresh_hasher() -> Hasher:
    return new_hasher(random_bytes(SECRET_BYTES))


def _names(specs: Sequence[WindowSpec]) -> frozenset[str]:
    return frozenset(spec.name for spec in specs)


def _batch_of(entry: LogEntry, lines: Sequence[bytes]) -> EventBatch:
    """The events of an entry that were not erased since."""
    kept = [line for line in lines if line]
    return EventBatch(
        events=[_EVENT.decode(line) for line in kept],
        lines=kept,
        received_at=entry.at,
        source=entry.body["source"],
    )


def _write(where: Path, encoded: bytes) -> None:
    """Put a snapshot on disk: whole, or not at all."""
    with folder.exclusive(where):
        temporary = where / f"{FILE}.part"
        with temporary.open("wb") as file:
            file.write(MAGIC)
            file.write(sha256(encoded).digest())
            file.write(encoded)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(where / FILE)
        folder.sync_folder(where)


def _read(path: Path) -> _Stored | None:
    """A snapshot from disk; None where there is none that is whole."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    start = len(MAGIC) + sha256().digest_size
    digest, encoded = content[len(MAGIC) : start], content[start:]
    if content.startswith(MAGIC) and sha256(encoded).digest() == digest:
        try:
            return msgspec.msgpack.decode(encoded, type=_Stored)
        except msgspec.DecodeError:
            pass
    _LOG.warning("the snapshot of windows cannot be read: they are built from the log")
    return None
