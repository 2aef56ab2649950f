"""Lines made from Arrow columns are those that the events would give, or there are none."""

from __future__ import annotations

import msgspec
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.event_strategies import NOW, events, post_events
from tocsin.records import (
    Event,
    EventPolicy,
    encode_event,
    events_of,
    events_to_arrow,
    plain_posts,
)
from tocsin.records.events import POST_EVENTS

POLICY = EventPolicy()
posts = post_events.map(lambda event: msgspec.structs.replace(event, extra=()))


def said(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Without the columns that say nothing."""
    names = batch.schema.names
    return batch.select([name for name in names if batch.column(name).null_count < len(batch)])


@given(
    st.lists(posts, min_size=1, max_size=40),
    st.integers(0, 3),
)
@settings(max_examples=300, deadline=None)
def test_posts_give_the_lines_of_their_events(found: list[Event], start: int) -> None:
    whole = events_to_arrow(found)
    start = min(start, len(found) - 1)
    made = plain_posts(whole.slice(start), now=NOW, policy=POLICY)
    assert made is not None
    recorded, lines = made
    assert lines == [encode_event(event) for event in found[start:]]
    assert events_of(recorded) == found[start:]


@given(st.lists(events, min_size=1, max_size=12))
@settings(max_examples=100, deadline=None)
def test_other_events_give_none(found: list[Event]) -> None:
    made = plain_posts(events_to_arrow(found), now=NOW, policy=POLICY)
    is_plain = all(isinstance(e, POST_EVENTS) and not e.extra for e in found)
    assert (made is not None) == is_plain
    if made is not None:
        assert made[1] == [encode_event(event) for event in found]
