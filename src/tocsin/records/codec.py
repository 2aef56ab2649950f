"""JSON in, events out, and back, strictly.

Comes in: the bytes of one JSON object. Goes out: an `Event`, or a `RefusedEvent` with a stable
reason code and a message that names the field and what was expected there. Always holds:
`encode_event` is canonical (defaults omitted, fields in declared order, times in UTC), so that
equal events have equal bytes; reading canonical bytes again under the same policy gives an equal
event; null means absent wherever a field may be absent; of a key that stands twice the last
counts; no message repeats any part of the input. Refused: everything that the types in `events`
do not allow, NUL characters anywhere, nesting beyond `MAX_NESTING`, times outside 1990 to
`now` + 1 day, events of an account that name no account, and posts that are not public unless
the caller accepts them. `extra` holds only what `EventPolicy.allow_fields` names.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, get_args

import msgspec
import numpy as np

from tocsin.records.events import (
    ACCEPTED_VISIBILITIES,
    POST_EVENTS,
    AccountCreated,
    AccountRestored,
    AccountSuspended,
    AccountUpdated,
    Actor,
    ActorSeen,
    Event,
    ExtraField,
    FollowCreated,
    ReportFiled,
    Share,
    account_key,
    post_of,
)

__all__ = [
    "EVENTS_OF_AN_ACCOUNT",
    "MAX_LINE_BYTES",
    "MAX_NESTING",
    "EventPolicy",
    "Refusal",
    "RefusedEvent",
    "are_plain",
    "convert_event",
    "decode_event",
    "decode_events",
    "decode_json",
    "encode_event",
    "encode_events",
    "restore_event",
]

MAX_LINE_BYTES = 2_000_000
"""One event's JSON may be this long; longer lines are refused unread. The largest event that
the types allow (a 100,000-character text in a 4-byte script, escaped) stays below it."""

MAX_NESTING = 64
"""Objects and lists may stand inside each other this deep. Real posts stay below 20; the bound is
ours, because the interpreter's own depends on who calls."""

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


_DECODER: Final[msgspec.json.Decoder[Event]] = msgspec.json.Decoder(Event)
_ANY_DECODER: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder()
_ENCODER: Final = msgspec.json.Encoder()

_NOBODY = Actor()
EVENTS_OF_AN_ACCOUNT = (
    AccountCreated,
    AccountRestored,
    AccountSuspended,
    AccountUpdated,
    ActorSeen,
    FollowCreated,
    Share,
)
"""Events that say something of an account, and so must name one."""

_TYPES = tuple(str(kind.__struct_config__.tag) for kind in get_args(Event))
_MAX_TYPE_LENGTH = 64

_NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_LEVELS = 5  # event, post, list of media, medium; and one to spare
_LIMIT_WORDS = ("length", "<=", ">=", "out of range")
_NO_STRUCTURE = bytes(byte for byte in range(256) if byte not in b'[]{}"\\')
_BACKSLASH, _QUOTE = b'\\"'
_MAX_EXTRA = 64
_MAX_EXTRA_LENGTH = 4_000


def decode_event(line: bytes, *, now: datetime, policy: EventPolicy) -> Event:
    """Read one event.

    Raises:
        RefusedEvent: with the reason; the message names the field by path (`$.post.text`).
    """
    _check_size(line)
    try:
        event = _DECODER.decode(line)
    except _NOT_JSON as error:
        event = _decode_with_nulls(line, error)
    if b"\\u0000" in line and _holds_nul(msgspec.to_builtins(event)):
        raise RefusedEvent(Refusal.NUL, "a string holds the NUL character, which is no text")
    if policy.allow_fields or event.extra:
        event = _with_extra(event, line, policy.allow_fields)
    return _checked(event, now, policy)


def decode_events(
    lines: Sequence[bytes], *, now: datetime, policy: EventPolicy
) -> tuple[list[Event], list[bytes]] | None:
    """Read events together, with their canonical JSON, as `decode_event` reads each.

    None where one of them needs a closer look: the caller reads them one by one.
    """
    if policy.allow_fields or not lines:
        return None
    try:
        events = list(map(_DECODER.decode, lines))
    except _NOT_JSON:
        return None
    if not are_plain(events, now=now, policy=policy):
        return None
    canonical = _ENCODER.encode_lines(events)[:-1]
    return (events, canonical.split(b"\n")) if _are_flat(lines, canonical) else None


def encode_events(events: Sequence[Event]) -> list[bytes]:
    """The canonical JSON of each of these events, at least one."""
    return _ENCODER.encode_lines(events)[:-1].split(b"\n")


