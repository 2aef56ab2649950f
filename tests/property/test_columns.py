"""A batch from Arrow columns and one from structs say the same, whatever the events."""

from __future__ import annotations

import typing
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.event_strategies import NOW, events
from tocsin.records import (
    EVENT_SCHEMA,
    Event,
    EventBatch,
    as_numbers,
    encode_event,
    events_to_arrow,
)
from tocsin.records.times import to_us

PATHS = sorted(
    {"type", "id", "at", "extra"}
    | {field.name for field in EVENT_SCHEMA}
    | {
        f"{field.name}.{leaf.name}"
        for field in EVENT_SCHEMA
        if pa.types.is_struct(field.type)
        for leaf in field.type
    }
)
WHOLE = [
    "at", "actor.created_at", "actor.followers", "post.views", "rank", "volume", "applied",
]  # fmt: skip


def both(found: Sequence[Event]) -> tuple[EventBatch, EventBatch]:
    lines = [encode_event(event) for event in found]
    structs = EventBatch(events=found, lines=lines, received_at=NOW, source="s")
    stored = events_to_arrow(found)
    kept = [name for name in stored.schema.names if stored.column(name).null_count < len(found)]
    return structs, EventBatch.from_arrow(stored.select(kept), NOW, "s")


@given(st.lists(events, min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_every_column_is_the_same(found: list[Event]) -> None:
    structs, stored = both(found)
    for path in PATHS:
        expected = list(structs.columns.values(path))
        assert list(stored.columns.values(path)) == expected, path
        assert [structs.columns.cell(path, row) for row in range(len(found))] == expected
    for path in WHOLE:
        own, other = structs.columns.numbers(path), stored.columns.numbers(path)
        known = [value is not None for value in structs.columns.values(path)]
        for numbers in (own, other):
            all_known = np.ones(len(found), np.bool_)
            assert (all_known if numbers.known is None else numbers.known).tolist() == known
        assert own.values[known].tolist() == other.values[known].tolist()
    assert structs.at_us.tolist() == stored.at_us.tolist()
    assert [structs.at(row) for row in range(len(found))] == [
        stored.at(row) for row in range(len(found))
    ]


@given(st.lists(events, min_size=1, max_size=30))
@settings(max_examples=30, deadline=None)
def test_events_and_lines_come_back(found: list[Event]) -> None:
    structs, stored = both(found)
    assert len(stored) == len(found)
    assert list(stored.events) == list(found)
    assert list(stored.lines) == list(structs.lines)
    assert stored.events[-1] == found[-1]
    assert stored.events[:2] == list(found[:2])
    assert stored.arrow == events_to_arrow(found)


def test_each_row_may_have_arrived_at_its_own_time() -> None:
    rows = [{"id": "e1", "type": "trend.observed", "hashtag": "a"}] * 2
    found = [msgspec.convert(row, typing.cast("Any", Event)) for row in rows]
    arrived = [NOW, NOW - timedelta(seconds=1)]
    batch = EventBatch.from_arrow(
        events_to_arrow(found), pa.array(arrived, pa.timestamp("us", tz="UTC")), "s"
    )
    assert [batch.at(row) for row in range(2)] == arrived
    assert batch.received_at == NOW
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert batch.at_us.tolist() == [(at - epoch) // timedelta(microseconds=1) for at in arrived]


def test_an_erased_event_is_refused() -> None:
    found = [
        msgspec.convert({"id": "e", "type": "trend.observed", "hashtag": "a"}, get_args(Event)[12])
    ]
    rows = events_to_arrow(found).to_pylist()
    rows[0]["type"] = None
    with pytest.raises(ValueError, match="erased"):
        EventBatch.from_arrow(pa.RecordBatch.from_pylist(rows, schema=EVENT_SCHEMA), NOW, "s")


@given(st.lists(st.datetimes(timezones=st.timezones()), min_size=1, max_size=5))
@settings(max_examples=300)
def test_times_are_exact_to_the_microsecond(moments: list[datetime]) -> None:
    assert as_numbers(moments).values.tolist() == list(map(to_us, moments))


@given(
    st.lists(
        st.datetimes(
            datetime(1950, 1, 1),  # noqa: DTZ001  # the zone comes from `timezones`
            datetime(2039, 1, 1),  # noqa: DTZ001
            timezones=st.just(UTC),
        ),
        min_size=1,
    )
)
@settings(max_examples=500)
def test_times_near_ours_are_exact_too(moments: list[datetime]) -> None:
    assert as_numbers(moments).values.tolist() == list(map(to_us, moments))
