"""Bluesky's Jetstream, first and second wire.

Comes in: one message: `{did, time_us, kind, commit | identity | account}`, or the second wire's
`{"$type", seq, did, time, …}`, bare or as the `payload` of a frame. Goes out:

    commit  app.bsky.feed.post        post.created, post.updated, post.deleted
            app.bsky.feed.repost      share (when created)
            app.bsky.feed.like        share (when created)
            app.bsky.graph.follow     follow.created (when created)
            app.bsky.actor.profile    account.updated (when created or updated)
    identity                          actor.seen
    account takendown, suspended      account.suspended
            active                    account.restored (no change where it never was suspended)

Always holds: posts are named by their at:// address, accounts by their DID; the event id is made
of the address, the operation and the revision; the time is when the stream saw it, since the
author's own `createdAt` can be anything. All other collections, account states, `sync` and `info`
give no event. Refused: error frames and other objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tocsin.ingest.adapters.values import Fields
from tocsin.records import Refusal, RefusedEvent

__all__ = ["JetstreamAdapter"]

_Wire = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_MICROSECONDS = 250_000_000_000_000_000  # the year 9892: what `timedelta` can still add
_POST = "app.bsky.feed.post"
_SHARES = frozenset({"app.bsky.feed.repost", "app.bsky.feed.like"})
_FOLLOW = "app.bsky.graph.follow"
_PROFILE = "app.bsky.actor.profile"
_SUSPENDED = frozenset({"takendown", "suspended"})
_SILENT_KINDS = frozenset({"sync", "info"})
_POST_EVENTS = {"create": "post.created", "update": "post.updated", "delete": "post.deleted"}


class JetstreamAdapter:
    """Messages of both wires."""

    name = "jetstream"

    def events(self, obj: Any) -> Iterable[Mapping[str, Any]]:
        """The event that a message stands for; none where it is no concern of ours."""
        given = Fields(obj)
        message = given.record("payload") if "payload" in given else given
        kind = message.text("kind") or (message.text("$type") or "").rpartition("#")[2]
        if kind in _SILENT_KINDS:
            return ()
        read = {"commit": _commit, "identity": _identity, "account": _account}.get(kind)
        if read is None:
            raise RefusedEvent(Refusal.UNSUPPORTED, "expected a commit, identity or account event")
        found = read(message)
        return () if found is None else (found,)


def _commit(message: Fields) -> _Wire | None:
    commit = message.record("commit") or message
    did = message.required("did")
    collection = commit.required("collection")
    operation = commit.required("operation")
    uri = f"at://{did}/{collection}/{commit.required('rkey')}"
    record = commit.record("record")
    base: _Wire = {
        "id": f"jetstream:{operation}:{uri}:{commit.ident('rev') or ''}",
        "at": _time(message),
        "actor": {"id": did},
    }
    if collection == _POST and operation in _POST_EVENTS:
        post = _post(uri, did, commit.required("rkey"), record) if record else {"id": uri}
        return base | {"type": _POST_EVENTS[operation], "post": post}
    if operation == "delete":
        return None
    if collection in _SHARES:
        target = record.record("subject").required("uri")
        return base | {"type": "share", "object": {"id": target}}
    if collection == _FOLLOW:
        return base | {"type": "follow.created", "target": {"id": record.required("subject")}}
    if collection == _PROFILE:
        actor = {"id": did, "name": record.text("displayName"), "bio": record.text("description")}
        return base | {"type": "account.updated", "actor": actor}
    return None


def _identity(message: Fields) -> _Wire:
    did = message.required("did")
    identity = message.record("identity")
    return {
        "id": f"jetstream:identity:{did}:{_sequence(message, identity)}",
        "type": "actor.seen",
        "at": _time(message),
        "actor": {"id": did, "handle": identity.text("handle")},
    }


def _account(message: Fields) -> _Wire | None:
    did = message.required("did")
    account = message.record("account")
    status = account.text("status")
    base = {
        "id": f"jetstream:account:{did}:{_sequence(message, account)}",
        "at": _time(message),
        "actor": {"id": did},
    }
    if status in _SUSPENDED:
        return base | {"type": "account.suspended", "reason": status}
    return base | {"type": "account.restored"} if account.flag("active") else None


def _sequence(message: Fields, inner: Fields) -> str:
    """The relay's number, the same on every stream; the stream's own time where it is missing."""
    return inner.ident("seq") or message.ident("seq", "time_us", "time") or ""


def _time(message: Fields) -> str | datetime | None:
    microseconds = message.count("time_us")
    if microseconds is None:
        return message.text("witnessedAt") or message.text("time")
    return _EPOCH + timedelta(microseconds=min(microseconds, _MAX_MICROSECONDS))


def _post(uri: str, did: str, rkey: str, record: Fields) -> _Wire:
    text = record.text("text")
    languages = record.texts("langs")
    reply = record.record("reply")
    links, mentions, hashtags = _facets(record, (text or "").encode("utf-8", "replace"))
    embed = record.record("embed")
    media = embed.record("media") or embed
    external = media.record("external")
    return {
        "id": uri,
        "url": f"https://bsky.app/profile/{did}/post/{rkey}",
        "title": external.text("title"),
        "text": text,
        "lang": languages[0] if languages else None,
        "hashtags": hashtags + record.texts("tags"),
        "mentions": mentions,
        "links": list(dict.fromkeys([*links, *filter(None, [external.text("uri")])])),
        "media": _media(media),
        "reply_to": reply.record("parent").text("uri"),
        "thread": reply.record("root").text("uri"),
        "quote_of": _quoted(embed.record("record")),
    }


def _facets(record: Fields, text: bytes) -> tuple[list[str], list[str], list[str]]:
    links: list[str] = []
    mentions: list[str] = []
    hashtags: list[str] = []
    for facet in record.records("facets"):
        for feature in facet.records("features"):
            kind = (feature.text("$type") or "").rpartition("#")[2]
            if kind == "link" and (uri := feature.text("uri")):
                links.append(uri)
            elif kind == "tag" and (tag := feature.text("tag")):
                hashtags.append(tag)
            elif kind == "mention" and (did := feature.text("did")):
                mentions.append(_handle_at(facet.record("index"), text) or did)
    return links, mentions, hashtags


def _handle_at(index: Fields, text: bytes) -> str | None:
    """The handle as it stands in the text; None where the offsets do not point at one."""
    start, end = index.count("byteStart"), index.count("byteEnd")
    if start is None or end is None or not start < end <= len(text):
        return None
    try:
        shown = text[start:end].decode()
    except UnicodeDecodeError:
        return None
    return shown[1:] or None if shown.startswith("@") else None


def _quoted(record: Fields) -> str | None:
    """The address in `embed.record`, or in `embed.record.record` beside media."""
    inner = record.record("record") if "record" in record else record
    return inner.text("uri")


def _media(embed: Fields) -> list[_Wire]:
    found = [_blob("image", item.record("image"), item) for item in embed.records("images")]
    if "video" in embed:
        found.append(_blob("video", embed.record("video"), embed))
    return found


def _blob(kind: str, blob: Fields, shown: Fields) -> _Wire:
    return {
        "id": blob.record("ref").text("$link") or blob.text("cid"),
        "kind": kind,
        "mime": blob.text("mimeType"),
        "alt": shown.text("alt"),
    }
