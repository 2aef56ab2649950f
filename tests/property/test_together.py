"""Reading events together gives what reading them one by one gives, or leaves it to that."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.property.event_strategies import NOW, events
from tocsin.ingest import ADAPTERS, Block, Item, Parsed, Rows, parse_lines
from tocsin.ingest.arrowrows import one_by_one, together
from tocsin.ingest.parse import FEW_LINES
from tocsin.records import (
    EVENT_SCHEMA,
    MAX_LINE_BYTES,
    MAX_NESTING,
    Event,
    EventPolicy,
    RefusedEvent,
    decode_event,
    decode_events,
    encode_event,
    events_to_arrow,
)
from tocsin.records.arrow import BLOCK_BYTES, SMALL_BATCH, event_from_row, json_to_arrow

POLICY = EventPolicy()


def post_line(**changes: Any) -> bytes:
    post = {"id": "p1", "text": "the ferry leaves at nine"} | changes.pop("post", {})
    return json.dumps({"id": "e1", "type": "post.created", "post": post} | changes).encode()


def nested(depth: int) -> Any:
    return json.loads("[" * depth + "]" * depth)


GOOD = [
    post_line(),
    post_line(post={"text": "خبر \u2028 \ud83d\udea2"}),
    post_line(at="2026-01-01T00:00:00.5Z", actor={"handle": "sea"}),
    post_line(post={"hashtags": ["harbour"], "media": [{"kind": "video"}]}, unknown=nested(40)),
    post_line(post={"text": "[{" * 100}),
    b'{"id":"e1","type":"actor.seen","actor":{"id":"a1"}}',
]
OTHERS = [
    b"",
    b"   ",
    b"{}",
    post_line() + b"\r",
    post_line() + b" " + post_line(),
    post_line(at="2026-01-01T00:00:00+02:00"),
    post_line(at="1989-12-31T23:59:59Z"),
    post_line(at="2026-06-02T00:00:01Z"),
    post_line(at=None),
    post_line(actor={}),
    post_line(actor={"id": "a", "created_at": "9999-01-01T00:00:00Z"}),
    post_line(post={"visibility": "followers"}),
    post_line(post={"text": "a\0"}),
    post_line(other="a\0"),
    post_line(other=nested(MAX_NESTING + 6)),
    post_line(other=nested(MAX_NESTING + 6), post={"text": "["}).replace(b'"["', b'"\\u005b"'),
    post_line(extra=[{"name": "a", "value": "1"}]),
    b'{"id":"e1","type":"actor.seen","actor":{"handle":""}}',
    b'{"id":"e1","type":"report.filed","target":{"kind":"post","id":"p"},"reporter":{}}',
    b" " * (MAX_LINE_BYTES + 1),
]


def alone(line: bytes) -> Event | None:
    try:
        return decode_event(line, now=NOW, policy=POLICY)
    except RefusedEvent:
        return None


@given(st.lists(st.sampled_from(GOOD + OTHERS), min_size=1, max_size=6))
def test_lines_read_together_are_those_that_are_read_alone(lines: list[bytes]) -> None:
    found = decode_events(lines, now=NOW, policy=POLICY)
    if found is not None:
        assert found[0] == [alone(line) for line in lines]
        assert found[1] == [encode_event(event) for event in found[0]]


@pytest.mark.parametrize("line", GOOD)
def test_a_usual_line_needs_no_closer_look(line: bytes) -> None:
    assert decode_events([line] * 3, now=NOW, policy=POLICY) is not None


def test_brackets_of_one_line_do_not_hide_the_depth_of_another() -> None:
    deep = post_line(other=nested(MAX_NESTING))
    for other in (post_line(post={"text": "[" * 200}), GOOD[1], GOOD[4]):
        assert decode_events([other, deep], now=NOW, policy=POLICY) is None


@given(st.lists(st.sampled_from(GOOD + OTHERS), max_size=3 * FEW_LINES), st.data())
def test_blocks_give_what_their_lines_give(lines: list[bytes], data: st.DataObject) -> None:
    block = Block("test", 7, 3, lines)
    cuts = block.cut(data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9)))
    whole = parsed([block])
    assert parsed(cuts) == whole
    assert parsed(block.lines()) == whole


def parsed(items: Any) -> Parsed:
    found: list[Item] = list(items)
    return parse_lines(found, adapter=ADAPTERS["tocsin"], policy=POLICY, now=NOW)


@given(st.lists(events, min_size=1, max_size=6), st.data())
def test_rows_give_what_each_row_gives(found: list[Event], data: st.DataObject) -> None:
    rows = Rows("test", 5, events_to_arrow(found))
    expected = parsed(one_by_one(rows))
    assert parsed([rows]) == expected
    assert parsed(rows.cut(data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4)))) == expected
    assert len(expected.events) == len(found)


ODD_ROWS: list[dict[str, Any]] = [
    {"id": "e"},
    {"id": "", "type": "post.created", "post": {"id": "p"}},
    {"id": "e", "type": "post.vanished", "post": {"id": "p"}},
    {"id": "e", "type": "post.created"},
    {"id": "e", "type": "post.created", "post": {"text": "no id"}},
    {"id": "e", "type": "post.created", "post": {"id": "p", "text": "a\0b"}},
    {"id": "e", "type": "post.created", "post": {"id": "p", "hashtags": [None]}},
    {"id": "e", "type": "post.created", "post": {"id": "p", "views": -1}},
    {"id": "e", "type": "post.created", "post": {"id": "p", "visibility": "direct"}},
    {"id": "e", "type": "post.created", "post": {"id": "p", "media": [{"alt": "x"}]}},
    {"id": "e", "type": "post.created", "post": {"id": "p"}, "actor": {"bio": None}},
    {"id": "e", "type": "actor.seen", "actor": {"handle": "sea"}},
    {"id": "e", "type": "actor.seen"},
    {"id": "e", "type": "report.filed", "target": {"id": "p"}},
    {"id": "e", "type": "action.result", "action": "act_1", "applied": False},
]


@given(st.lists(st.sampled_from(ODD_ROWS), min_size=1, max_size=5))
def test_odd_rows_give_what_each_row_gives(odd: list[dict[str, Any]]) -> None:
    (batch,) = pa.Table.from_pylist(odd, schema=EVENT_SCHEMA).to_batches()
    assert parsed([Rows("test", 0, batch)]) == parsed(one_by_one(Rows("test", 0, batch)))


def test_usual_rows_need_no_closer_look() -> None:
    usual = [event for line in GOOD if (event := alone(line)) is not None]
    rows = Rows("test", 0, events_to_arrow(usual))
    assert together(rows, now=NOW, policy=POLICY) is not None


def test_a_line_longer_than_a_piece_and_a_new_field_are_read() -> None:
    long = {"text": "a" * 100_000, "title": "b" * 4_000, "links": ["c" * 8_000] * 80}
    lines = [post_line(post={"id": f"p{n}"}) for n in range(SMALL_BATCH)]
    lines += [post_line(post=long), post_line(post={"client": "new here"})]
    events = [alone(line) for line in lines]
    assert max(map(len, lines)) > BLOCK_BYTES
    table = json_to_arrow(b"\n".join(encode_event(event) for event in events if event))
    assert [event_from_row(row) for row in table.to_pylist()] == events
    assert table.schema.names == ["type", "id", "post"]
