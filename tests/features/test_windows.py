"""The contract of windowed counts, on the smallest thing that keeps it."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from tocsin.features import Observation, WindowKey, WindowKind, Windows
from tocsin.testing import T0

HOUR = timedelta(hours=1)
KEY = WindowKey(WindowKind.HASHTAG, "irondawnrising")


class ExactWindows:
    """Keeps everything: the oracle for real implementations."""

    def __init__(self) -> None:
        self._seen: dict[WindowKey, dict[str, Observation]] = defaultdict(dict)

    def observe(self, observation: Observation) -> None:
        self._seen[observation.key].setdefault(observation.event, observation)

    def _within(self, key: WindowKey, at: datetime, window: timedelta) -> list[Observation]:
        return [one for one in self._seen[key].values() if at - window < one.at <= at]

    def count(self, key: WindowKey, at: datetime, window: timedelta) -> int:
        return len(self._within(key, at, window))

    def distinct(self, key: WindowKey, at: datetime, window: timedelta) -> int:
        return len({one.of for one in self._within(key, at, window)} - {None})

    def total(self, key: WindowKey, at: datetime, window: timedelta) -> float:
        return sum(one.amount for one in self._within(key, at, window))

    def rate_per_s(self, key: WindowKey, at: datetime, window: timedelta) -> float:
        return self.count(key, at, window) / window.total_seconds()

    def first_seen(self, key: WindowKey) -> datetime | None:
        return min((one.at for one in self._seen[key].values()), default=None)


def test_the_contract() -> None:
    windows: Windows = ExactWindows()
    assert (windows.count(KEY, T0, HOUR), windows.first_seen(KEY)) == (0, None)
    for minutes, event, account in (
        (0, "e1", "a"),
        (30, "e2", "a"),
        (60, "e3", "b"),
        (60, "e3", "b"),
    ):
        at = T0 + timedelta(minutes=minutes)
        windows.observe(Observation(key=KEY, event=event, at=at, of=account, amount=2.0))
    now = T0 + HOUR
    assert windows.count(KEY, now, HOUR) == 2  # the one exactly an hour ago is out
    assert windows.distinct(KEY, now, 2 * HOUR) == 2
    assert windows.total(KEY, now, 2 * HOUR) == 6.0
    assert windows.rate_per_s(KEY, now, HOUR) == 2 / 3600
    assert windows.first_seen(KEY) == T0
    assert windows.count(WindowKey(WindowKind.HOST, KEY.value), now, HOUR) == 0
