"""The interface of windowed counts: what happened lately around one key.

Comes in: observations in order of the log. Goes out: counts over the time before an event.
Always holds, for every implementation:

- an answer *at* time `t` with window `w` covers observations with `t - w < at <= t`;
- the caller observes an event first and asks afterwards: an event counts itself;
- time is the event's own; an observation older than the longest window behind the newest one is
  counted as of its own time, and so is seen by no later question that does not reach back to it;
- an observation with an event id that was seen before, for the same key, changes nothing;
- answers depend on the observations and the question only, not on how they were batched;
- a key that was never seen has count 0, and no first time.

The policy engine brings the implementation; rules see it as functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

__all__ = ["Observation", "WindowKey", "WindowKind", "Windows"]


class WindowKind(StrEnum):
    """What a window is kept for."""

    ACCOUNT = "account"
    HASHTAG = "hashtag"
    HOST = "host"
    FINGERPRINT = "fingerprint"
    SKELETON = "skeleton"
    IP_HASH = "ip_hash"
    DEVICE_HASH = "device_hash"


@dataclass(frozen=True, slots=True)
class WindowKey:
    """One key: an account's id, a hashtag in normal form, a host, a keyed hash ..."""

    kind: WindowKind
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One event that touched a key.

    `of` is what `distinct` counts (usually the account); `amount` is what `total` sums.
    """

    key: WindowKey
    event: str
    at: datetime
    of: str | None = None
    amount: float = 1.0


class Windows(Protocol):
    """Windowed counts; see the module for what always holds."""

    def observe(self, observation: Observation) -> None:
        """Add one observation."""
        ...

    def count(self, key: WindowKey, at: datetime, window: timedelta) -> int:
        """How many observations."""
        ...

    def distinct(self, key: WindowKey, at: datetime, window: timedelta) -> int:
        """How many different values of `of`; observations without one are left out."""
        ...

    def total(self, key: WindowKey, at: datetime, window: timedelta) -> float:
        """The sum of `amount`."""
        ...

    def rate_per_s(self, key: WindowKey, at: datetime, window: timedelta) -> float:
        """`count` divided by the window's length in seconds."""
        ...

    def first_seen(self, key: WindowKey) -> datetime | None:
        """The earliest time of any observation, however long ago; None if there is none."""
        ...
