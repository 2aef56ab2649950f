"""Times as the store keeps them: microseconds since 1970, UTC (`records.times`)."""

from tocsin.records.times import from_us, to_us

__all__ = ["from_us", "to_us"]
