"""A feature is the same by row and by column, and from structs and from Arrow columns."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.event_strategies import NOW, events
from tests.property.test_columns import both
from tocsin.features import FEATURES, compute
from tocsin.records import Event, EventBatch, Post, PostCreated, ValueType, encode_event

MEASURED = (ValueType.BOOL, ValueType.INT, ValueType.DURATION)
WORDS = (
    "#Dawn", "＃h4rbour", "#1", "@Mara", "see", "https://a.example/x", "http://A.example",
    "www.b.org", "“the harbour is ours”",
    "\nRT @x:", "الفجر", "D\u0430wn", "looool", "  ", "a://b", "1r0n",
)  # fmt: skip
posts = st.builds(
    lambda words, title, links, tags: PostCreated(
        id="e",
        at=NOW,
        post=Post(id="p", text=" ".join(words), title=title, links=links, hashtags=tags),
    ),
    st.lists(st.sampled_from(WORDS), max_size=5),
    st.none() | st.sampled_from(WORDS),
    st.lists(st.sampled_from(WORDS), max_size=2).map(tuple),
    st.lists(st.sampled_from(WORDS), max_size=2).map(tuple),
)


@given(st.lists(st.one_of(events, posts), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_every_feature_is_the_same_however_it_is_asked_for(found: list[Event]) -> None:
    structs, stored = both(found)
    rows = range(len(found))
    alone = [compute(_one(event)) for event in found]
    for spec in FEATURES:
        expected = [table.value(spec.name, 0) for table in alone]
        for batch in (structs, stored):
            by_row, by_column = compute(batch), compute(batch)
            assert [by_row.value(spec.name, row) for row in rows] == expected, spec.name
            assert list(by_column.column(spec.name)) == expected, spec.name
            assert [by_column.value(spec.name, row) for row in rows] == expected, spec.name
            if spec.type in MEASURED:
                values, known = compute(batch).numbers(spec.name)
                is_known = np.ones(len(found), np.bool_) if known is None else known
                assert is_known.tolist() == [value is not None for value in expected]
                whole = [_whole(value) for value in expected if value is not None]
                assert values[is_known].tolist() == whole, spec.name


@given(st.lists(st.one_of(events, posts), min_size=1, max_size=12))
@settings(max_examples=30, deadline=None)
def test_texts_are_the_same_too(found: list[Event]) -> None:
    tables = [compute(batch) for batch in both(found)]
    for row in range(len(found)):
        texts = [table.normal(row) for table in tables]
        assert len({text and (text.text, text.original, text.field) for text in texts}) == 1


def _one(event: Event) -> EventBatch:
    return EventBatch(events=[event], lines=[encode_event(event)], received_at=NOW, source="s")


def _whole(value: object) -> object:
    return value // timedelta(microseconds=1) if isinstance(value, timedelta) else value
