"""Windows: what happened around one key in the time before an event.

Comes in: nothing. Goes out: what a rule may ask for (`WindowSpec`), and how answers are read
(`WindowTable`). Always holds: two specs with one `name` give the same answers; a spec says
nothing of the rule that asked.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

__all__ = [
    "MAX_AMOUNT",
    "NO_WINDOWS",
    "WindowColumns",
    "WindowKey",
    "WindowMeasure",
    "WindowSpec",
    "WindowTable",
]

MAX_AMOUNT = 2**40
"""The most that one event adds to a sum; greater numbers of an event count as this. Eight million
events may then be added up before 64 bits are full."""


class WindowKey(StrEnum):
    """What a window is kept for, and what `distinct` counts."""

    ACCOUNT = "account"
    HASHTAG = "hashtag"
    HOST = "host"
    TEXT = "text"
    SKELETON = "skeleton"
    IP_HASH = "ip_hash"
    DEVICE_HASH = "device_hash"


class WindowMeasure(StrEnum):
    """What is computed over the events of a window."""

    COUNT = "count"
    DISTINCT = "distinct"
    SUM = "sum"
    AGE = "age"  # from the first of them to the event that asks


@dataclass(frozen=True, kw_only=True)
class WindowSpec:
    """One window: what is computed, for each value of which key, over how long, of which events.

    `of` is the key that `DISTINCT` counts, or the feature that `SUM` adds up. `where` is the
    canonical text of a condition on each counted event; empty where every event counts.
    """

    measure: WindowMeasure
    by: WindowKey
    over: timedelta
    events: frozenset[str]
    of: str = ""
    where: str = ""

    @cached_property
    def name(self) -> str:
        """The spec as one line of JSON: its identity in snapshots."""
        parts = [self.measure, self.of, self.by, self.over_us, sorted(self.events), self.where]
        return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))

    @property
    def over_us(self) -> int:
        """The length in microseconds."""
        return self.over // timedelta(microseconds=1)


class WindowTable(Protocol):
    """The answers of windows for the rows of a batch."""

    def window(self, spec: WindowSpec, row: int) -> int | timedelta | None:
        """A count, a sum, or (of `AGE`) a duration; None where it is missing."""
        ...


class WindowColumns(Protocol):
    """What a `WindowTable` may offer besides: all rows at once, which costs less per row."""

    def answers(self, spec: WindowSpec) -> npt.NDArray[np.int64] | None:
        """The answers for all rows, durations in microseconds; below 0 where one is missing.

        None: missing everywhere.
        """
        ...


class _NoWindows:
    """Answers nothing."""

    def window(self, spec: WindowSpec, row: int) -> None:
        """Missing."""

    def answers(self, spec: WindowSpec) -> None:
        """Missing everywhere."""


NO_WINDOWS: WindowTable = _NoWindows()
"""For policies that ask for none."""
