"""One measured figure, and how to take CPU time.

Comes in: figures. Goes out: `Measurement`, the line that `tocsin bench --json` prints.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import msgspec

__all__ = ["Measurement", "Stopwatch", "cpu_s"]


class Measurement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A figure; `peer_value` was measured in the same run, `ratio` is value over peer value."""

    measure: str
    value: float
    unit: str
    params: dict[str, str | int | float] = {}
    peer: str | None = None
    peer_value: float | None = None
    ratio: float | None = None


def cpu_s(work: Callable[[], object]) -> float:
    """CPU seconds of this process (all threads) that the work took."""
    started = time.process_time()
    work()
    return time.process_time() - started


@dataclass(slots=True)
class Stopwatch:
    """CPU seconds by name, added up over many blocks."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def block(self, name: str) -> Iterator[None]:
        """Count the block's CPU time under this name."""
        started = time.process_time()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.process_time() - started
