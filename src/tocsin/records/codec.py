"""JSON in, events out, and back, strictly.

Comes in: the bytes of one JSON object. Goes out: an `Event`, or a `RefusedEvent` with a stable
reason code and a message that names the field and what was expected there. Always holds:
`encode_event` is canonical (defaults omitted, fields in declared order, times in UTC), so that
equal events have equal bytes; no message repeats any part of the input. Refused: everything
that the types in `events` do not allow, NUL characters anywhere, times outside 1990 to
`now` + 1 day, and posts that are not public unless the caller accepts them.
"""

from __future__ import annotations

import re as _re_static  # only over messages of msgspec, never over input
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, cast

import msgspec

from tocsin.records.events import (
    ACCEPTED_VISIBILITIES,
    Actor,
    Event,
    ExtraField,
    post_of,
)

__all__ = [
    "MAX_LINE_BYTES",
    "EventPolicy",
    "RefusedEvent",
    "Refusal",
    "convert_event",
    "decode_event",
    "encode_event",
]

MAX_LINE_BYTES = 2_000_000
"""One event's JSON may be this long; longer lines are refused unread. The largest event that
the types allow (a 100,000-character text in a 4-byte script, escaped) stays below it."""

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
CLOCK_SKEW = timedelta(days=1)


class Refusal(StrEnum):
    """Why a line was refused; stored with the dead letter, never renamed."""

    MALFORMED = "INPUT.MALFORMED"
    ENCODING = "INPUT.ENCODING"
    TYPE = "INPUT.TYPE"
    LIMIT = "INPUT.LIMIT"
    TIME = "INPUT.TIME"
    NUL = "INPUT.NUL"
    NOT_PUBLIC = "INPUT.NOT_PUBLIC"
    UNSUPPORTED = "INPUT.UNSUPPORTED"


class RefusedEvent(ValueError):  # noqa: N818  # a refusal is an outcome, not a fault
    """A line that is not an event we accept: `reason` is stable, `message` is for people."""

    def __init__(self, reason: Refusal, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPolicy:
    """What the operator accepts at the door."""

    accept_non_public: bool = False
    allow_fields: frozenset[str] = frozenset()


_NOBODY = Actor()
_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Event)
_ANY_NOBODY = Actor()
_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder()
_ENCODER = msgspec.json.Encoder()
_QUOTED = _re_static.compile(r"'[^']*'")
_LIMIT_WORDS = ("length", "<=", ">=", "matching regex", "out of range")


def decode_event(line: bytes, *, now: datetime, policy: EventPolicy) -> Event:
    """Read one event.

    Raises:
        RefusedEvent: with the reason; the message names the field by path (`$.post.text`).
    """
    if len(line) > MAX_LINE_BYTES:
        message = f"the line is longer than {MAX_LINE_BYTES:,} bytes; split it or cut the text"
        raise RefusedEvent(Refusal.LIMIT, message)
    try:
        event = cast("Event", _DECODER.decode(line))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _refusal(error, line) from None
    if b"\\u0000" in line and _holds_nul(msgspec.to_builtins(event)):
        raise RefusedEvent(Refusal.NUL, "a string holds the NUL character, which is no text")
    if policy.allow_fields and not event.extra:
        event = _with_extra(event, _ANY_DECODER.decode(line), policy.allow_fields)
    return _checked(event, now, policy)


def convert_event(obj: Mapping[str, Any], *, now: datetime, policy: EventPolicy) -> Event:
    """Read one event from decoded JSON or Arrow values (nulls count as absent).

    Raises:
        RefusedEvent: as `decode_event`.
    """
    return decode_event(_ENCODER.encode(_without_nulls(obj)), now=now, policy=policy)


def encode_event(event: Event) -> bytes:
    """The canonical JSON of an event, one line, without a newline."""
    return _ENCODER.encode(event)


def _checked(event: Event, now: datetime, policy: EventPolicy) -> Event:
    post = post_of(event)
    if (
        post is not None
        and post.visibility not in ACCEPTED_VISIBILITIES
        and not policy.accept_non_public
    ):
        message = "the post is not public; `accept_non_public` in the settings would admit it"
        raise RefusedEvent(Refusal.NOT_PUBLIC, message)
    at = _checked_time(event.at, "$.at", now)
    actor = event.actor
    if actor is not None and actor.created_at is not None:
        created_at = _checked_time(actor.created_at, "$.actor.created_at", now)
        if created_at is not actor.created_at:
            actor = msgspec.structs.replace(actor, created_at=created_at)
    elif actor is not None and actor.id is None and actor == _NOBODY:
        actor = None
    if at is event.at and actor is event.actor:
        return event
    return cast("Event", msgspec.structs.replace(event, at=at, actor=cast("Actor", actor)))


def _checked_time(value: datetime | None, path: str, now: datetime) -> datetime | None:
    if value is None:
        return None
    if value.tzinfo is not UTC:
        try:
            value = value.astimezone(UTC)
        except OverflowError:
            raise RefusedEvent(Refusal.TIME, f"the time at `{path}` cannot be in UTC") from None
    if value < EARLIEST or value > now + CLOCK_SKEW:
        message = f"the time at `{path}` lies before 1990 or more than a day in the future"
        raise RefusedEvent(Refusal.TIME, message)
    return value


def _refusal(error: Exception, line: bytes) -> RefusedEvent:
    if isinstance(error, UnicodeDecodeError) or not _is_utf8(line):
        return RefusedEvent(Refusal.ENCODING, "the line is not valid UTF-8")
    if isinstance(error, RecursionError):
        return RefusedEvent(Refusal.LIMIT, "the JSON is nested too deeply")
    text = str(error)
    if isinstance(error, msgspec.ValidationError):
        text = _QUOTED.sub("(not shown)", text)
        is_limit = any(word in text for word in _LIMIT_WORDS)
        return RefusedEvent(Refusal.LIMIT if is_limit else Refusal.TYPE, _lowered(text))
    text = _QUOTED.sub("(not shown)", text)
    return RefusedEvent(Refusal.MALFORMED, _lowered(text))


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, Mapping):
        return any(_holds_nul(item) for item in value.values())
    return isinstance(value, list | tuple) and any(_holds_nul(item) for item in value)


def _lowered(text: str) -> str:
    if text.startswith("JSON"):
        return text
    return text[:1].lower() + text[1:].removesuffix(".")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _with_extra(event: Event, raw: Mapping[str, Any], allowed: frozenset[str]) -> Event:
    found = []
    for path in sorted(allowed):
        value: Any = raw
        for part in path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            encoded = _ENCODER.encode(value).decode()
            found.append(ExtraField(name=path, value=encoded[:4_000]))
    return cast("Event", msgspec.structs.replace(event, extra=tuple(found)))


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_nulls(item) for item in value if item is not None]
    return value
