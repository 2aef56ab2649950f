"""Tweets as JSON, in the shapes of the v1.1 and the v2 programming interface.

Comes in: one tweet (v1.1, or v2 with or without `data` and `includes`), or a notice of the old
stream. Goes out: `post.created` for the tweet and for the tweet that it shares or quotes where
that is included, `post.deleted` for a notice of deletion. Always holds: the event id depends on
the tweet's id only, so that a tweet seen alone and inside a share is one event; a share has no
text of its own. Notices that say nothing of a post (`limit`, `scrub_geo`, `status_withheld` and
the like) give no event. Refused: other objects, and, by the codec, tweets of protected accounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from tocsin.ingest.adapters.markup import read_markup
from tocsin.ingest.adapters.values import Fields
from tocsin.records import Refusal, RefusedEvent

__all__ = ["TwitterAdapter"]

_Wire = dict[str, Any]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NOTICES = ("limit", "scrub_geo", "status_withheld", "user_withheld", "warning", "disconnect")
_VIDEO_KINDS = frozenset({"video", "animated_gif"})
_V2_KEYS = ("author_id", "edit_history_tweet_ids")
_SPREADS = ("retweeted", "quoted")


class TwitterAdapter:
    """Tweets of v1.1 and v2."""

    name = "twitter"

    def events(self, obj: Any) -> Iterable[Mapping[str, Any]]:
        """The tweet, and the one inside it."""
        given = Fields(obj)
        if "delete" in given:
            return (_deleted(given.record("delete")),)
        if "data" in given:
            return _from_v2(obj, given)
        if any(key in given for key in _V2_KEYS):
            return _v2_tweet(given, _Includes(Fields(None)))
        if "id_str" in given or "id" in given:
            return _v1_tweet(given)
        if any(key in given for key in _NOTICES):
            return ()
        raise RefusedEvent(Refusal.UNSUPPORTED, "expected a tweet of v1.1 or v2")


# v1.1


def _v1_tweet(tweet: Fields, *, is_inner: bool = False) -> Iterator[_Wire]:
    tweet_id = _id_of(tweet)
    shared, quoted = tweet.record("retweeted_status"), tweet.record("quoted_status")
    if not is_inner:
        for inner in (shared, quoted):
            if inner:
                yield from _v1_tweet(inner, is_inner=True)
    user = tweet.record("user")
    full = tweet.record("extended_tweet") or tweet
    post: _Wire = {"id": tweet_id, "repost_of": _id_of(shared) if shared else None}
    if not shared:
        post |= {"text": full.text("full_text") or full.text("text") or tweet.text("text")}
        post |= _v1_entities(full)
    yield _created(
        tweet_id,
        at=_v1_time(tweet.text("created_at")),
        actor=_v1_actor(user),
        post=post
        | {
            "url": _url_of(user.text("screen_name"), tweet_id),
            "lang": _language(tweet.text("lang")),
            "reply_to": tweet.ident("in_reply_to_status_id_str", "in_reply_to_status_id"),
            "quote_of": tweet.ident("quoted_status_id_str", "quoted_status_id")
            or (_id_of(quoted) if quoted else None),
            "thread": tweet.ident("conversation_id_str"),
            "client": read_markup(tweet.text("source")).text or None,
            "visibility": "followers" if user.flag("protected") else "public",
        },
    )


def _v1_entities(full: Fields) -> _Wire:
    entities = full.record("entities")
    media = (full.record("extended_entities") or entities).records("media")
    return {
        "hashtags": _present(tag.text("text") for tag in entities.records("hashtags")),
        "mentions": _present(one.text("screen_name") for one in entities.records("user_mentions")),
        "links": _present(_expanded(url) for url in entities.records("urls")),
        "media": [_v1_media(item) for item in media],
    }


def _v1_media(item: Fields) -> _Wire:
    return {
        "id": item.ident("id_str", "id"),
        "kind": _media_kind(item.text("type")),
        "alt": item.text("ext_alt_text"),
        "url": item.text("media_url_https") or item.text("media_url"),
    }


def _v1_actor(user: Fields) -> _Wire:
    return {
        "id": user.ident("id_str", "id"),
        "handle": user.text("screen_name"),
        "name": user.text("name"),
        "bio": user.text("description"),
        "location": user.text("location"),
        "links": _profile_links(user),
        "created_at": _v1_time(user.text("created_at")),
        "followers": user.count("followers_count"),
        "following": user.count("friends_count"),
        "posts": user.count("statuses_count"),
    }


def _v1_time(value: str | None) -> str | None:
    """`Wed Oct 10 20:19:24 +0000 2018`, whatever the machine's language, or ISO 8601."""
    if value is None or "T" in value[8:]:
        return value
    try:
        _, month, day, clock, zone, year = value.split()
        hour, minute, second = (int(part) for part in clock.split(":"))
        number = _MONTHS.index(month) + 1
        moment = datetime(int(year), number, int(day), hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise _no_time() from None
    if zone != "+0000":
        raise _no_time()
    return moment.isoformat()


def _no_time() -> RefusedEvent:
    message = "expected a time such as `Wed Oct 10 20:19:24 +0000 2018` - at `$.created_at`"
    return RefusedEvent(Refusal.TIME, message)


def _deleted(notice: Fields) -> _Wire:
    status = notice.record("status")
    tweet_id = _id_of(status)
    stamp = notice.ident("timestamp_ms")
    is_stamp = stamp is not None and stamp.isdecimal() and len(stamp) <= len("9999999999999")
    at = datetime.fromtimestamp(int(stamp) / 1000, UTC) if stamp and is_stamp else None
    return {
        "id": f"twitter:deleted:{tweet_id}",
        "type": "post.deleted",
        "at": at,
        "actor": {"id": status.ident("user_id_str", "user_id")},
        "post": {"id": tweet_id},
    }


# v2


class _Includes:
    """What a v2 answer carries beside the tweets, by id."""

    def __init__(self, includes: Fields) -> None:
        self.users = {user.ident("id"): user for user in includes.records("users")}
        self.tweets = {tweet.ident("id"): tweet for tweet in includes.records("tweets")}
        self.media = {item.ident("media_key"): item for item in includes.records("media")}


def _from_v2(obj: Any, given: Fields) -> Iterator[_Wire]:
    includes = _Includes(given.record("includes"))
    tweets = given.records("data") if isinstance(obj["data"], list) else [given.record("data")]
    for tweet in tweets:
        yield from _v2_tweet(tweet, includes)


def _v2_tweet(tweet: Fields, includes: _Includes, *, is_inner: bool = False) -> Iterator[_Wire]:
    tweet_id = _id_of(tweet)
    related = {one.text("type"): one.ident("id") for one in tweet.records("referenced_tweets")}
    for kind in () if is_inner else _SPREADS:
        if inner := includes.tweets.get(related.get(kind)):
            yield from _v2_tweet(inner, includes, is_inner=True)
    author_id = tweet.ident("author_id")
    user = includes.users.get(author_id) or Fields(None)
    post: _Wire = {"id": tweet_id, "repost_of": related.get("retweeted")}
    if "retweeted" not in related:
        full = tweet.record("note_tweet") or tweet
        post |= {"text": full.text("text")} | _v2_entities(full)
        keys = tweet.record("attachments").texts("media_keys")
        post["media"] = [_v2_media(includes.media[key]) for key in keys if key in includes.media]
    yield _created(
        tweet_id,
        at=tweet.text("created_at"),
        actor={"id": author_id, **_v2_actor(user)},
        post=post
        | {
            "url": _url_of(user.text("username"), tweet_id),
            "lang": _language(tweet.text("lang")),
            "reply_to": related.get("replied_to"),
            "quote_of": related.get("quoted"),
            "thread": tweet.ident("conversation_id"),
            "client": tweet.text("source"),
            "views": tweet.record("public_metrics").count("impression_count"),
            "visibility": "followers" if user.flag("protected") else "public",
        },
    )


def _v2_entities(full: Fields) -> _Wire:
    entities = full.record("entities")
    return {
        "hashtags": _present(tag.text("tag") for tag in entities.records("hashtags")),
        "mentions": _present(one.text("username") for one in entities.records("mentions")),
        "links": _present(_expanded(url) for url in entities.records("urls")),
    }


def _v2_media(item: Fields) -> _Wire:
    return {
        "id": item.ident("media_key"),
        "kind": _media_kind(item.text("type")),
        "alt": item.text("alt_text"),
        "url": item.text("url") or item.text("preview_image_url"),
    }


def _v2_actor(user: Fields) -> _Wire:
    metrics = user.record("public_metrics")
    return {
        "handle": user.text("username"),
        "name": user.text("name"),
        "bio": user.text("description"),
        "location": user.text("location"),
        "links": _profile_links(user),
        "created_at": user.text("created_at"),
        "followers": metrics.count("followers_count"),
        "following": metrics.count("following_count"),
        "posts": metrics.count("tweet_count"),
    }


# Both


def _created(tweet_id: str, *, at: str | None, actor: _Wire, post: _Wire) -> _Wire:
    return {
        "id": f"twitter:created:{tweet_id}",
        "type": "post.created",
        "at": at,
        "actor": actor,
        "post": post,
    }


def _id_of(tweet: Fields) -> str:
    return tweet.ident("id_str") or tweet.required("id")


def _url_of(handle: str | None, tweet_id: str) -> str | None:
    return f"https://x.com/{handle}/status/{tweet_id}" if handle else None


def _profile_links(user: Fields) -> list[str]:
    entities = user.record("entities")
    urls = [url for part in ("url", "description") for url in entities.record(part).records("urls")]
    return _present(_expanded(url) for url in urls) or _present([user.text("url")])


def _expanded(url: Fields) -> str | None:
    return url.text("unwound_url") or url.text("expanded_url") or url.text("url")


def _media_kind(kind: str | None) -> str:
    if kind == "photo":
        return "image"
    return "video" if kind in _VIDEO_KINDS else "other"


def _language(code: str | None) -> str | None:
    return None if code in ("und", "zxx") else code


def _present(values: Iterable[str | None]) -> list[str]:
    return [value for value in values if value]
