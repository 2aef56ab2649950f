"""What a back-test reads: which stretches of the log, in which chunks.

Comes in: the stretches that there are, a range of event times, and how far windows reach. Goes
out: chunks that can be judged apart from each other. Always holds: every event of the range is
judged in exactly one chunk; before a chunk is judged, its windows are counted from everything that
they can still reach, so that they hold what they held when the log was judged, wherever chunks
are cut.

Why that is exact: windows depend on the watermark and on the events that lie less than `reach`
behind it. The watermark before a chunk is computed over the whole log before it. A file is skipped
only where its day ends before watermark - reach: none of its events is in reach of any window, and
none can make an event late that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa

from tocsin.store import Store
from tocsin.store.stretches import Stretch, list_stretches, watermark_of
from tocsin.store.times import from_us, to_us

__all__ = ["Chunk", "Piece", "Plan", "make_plan"]

_BEFORE_ALL = -(2**62)
_FIRST_DAY = ""
_LAST_DAY = "~"  # behind every date


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch to read: to judge, or only to count in windows."""

    stretch: Stretch
    is_judged: bool
    from_day: str = _FIRST_DAY
    until_day: str = _LAST_DAY

    @property
    def rows(self) -> int:
        """About how many rows are read."""
        if self.stretch.is_waiting:
            return self.stretch.rows
        days = (self.from_day, self.until_day)
        return sum(file.rows for file in self.stretch.files if days[0] <= file.day <= days[1])


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces in the order of the log."""

    pieces: tuple[Piece, ...]

    @property
    def rows(self) -> int:
        """About how many rows are read."""
        return sum(piece.rows for piece in self.pieces)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """All chunks, in the order of the log; moments in microseconds, None where unlimited."""

    since_us: int | None
    until_us: int | None
    chunks: tuple[Chunk, ...]

    @property
    def rows(self) -> int:
        """About how many rows are read, those that are only counted in windows among them."""
        return sum(chunk.rows for chunk in self.chunks)


def make_plan(
    store: Store,
    connection: sa.Connection,
    *,
    since: datetime | None,
    until: datetime | None,
    reach_us: int | None,
    n_chunks: int,
) -> Plan:
    """The chunks for a range of event times; `reach_us` is None where no rule reads a window."""
    stretches = list_stretches(connection)
    from_day = _FIRST_DAY if since is None else f"{since:%Y-%m-%d}"
    until_day = _LAST_DAY if until is None else f"{from_us(to_us(until) - 1):%Y-%m-%d}"
    judged = [
        index
        for index, stretch in enumerate(stretches)
        if stretch.is_waiting or any(from_day <= file.day <= until_day for file in stretch.files)
    ]
    groups = _groups([(index, stretches[index].rows) for index in judged], n_chunks)
    if reach_us is None:
        chunks = [
            Chunk(
                pieces=tuple(
                    Piece(
                        stretch=stretches[index],
                        is_judged=True,
                        from_day=from_day,
                        until_day=until_day,
                    )
                    for index in group
                )
            )
            for group in groups
        ]
    else:
        until_last = stretches[: judged[-1] + 1] if judged else []
        watermarks = _watermarks(store, connection, until_last)
        chunks = [_with_windows(stretches, watermarks, group, reach_us) for group in groups]
    return Plan(
        since_us=None if since is None else to_us(since),
        until_us=None if until is None else to_us(until),
        chunks=tuple(chunks),
    )


def _groups(sized: Sequence[tuple[int, int]], n_groups: int) -> list[list[int]]:
    """Neighbours together, in at most so many groups of about the same size."""
    total = sum(size for _, size in sized)
    groups: dict[int, list[int]] = {}
    done = 0
    for index, size in sized:
        middle = done + size / 2
        groups.setdefault(int(middle * n_groups / total), []).append(index)
        done += size
    return list(groups.values())


def _watermarks(store: Store, connection: sa.Connection, stretches: Sequence[Stretch]) -> list[int]:
    """The watermark of the log before each stretch."""
    found: list[int] = []
    latest = _BEFORE_ALL
    for stretch in stretches:
        found.append(latest)
        latest = max(latest, watermark_of(store, connection, stretch))
    return found


def _with_windows(
    stretches: Sequence[Stretch], watermarks: Sequence[int], judged: Sequence[int], reach_us: int
) -> Chunk:
    """The pieces from the first stretch in reach to the last one that is judged."""
    first, last = judged[0], judged[-1]
    day = _day_of(watermarks[first] - reach_us)
    earlier = [
        index
        for index in range(first)
        if stretches[index].is_waiting or any(file.day >= day for file in stretches[index].files)
    ]
    return Chunk(
        pieces=tuple(
            Piece(
                stretch=stretches[index],
                is_judged=index in judged,
                from_day=day if index < first else _FIRST_DAY,
            )
            for index in (*earlier, *range(first, last + 1))
        )
    )


def _day_of(moment_us: int) -> str:
    """The day of a moment; before all days where it is out of the calendar."""
    try:
        return f"{from_us(moment_us):%Y-%m-%d}"
    except OverflowError:
        return _FIRST_DAY
