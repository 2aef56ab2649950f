"""Mastodon's statuses and webhook bodies, without the personal data that they carry."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.ingest.adapters.adapting import adapt, refusal, wire, wires
from tocsin.records import Refusal

ACCOUNT = {
    "id": "7", "username": "ferry_fan", "acct": "ferry_fan@harbour.example",
    "display_name": "Ferry Fan", "created_at": "2024-01-02T00:00:00.000Z",
    "note": '<p>I like <a href="https://boats.example/">boats</a></p>',
    "fields": [{"name": "web", "value": '<a href="https://fan.example" rel="me">fan</a>'}],
    "followers_count": 5, "following_count": 6, "statuses_count": 7,
}  # fmt: skip
STATUS: dict[str, Any] = {
    "id": "100", "uri": "https://harbour.example/s/100", "url": "https://harbour.example/@f/100",
    "created_at": "2026-01-02T03:04:05.678Z", "edited_at": None, "visibility": "public",
    "language": "en", "spoiler_text": "ferries", "account": ACCOUNT, "in_reply_to_id": "99",
    "content": '<p>The ferry<br>is late &amp; wet <a href="https://harbour.example/@mara"'
               ' class="u-url mention">@<span>mara</span></a> <a class="mention hashtag"'
               ' href="https://harbour.example/tags/late">#<span>late</span></a></p>'
               '<p><a href="https://boats.example/long"><span class="invisible">https://</span>'
               '<span>boats.example/lo</span><span class="invisible">ng</span></a></p>',
    "mentions": [{"acct": "mara", "id": "8"}], "tags": [{"name": "late"}],
    "media_attachments": [
        {"id": "m1", "type": "image", "url": "https://img.example/1", "description": "a pier"},
        {"id": "m2", "type": "gifv"}, {"id": "m3", "type": "unknown"},
    ],
    "poll": {"options": [{"title": "wait"}, {"title": "swim"}]},
    "application": {"name": "Harbour"},
}  # fmt: skip
ADMIN = {
    "id": "7", "username": "ferry_fan", "domain": None, "created_at": "2024-01-02T00:00:00Z",
    "email": "fan@mail.example", "ip": "192.0.2.7", "suspended": False,
    "ips": [{"ip": "192.0.2.8", "used_at": "2026-01-01T00:00:00Z"}], "account": ACCOUNT,
}  # fmt: skip
REPORT: dict[str, Any] = {
    "id": "5", "category": "violation", "comment": "a threat", "created_at": "2026-01-03T00:00:00Z",
    "account": ADMIN | {"id": "8", "username": "mara", "account": {"acct": "mara"}},
    "target_account": ADMIN, "statuses": [],
}  # fmt: skip


def hook(event: str, obj: dict[str, Any]) -> dict[str, Any]:
    return {"event": event, "created_at": "2026-01-04T00:00:00Z", "object": obj}


def test_a_status() -> None:
    assert wire("mastodon", STATUS) == {
        "id": "mastodon:status.created:100:2026-01-02T03:04:05.678Z",
        "type": "post.created", "at": "2026-01-02T03:04:05.678000Z",
        "actor": {
            "id": "7", "handle": "ferry_fan@harbour.example", "name": "Ferry Fan",
            "bio": "I like boats", "links": ["https://boats.example/", "https://fan.example"],
            "created_at": "2024-01-02T00:00:00Z", "followers": 5, "following": 6, "posts": 7,
        },
        "post": {
            "id": "100", "url": "https://harbour.example/@f/100", "title": "ferries",
            "text": "The ferry\nis late & wet @mara #late\n\nhttps://boats.example/long\nwait\nswim",
            "lang": "en", "hashtags": ["late"], "mentions": ["mara"],
            "links": ["https://boats.example/long"],
            "media": [
                {"id": "m1", "alt": "a pier", "url": "https://img.example/1"},
                {"id": "m2", "kind": "video"}, {"id": "m3", "kind": "other"},
            ],
            "reply_to": "99", "client": "Harbour",
        },
    }  # fmt: skip


def test_a_webhook_gives_the_event_that_the_status_gives() -> None:
    assert wire("mastodon", hook("status.created", STATUS)) == wire("mastodon", STATUS)


def test_an_edit_is_an_event_of_its_own() -> None:
    edited = STATUS | {"edited_at": "2026-01-02T04:00:00Z"}
    event = wire("mastodon", hook("status.updated", edited))
    assert event["type"] == "post.updated"
    assert event["at"] == "2026-01-02T04:00:00Z"
    assert event["id"] == "mastodon:status.updated:100:2026-01-02T04:00:00Z"


def test_boosts_and_quotes() -> None:
    boost = STATUS | {"id": "200", "content": "", "reblog": STATUS}
    original, share = wires("mastodon", boost)
    assert original == wire("mastodon", STATUS)
    assert share["post"]["repost_of"] == "100"
    assert "text" not in share["post"]
    quoting = STATUS | {"id": "200", "quote": {"state": "accepted", "quoted_status": STATUS}}
    assert wires("mastodon", quoting)[1]["post"]["quote_of"] == "100"


@pytest.mark.parametrize("visibility", ["private", "direct", "limited", "new"])
def test_what_is_not_public_is_refused(visibility: str) -> None:
    hidden = STATUS | {"visibility": visibility}
    assert refusal("mastodon", hidden) is Refusal.NOT_PUBLIC
    assert refusal("mastodon", hook("status.created", hidden)) is Refusal.NOT_PUBLIC
    assert len(adapt("mastodon", hidden, accept_non_public=True).events) == 1


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("account.created", "account.created"),
        ("account.approved", "account.updated"),
        ("account.updated", "account.updated"),
    ],
)
def test_accounts(event: str, kind: str) -> None:
    found = wire("mastodon", hook(event, ADMIN))
    assert found["type"] == kind
    assert found["id"] == f"mastodon:{event}:7:2026-01-04T00:00:00Z"
    assert found["actor"]["handle"] == "ferry_fan@harbour.example"
    assert found["actor"]["bio"] == "I like boats"


def test_a_suspended_account() -> None:
    found = wire("mastodon", hook("account.updated", ADMIN | {"suspended": True}))
    assert found["type"] == "account.suspended"
    bare = {"id": "7", "username": "fan", "domain": "far.example"}
    assert wire("mastodon", hook("account.created", bare))["actor"]["handle"] == "fan@far.example"


def test_a_report_of_an_account() -> None:
    assert wire("mastodon", hook("report.created", REPORT)) == {
        "id": "mastodon:report.created:5:account:7", "type": "report.filed",
        "at": "2026-01-03T00:00:00Z", "target": {"kind": "account", "id": "7"},
        "reporter": {"id": "8", "handle": "mara", "created_at": "2024-01-02T00:00:00Z"},
        "category": "violation", "comment": "a threat",
    }  # fmt: skip


def test_a_report_of_posts_brings_those_that_are_public() -> None:
    hidden = STATUS | {"id": "101", "visibility": "private"}
    report = REPORT | {"statuses": [STATUS, hidden]}
    post, *filed = wires("mastodon", hook("report.created", report))
    assert post == wire("mastodon", STATUS)
    assert [event["target"] for event in filed] == [
        {"kind": "post", "id": "100"},
        {"kind": "post", "id": "101"},
    ]
    assert wires("mastodon", hook("report.updated", report)) == [post, *filed]


@pytest.mark.parametrize(
    "body",
    [hook("account.created", ADMIN), hook("report.created", REPORT | {"statuses": [STATUS]})],
)
def test_no_event_holds_an_address(body: dict[str, Any]) -> None:
    text = json.dumps(wires("mastodon", body))
    assert "mail.example" not in text
    assert "192.0.2" not in text


@pytest.mark.parametrize(
    ("obj", "reason"),
    [
        (5, Refusal.TYPE),
        ({"username": "made by a template"}, Refusal.UNSUPPORTED),
        (hook("report.vanished", REPORT), Refusal.UNSUPPORTED),
        (hook("status.created", {}), Refusal.TYPE),
        (hook("account.created", {"email": "fan@mail.example"}), Refusal.TYPE),
        (hook("report.created", {"id": "5"}), Refusal.TYPE),
        (STATUS | {"content": 5}, Refusal.TYPE),
        (STATUS | {"created_at": "yesterday"}, Refusal.TIME),
    ],
)
def test_what_is_refused(obj: Any, reason: Refusal) -> None:
    assert refusal("mastodon", obj) is reason
