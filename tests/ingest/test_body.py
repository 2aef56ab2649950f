"""Bodies of each content type give the items that a file would, or are refused as a whole."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.errors import InputError
from tocsin.ingest import ADAPTERS, BodyLimits, Line, Parsed, parse_lines, read_body
from tocsin.records import EVENT_SCHEMA, EventPolicy, Refusal

NOW = datetime(2026, 6, 1, tzinfo=UTC)
NDJSON, JSON = "application/x-ndjson", "application/json"
ARROW = "application/vnd.apache.arrow.stream"
EVENTS: list[dict[str, Any]] = [
    {"id": f"e{n}", "type": "post.created", "post": {"id": f"p{n}", "text": "the ferry is late"}}
    for n in range(5)
]


def parsed(body: bytes, content_type: str, limits: BodyLimits | None = None) -> Parsed:
    items = read_body(body, content_type, source="http", limits=limits)
    return parse_lines(items, adapter=ADAPTERS["tocsin"], policy=EventPolicy(), now=NOW)


def refused(body: bytes, content_type: str, limits: BodyLimits | None = None) -> InputError:
    with pytest.raises(InputError) as caught:
        list(read_body(body, content_type, source="http", limits=limits))
    return caught.value


def stream(table: pa.Table, options: pa.ipc.IpcWriteOptions | None = None) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return sink.getvalue()


def table_of(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=EVENT_SCHEMA)


BODIES = {
    NDJSON: "\n".join(map(json.dumps, EVENTS)).encode(),
    f"{JSON}; charset=utf-8": json.dumps(EVENTS, indent=1).encode(),
    ARROW: stream(table_of(EVENTS)),
}


@pytest.mark.parametrize("content_type", BODIES)
def test_every_content_type_gives_the_same_events(content_type: str) -> None:
    found = parsed(BODIES[content_type], content_type)
    assert found.dead_letters == []
    assert found.lines == parsed(BODIES[NDJSON], NDJSON).lines
    assert len(found.lines) == len(EVENTS)


def test_a_single_object_is_one_line() -> None:
    assert list(read_body(b"\xef\xbb\xbf {} ", JSON, source="http")) == [Line("http", 0, 1, b"{}")]
    assert list(read_body(b" ", JSON, source="http")) == []


def test_bad_elements_of_an_array_stop_nothing() -> None:
    body = json.dumps([EVENTS[0], 5, {"id": "e"}, {"id": "BYTE"}, EVENTS[1]]).encode()
    found = parsed(body.replace(b"BYTE", b"\xff"), JSON)
    assert [event.id for event in found.events] == ["e0", "e1"]
    assert [(letter.offset, letter.reason) for letter in found.dead_letters] == [
        (1, Refusal.TYPE),
        (2, Refusal.TYPE),
        (3, Refusal.ENCODING),
    ]


@pytest.mark.parametrize("body", [b"[{},]", b"[{}", b"[] 1", b"[" * 100_000, b'["secret", nope]'])
def test_an_array_that_is_no_json_is_refused_as_a_whole(body: bytes) -> None:
    assert "secret" not in str(refused(body, JSON))


def test_an_array_of_a_million_elements_is_read() -> None:
    body = b"[" + b",".join([b"1"] * 1_000_000) + b"]"
    assert sum(1 for _ in read_body(body, JSON, source="http")) == 1_000_000
    assert "1,000,000" in str(refused(body[:-1] + b",1]", JSON))


def test_a_body_has_limits() -> None:
    limits = BodyLimits(max_bytes=100, max_events=3)
    assert "may have 100" in refused(b" " * 101, NDJSON, limits).message
    few = BodyLimits(max_events=3)
    for content_type in (f"{JSON}; charset=utf-8", ARROW):
        assert "more than 3" in refused(BODIES[content_type], content_type, few).message


def test_other_content_types_are_refused() -> None:
    assert NDJSON in (refused(b"{}", "text/html").hint or "")


class TestArrow:
    def test_some_columns_are_enough(self) -> None:
        narrow = table_of(EVENTS).select(["type", "id", "post"])
        assert len(parsed(stream(narrow), ARROW).events) == 5

    def test_variants_of_the_types_fit(self) -> None:
        posts = pa.array(
            [{"id": "p1", "views": 3, "hashtags": ["harbour"]}],
            pa.struct(
                [
                    ("id", pa.large_string()),
                    ("views", pa.uint16()),
                    ("hashtags", pa.large_list(pa.string())),
                ]
            ),
        )
        at = pa.array([1_767_225_600_000], pa.timestamp("ms", "UTC"))
        table = pa.table({"id": ["e1"], "type": ["post.created"], "at": at, "post": posts})
        (event,) = parsed(stream(table), ARROW).events
        assert event.at == datetime(2026, 1, 1, tzinfo=UTC)

    @pytest.mark.parametrize(
        "columns",
        [
            {"id": ["e1"]},
            {"id": ["e1"], "type": ["share"], "colour": ["red"]},
            {"id": [1], "type": ["share"]},
            {"id": ["e1"], "type": ["share"], "post": [{"id": "p", "colour": "red"}]},
            {"id": ["e1"], "type": ["share"], "post": ["p"]},
            {"id": ["e1"], "type": ["share"], "at": pa.array([0], pa.timestamp("us"))},
            {"id": ["e1"], "type": ["share"], "at": pa.array([0], pa.timestamp("ns", "UTC"))},
            {"id": ["e1"], "type": pa.array(["share"]).dictionary_encode()},
        ],
    )
    def test_other_columns_are_refused(self, columns: dict[str, Any]) -> None:
        assert refused(stream(pa.table(columns)), ARROW).where == "Arrow IPC stream"

    def test_a_column_that_stands_twice_is_refused(self) -> None:
        ids = pa.array(["e1"])
        table = pa.Table.from_arrays([ids, ids, ids], names=["id", "id", "type"])
        assert refused(stream(table), ARROW).where == "Arrow IPC stream"

    @pytest.mark.parametrize("compression", ["zstd", "lz4"])
    def test_compressed_buffers_are_refused(self, compression: str) -> None:
        options = pa.ipc.IpcWriteOptions(compression=compression)
        assert "compressed" in refused(stream(table_of(EVENTS), options), ARROW).message

    def test_times_that_no_calendar_has_spoil_only_their_row(self) -> None:
        at = pa.array([0, 2**62, 1_767_225_600], pa.timestamp("s", "UTC"))
        posts = [{"id": f"p{n}"} for n in range(3)]
        table = pa.table(
            {"id": ["a", "b", "c"], "type": ["post.created"] * 3, "at": at, "post": posts}
        )
        found = parsed(stream(table), ARROW)
        assert [event.id for event in found.events] == ["c"]
        assert [letter.reason for letter in found.dead_letters] == [Refusal.TIME] * 2

    def test_nulls_count_as_absent(self) -> None:
        found = parsed(stream(table_of([EVENTS[0] | {"at": None, "actor": None}])), ARROW)
        assert found.lines == parsed(BODIES[NDJSON], NDJSON).lines[:1]

    @pytest.mark.parametrize("n_bytes", [0, 1, 7, 100, -100, -20])
    def test_a_cut_stream_is_refused(self, n_bytes: int) -> None:
        assert "not a readable" in refused(BODIES[ARROW][:n_bytes], ARROW).message

    @given(st.data())
    @settings(max_examples=200)
    def test_flipped_bytes_are_refused_or_read(self, data: st.DataObject) -> None:
        body = bytearray(BODIES[ARROW])
        for place in data.draw(st.lists(st.integers(0, len(body) - 1), min_size=1, max_size=4)):
            body[place] = data.draw(st.integers(0, 255))
        found = Parsed()
        with suppress(InputError):
            found = parsed(bytes(body), ARROW, BodyLimits(max_events=1_000))
        assert len(found.events) + len(found.dead_letters) <= 1_000
