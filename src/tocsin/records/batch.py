"""The unit of work: a batch of events, and what stages add to it.

Comes in: validated events, or Arrow columns of events that were validated before
(`EventBatch.from_arrow`: the archive). Goes out: the batch: by row (`events`, `lines`, `at`) and by
column (`columns`, `at_us`), each made when somebody asks for it. Always holds: a batch from structs
and one from Arrow columns of the same events give the same values, and so the same decisions;
results never depend on how events were cut into batches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import compress
from typing import Protocol, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tocsin.records.arrow import EVENT_SCHEMA, events_to_arrow
from tocsin.records.codec import encode_event
from tocsin.records.columns import ArrowColumns, ArrowEvents, Columns, Numbers, StructColumns
from tocsin.records.events import Event
from tocsin.records.signals import Signal
from tocsin.records.times import from_us, to_us

__all__ = [
    "EventBatch",
    "FeatureColumns",
    "FeatureNumbers",
    "FeatureSpec",
    "FeatureTable",
    "FeatureValue",
    "SignalSpec",
    "SignalTable",
    "ValueType",
]

FeatureValue = bool | int | float | str | tuple[str, ...] | datetime | timedelta
"""What a feature may be; None stands for missing."""

SignalTable = Mapping[int, Mapping[str, Signal]]
"""Row of the batch -> name of the signal -> signal; rows and names without a signal are absent."""


class ValueType(StrEnum):
    """The types that the rule language knows."""

    BOOL = "bool"
    INT = "int"
    FLOAT = "float"
    TEXT = "text"
    TEXTS = "texts"  # a list of strings
    TIME = "time"
    DURATION = "duration"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSpec:
    """One named, typed value that rules may read; `name` may hold dots (`account.age`)."""

    name: str
    type: ValueType
    doc: str
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSpec:
    """One signal that some detector gives; `available` is False where it is not installed."""

    name: str
    doc: str
    available: bool = True


class FeatureTable(Protocol):
    """The features of one batch, computed when asked for."""

    def value(self, name: str, row: int) -> FeatureValue | None:
        """The value of a feature for one row; None where it is missing."""
        ...


class FeatureColumns(Protocol):
    """What a `FeatureTable` may offer besides: all rows at once, which costs less per row."""

    def column(self, name: str) -> Sequence[FeatureValue | None]:
        """The values of a feature for all rows, in order; None where one is missing."""
        ...


class FeatureNumbers(Protocol):
    """What a `FeatureTable` may offer besides: numbers as an array."""

    def numbers(self, name: str) -> Numbers:
        """A feature that is a whole number, a truth value or a duration (in microseconds)."""
        ...


@dataclass(frozen=True, kw_only=True)
class EventBatch:
    """Events in order, their canonical JSON, when they arrived and from where.

    `recorded` holds the same events as Arrow columns where they come from there (`from_arrow`),
    and `received_us` when each of them arrived; `received_at` is then the latest of these.
    """

    events: Sequence[Event]
    lines: Sequence[bytes]
    received_at: datetime
    source: str
    recorded: pa.RecordBatch | None = None
    received_us: npt.NDArray[np.int64] | None = None

    @classmethod
    def from_arrow(
        cls,
        recorded: pa.RecordBatch,
        received_at: datetime | pa.Array,
        source: str,
        lines: Sequence[bytes] | None = None,
    ) -> EventBatch:
        """A batch over columns in `EVENT_SCHEMA` (others are left aside), validated before.

        `received_at` is one moment, or one for each row (`timestamp[us, UTC]`, at least one row).
        Events and lines are made row by row when somebody asks for them; `lines`, where the caller
        has them already, are the canonical JSON of the same events.

        Raises:
            ValueError: a row has no type: an event that was erased.
        """
        names = [name for name in recorded.schema.names if name in EVENT_SCHEMA.names]
        recorded = recorded.select(names)
        if recorded.column("type").null_count:
            raise ValueError("an erased event cannot be judged: leave it out")
        events = ArrowEvents(recorded, lines)
        each = None
        if not isinstance(received_at, datetime):
            each = received_at.cast(pa.int64()).to_numpy(zero_copy_only=False)
            received_at = from_us(int(each.max()))
        return cls(
            events=events,
            lines=_Lines(events) if lines is None else lines,
            received_at=received_at,
            source=source,
            recorded=recorded,
            received_us=each,
        )

    def __len__(self) -> int:
        return len(self.events)

    def only(self, is_kept: Sequence[bool]) -> EventBatch:
        """The batch without the rows where `is_kept` says no."""
        lines = list(compress(self.lines, is_kept))
        if self.recorded is not None and self.received_us is None:
            kept = self.recorded.filter(pa.array(is_kept, pa.bool_()))
            return EventBatch.from_arrow(kept, self.received_at, self.source, lines)
        return replace(
            self,
            events=list(compress(self.events, is_kept)),
            lines=lines,
            recorded=None,
            received_us=None if self.received_us is None else self.received_us[list(is_kept)],
        )

    @cached_property
    def arrow(self) -> pa.RecordBatch:
        """The events as Arrow columns, in `EVENT_SCHEMA`."""
        if self.recorded is None:
            return events_to_arrow(self.events, self.lines)
        found, n_rows = self.recorded, len(self)
        columns = [
            found.column(field.name)
            if field.name in found.schema.names
            else pa.nulls(n_rows, field.type)
            for field in EVENT_SCHEMA
        ]
        return pa.RecordBatch.from_arrays(columns, schema=EVENT_SCHEMA)

    @cached_property
    def columns(self) -> Columns:
        """The values of all rows by path; without any struct where the batch came as Arrow."""
        if isinstance(self.events, ArrowEvents) and self.recorded is not None:
            return ArrowColumns(self.recorded, self.events)
        return StructColumns(self.events)

    @cached_property
    def at_us(self) -> npt.NDArray[np.int64]:
        """When each event happened, or arrived where the platform did not say; microseconds."""
        values, known = self.columns.numbers("at")
        return values if known is None else np.where(known, values, self.arrived_us)

    @cached_property
    def arrived_us(self) -> npt.NDArray[np.int64]:
        """When each event arrived, in microseconds."""
        if self.received_us is not None:
            return self.received_us
        return np.full(len(self), to_us(self.received_at), np.int64)

    def at(self, row: int) -> datetime:
        """When an event happened, or arrived where the platform did not say."""
        at: datetime | None = self.columns.cell("at", row)
        return at or self.arrived(row)

    def arrived(self, row: int) -> datetime:
        """When an event arrived."""
        return self.received_at if self.received_us is None else from_us(int(self.received_us[row]))


class _Lines(Sequence[bytes]):
    """The canonical JSON of events, each line made when somebody asks for it."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = events

    def __len__(self) -> int:
        return len(self._events)

    @overload
    def __getitem__(self, row: int) -> bytes: ...

    @overload
    def __getitem__(self, row: slice) -> list[bytes]: ...

    def __getitem__(self, row: int | slice) -> bytes | list[bytes]:
        if isinstance(row, slice):
            return [encode_event(event) for event in self._events[row]]
        return encode_event(self._events[row])
