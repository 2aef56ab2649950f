"""What the text models read, for templates: numbered, in words, with the marks in the text.

Comes in: a decision. Goes out: a `ReadingView`; None where no text model had a part in it. Always
holds: every stretch that is marked in the text stands in the list with the same number and the
same words, so that nothing is said by colour alone; it shows what the decision stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tocsin.detectors.text_reading import ReadSpan, TextReading, text_reading
from tocsin.records import Decision
from tocsin.web.text import Mark

__all__ = ["ReadingSpan", "ReadingView", "read_reading"]

_DRAWN: Final = {
    "quoted": "read-quoted",
    "threat": "read-threat",
    "quoted_threat": "read-told",
    "mark": "read-mark",
}
_ORDER: Final = ("threat", "quoted", "quoted_threat", "mark", "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingSpan:
    """What was read at some places: its number, its kind in words, and facts about it.

    `drawn` is the class of how it is drawn, and `word` stands beside the number in the text.
    `places` are (field, start, end).
    """

    number: int
    title: str
    word: str
    drawn: str
    facts: Sequence[str]
    places: Sequence[tuple[str, int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingView:
    """The reading that a decision stored, and its stretches."""

    reading: TextReading
    spans: Sequence[ReadingSpan]

    def marks(self, field: str) -> list[Mark]:
        """The marks in one field of the post."""
        return [
            Mark(
                start=start,
                end=end,
                number=one.number,
                title=f"{one.number}: {one.title}",
                kind=one.drawn,
                word=one.word,
            )
            for one in self.spans
            for where, start, end in one.places
            if where == field
        ]


def read_reading(decision: Decision, *, first: int) -> ReadingView | None:
    """What the text models read for a decision; its stretches are numbered from `first`.

    Stretches of one kind share a number; threats come first, then words of others, then cues.
    """
    reading = text_reading(decision.signals)
    if reading is None:
        return None
    groups: dict[tuple[str, str | None], list[ReadSpan]] = {}
    for one in reading.spans:
        groups.setdefault((one.kind, one.note), []).append(one)
    ordered = sorted(groups.values(), key=lambda group: _ORDER.index(_family(group[0].kind)))
    spans = [_numbered(number, group) for number, group in enumerate(ordered, start=first)]
    return ReadingView(reading=reading, spans=spans)


def _family(kind: str) -> str:
    family = kind.partition(".")[0]
    return family if family in _DRAWN else _ORDER[-1]


def _numbered(number: int, group: Sequence[ReadSpan]) -> ReadingSpan:
    one = group[0]
    family, _, what = one.kind.partition(".")
    places = [(each.span.field, each.span.start, each.span.end) for each in group]
    facts = [f"{field} {start}–{end}" for field, start, end in places]
    return ReadingSpan(
        number=number,
        title=one.title,
        word=(what or family).replace("_", " "),
        drawn=_DRAWN.get(family, "hit"),
        facts=[one.note, *facts] if one.note else facts,
        places=places,
    )
