"""Events: what happened on the platform, one shape per type.

Comes in: nothing. Goes out: frozen structs and the tagged union `Event`. Always holds: the
wire format, the JSON Schema (`event.schema.json`) and the Arrow schema are all derived from
the structs here; sizes are bounded by the types; an event holds no cycle, so the garbage
collector need not look at it (`gc=False`). Refused: see `codec.decode_event`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

__all__ = [
    "ACCEPTED_VISIBILITIES",
    "POST_EVENTS",
    "AccountCreated",
    "AccountRestored",
    "AccountSuspended",
    "AccountUpdated",
    "ActionResult",
    "Actor",
    "ActorSeen",
    "Event",
    "ExtraField",
    "FollowCreated",
    "Media",
    "MediaUploaded",
    "Post",
    "PostCreated",
    "PostDeleted",
    "PostUpdated",
    "ReportFiled",
    "ReportTarget",
    "Share",
    "SharedObject",
    "Target",
    "TrendObserved",
    "account_key",
    "post_of",
]

# Sizes: an id or handle longer than any platform's; a text of 100,000 characters is a long
# paste (files beyond that are split by the sender); 1,000 hashtags, mentions or links is more
# than any real post has. They bound memory per event to a few hundred kilobytes.
Id = Annotated[str, Meta(min_length=1, max_length=512)]
Short = Annotated[str, Meta(max_length=512)]
Line = Annotated[str, Meta(max_length=4_000)]
Text = Annotated[str, Meta(max_length=100_000)]
Url = Annotated[str, Meta(max_length=8_000)]
Tags = Annotated[tuple[Short, ...], Meta(max_length=1_000)]
Urls = Annotated[tuple[Url, ...], Meta(max_length=1_000)]
Hex = Annotated[str, Meta(max_length=128)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
At = Annotated[datetime, Meta(tz=True)]
Visibility = Literal["public", "unlisted", "followers", "direct", "private"]

ACCEPTED_VISIBILITIES = frozenset({"public", "unlisted"})
"""Posts of any other visibility are refused unless the operator's settings accept them."""


class Actor(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """Who did it. IP address, device and e-mail exist only as keyed hashes."""

    id: Id | None = None
    handle: Short | None = None
    name: Line | None = None
    bio: Line | None = None
    location: Line | None = None
    links: Urls = ()
    created_at: At | None = None
    followers: Count | None = None
    following: Count | None = None
    posts: Count | None = None
    avatar_pdq: Hex | None = None
    banner_pdq: Hex | None = None
    ip_hash: Short | None = None
    ip_range_hash: Short | None = None
    device_hash: Short | None = None
    email_hash: Short | None = None


class Media(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """An image, video or sound; its bytes travel separately, by content hash."""

    id: Id | None = None
    kind: Literal["image", "video", "audio", "other"] = "image"
    mime: Short | None = None
    sha256: Hex | None = None
    md5: Hex | None = None
    pdq: Hex | None = None
    alt: Text | None = None
    ocr_text: Text | None = None
    url: Url | None = None


class Post(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What was published."""

    id: Id
    url: Url | None = None
    title: Line | None = None
    text: Text | None = None
    lang: Short | None = None
    hashtags: Tags = ()
    mentions: Tags = ()
    links: Urls = ()
    media: Annotated[tuple[Media, ...], Meta(max_length=100)] = ()
    reply_to: Id | None = None
    quote_of: Id | None = None
    repost_of: Id | None = None
    thread: Id | None = None
    visibility: Visibility = "public"
    client: Short | None = None
    views: Count | None = None


class Target(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """An account that something points to."""

    id: Id
    handle: Short | None = None


class ReportTarget(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What a report is about."""

    kind: Literal["post", "account", "hashtag"]
    id: Id


class SharedObject(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What an account touched: a link, hashtag, text or picture, by an id of the sender's."""

    id: Id


class ExtraField(Struct, frozen=True, kw_only=True, gc=False):
    """A field outside the wire format that the operator's settings allow; `value` is JSON."""

    name: Short
    value: Line


class _Event(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag_field="type"):
    id: Id
    at: At | None = None
    actor: Actor | None = None
    extra: Annotated[tuple[ExtraField, ...], Meta(max_length=64)] = ()


class PostCreated(
    _Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="post.created"
):
    """A post appeared."""

    post: Post


class PostUpdated(
    _Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="post.updated"
):
    """A post changed; the whole new state."""

    post: Post


class PostDeleted(
    _Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="post.deleted"
):
    """A post was removed by its author or the platform."""

    post: Post


class AccountCreated(
    _Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="account.created"
):
    """The actor registered."""

    actor: Actor


class AccountUpdated(
    _Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="account.updated"
):
    """The actor's profile changed; the whole new state."""

    actor: Actor


class AccountSuspended(
    _Event, frozen=True, kw_only=True, omit_defaults=True, tag="account.suspended"
):
    """The platform suspended the actor."""

    actor: Actor
    reason: Line | None = None
    clause: Short | None = None


class AccountRestored(
    _Event, frozen=True, kw_only=True, omit_defaults=True, tag="account.restored"
):
    """The platform let the actor back in."""

    actor: Actor
    reason: Line | None = None


class ActorSeen(_Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="actor.seen"):
    """A handle is known, without a post."""

    actor: Actor


class FollowCreated(
    _Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="follow.created"
):
    """The actor follows the target."""

    actor: Actor
    target: Target


class Share(_Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="share"):
    """The actor touched an object."""

    actor: Actor
    object: SharedObject


class MediaUploaded(
    _Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="media.uploaded"
):
    """Media arrived before (or without) the post that shows it."""

    media: Media


class ReportFiled(
    _Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="report.filed"
):
    """Somebody reported something."""

    target: ReportTarget
    reporter: Actor | None = None
    category: Short | None = None
    comment: Line | None = None


class TrendObserved(
    _Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="trend.observed"
):
    """A hashtag stood in the platform's trends."""

    hashtag: Id
    rank: Count | None = None
    volume: Count | None = None


class ActionResult(
    _Event, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="action.result"
):
    """The platform says what became of an action."""

    action: Id
    applied: bool
    error: Line | None = None


Event = (
    PostCreated
    | PostUpdated
    | PostDeleted
    | AccountCreated
    | AccountUpdated
    | AccountSuspended
    | AccountRestored
    | ActorSeen
    | FollowCreated
    | Share
    | MediaUploaded
    | ReportFiled
    | TrendObserved
    | ActionResult
)

POST_EVENTS = (PostCreated, PostUpdated, PostDeleted)
"""Events that carry a post."""


def account_key(actor: Actor | None) -> str | None:
    """The id of an account, or its handle where the platform sends no id; None if neither."""
    if actor is None:
        return None
    return actor.id or actor.handle


def post_of(event: Event) -> Post | None:
    """The post that an event carries, if its type has one."""
    return event.post if isinstance(event, POST_EVENTS) else None
