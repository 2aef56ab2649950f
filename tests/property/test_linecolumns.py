"""Lines taken apart by compiled code give the columns that Arrow's own reader gives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.property.event_strategies import events, post_events
from tocsin.records import (
    Actor,
    ActorSeen,
    Event,
    Media,
    Post,
    PostCreated,
    encode_event,
    json_to_arrow,
)
from tocsin.store import linecolumns
from tocsin.store.linecolumns import FEW_BYTES, ITEMS_PER_LINE, lines_to_columns

pytest.importorskip("numba", reason="the compiled code needs the extra `tocsin[fast]`")


def _without_media(event: Any) -> Any:
    bare = msgspec.structs.replace(event.post, media=())
    return msgspec.structs.replace(event, extra=(), post=bare)


posts = post_events.map(_without_media)


def lines_of(found: list[Event]) -> bytes:
    """So many of these events, over and over, that the quick way is taken."""
    lines = list(map(encode_event, found))
    n_times = FEW_BYTES // sum(map(len, lines)) + 1
    return b"\n".join(islice(cycle(lines), len(lines) * n_times))


def post(**fields: Any) -> PostCreated:
    return PostCreated(id="e", post=Post(id="p", **fields))


def assert_equal_columns(lines: bytes) -> None:
    wanted, found = json_to_arrow(lines), lines_to_columns(lines)
    assert found.schema.equals(wanted.schema)
    found.validate(full=True)
    assert found.combine_chunks().equals(wanted.combine_chunks())


@given(st.lists(posts, min_size=1, max_size=8))
def test_posts_give_the_same_columns(found: list[Event]) -> None:
    assert_equal_columns(lines_of(found))


@given(st.lists(posts, min_size=7, max_size=8), events)
def test_other_events_between_posts_keep_their_places(found: list[Event], other: Event) -> None:
    assert_equal_columns(lines_of([*found[:3], other, *found[3:]]))


@given(st.lists(events, min_size=1, max_size=4))
def test_any_events_give_the_same_columns(found: list[Event]) -> None:
    assert_equal_columns(lines_of(found))


@pytest.mark.parametrize(
    "event",
    [
        post(text='"quoted" \\ and a \\" backslash at the end \\'),
        post(text="line\nbreak\ttab\r\b\f\x01\x1f\x7f"),
        post(text="سفينة \u2028 \U0001f6a2"),
        post(text=""),
        post(hashtags=("", "a", 'b"c', "d\\"), links=("https://harbour.example/a",)),
        post(hashtags=tuple("abcdefgh"), mentions=("x",)),
        post(media=(Media(kind="image", alt='a "boat"'),)),
        post(views=2**53),
        PostCreated(id="e", at=datetime(1990, 1, 1, tzinfo=UTC), post=Post(id="p")),
        PostCreated(
            id="e",
            at=datetime(2024, 2, 29, 23, 59, 59, 1, tzinfo=UTC),
            actor=Actor(handle="sea", created_at=datetime(2000, 3, 1, tzinfo=UTC), followers=0),
            post=Post(id="p"),
        ),
        ActorSeen(id="e", actor=Actor(id="a")),
    ],
)
def test_unusual_values_give_the_same_columns(event: Event) -> None:
    plain = post(text="the ferry leaves at nine")
    assert_equal_columns(lines_of([plain, event, plain, plain, plain, plain]))
    assert_equal_columns(lines_of([event]))


def test_every_day_of_a_century_is_the_day_that_it_is() -> None:
    first = datetime(1990, 1, 1, 12, 30, 15, tzinfo=UTC)
    days = [first + timedelta(days=n, microseconds=n) for n in range(36_600)]
    found = [PostCreated(id="e", at=day, post=Post(id="p")) for day in days]
    assert lines_to_columns(lines_of(list(found)))["at"].to_pylist() == days


def test_lists_longer_than_there_is_room_for_are_read_all_the_same() -> None:
    many = post(hashtags=tuple(map(str, range(40 * ITEMS_PER_LINE))))
    assert_equal_columns(lines_of([post(text="a"), many, post(hashtags=("b",))] * 40))


def test_pieces_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linecolumns, "PIECE_BYTES", 1_000)
    found = [post(text="x" * n, title="t" if n > 300 else None) for n in range(0, 400, 7)]
    assert_equal_columns(lines_of([*found, ActorSeen(id="e", actor=Actor(id="a"))]))


@pytest.mark.parametrize("cut", [1, 5, 20, 60, 90])
def test_a_line_that_is_none_of_ours_is_left_to_the_reader_that_says_so(cut: int) -> None:
    whole = encode_event(post(text="the ferry leaves at nine", hashtags=("a", "b")))
    lines = b"\n".join([whole] * 200 + [whole[:cut]] + [whole] * 200)
    with pytest.raises(ValueError, match=r"JSON|truncated"):
        lines_to_columns(lines)


def test_without_the_extra_the_columns_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = lines_of([post(text="a", views=3), post(title="b")])
    fast = lines_to_columns(lines)
    monkeypatch.setattr(linecolumns, "_kernel", lambda: None)
    assert lines_to_columns(lines).combine_chunks().equals(fast.combine_chunks())
