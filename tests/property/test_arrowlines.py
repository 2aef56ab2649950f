"""Lines made from Arrow columns are those that the events would give, or there are none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.event_strategies import NOW, events, post_events
from tocsin.records import (
    EVENT_SCHEMA,
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


@pytest.mark.parametrize(
    "changed",
    [
        {"id": ""},
        {"id": "x" * 513},
        {"id": "a\0b"},
        {"id": None},
        {"type": "post.made"},
        {"at": datetime(1980, 1, 1, tzinfo=UTC)},
        {"at": NOW + timedelta(days=2)},
        {"actor": {}},
        {"actor": {"id": "a", "followers": -1}},
        {"actor": {"id": "a", "followers": 2**53 + 1}},
        {"actor": {"links": ["x" * 8_001]}},
        {"post": None},
        {"post": {"id": None, "text": "t"}},
        {"post": {"id": "p", "visibility": "direct"}},
        {"post": {"id": "p", "visibility": "secret"}},
        {"post": {"id": "p", "hashtags": ["a", None]}},
        {"post": {"id": "p", "hashtags": ["a"] * 1_001}},
        {"post": {"id": "p", "media": [{"kind": "smell"}]}},
        {"hashtag": "of another type"},
        {"extra": [{"name": "n", "value": "1"}]},
    ],
)
def test_a_row_that_is_not_plain_gives_none(changed: dict[str, Any]) -> None:
    row = {"id": "e", "type": "post.created", "post": {"id": "p"}}
    good = {"id": "f", "type": "post.created", "post": {"id": "p", "text": "t"}}
    fine = pa.RecordBatch.from_pylist([good, row], schema=EVENT_SCHEMA)
    assert plain_posts(fine, now=NOW, policy=POLICY) is not None
    batch = pa.RecordBatch.from_pylist([good, row | changed], schema=EVENT_SCHEMA)
    assert plain_posts(batch, now=NOW, policy=POLICY) is None


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
