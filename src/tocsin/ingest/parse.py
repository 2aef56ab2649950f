"""Lines in, validated events out, with a dead letter for each line that was refused.

Comes in: items of `lines` or `body`, and the adapter of their format. Goes out: events with
their canonical JSON, and dead letters. Always holds: a line is taken whole or not at all; bad
input, and a fault of an adapter, never stops the rest; what a line gives depends on the line,
the policy and `now` only. Refused: what the codec or the adapter refuses. What an adapter calls
private (e-mail and IP addresses) is taken out before a dead letter keeps a line, also where the
line came as our own format and only looks like the adapter's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

import msgspec

from tocsin.ingest.arrowrows import one_by_one, together
from tocsin.ingest.guess import guess
from tocsin.ingest.lines import Block, Item, Line, RefusedLine, Row, Rows
from tocsin.plugins import Adapter
from tocsin.records import (
    MAX_EXCERPT_BYTES,
    DeadLetter,
    Event,
    EventPolicy,
    Refusal,
    RefusedEvent,
    convert_event,
    dead_letter_id,
    decode_event,
    decode_events,
    decode_json,
    encode_event,
)

__all__ = ["WIRE_FORMAT", "Parsed", "Redacting", "parse_lines"]

AT_ONCE = 256
"""So many lines or rows are read together at most."""

FEW_LINES = 8
"""So many lines are read faster one by one (measured by `tocsin bench pipeline` at batch 1)."""

WIRE_FORMAT = "tocsin"
"""The name of our own format, which needs no adapter."""


@runtime_checkable
class Redacting(Protocol):
    """What an adapter offers whose objects carry private data that is not to be kept."""

    def redacted(self, obj: Any) -> Any:
        """The object without them."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What some lines gave: events in order, their canonical JSON, and what was refused."""

    events: list[Event] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)


def parse_lines(
    items: Iterable[Item], *, adapter: Adapter, policy: EventPolicy, now: datetime
) -> Parsed:
    """Read each item; never raises for what the items hold."""
    parsed = Parsed()
    events, lines = parsed.events, parsed.lines
    is_wire = adapter.name == WIRE_FORMAT
    for item in _singly(items, parsed, policy, now, is_wire=is_wire):
        try:
            if is_wire and type(item) is Line:
                event = decode_event(item.content, now=now, policy=policy)
                lines.append(encode_event(event))
                events.append(event)
                continue
            found = list(_events(item, adapter, policy, now))
            lines.extend(map(encode_event, found))
            events.extend(found)
        except RefusedEvent as refused:
            meant, refused = _meant(item, adapter, refused, policy, now)
            letter = _dead_letter(item, adapter.name, refused, private_to=meant)
            parsed.dead_letters.append(letter)
    return parsed


def _singly(
    items: Iterable[Item], parsed: Parsed, policy: EventPolicy, now: datetime, *, is_wire: bool
) -> Iterator[Line | RefusedLine | Row]:
    """What must be read one by one; what can be read together is, and goes to `parsed`, in order.

    Rows are in the wire format whatever the lines beside them are in.
    """
    for item in _parts(items):
        found = None
        if isinstance(item, Block):
            if is_wire and len(item) >= FEW_LINES:
                found = decode_events(item.contents, now=now, policy=policy)
            singly: Iterator[Line | RefusedLine | Row] = item.lines()
        elif isinstance(item, Rows):
            found = together(item, now=now, policy=policy)
            singly = one_by_one(item)
        else:
            singly = iter((item,))
        if found is None:
            yield from singly
        else:
            parsed.events.extend(found[0])
            parsed.lines.extend(found[1])


def _parts(items: Iterable[Item]) -> Iterator[Item]:
    """The items, none too large: what one line or row spoils for its neighbours is bounded."""
    for item in items:
        if isinstance(item, Block | Rows):
            yield from item.cut(AT_ONCE, AT_ONCE)
        else:
            yield item


def _events(
    item: Line | RefusedLine | Row, adapter: Adapter, policy: EventPolicy, now: datetime
) -> Iterator[Event]:
    if isinstance(item, RefusedLine):
        raise RefusedEvent(item.reason, item.message)
    if isinstance(item, Row):
        yield convert_event(item.value, now=now, policy=policy)
        return
    for obj in _adapted(decode_json(item.content), adapter):
        yield convert_event(obj, now=now, policy=policy)


def _adapted(obj: Any, adapter: Adapter) -> list[Mapping[str, Any]]:
    try:
        return list(adapter.events(obj))
    except RefusedEvent:
        raise
    except Exception as error:  # noqa: BLE001  # one line that an adapter trips over stops nothing
        message = f"the adapter `{adapter.name}` cannot read this ({type(error).__name__})"
        raise RefusedEvent(Refusal.UNSUPPORTED, message) from None


def _meant(
    item: Line | RefusedLine | Row,
    adapter: Adapter,
    refused: RefusedEvent,
    policy: EventPolicy,
    now: datetime,
) -> tuple[Adapter, RefusedEvent]:
    """Whose format a refused line seems to be in, and the refusal, which then says so.

    A line that came without its format is no less private: what its adapter would not keep is
    not kept.
    """
    if not isinstance(item, Line) or adapter.name.partition("+")[0] != WIRE_FORMAT:
        return adapter, refused
    try:
        meant = guess(decode_json(item.content))
    except RefusedEvent:
        return adapter, refused
    if meant is None:
        return adapter, refused
    reason = refused.reason
    try:
        for _ in _events(item, meant, policy, now):
            pass
    except RefusedEvent as other:
        if other.reason is Refusal.NOT_PUBLIC:
            reason = other.reason
    name = meant.name
    message = f"this looks like {name}: say `--format {name}` or `?format={name}`"
    return meant, RefusedEvent(reason, message)


def _dead_letter(
    item: Line | RefusedLine | Row, format_name: str, refused: RefusedEvent, *, private_to: Adapter
) -> DeadLetter:
    if isinstance(item, RefusedLine):
        content, digest, is_whole = item.excerpt, item.digest, item.is_whole
    else:
        content = item.content if isinstance(item, Line) else _row_json(item.value)
        digest = hashlib.sha256(content).hexdigest()
        kept = b"" if refused.reason is Refusal.NOT_PUBLIC else _redacted(content, private_to)
        is_whole = len(kept) <= MAX_EXCERPT_BYTES and kept == content
        content = kept[:MAX_EXCERPT_BYTES]
    return DeadLetter(
        id=dead_letter_id(item.source, item.offset, digest),
        source=item.source,
        offset=item.offset,
        line_number=item.number,
        reason=refused.reason,
        message=refused.message,
        content=content,
        truncated=not is_whole,
        digest=digest,
        format=WIRE_FORMAT if isinstance(item, Row) else format_name,
    )


def _redacted(content: bytes, adapter: Adapter) -> bytes:
    if not isinstance(adapter, Redacting):
        return content
    try:
        return msgspec.json.encode(adapter.redacted(decode_json(content)))
    except RefusedEvent:
        return b""  # not JSON: what is private in it cannot be told from the rest


def _row_json(value: Mapping[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError):
        return b""
