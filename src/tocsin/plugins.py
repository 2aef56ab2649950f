"""Typed extension points: what a detector, an adapter, a connector and a panel must offer.

Comes in: nothing. Goes out: protocols, one line of contract each. Our own detectors, adapters
and connectors are registered through these same protocols (`pipeline.registry`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from tocsin.matching import NormalText, NormalTexts
from tocsin.records import (
    Action,
    ActionKind,
    BankEntry,
    Decision,
    EventBatch,
    FeatureTable,
    Signal,
    SignalSpec,
    SignalTable,
)

__all__ = [
    "Adapter",
    "Connector",
    "Cost",
    "Detector",
    "DetectorExample",
    "DetectorInput",
    "Panel",
    "PanelView",
    "Receipt",
    "TextTable",
    "cost_of",
]


class TextTable(Protocol):
    """Normal forms of the texts of a batch, computed once and shared by all stages."""

    def normal(self, row: int) -> NormalText | None:
        """The normal form of everything that can be read in an event; None if it has no text."""
        ...

    def normals(self) -> NormalTexts:
        """All rows, in order."""
        ...


class Cost(StrEnum):
    """What asking a detector costs: `DEAR` ones see only the rows that they can matter for."""

    CHEAP = "cheap"
    DEAR = "dear"


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorInput:
    """What a detector may read: the events, their features and their normal texts."""

    batch: EventBatch
    features: FeatureTable
    texts: TextTable


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorExample:
    """A detector's own example: a wire-format event and the signals that it must give.

    `expect` maps a signal's name to whether it must fire (score >= 0.5 and not abstained).
    `bank_entries` are what the example needs in banks.
    """

    event: Mapping[str, Any]
    expect: Mapping[str, bool]
    bank_entries: Sequence[BankEntry] = field(default=())
    note: str = ""


@runtime_checkable
class Detector(Protocol):
    """Turns features and content into signals.

    Contract: pure over its input and its banks; the same row gives the same signals in every
    batch; scores in [0, 1], rounded; spans lie inside the original text; abstains rather than
    guesses. `version` changes whenever any output can change. One that takes long says so with an
    attribute `cost = Cost.DEAR` (see `cost_of`).
    """

    name: str
    version: str

    def specs(self) -> Sequence[SignalSpec]:
        """The signals that it gives."""
        ...

    def examples(self) -> Sequence[DetectorExample]:
        """What it finds and what it must leave alone; run by the conformance suite."""
        ...

    def detect(self, given: DetectorInput, rows: Sequence[int]) -> SignalTable:
        """Signals for these rows."""
        ...


def cost_of(detector: Detector) -> Cost:
    """What a detector says that it costs; cheap where it says nothing."""
    return Cost(getattr(detector, "cost", Cost.CHEAP))


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelView:
    """What an evidence panel shows: a heading, and rows of label, value and (optional) link."""

    title: str
    rows: Sequence[tuple[str, str, str | None]]
    empty: str = "nothing found"


@runtime_checkable
class Panel(Protocol):
    """One panel of evidence on the case page, filled by a detector's own knowledge."""

    name: str
    title: str

    def view(self, decision: Decision, signals: Sequence[Signal]) -> PanelView:
        """What to show for one decision."""
        ...


@runtime_checkable
class Adapter(Protocol):
    """Turns a foreign JSON object into events in our wire format (as dictionaries).

    Contract: raises `RefusedEvent` with a reason where it cannot; never reads a file or the
    network; gives stable event ids, so that the same input is the same event.
    """

    name: str

    def events(self, obj: Any) -> Iterable[Mapping[str, Any]]:
        """The events that one foreign object stands for; may be none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of one delivery: accepted or not, whether trying again may help."""

    accepted: bool
    retry: bool = False
    note: str = ""


@runtime_checkable
class Connector(Protocol):
    """Carries actions out on a platform."""

    name: str

    def actions(self) -> Mapping[ActionKind, bool]:
        """The actions that the platform has, and whether each can be reversed."""
        ...

    def deliver(self, action: Action, attempt: int) -> Receipt:
        """Send one action; idempotent by `action.id` on the other side."""
        ...
