"""Evidence panels: what the case page shows of a detector's evidence.

Comes in: a decision and its signals. Goes out: headings and rows of text, without content: ids,
places and distances. Always holds: panels are found by name in the order in which they were
registered; a later detector adds its own panel here by adding one to `PANELS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tocsin.detectors.text_reading import TextReading, text_reading
from tocsin.plugins import Panel, PanelView
from tocsin.records import BankKind, Decision, Evidence, Signal

__all__ = ["PANELS", "BankPanel", "TextModelsPanel", "panel_views"]

_TITLES: Final = {
    BankKind.PHRASE: "Known phrases",
    BankKind.LINK: "Known links",
    BankKind.HANDLE: "Known handles",
    BankKind.HASH: "Known media",
    BankKind.GROUP: "Designated groups",
    BankKind.PROTECTEE: "Protected people and groups",
}


class BankPanel:
    """The hits on banks of one kind: entry, place, distance, source."""

    def __init__(self, kind: BankKind) -> None:
        self._kind = kind
        self.name = f"bank.{kind.value}"
        self.title = _TITLES[kind]

    def view(self, decision: Decision, signals: Sequence[Signal]) -> PanelView:
        """One row per hit."""
        rows = [
            (evidence.bank or "", _described(evidence), None)
            for signal in signals
            for evidence in signal.evidence
            if evidence.kind == self._kind.value
        ]
        return PanelView(title=self.title, rows=rows)


def _described(evidence: Evidence) -> str:
    span = evidence.span
    facts = [f"entry {evidence.entry}"]
    if span is not None:
        facts.append(f"{span.field} {span.start}–{span.end}")
    if evidence.distance is not None:
        facts.append(f"distance {evidence.distance}")
    if evidence.note:
        facts.append(evidence.note)
    return " · ".join(facts)


class TextModelsPanel:
    """What the text models read: role, probabilities, places, judged posts nearby, versions."""

    name = "text_models"
    title = "What the text models read"

    def view(self, decision: Decision, signals: Sequence[Signal]) -> PanelView:
        """One row per thing that was read."""
        reading = text_reading(signals)
        return PanelView(title=self.title, rows=[] if reading is None else list(_read(reading)))


def _read(reading: TextReading) -> Iterator[tuple[str, str, str | None]]:
    if reading.role_title is not None:
        yield "role", reading.role_title, None
    for harm in reading.harms:
        said = harm.note if harm.probability is None else f"{harm.probability:.2f}"
        flagged = ", above its review threshold" if harm.is_flagged else ""
        yield harm.name, f"{said or 'no opinion'}{flagged}", None
    for one in reading.spans:
        place = f"{one.span.field} {one.span.start}–{one.span.end}"
        yield one.title, f"{place} · {one.note}" if one.note else place, None
    for example in reading.examples:
        near = "" if example.similarity is None else f" · similarity {example.similarity:.2f}"
        yield "judged example", f"{example.title}{near} · {example.id}", None
    yield "version", reading.version, None


PANELS: Final[tuple[Panel, ...]] = (*map(BankPanel, BankKind), TextModelsPanel())
"""The registry."""


def panel_views(decision: Decision) -> list[PanelView]:
    """The panels that have something to show for a decision, in order."""
    views = [panel.view(decision, decision.signals) for panel in PANELS]
    return [view for view in views if view.rows]
