"""Events survive every road: JSON and back, Arrow and back; and the schema says the same."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any, get_args

import msgspec
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.event_strategies import ALLOWED, NOW, events
from tests.property.schema_checker import accepts
from tocsin.ingest import ADAPTERS, Line, parse_lines, read_body
from tocsin.records import (
    Actor,
    Event,
    EventPolicy,
    Media,
    MediaUploaded,
    PostCreated,
    Refusal,
    decode_event,
    encode_event,
    event_from_row,
    event_json_schema,
    events_to_arrow,
    restore_event,
    rows_of,
)
from tocsin.records.arrow import SMALL_BATCH
from tocsin.records.events import Post

POLICY = EventPolicy(allow_fields=ALLOWED)
SCHEMA = event_json_schema()
BEYOND_A_SCHEMA = {Refusal.TIME, Refusal.NUL, Refusal.NOT_PUBLIC}

junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**70), max_value=2**70)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@given(events)
def test_an_event_survives_its_json(event: Event) -> None:
    line = encode_event(event)
    assert decode_event(line, now=NOW, policy=POLICY) == event
    assert restore_event(line) == event
    assert b"\n" not in line


@given(events)
def test_equal_events_have_equal_bytes_whatever_the_order_of_keys(event: Event) -> None:
    line = encode_event(event)
    turned = json.dumps(json.loads(line), sort_keys=True, indent=1).encode()
    assert encode_event(decode_event(turned, now=NOW, policy=POLICY)) == line


@given(st.lists(events, min_size=1, max_size=4), st.booleans())
@settings(max_examples=60)
def test_an_event_survives_its_arrow_row(found: list[Event], is_large: bool) -> None:  # drawn
    batch = found * SMALL_BATCH if is_large else found
    table = events_to_arrow(batch)
    assert [event_from_row(row) for row in rows_of(table)] == batch
    cut = events_to_arrow(batch[:1])
    assert event_from_row(next(rows_of(cut))) == batch[0]


def test_every_type_survives_arrow_with_empty_objects() -> None:
    bare: list[Event] = [
        PostCreated(id="e1", actor=Actor(), post=Post(id="p1", media=(Media(), Media()))),
        MediaUploaded(id="e2", media=Media()),
    ]
    for batch in (bare, bare * SMALL_BATCH):
        assert [event_from_row(row) for row in rows_of(events_to_arrow(batch))] == batch


@given(st.lists(events, min_size=1, max_size=4))
@settings(max_examples=40)
def test_an_event_survives_an_arrow_body(found: list[Event]) -> None:
    batch = events_to_arrow(found)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    items = read_body(sink.getvalue(), "application/vnd.apache.arrow.stream", source="body")
    parsed = parse_lines(items, adapter=ADAPTERS["tocsin"], policy=POLICY, now=NOW)
    assert parsed.dead_letters == []
    assert parsed.events == found


@given(events)
def test_the_schema_accepts_every_event(event: Event) -> None:
    assert accepts(SCHEMA, json.loads(encode_event(event)), SCHEMA)


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """An event with one value, somewhere, replaced by anything."""
    obj: dict[str, Any] = json.loads(encode_event(draw(events)))
    place: Any = obj
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = draw(st.sampled_from(keys))
        if isinstance(place[key], dict | list) and place[key] and draw(st.booleans()):
            place = place[key]
            continue
        place[key] = draw(junk | st.sampled_from(["post.created", "x" * 600, [], {}]))
        return obj


@given(mutated())
@settings(max_examples=300)
def test_the_schema_and_the_codec_agree_on_what_is_no_event(obj: dict[str, Any]) -> None:
    is_accepted = accepts(SCHEMA, obj, SCHEMA)
    items = [Line("test", 0, 1, json.dumps(obj).encode())]
    parsed = parse_lines(items, adapter=ADAPTERS["tocsin"], policy=POLICY, now=NOW)
    if is_accepted:
        assert {letter.reason for letter in parsed.dead_letters} <= BEYOND_A_SCHEMA
    else:
        assert parsed.events == []


@given(st.binary(max_size=200))
def test_any_bytes_give_an_event_or_a_refusal(line: bytes) -> None:
    parsed = parse_lines(
        read_body(line, "application/x-ndjson", source="body"),
        adapter=ADAPTERS["tocsin"],
        policy=POLICY,
        now=NOW + timedelta(days=1),
    )
    assert len(parsed.events) == len(parsed.lines)
    assert all(isinstance(letter.reason, Refusal) for letter in parsed.dead_letters)


def test_the_strategies_reach_every_type() -> None:
    tags = {struct.__struct_config__.tag for struct in get_args(Event)}
    assert len(tags) == 14
    assert tags == set(msgspec.json.schema(Event)["discriminator"]["mapping"])