def are_plain(events: Sequence[Event], *, now: datetime, policy: EventPolicy) -> bool:
    """Whether these events, of the right types and sizes, can be accepted just as they are.

    False where one of them would be refused, or changed; `decode_event` knows which and why.
    """
    actors = [event.actor for event in events if event.actor is not None]
    times = [actor.created_at for actor in actors if actor.created_at is not None]
    times += [event.at for event in events if event.at is not None]
    if [time for time in times if time.tzinfo is not UTC]:
        return False
    if times and (min(times) < EARLIEST or max(times) > now + CLOCK_SKEW):
        return False
    if [event for event in events if event.extra]:
        return False
    if [actor for actor in actors if actor.id is None and actor == _NOBODY]:
        return False
    posts = [event for event in events if isinstance(event, POST_EVENTS)]
    shown = {event.post.visibility for event in posts}
    if not policy.accept_non_public and not shown <= ACCEPTED_VISIBILITIES:
        return False
    if len(posts) == len(events):
        return True
    others = [event for event in events if not isinstance(event, POST_EVENTS)]
    try:
        return all(_checked_account(event, now) is event for event in others)
    except RefusedEvent:
        return False


def _are_flat(lines: Sequence[bytes], canonical: bytes) -> bool:
    """Whether no line can be too long or nested too deep, or hold the NUL character.

    What the canonical form keeps of an event is nested by its types, a few levels. Where all
    lines together open only a few more objects and lists than that, none of them is too deep.
    An escaped bracket would count in the canonical form alone: such lines are looked at singly.
    """
    if max(map(len, lines)) > MAX_LINE_BYTES:
        return False
    whole = b"\n".join(lines)
    escaped = [line for line in lines if b"\\u" in line] if b"\\" in whole else []
    if [line for line in escaped if b"\\u0000" in line]:
        return False
    n_more = _n_opened(whole) - _n_opened(canonical)
    if not escaped and n_more < MAX_NESTING - _LEVELS:
        return True
    return max(line.count(b"[") + line.count(b"{") for line in lines) <= MAX_NESTING


def _n_opened(text: bytes) -> int:
    """How many `[` and `{` stand in it: the two differ in one bit only."""
    return int(np.count_nonzero((np.frombuffer(text, np.uint8) | 0x20) == ord("{")))


def convert_event(obj: Mapping[str, Any], *, now: datetime, policy: EventPolicy) -> Event:
    """Read one event from decoded JSON or Arrow values.

    Raises:
        RefusedEvent: as `decode_event`.
    """
    try:
        line = _ENCODER.encode(_without_nulls(obj))
    except UnicodeEncodeError:
        raise RefusedEvent(Refusal.ENCODING, "a string holds half of a surrogate pair") from None
    except RecursionError:
        raise _too_deep() from None
    except (TypeError, ValueError):
        raise RefusedEvent(Refusal.TYPE, "a value is of no JSON type") from None
    return decode_event(line, now=now, policy=policy)


def decode_json(line: bytes) -> Any:
    """Read any JSON value, under the same limits as an event.

    Raises:
        RefusedEvent: as `decode_event`, for what is no JSON.
    """
    _check_size(line)
    try:
        return _ANY_DECODER.decode(line)
    except _NOT_JSON as error:
        raise _refusal(error, line) from None


def encode_event(event: Event) -> bytes:
    """The canonical JSON of an event, one line, without a newline."""
    return _ENCODER.encode(event)


def restore_event(line: bytes) -> Event:
    """An event that was accepted before, from its canonical JSON; nothing is checked again."""
    return _DECODER.decode(line)


def _check_size(line: bytes) -> None:
    if len(line) > MAX_LINE_BYTES:
        message = f"the line is longer than {MAX_LINE_BYTES:,} bytes; split it or cut the text"
        raise RefusedEvent(Refusal.LIMIT, message)
    if line.count(b"[") + line.count(b"{") > MAX_NESTING and _is_too_deep(line):
        raise _too_deep()


def _is_too_deep(line: bytes) -> bool:
    depth = 0
    is_text = is_escaped = False
    for byte in line.translate(None, _NO_STRUCTURE):
        if is_escaped:
            is_escaped = False
        elif byte == _BACKSLASH:
            is_escaped = is_text
        elif byte == _QUOTE:
            is_text = not is_text
        elif not is_text:
            depth += 1 if byte in b"[{" else -1
            if depth > MAX_NESTING:
                return True
    return False


def _too_deep() -> RefusedEvent:
    return RefusedEvent(Refusal.LIMIT, f"the JSON is nested deeper than {MAX_NESTING} levels")


def _decode_with_nulls(line: bytes, error: Exception) -> Event:
    """The event after all, where only a null stood in the way of a field that may be absent."""
    if not isinstance(error, msgspec.ValidationError) or b"null" not in line:
        raise _refusal(error, line) from None
    try:
        return _DECODER.decode(_ENCODER.encode(_without_nulls(_ANY_DECODER.decode(line))))
    except _NOT_JSON as second:
        raise _refusal(second, line) from None


