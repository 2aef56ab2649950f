"""The unit of work: a batch of events, and what stages add to it.

Comes in: validated events. Goes out: the batch, with its Arrow columns made when somebody asks
for them. Always holds: results never depend on how events were cut into batches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Protocol, runtime_checkable

import pyarrow as pa

from tocsin.records.arrow import events_to_arrow
from tocsin.records.events import Event
from tocsin.records.signals import Signal

__all__ = [
    "EventBatch",
    "FeatureColumns",
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


@runtime_checkable
class FeatureColumns(Protocol):
    """What a `FeatureTable` may offer besides: all rows at once, which costs less per row."""

    def column(self, name: str) -> Sequence[FeatureValue | None]:
        """The values of a feature for all rows, in order; None where one is missing."""
        ...


@dataclass(frozen=True, kw_only=True)
class EventBatch:
    """Events in order, their canonical JSON, when they arrived and from where."""

    events: Sequence[Event]
    lines: Sequence[bytes]
    received_at: datetime
    source: str

    def __len__(self) -> int:
        return len(self.events)

    @cached_property
    def arrow(self) -> pa.RecordBatch:
        """The events as Arrow columns, in `EVENT_SCHEMA`."""
        return events_to_arrow(self.events, self.lines)

    def at(self, row: int) -> datetime:
        """When an event happened, or arrived where the platform did not say."""
        return self.events[row].at or self.received_at
