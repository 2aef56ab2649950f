"""Wire events as the text models see them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tocsin.nlp.posts import SCORING_POLICY, account_posts, post_text, text_of_event
from tocsin.records import Event, Media, Post, RefusedEvent, convert_event

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def event(**fields: Any) -> Event:
    given = {"id": "e1", "type": "post.created", "post": {"id": "p1", "text": "Hello"}, **fields}
    return convert_event(given, now=NOW, policy=SCORING_POLICY)


def read(given: object) -> Any:
    return account_posts(json.dumps(given).encode(), now=NOW)


def test_a_score_carries_the_id_of_the_event_and_nothing_of_its_author() -> None:
    text = text_of_event(event(at="2025-01-02T03:04:05Z", actor={"id": "a1", "handle": "mo"}))
    assert text is not None
    assert (text.id, text.text) == ("e1", "Hello")
    assert "mo" not in repr(text)
    assert "2025" not in repr(text)


def test_spans_stay_offsets_of_the_text_where_there_is_a_title() -> None:
    found = post_text(Post(id="p1", text="Look at this", title="News of the harbour"))
    assert found.text.startswith("Look at this\n")
    assert found.text.endswith("News of the harbour")
    assert post_text(Post(id="p1", title="Only a title")).text == "\nOnly a title"


def test_hosts_come_from_links_and_from_the_text_once_each() -> None:
    links = ("https://newsroom.example/a", "https://newsroom.example/b")
    found = post_text(Post(id="p1", text="see www.harbour.example/x, ok", links=links))
    assert found.hosts == ("newsroom.example", "www.harbour.example")


def test_what_an_image_says_stands_apart_from_the_text() -> None:
    media = (Media(alt="A red umbrella"), Media(ocr_text="Lost"), Media())
    found = post_text(Post(id="p1", text="Whose?", media=media))
    assert (found.text, found.from_image) == ("Whose?", "A red umbrella\nLost")


def test_events_that_show_no_post_have_no_text() -> None:
    assert text_of_event(event(type="post.deleted", post={"id": "p1"})) is None
    assert text_of_event(event(type="actor.seen", actor={"id": "a1"})) is None


def test_an_account_brings_posts_or_whole_events() -> None:
    bare = {"id": "p1", "text": "One", "lang": "en-GB"}
    whole = {"id": "e2", "type": "post.created", "at": None, "post": {"id": "p2", "text": "Two"}}
    account = read({"id": "a1", "posts": [bare, whole]})
    assert account.id == "a1"
    assert [(post.id, post.text, post.language) for post in account.posts] == [
        ("p1", "One", "en"),
        ("e2", "Two", ""),
    ]


def test_of_more_than_ten_posts_the_last_count() -> None:
    account = read({"id": "a1", "posts": [{"id": f"p{n}", "text": "x"} for n in range(13)]})
    assert [post.id for post in account.posts] == [f"p{n}" for n in range(3, 13)]


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ([], "`id` and `posts`"),
        ({"posts": [{"id": "p1"}]}, "$.id"),
        ({"id": "a1", "posts": []}, "$.posts"),
        ({"id": "a1", "posts": [{"id": "p1"}, "secret"]}, "$.posts[1]"),
        ({"id": "a1", "posts": [{"id": "p1", "text": ["secret"]}]}, "$.posts[0]"),
        ({"id": "a1", "posts": [{"text": "secret"}]}, "$.posts[0]"),
        ({"id": "a1", "posts": [{"type": "post.deleted", "id": "e", "post": {"id": "p"}}]}, "[0]"),
    ],
)
def test_what_is_no_account_is_refused_by_field_without_its_content(
    given: object, place: str
) -> None:
    with pytest.raises(RefusedEvent) as refused:
        read(given)
    assert place in refused.value.message
    assert "secret" not in refused.value.message
