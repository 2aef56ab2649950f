"""Times as numbers: microseconds since 1970, UTC.

Comes in and goes out: aware datetimes and integers. Always holds: the round trip is exact.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["from_us", "to_us"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_us(value: datetime) -> int:
    """Microseconds since 1970 of an aware time.

    >>> to_us(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000000
    """
    return (value - _EPOCH) // _MICROSECOND


def from_us(value: int) -> datetime:
    """The time, in UTC, that `to_us` turned into a number."""
    return _EPOCH + timedelta(microseconds=value)
