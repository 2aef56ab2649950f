"""What windows held when a decision was made: the events that were counted, from the log.

Comes in: a decision and the policy that made it. Goes out: for each window that its rules read,
which events lay in it, and whether they give the value that was recorded. Always holds: what is
shown is read from the log again, by the rules of `features.windows`: nothing of it is kept for
this; where content was erased since, the answer says so instead of showing less as if it was all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa

from tocsin.features import Features, compute
from tocsin.features.windows.named import named_keys
from tocsin.policy import CompiledPolicy, CountedEvent, Rule, WindowContents
from tocsin.policy.expressions import Expr, WindowRead, walk
from tocsin.policy.interpret import EventReader, evaluate, to_stored
from tocsin.records import (
    MAX_AMOUNT,
    Decision,
    EntryKind,
    Event,
    EventBatch,
    LogEntry,
    Reason,
    WindowKey,
    WindowMeasure,
)
from tocsin.store import Store, schema
from tocsin.store.replay import read_events
from tocsin.store.times import to_us

__all__ = ["MAX_READ", "MAX_SHOWN", "window_contents"]

MAX_SHOWN = 50
"""Events of a window that are listed, the newest; all are counted."""

MAX_READ = 2_000_000
"""Events that are read again for one decision: about a minute. A window that is longer is not
shown, and the answer says so."""

_EVENT = msgspec.json.Decoder(Event)


@dataclass(frozen=True, slots=True)
class _Counted:
    """One event that a window counted, for one key."""

    event: CountedEvent
    time: datetime
    of: tuple[str, ...]
    amount: int


@dataclass(slots=True)
class _Reading:
    """What the stretch of the log gave for one window: events by key, and what was erased."""

    read: WindowRead
    by_key: dict[str, list[_Counted]] = field(default_factory=dict)

    def add(self, row: _Row, keys: Sequence[str]) -> None:
        """Count one event for those of these keys that it has."""
        spec = self.read.spec
        if row.kind not in spec.events or not row.is_met(self.read.where):
            return
        amount = 0
        of: tuple[str, ...] = ()
        if spec.measure is WindowMeasure.SUM:
            value = row.features.value(spec.of, row.row)
            if not isinstance(value, int):
                return
            amount = max(0, min(value, MAX_AMOUNT))
        elif spec.measure is WindowMeasure.DISTINCT:
            of = row.keys(WindowKey(spec.of))
            if not of:
                return
        for key in row.keys(spec.by):
            if key in keys:
                counted = _Counted(row.counted, row.time, of, amount)
                self.by_key.setdefault(key, []).append(counted)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One event of the stretch, with everything that windows ask of it."""

    features: Features
    row: int
    event: Event
    kind: str
    time: datetime
    counted: CountedEvent

    def keys(self, kind: WindowKey) -> tuple[str, ...]:
        """The keys of one kind."""
        return named_keys(self.features, self.row, self.event, kind)

    def is_met(self, where: Expr | None) -> bool:
        """Whether it meets a window's condition."""
        return where is None or bool(evaluate(where, EventReader(self.features, {}, self.row)))


def window_contents(
    store: Store,
    connection: sa.Connection,
    decision: Decision,
    policy: CompiledPolicy,
    *,
    max_read: int = MAX_READ,
) -> list[WindowContents]:
    """What each window that the decision's rules read held, in the order of the rules."""
    asked = list(_asked(decision, policy))
    if not asked:
        return []
    place = _place_of(connection, decision.event)
    trigger = None if place is None else _rows_at(store, connection, *place)
    if place is None or trigger is None:
        why = "the event that was judged was erased"
        return [_unknown(read, reason, why) for reason, read in asked]
    readings = {read.key: _Reading(read) for _, read in asked}
    over = max(read.spec.over for _, read in asked)
    stretch = _Stretch(store, connection, place, trigger.time - over, max_read)
    keys = {read.key: trigger.keys(read.spec.by) for _, read in asked}
    lateness = _lateness_of(decision)
    watermark = trigger.time - over
    for row in stretch.rows():
        watermark = max(watermark, row.time)
        if row.time < watermark - lateness or row.time > trigger.time:
            continue
        for name, reading in readings.items():
            if row.time > trigger.time - reading.read.spec.over:
                reading.add(row, keys[name])
    if stretch.is_too_long:
        why = f"more than {max_read:,} events arrived in its time"
        return [_unknown(read, reason, why) for reason, read in asked]
    return [
        _shown(readings[read.key], reason, keys[read.key], trigger.time, stretch.n_erased)
        for reason, read in asked
    ]


def _lateness_of(decision: Decision) -> timedelta:
    """How late events could come and still be counted, as the decision names it: `600 s late`."""
    seconds = decision.versions.get("windows", "").partition(" ")[0]
    return timedelta(seconds=int(seconds) if seconds.isdigit() else 0)


