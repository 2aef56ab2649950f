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

_WORDS: Final = {"quoted": "quoted"}
_DRAWN: Final = {
    "quoted": "read-quoted",
    "threat": "read-threat",
    "quoted_threat": "read-told",
    "mark": "read-mark",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingSpan:
    """A stretch of the text that was read: its number, its kind in words, and facts about it.

    `drawn` is the class of how it is drawn, and `word` stands beside the number in the text.
    """

    number: int
    title: str
    word: str
    drawn: str
    facts: Sequence[str]
    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingView:
    """The reading that a decision stored, and its stretches."""

    reading: TextReading
    spans: Sequence[ReadingSpan]

    def marks(self, field: str) -> list[Mark]:
        """The marks in one field of the post."""
        return [
            Mark(
                start=one.start,
                end=one.end,
                number=one.number,
                title=f"{one.number}: {one.title}",
                kind=one.drawn,
                word=one.word,
            )
            for one in self.spans
            if one.field == field
        ]


def read_reading(decision: Decision, *, first: int) -> ReadingView | None:
    """What the text models read for a decision; its stretches are numbered from `first`."""
    reading = text_reading(decision.signals)
    if reading is None:
        return None
    spans = [_numbered(number, one) for number, one in enumerate(reading.spans, start=first)]
    return ReadingView(reading=reading, spans=spans)


def _numbered(number: int, one: ReadSpan) -> ReadingSpan:
    family, _, what = one.kind.partition(".")
    place = f"{one.span.field} {one.span.start}–{one.span.end}"
    return ReadingSpan(
        number=number,
        title=one.title,
        word=_WORDS.get(one.kind) or (what or family).replace("_", " "),
        drawn=_DRAWN.get(family, "hit"),
        facts=[place, one.note] if one.note else [place],
        field=one.span.field,
        start=one.span.start,
        end=one.span.end,
    )