def _checked(event: Event, now: datetime, policy: EventPolicy) -> Event:
    post = post_of(event)
    if (
        post is not None
        and post.visibility not in ACCEPTED_VISIBILITIES
        and not policy.accept_non_public
    ):
        message = "the post is not public; `accept_non_public` in the settings would admit it"
        raise RefusedEvent(Refusal.NOT_PUBLIC, message)
    at = event.at
    if at is not None:
        at = _checked_time(at, "$.at", now)
    actor = _checked_actor(event.actor, "$.actor", now)
    if post is None:
        event = _checked_account(event, now)
    if at is event.at and actor is event.actor:
        return event
    return msgspec.structs.replace(event, at=at, actor=actor)


def _checked_account(event: Event, now: datetime) -> Event:
    if isinstance(event, EVENTS_OF_AN_ACCOUNT) and not account_key(event.actor):
        message = "expected an `id` or a `handle` of the account - at `$.actor`"
        raise RefusedEvent(Refusal.TYPE, message)
    if isinstance(event, ReportFiled):
        reporter = _checked_actor(event.reporter, "$.reporter", now)
        if reporter is not event.reporter:
            return msgspec.structs.replace(event, reporter=reporter)
    return event


def _checked_actor(actor: Actor | None, path: str, now: datetime) -> Actor | None:
    if actor is None:
        return None
    if actor.created_at is not None:
        created_at = _checked_time(actor.created_at, f"{path}.created_at", now)
        if created_at is not actor.created_at:
            return msgspec.structs.replace(actor, created_at=created_at)
    elif actor.id is None and actor == _NOBODY:
        return None
    return actor


def _checked_time(value: datetime, path: str, now: datetime) -> datetime:
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
    if b"\0" in line:
        return RefusedEvent(Refusal.NUL, "the line holds a NUL byte, which is no text")
    if isinstance(error, UnicodeDecodeError) or not _is_utf8(line):
        return RefusedEvent(Refusal.ENCODING, "the line is not valid UTF-8")
    if isinstance(error, RecursionError):
        return _too_deep()
    text = _nearest_type(str(error), line) or _without_quotes(str(error))
    if not isinstance(error, msgspec.ValidationError):
        return RefusedEvent(Refusal.MALFORMED, text)
    if "RFC3339" in text:
        return RefusedEvent(Refusal.TIME, text)
    is_limit = any(word in text for word in _LIMIT_WORDS)
    return RefusedEvent(Refusal.LIMIT if is_limit else Refusal.TYPE, text)


def _nearest_type(text: str, line: bytes) -> str | None:
    """What to say of an event type that is like a known one; never the given one itself."""
    if not text.startswith("Invalid value") or not text.endswith("`$.type`"):
        return None
    try:
        given = str(_ANY_DECODER.decode(line).get("type"))[:_MAX_TYPE_LENGTH]
    except _NOT_JSON:  # the fault of the type comes before that of the rest
        return None
    near = difflib.get_close_matches(given, _TYPES, n=1)
    return f"unknown event type, the nearest is `{near[0]}` - at `$.type`" if near else None


def _without_quotes(text: str) -> str:
    """A message of the JSON reader without the value that it quotes, in the house style."""
    places = [place for place, char in enumerate(text) if char in "'\""]
    if places:
        text = f"{text[: places[0]]}(not shown){text[places[-1] + 1 :]}"
    return text if text.startswith("JSON") else text[:1].lower() + text[1:]


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, Mapping):
        return any(_holds_nul(item) for item in value.values())
    return isinstance(value, list | tuple) and any(_holds_nul(item) for item in value)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _with_extra(event: Event, line: bytes, allowed: frozenset[str]) -> Event:
    """The event with the allowed fields: those that its canonical form brings, or the raw ones."""
    found = tuple(field for field in event.extra if field.name in allowed and _is_json(field.value))
    if not event.extra:
        raw = decode_json(line)
        found = tuple(
            ExtraField(name=path, value=value)
            for path in sorted(allowed)
            if (value := _encoded_at(raw, path)) is not None
        )
    if found == event.extra:
        return event
    return msgspec.structs.replace(event, extra=found[:_MAX_EXTRA])


def _encoded_at(raw: Any, path: str) -> str | None:
    for part in path.split("."):
        raw = raw.get(part) if isinstance(raw, dict) else None
    if raw is None:
        return None
    encoded = _ENCODER.encode(raw).decode()
    return encoded if len(encoded) <= _MAX_EXTRA_LENGTH else None


def _is_json(text: str) -> bool:
    try:
        decode_json(text.encode())
    except RefusedEvent:
        return False
    return True


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_nulls(item) for item in value]
    return value
