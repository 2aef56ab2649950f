"""Tweets of both interfaces become the same events."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ingest.adapters.adapting import adapt, refusal, wire, wires
from tocsin.records import Refusal

USER = {
    "id": 7, "id_str": "7", "screen_name": "ferry_fan", "name": "Ferry Fan",
    "description": "I like boats", "location": "Harbour", "url": "https://t.example/u",
    "entities": {"url": {"urls": [{"expanded_url": "https://boats.example/"}]}},
    "created_at": "Tue Jan 02 03:04:05 +0000 2024", "followers_count": 5, "friends_count": 6,
    "statuses_count": 7, "protected": False,
}  # fmt: skip
TWEET: dict[str, Any] = {
    "id": 100, "id_str": "100", "created_at": "Fri Jan 02 03:04:05 +0000 2026",
    "full_text": "The ferry is late #harbour @mara https://t.example/x", "lang": "en",
    "source": '<a href="https://app.example" rel="nofollow">Harbour for iOS</a>',
    "entities": {
        "hashtags": [{"text": "harbour"}],
        "urls": [{"url": "https://t.example/x", "expanded_url": "https://boats.example/late"}],
        "user_mentions": [{"screen_name": "mara", "id_str": "8"}],
        "media": [{"id_str": "m0", "type": "photo"}],
    },
    "extended_entities": {"media": [
        {"id_str": "m1", "type": "photo", "media_url_https": "https://img.example/1.jpg",
         "ext_alt_text": "a pier"},
        {"id_str": "m2", "type": "animated_gif"}, {"id_str": "m3", "type": "model3d"},
    ]},
    "in_reply_to_status_id_str": "99", "user": USER,
}  # fmt: skip
V2_USER = {
    "id": "7", "username": "ferry_fan", "name": "Ferry Fan", "description": "I like boats",
    "location": "Harbour", "created_at": "2024-01-02T03:04:05.000Z", "protected": False,
    "entities": {"url": {"urls": [{"expanded_url": "https://boats.example/"}]}},
    "public_metrics": {"followers_count": 5, "following_count": 6, "tweet_count": 7},
}  # fmt: skip
V2: dict[str, Any] = {
    "data": {
        "id": "100", "author_id": "7", "created_at": "2026-01-02T03:04:05.000Z", "lang": "en",
        "text": "The ferry is late #harbour @mara https://t.example/x", "source": "Harbour for iOS",
        "entities": {
            "hashtags": [{"tag": "harbour"}], "mentions": [{"username": "mara", "id": "8"}],
            "urls": [{"url": "https://t.example/x", "expanded_url": "https://boats.example/late"}],
        },
        "attachments": {"media_keys": ["m1", "m2", "m3", "absent"]},
        "referenced_tweets": [{"type": "replied_to", "id": "99"}],
        "edit_history_tweet_ids": ["100"],
    },
    "includes": {
        "users": [V2_USER],
        "media": [
            {"media_key": "m1", "type": "photo", "url": "https://img.example/1.jpg",
             "alt_text": "a pier"},
            {"media_key": "m2", "type": "animated_gif"}, {"media_key": "m3", "type": "model3d"},
        ],
    },
}  # fmt: skip


def test_a_tweet_of_v1_1() -> None:
    assert wire("twitter", TWEET) == {
        "id": "twitter:created:100", "type": "post.created", "at": "2026-01-02T03:04:05Z",
        "actor": {
            "id": "7", "handle": "ferry_fan", "name": "Ferry Fan", "bio": "I like boats",
            "location": "Harbour", "links": ["https://boats.example/"],
            "created_at": "2024-01-02T03:04:05Z", "followers": 5, "following": 6, "posts": 7,
        },
        "post": {
            "id": "100", "url": "https://x.com/ferry_fan/status/100",
            "text": "The ferry is late #harbour @mara https://t.example/x", "lang": "en",
            "hashtags": ["harbour"], "mentions": ["mara"], "links": ["https://boats.example/late"],
            "media": [
                {"id": "m1", "alt": "a pier", "url": "https://img.example/1.jpg"},
                {"id": "m2", "kind": "video"}, {"id": "m3", "kind": "other"},
            ],
            "reply_to": "99", "client": "Harbour for iOS",
        },
    }  # fmt: skip


def test_a_tweet_of_v2_is_the_same_event() -> None:
    assert wire("twitter", V2) == wire("twitter", TWEET)


def test_a_long_tweet_of_the_old_stream() -> None:
    extended = {"full_text": "all of it", "entities": {"hashtags": [{"text": "long"}]}}
    tweet = TWEET | {"full_text": None, "text": "all…", "truncated": True}
    post = wire("twitter", tweet | {"extended_tweet": extended})["post"]
    assert (post["text"], post["hashtags"]) == ("all of it", ["long"])
    assert wire("twitter", tweet)["post"]["text"] == "all…"


def test_a_long_tweet_of_v2() -> None:
    note = {"text": "all of it", "entities": {"hashtags": [{"tag": "long"}]}}
    post = wire("twitter", V2 | {"data": V2["data"] | {"note_tweet": note}})["post"]
    assert (post["text"], post["hashtags"]) == ("all of it", ["long"])


def test_a_shared_tweet_is_an_event_of_its_own() -> None:
    other = USER | {"id_str": "9", "screen_name": "other"}
    shared = TWEET | {"id_str": "200", "user": other, "full_text": "RT @ferry_fan: The…"}
    original, share = wires("twitter", shared | {"retweeted_status": TWEET})
    assert original == wire("twitter", TWEET)
    assert share["post"]["repost_of"] == "100"
    assert "text" not in share["post"]


def test_a_quoted_tweet_is_an_event_of_its_own() -> None:
    quoting = TWEET | {"id_str": "200", "quoted_status_id_str": "100", "quoted_status": TWEET}
    original, quote = wires("twitter", quoting)
    assert original["post"]["id"] == quote["post"]["quote_of"] == "100"
    assert quote["post"]["text"] == TWEET["full_text"]


@pytest.mark.parametrize(("kind", "field"), [("retweeted", "repost_of"), ("quoted", "quote_of")])
def test_v2_finds_shared_and_quoted_tweets_in_the_includes(kind: str, field: str) -> None:
    data = {
        "id": "200",
        "author_id": "7",
        "text": "RT @ferry_fan: The…",
        "referenced_tweets": [{"type": kind, "id": "100"}],
    }
    includes = V2["includes"] | {"tweets": [V2["data"]]}
    original, outer = wires("twitter", {"data": data, "includes": includes})
    assert original == wire("twitter", V2)
    assert outer["post"][field] == "100"
    assert ("text" in outer["post"]) == (kind == "quoted")


def test_lists_and_bare_tweets_of_v2() -> None:
    second = V2["data"] | {"id": "101"}
    ids = [event["post"]["id"] for event in wires("twitter", V2 | {"data": [V2["data"], second]})]
    assert ids == ["100", "101"]
    assert wire("twitter", V2["data"])["actor"] == {"id": "7"}


def test_protected_accounts_are_not_public() -> None:
    assert refusal("twitter", TWEET | {"user": USER | {"protected": True}}) is Refusal.NOT_PUBLIC
    users = [V2_USER | {"protected": True}]
    hidden = V2 | {"includes": {"users": users}}
    assert refusal("twitter", hidden) is Refusal.NOT_PUBLIC
    assert len(adapt("twitter", hidden, accept_non_public=True).events) == 1


def test_a_notice_of_deletion() -> None:
    status = {"id_str": "100", "user_id_str": "7"}
    notice = {"delete": {"status": status, "timestamp_ms": "1767225600000"}}
    assert wire("twitter", notice) == {
        "id": "twitter:deleted:100", "type": "post.deleted", "at": "2026-01-01T00:00:00Z",
        "actor": {"id": "7"}, "post": {"id": "100"},
    }  # fmt: skip
    assert "at" not in wire("twitter", {"delete": {"status": status}})


@pytest.mark.parametrize("notice", [{"limit": {"track": 1}}, {"scrub_geo": {}}, {"warning": {}}])
def test_other_notices_give_nothing(notice: dict[str, Any]) -> None:
    assert wires("twitter", notice) == []


@pytest.mark.parametrize(
    ("obj", "reason"),
    [
        ([], Refusal.TYPE),
        ({}, Refusal.UNSUPPORTED),
        ({"errors": [{"title": "Not Found"}]}, Refusal.UNSUPPORTED),
        (TWEET | {"full_text": 5}, Refusal.TYPE),
        (TWEET | {"user": "ferry_fan"}, Refusal.TYPE),
        (TWEET | {"entities": {"hashtags": {}}}, Refusal.TYPE),
        (TWEET | {"created_at": "Fri Mai 02 03:04:05 +0000 2026"}, Refusal.TIME),
        (TWEET | {"created_at": "Fri Jan 02 03:04:05 +0100 2026"}, Refusal.TIME),
        (TWEET | {"created_at": "Fri Jan 02 03:04:05 +0000 9999"}, Refusal.TIME),
        (V2 | {"data": {"text": "no id"}}, Refusal.TYPE),
        (V2 | {"data": V2["data"] | {"attachments": {"media_keys": [1]}}}, Refusal.TYPE),
    ],
)
def test_what_is_refused(obj: Any, reason: Refusal) -> None:
    assert refusal("twitter", obj) is reason


def test_missing_times_unknown_languages_and_counts() -> None:
    user = USER | {"created_at": None, "followers_count": -1}
    event = wire("twitter", TWEET | {"created_at": None, "lang": "und", "user": user})
    assert "at" not in event
    assert "lang" not in event["post"]
    assert "followers" not in event["actor"]
