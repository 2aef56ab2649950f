"""Both wires of Jetstream."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ingest.adapters.adapting import refusal, wire, wires
from tocsin.records import Refusal

DID = "did:plc:ferryfan"
TEXT = "Fähre late @mara.example #late see boats.example"
URI = f"at://{DID}/app.bsky.feed.post/3k"


def span(part: str) -> dict[str, int]:
    start = TEXT.encode().index(part.encode())
    return {"byteStart": start, "byteEnd": start + len(part.encode())}


def facet(part: str, kind: str, **values: str) -> dict[str, Any]:
    feature = {"$type": f"app.bsky.richtext.facet#{kind}", **values}
    return {"index": span(part), "features": [feature]}


RECORD: dict[str, Any] = {
    "$type": "app.bsky.feed.post", "text": TEXT, "createdAt": "1970-01-01T00:00:00Z",
    "langs": ["en", "de"], "tags": ["harbour"],
    "facets": [
        facet("@mara.example", "mention", did="did:plc:mara"),
        facet("#late", "tag", tag="late"),
        facet("boats.example", "link", uri="https://boats.example/"),
    ],
    "reply": {"root": {"uri": "at://x/app.bsky.feed.post/1"},
              "parent": {"uri": "at://x/app.bsky.feed.post/2"}},
    "embed": {"$type": "app.bsky.embed.images", "images": [
        {"alt": "a pier", "image": {"mimeType": "image/jpeg", "ref": {"$link": "bafy1"}}}]},
}  # fmt: skip


def commit(
    record: dict[str, Any] | None = RECORD,
    *,
    operation: str = "create",
    collection: str = "app.bsky.feed.post",
) -> dict[str, Any]:
    inner = {"rev": "r1", "operation": operation, "collection": collection, "rkey": "3k"}
    body = inner | ({"record": record} if record is not None else {})
    return {"did": DID, "time_us": 1767225600123456, "kind": "commit", "commit": body}


def second_wire(message: dict[str, Any]) -> dict[str, Any]:
    kind = f"network.bsky.jetstream.subscribeEvents#{message['kind']}"
    common: dict[str, Any] = {
        "$type": kind,
        "seq": 5,
        "did": DID,
        "time": "2026-01-01T00:00:00.123456Z",
    }
    if message["kind"] == "commit":
        return {**common, **message["commit"]}
    return common | {message["kind"]: message[message["kind"]]}


def test_a_post() -> None:
    assert wire("jetstream", commit()) == {
        "id": f"jetstream:create:{URI}:r1", "type": "post.created",
        "at": "2026-01-01T00:00:00.123456Z", "actor": {"id": DID},
        "post": {
            "id": URI, "url": f"https://bsky.app/profile/{DID}/post/3k", "text": TEXT, "lang": "en",
            "hashtags": ["late", "harbour"], "mentions": ["mara.example"],
            "links": ["https://boats.example/"],
            "media": [{"id": "bafy1", "mime": "image/jpeg", "alt": "a pier"}],
            "reply_to": "at://x/app.bsky.feed.post/2", "thread": "at://x/app.bsky.feed.post/1",
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    "message",
    [
        commit(),
        commit(operation="update"),
        commit(None, operation="delete"),
        commit({"subject": {"uri": URI}}, collection="app.bsky.feed.like"),
        {"kind": "identity", "did": DID, "time_us": 1767225600123456,
         "identity": {"did": DID, "handle": "fan.example", "seq": 9}},
        {"kind": "account", "did": DID, "time_us": 1767225600123456,
         "account": {"active": False, "status": "takendown", "did": DID, "seq": 9}},
    ],
)  # fmt: skip
def test_both_wires_give_the_same_events(message: dict[str, Any]) -> None:
    first = wire("jetstream", message)
    bare = second_wire(message)
    assert wire("jetstream", bare) == first
    assert wire("jetstream", {"$type": "message", "payload": bare}) == first


def test_edits_and_deletions() -> None:
    assert wire("jetstream", commit(operation="update"))["type"] == "post.updated"
    deleted = wire("jetstream", commit(None, operation="delete"))
    assert (deleted["type"], deleted["post"]) == ("post.deleted", {"id": URI})


@pytest.mark.parametrize("collection", ["app.bsky.feed.repost", "app.bsky.feed.like"])
def test_reposts_and_likes_are_shares(collection: str) -> None:
    event = wire("jetstream", commit({"subject": {"uri": URI}}, collection=collection))
    assert (event["type"], event["object"]) == ("share", {"id": URI})
    assert wires("jetstream", commit(None, operation="delete", collection=collection)) == []


def test_follows_and_profiles() -> None:
    follow = wire(
        "jetstream", commit({"subject": "did:plc:mara"}, collection="app.bsky.graph.follow")
    )
    assert (follow["type"], follow["target"]) == ("follow.created", {"id": "did:plc:mara"})
    record = {"displayName": "Ferry Fan", "description": "I like boats"}
    profile = wire("jetstream", commit(record, collection="app.bsky.actor.profile"))
    assert profile["type"] == "account.updated"
    assert profile["actor"] == {"id": DID, "name": "Ferry Fan", "bio": "I like boats"}


@pytest.mark.parametrize(
    ("account", "kind"),
    [
        ({"active": False, "status": "takendown"}, "account.suspended"),
        ({"active": False, "status": "suspended"}, "account.suspended"),
        ({"active": True}, "account.restored"),
        ({"active": False, "status": "deactivated"}, None),
        ({"active": False, "status": "deleted"}, None),
    ],
)
def test_account_states(account: dict[str, Any], kind: str | None) -> None:
    message = {"did": DID, "time_us": 1767225600000000, "kind": "account", "account": account}
    assert [event["type"] for event in wires("jetstream", message)] == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("embed", "expected"),
    [
        ({"record": {"uri": "at://q", "cid": "c"}}, {"quote_of": "at://q"}),
        (
            {
                "record": {"record": {"uri": "at://q"}},
                "media": {"video": {"mimeType": "video/mp4"}},
            },
            {"quote_of": "at://q", "media": [{"kind": "video", "mime": "video/mp4"}]},
        ),
        (
            {"external": {"uri": "https://boats.example/", "title": "Boats"}},
            {"title": "Boats", "links": ["https://boats.example/"]},
        ),
    ],
)
def test_embeds(embed: dict[str, Any], expected: dict[str, Any]) -> None:
    post = wire("jetstream", commit({"text": "see", "embed": embed}))["post"]
    assert {key: post[key] for key in expected} == expected
    assert ("quote_of" in post) == ("quote_of" in expected)


@pytest.mark.parametrize(
    "index",
    [{}, {"byteStart": 2, "byteEnd": 1}, {"byteStart": 0, "byteEnd": 9_999},
     {"byteStart": 0, "byteEnd": 2}, {"byteStart": 0, "byteEnd": 1}],
)  # fmt: skip
def test_a_mention_whose_offsets_are_wrong_is_the_account_itself(index: dict[str, int]) -> None:
    mention = facet("@mara.example", "mention", did="did:plc:mara") | {"index": index}
    post = wire("jetstream", commit(RECORD | {"facets": [mention]}))["post"]
    assert post["mentions"] == ["did:plc:mara"]


@pytest.mark.parametrize(
    "message",
    [
        commit({}, collection="app.bsky.graph.block"),
        {"$type": "network.bsky.jetstream.subscribeEvents#info", "name": "OutdatedCursor"},
        {"$type": "network.bsky.jetstream.subscribeEvents#sync", "did": DID},
    ],
)
def test_what_is_no_concern_of_ours_gives_nothing(message: dict[str, Any]) -> None:
    assert wires("jetstream", message) == []


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ([], Refusal.TYPE),
        ({"$type": "error", "error": "ConsumerTooSlow"}, Refusal.UNSUPPORTED),
        ({"did": DID, "kind": "commit"}, Refusal.TYPE),
        (commit() | {"did": None}, Refusal.TYPE),
        (commit() | {"time_us": 10**30}, Refusal.TIME),
        (commit() | {"time_us": "now"}, Refusal.TYPE),
        (commit(RECORD | {"text": ["a"]}), Refusal.TYPE),
        (commit({"subject": {}}, collection="app.bsky.feed.like"), Refusal.TYPE),
    ],
)
def test_what_is_refused(message: Any, reason: Refusal) -> None:
    assert refusal("jetstream", message) is reason


def test_a_missing_time_is_left_to_arrival() -> None:
    assert "at" not in wire("jetstream", commit() | {"time_us": None})