def _asked(decision: Decision, policy: CompiledPolicy) -> Iterator[tuple[Reason, WindowRead]]:
    """The windows whose values the decision recorded, each once per rule."""
    for reason in decision.reasons:
        rule: Rule | None = policy.by_id.get(reason.rule)
        if rule is None or rule.version != reason.rule_version:
            continue
        reads = {part.key: part for part in walk(rule.condition) if isinstance(part, WindowRead)}
        yield from ((reason, read) for key, read in reads.items() if key in reason.values)


def _shown(
    reading: _Reading, reason: Reason, keys: Sequence[str], at: datetime, n_erased: int
) -> WindowContents:
    """The window with the greatest answer among the event's keys: the one that rules read."""
    read = reading.read
    answers = {key: _answer(read, reading.by_key.get(key, ()), at) for key in keys}
    best = max(
        answers, key=lambda key: -1.0 if answers[key] is None else _number(answers[key]), default=""
    )
    counted = sorted(reading.by_key.get(best, ()), key=lambda one: one.time, reverse=True)
    recorded, found = reason.values[read.key], answers.get(best)
    agrees = found is not None and to_stored(found) == recorded
    note = None
    if not agrees and n_erased:
        note = f"content was erased since ({n_erased:,} of its time): this is what is left"
    elif not agrees:
        note = "the log gives another value now"
    return WindowContents(
        rule=reason.rule,
        call=read.key,
        recorded=recorded,
        agrees=agrees,
        key=best or None,
        total=len(counted),
        events=tuple(one.event for one in counted[:MAX_SHOWN]),
        note=note,
    )


def _unknown(read: WindowRead, reason: Reason, note: str) -> WindowContents:
    return WindowContents(
        rule=reason.rule, call=read.key, recorded=reason.values[read.key], agrees=False, note=note
    )


_Answer = int | float | timedelta | None


def _answer(read: WindowRead, counted: Sequence[_Counted], at: datetime) -> _Answer:
    if read.spec.measure is WindowMeasure.AGE:
        return max((at - entry.time for entry in counted), default=None)
    if read.spec.measure is WindowMeasure.DISTINCT:
        value = len({one for entry in counted for one in entry.of})
    elif read.spec.measure is WindowMeasure.SUM:
        value = sum(entry.amount for entry in counted)
    else:
        value = len(counted)
    return value if read.per is None else value / read.per


def _number(answer: _Answer) -> float:
    return answer.total_seconds() if isinstance(answer, timedelta) else float(answer or 0)


class _Stretch:
    """The events that can lie in a window: what arrived in its time, up to the one that asked.

    No event is later than its arrival; so what arrived before a window began is in none, and is
    no later than its beginning: it cannot have made one of the window's events too late either.
    """

    def __init__(
        self,
        store: Store,
        connection: sa.Connection,
        until: tuple[int, int],
        since: datetime,
        max_read: int,
    ) -> None:
        self.n_erased = 0
        self.is_too_long = False
        self._store = store
        self._connection = connection
        self._until = until
        self._since = since
        self._left = max_read

    def rows(self) -> Iterator[_Row]:
        """The events in order; stops where they are too many."""
        position, ordinal = self._until
        first = _first_after(self._connection, self._since)
        start = position if first is None else min(first, position)
        for entry, lines in read_events(self._store, self._connection, after=start - 1):
            is_last = entry.position == position
            some = lines[: ordinal + 1] if is_last else lines
            self.n_erased += sum(not line for line in some)
            self._left -= len(some)
            self.is_too_long = self._left < 0
            if self.is_too_long:
                return
            yield from _rows(entry, some)
            if is_last:
                return


def _rows(entry: LogEntry, lines: Sequence[bytes]) -> Iterator[_Row]:
    kept = [line for line in lines if line]
    batch = EventBatch(
        events=[_EVENT.decode(line) for line in kept],
        lines=kept,
        received_at=entry.at,
        source=str(entry.body["source"]),
    )
    features = compute(batch)
    for row, event in enumerate(batch.events):
        time = min(batch.at(row), entry.at)
        yield _Row(
            features=features,
            row=row,
            event=event,
            kind=str(features.value("event.type", row)),
            time=time,
            counted=CountedEvent(event=event.id, at=str(to_stored(time)), position=entry.position),
        )


def _rows_at(store: Store, connection: sa.Connection, position: int, ordinal: int) -> _Row | None:
    """The event at this place; None where it was erased."""
    for entry, lines in read_events(store, connection, after=position - 1):
        if entry.position != position or ordinal >= len(lines) or not lines[ordinal]:
            return None
        return next(_rows(entry, [lines[ordinal]]))
    return None


def _place_of(connection: sa.Connection, event_id: str) -> tuple[int, int] | None:
    table = schema.event_ids
    statement = sa.select(table.c.position, table.c.ordinal).where(table.c.id == event_id)
    row = connection.execute(statement).one_or_none()
    return None if row is None else (row.position, row.ordinal)


def _first_after(connection: sa.Connection, since: datetime) -> int | None:
    entries = schema.log_entries
    statement = sa.select(sa.func.min(entries.c.position)).where(
        entries.c.kind == EntryKind.EVENTS.value, entries.c.at_us > to_us(since)
    )
    found: int | None = connection.execute(statement).scalar_one()
    return found
