"""How much an outside model may cost per minute.

Comes in: the moments of calls and how long they took. Goes out: whether one more may be made.
Always holds: in no span of 60 seconds more calls begin than allowed, and no call begins once the
waiting in that span has reached what is allowed. Refused: a call beyond that, at once.
"""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta

__all__ = ["Budget"]

_SPAN = timedelta(seconds=60)


class Budget:
    """Calls and seconds of the last minute, for several threads."""

    def __init__(self, *, calls: int, seconds: float) -> None:
        self._most_calls = calls
        self._most_seconds = seconds
        self._begun: deque[datetime] = deque()
        self._spent: deque[tuple[datetime, float]] = deque()
        self._lock = threading.Lock()

    def take(self, now: datetime) -> bool:
        """Begin one call, if the budget has room for it."""
        with self._lock:
            while self._begun and now - self._begun[0] >= _SPAN:
                self._begun.popleft()
            while self._spent and now - self._spent[0][0] >= _SPAN:
                self._spent.popleft()
            if len(self._begun) >= self._most_calls:
                return False
            if sum(seconds for _, seconds in self._spent) >= self._most_seconds:
                return False
            self._begun.append(now)
            return True

    def spend(self, now: datetime, seconds: float) -> None:
        """Say how long a call took."""
        with self._lock:
            self._spent.append((now, seconds))
