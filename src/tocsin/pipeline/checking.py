"""The check: what would be decided about one event, now, with nothing stored.

Comes in: an event. Goes out: the decisions that it would get if it came next. Always holds: the
windows answer as the log ends, the event itself counted in as it would be, and are not moved on;
the policy and the banks are those at the end of the log. Refused: an event that intake would
refuse, with the same reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from tocsin.errors import InputError
from tocsin.features import Features
from tocsin.pipeline.engine import Engine
from tocsin.pipeline.labels import BatchLabels
from tocsin.pipeline.windows import LiveWindows
from tocsin.records import (
    NO_WINDOWS,
    Decision,
    Event,
    EventBatch,
    EventPolicy,
    RefusedEvent,
    WindowTable,
    convert_event,
    decode_event,
    decode_json,
    encode_event,
)

__all__ = ["Checked", "batch_to_check", "look", "versions_of"]

UNNAMED = "unnamed"
"""The id of an event or post that has none yet."""

SOURCE = "check"
"""Where a checked event is said to come from; nothing stores it."""


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of a check.

    `missing` lists the features and windows that rules read and that this event has no value
    for, `versions` what it was judged under, and `position` where the log ended. `is_recorded`
    says whether the event was stored as well.
    """

    event: str
    position: int
    decisions: tuple[Decision, ...]
    missing: tuple[str, ...]
    versions: Mapping[str, str]
    is_recorded: bool = False


@dataclass(slots=True)
class _Peek:
    """The windows of one look; keeps what was read of the event."""

    windows: LiveWindows | None
    features: Features | None = None
    answers: WindowTable = NO_WINDOWS

    def advance(self, batch: EventBatch, features: Features) -> WindowTable:
        """Answer for the event as if it was counted."""
        self.features = features
        if self.windows is not None:
            self.answers = self.windows.peek(batch, features)
        return self.answers


def batch_to_check(encoded: bytes, *, now: datetime, policy: EventPolicy) -> EventBatch:
    """One event in the wire format, its `id` optional, as a batch of one.

    Raises:
        InputError: the event would be refused; says why.
    """
    try:
        event = _decoded(encoded, now, policy)
    except RefusedEvent as refused:
        raise InputError(
            f"the event is refused: {refused.message}",
            where=refused.reason.value,
            hint="docs/reference/events.md describes the wire format",
        ) from None
    return EventBatch(events=[event], lines=[encode_event(event)], received_at=now, source=SOURCE)


def _decoded(encoded: bytes, now: datetime, policy: EventPolicy) -> Event:
    """The event; before publishing, neither it nor its post may have an id yet."""
    try:
        return decode_event(encoded, now=now, policy=policy)
    except RefusedEvent:
        wire = decode_json(encoded)
        named = _named(wire)
        if named == wire:
            raise
    return convert_event(named, now=now, policy=policy)


def _named(wire: Any) -> Any:
    """The event with a name where it or its post has none."""
    if not isinstance(wire, dict):
        return wire
    named = {"id": UNNAMED, **wire}
    if isinstance(named.get("post"), dict):
        named["post"] = {"id": UNNAMED, **named["post"]}
    return named


def look(
    engine: Engine,
    batch: EventBatch,
    position: int,
    *,
    windows: LiveWindows | None,
    labels: BatchLabels | None,
) -> Checked:
    """What the engine says about a batch of one; the windows stay as they are."""
    peek = _Peek(windows)
    judged = engine.judge(batch, peek, labels)
    return Checked(
        event=batch.events[0].id,
        position=position,
        decisions=judged.decisions,
        missing=_missing(engine, peek),
        versions=versions_of(engine),
    )


def versions_of(engine: Engine) -> Mapping[str, str]:
    """Everything that a decision of this engine depends on."""
    return {**engine.versions, "policy": engine.policy.version}


def _missing(engine: Engine, peek: _Peek) -> tuple[str, ...]:
    """What rules read and this event does not have, in order of the names."""
    policy, features = engine.policy, peek.features
    if features is None:
        return ()
    names = [name for name in policy.features if features.value(name, 0) is None]
    names += [read.key for read in policy.window_reads if peek.answers.window(read.spec, 0) is None]
    return tuple(sorted(set(names)))
