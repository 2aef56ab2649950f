"""Builders: valid events and bank entries from the few values that a test cares about.

Comes in: keyword values. Goes out: records, validated by the same types as real input. Always
holds: ids depend only on the values given, so that building twice gives equal records.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal, cast

import msgspec

from tocsin.clock import stable_id
from tocsin.records import (
    AccountCreated,
    AccountRestored,
    AccountSuspended,
    AccountUpdated,
    Actor,
    BankEntry,
    BankKind,
    Designation,
    Event,
    EventBatch,
    Media,
    Post,
    PostCreated,
    PostDeleted,
    PostUpdated,
    encode_event,
    entry_id,
)

__all__ = [
    "T0",
    "account_event",
    "actor",
    "bank_entry",
    "batch_of",
    "event_of",
    "image",
    "post_event",
]

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
"""The moment at which tests happen unless they say otherwise."""

_POST_TYPES: dict[str, Any] = {
    "post.created": PostCreated,
    "post.updated": PostUpdated,
    "post.deleted": PostDeleted,
}
_ACCOUNT_TYPES: dict[str, Any] = {
    "account.created": AccountCreated,
    "account.updated": AccountUpdated,
    "account.suspended": AccountSuspended,
    "account.restored": AccountRestored,
}
_JSON = msgspec.json.Encoder(order="deterministic")


def _id(kind: str, *values: Any) -> str:
    return stable_id(kind, _JSON.encode(values).decode())


def actor(handle: str | None = "quiet_reader", **fields: Any) -> Actor:
    """An account; its id follows from the handle unless given."""
    if handle is not None:
        fields.setdefault("id", _id("acc", handle))
    return Actor(handle=handle, **fields)


def image(*, sha256: str | None = None, pdq: str | None = None, **fields: Any) -> Media:
    """A picture."""
    return Media(kind="image", sha256=sha256, pdq=pdq, **fields)


def post_event(
    text: str | None = "a plain post",
    *,
    event_id: str | None = None,
    event_type: Literal["post.created", "post.updated", "post.deleted"] = "post.created",
    at: datetime | None = T0,
    by: Actor | str | None = "quiet_reader",
    **post_fields: Any,
) -> Event:
    """A post; `by` is an account, a handle, or None for an anonymous paste.

    `post_fields` are those of `records.Post` (`title`, `lang`, `hashtags`, `media`, `id` ...).

    >>> post_event("hello").post.text
    'hello'
    """
    author = actor(by) if isinstance(by, str) else by
    post_fields.setdefault("id", _id("post", text, post_fields, author))
    post = Post(text=text, **post_fields)
    own_id = event_id or _id("ev", event_type, at, post)
    return cast("Event", _POST_TYPES[event_type](id=own_id, at=at, actor=author, post=post))


def account_event(
    handle: str | None = "quiet_reader",
    *,
    event_id: str | None = None,
    event_type: Literal[
        "account.created", "account.updated", "account.suspended", "account.restored"
    ] = "account.created",
    at: datetime | None = T0,
    **actor_fields: Any,
) -> Event:
    """Something that happened to an account; `actor_fields` are those of `records.Actor`."""
    who = actor(handle, **actor_fields)
    own_id = event_id or _id("ev", event_type, at, who)
    return cast("Event", _ACCOUNT_TYPES[event_type](id=own_id, at=at, actor=who))


def event_of(wire: dict[str, Any]) -> Event:
    """An event from its wire format, as a dictionary; `id` and `at` may be left out."""
    full = {"at": T0, "id": _id("ev", wire), **wire}
    return cast("Event", msgspec.convert(full, cast("Any", Event)))


def batch_of(*events: Event, received_at: datetime = T0, source: str = "test") -> EventBatch:
    """The events as one batch."""
    lines: Sequence[bytes] = [encode_event(event) for event in events]
    return EventBatch(events=events, lines=lines, received_at=received_at, source=source)


def bank_entry(
    value: str, *, bank: str = "praise", kind: BankKind | str = BankKind.PHRASE, **fields: Any
) -> BankEntry:
    """An active entry of a bank; a group gets a local designation unless it has one."""
    fields.setdefault("id", entry_id(bank, value))
    kind = BankKind(kind)
    if kind is BankKind.GROUP:
        fields.setdefault("designation", Designation(local_reason="a fictional group, for tests"))
    return BankEntry(bank=bank, kind=kind, value=value, **fields)
