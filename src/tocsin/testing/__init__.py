"""The shipped test kit: a clock that stands still, builders of events, conformance suites.

Comes in: the few values that a test cares about. Goes out: valid records with stable ids. It
may import anything; nothing in the product imports it.
"""

from tocsin.testing.builders import (
    T0,
    account_event,
    actor,
    bank_entry,
    batch_of,
    event_of,
    image,
    post_event,
)
from tocsin.testing.fake_clock import FakeClock

__all__ = [
    "T0",
    "FakeClock",
    "account_event",
    "actor",
    "bank_entry",
    "batch_of",
    "event_of",
    "image",
    "post_event",
]
