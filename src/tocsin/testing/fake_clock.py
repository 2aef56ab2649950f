"""A clock for tests: it moves only when told to.

Comes in: a start. Goes out: `clock.Clock`. Always holds: `sleep` returns at once and moves the
clock by what was asked for, so that no test waits.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tocsin.testing.builders import T0

__all__ = ["FakeClock"]


class FakeClock:
    """Implements `tocsin.clock.Clock`.

    >>> clock = FakeClock()
    >>> clock.sleep(60)
    >>> (clock.now() - T0).total_seconds()
    60.0
    """

    def __init__(self, start: datetime = T0) -> None:
        if start.tzinfo is None:
            raise ValueError("the start of a clock needs a time zone")
        self._now = start
        self.slept_s: list[float] = []

    def now(self) -> datetime:
        """The present, aware and in UTC."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Move on by `seconds` without waiting; remembered in `slept_s`."""
        self.slept_s.append(seconds)
        self._now += timedelta(seconds=seconds)

    def advance(self, by: timedelta) -> datetime:
        """Move on, and say what time it is."""
        self._now += by
        return self._now
