"""What goes into a window and what comes out, as columns; and the face of both implementations.

Comes in: for each row its time, the watermark and its keys. Goes out: answers. Always holds, for
every implementation:

- an answer at time `t` covers the counted steps so far with `t - over < time <= t`;
- a step is counted before it is answered: an event counts itself;
- no step is older than its watermark less the lateness: the caller leaves such events out;
- watermarks never fall, and no time lies above its watermark;
- answers depend on the steps in their order only, not on how they were cut into calls;
- what no later step can reach is dropped: times up to watermark - lateness - length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from tocsin.records import WindowMeasure

__all__ = [
    "ADD",
    "ASK",
    "NOTHING",
    "Bools",
    "Entries",
    "Hashes",
    "Ints",
    "Shape",
    "Steps",
    "Window",
    "WindowStats",
]

Ints = npt.NDArray[np.int64]
"""Times in microseconds since 1970, amounts, answers."""

Hashes = npt.NDArray[np.int64]
"""Keys as 128 bits, (n, 2)."""

Bools = npt.NDArray[np.bool_]

ADD: Final = 1
ASK: Final = 2
"""What a step does: count its event, answer, or both."""

NOTHING: Final = -1
"""The answer of `AGE` where nothing is in the window, and of steps that did not ask."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a window computes, over how long, with how late events; microseconds."""

    measure: WindowMeasure
    over_us: int
    lateness_us: int


class Steps(NamedTuple):
    """Steps in order: `keys` (n, 2), `of` (n, 2), the others (n)."""

    keys: Hashes
    times: Ints
    watermarks: Ints
    of: Hashes
    amounts: Ints
    flags: Ints


class Entries(NamedTuple):
    """Everything that a window holds, by time: what a snapshot keeps."""

    keys: Hashes
    times: Ints
    of: Hashes
    amounts: Ints


class WindowStats(NamedTuple):
    """How much a window holds."""

    keys: int
    entries: int
    bytes: int


class Window(Protocol):
    """One window; see the module for what always holds."""

    shape: Shape

    def advance(self, steps: Steps) -> Ints:
        """Take the steps in order; the answers (n), `NOTHING` where a step did not ask."""
        ...

    def holds(self, steps: Steps) -> Bools:
        """Of `DISTINCT`: whether what a step would count stands in its key's window already."""
        ...

    def expire(self, watermark_us: int) -> None:
        """Drop what no step from this watermark on can reach."""
        ...

    def prepare(self, n_steps: int) -> bool:
        """Do now a part of what calls with so many steps would soon do all at once.

        Whether there was anything to do; no answer depends on it.
        """
        ...

    def entries(self) -> Entries:
        """What the window holds, by time."""
        ...

    def stats(self) -> WindowStats:
        """How much it holds; of `bytes` an estimate is enough."""
        ...
