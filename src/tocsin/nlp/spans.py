"""Spans of a text and the cues near a place, found by search in sorted order.

Comes in: spans that are sorted and apart, and cues by place. Goes out: the same in parts. Always
holds: nothing here costs more than the logarithm of a text's length for each question, since the
length of a text is its writer's choice. Refused: nothing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final

from tocsin.nlp.cues import CueHit
from tocsin.nlp.types import TextSpan

__all__ = ["HitIndex", "at", "blanked", "inside", "merged", "outside", "touches"]

_LAST: Final = 1 << 62


class HitIndex:
    """The cues of a text, by place."""

    def __init__(self, hits: Sequence[CueHit]) -> None:
        self.hits = hits
        self._starts = [hit.start for hit in hits]

    def between(self, first: int, last: int) -> Sequence[CueHit]:
        """Those that begin at `first` or later, and before `last`."""
        begin = bisect_left(self._starts, first)
        return self.hits[begin : bisect_left(self._starts, last, begin)]


def at(place: int, spans: Sequence[TextSpan]) -> TextSpan | None:
    """The span in which a character stands."""
    index = bisect_right(spans, (place, _LAST)) - 1
    return spans[index] if index >= 0 and place < spans[index].end else None


def inside(place: int, spans: Sequence[TextSpan]) -> bool:
    """Whether a character stands in one of the spans."""
    return bool(spans) and at(place, spans) is not None


def touches(span: TextSpan, spans: Sequence[TextSpan]) -> bool:
    """Whether a span shares a character with one of the others."""
    index = bisect_left(spans, (span.end, -1)) - 1
    return index >= 0 and spans[index].end > span.start


def merged(spans: Sequence[TextSpan]) -> tuple[TextSpan, ...]:
    """The same characters in spans that neither overlap nor touch, in order, none empty."""
    found: list[TextSpan] = []
    for span in sorted(spans):
        if span.start >= span.end:
            continue
        if found and span.start <= found[-1].end:
            found[-1] = TextSpan(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return tuple(found)


def outside(spans: Sequence[TextSpan], others: Sequence[TextSpan]) -> tuple[TextSpan, ...]:
    """The parts of the spans that stand in none of the others."""
    found = []
    for start, end in spans:
        place = start
        index = max(bisect_right(others, (start, _LAST)) - 1, 0)
        while index < len(others) and others[index].start < end:
            first, last = others[index]
            if first > place:
                found.append(TextSpan(place, first))
            place = max(place, last)
            index += 1
        if place < end:
            found.append(TextSpan(place, end))
    return tuple(found)


def blanked(text: str, spans: Sequence[TextSpan]) -> str:
    """The text with these spans replaced by blanks of the same length."""
    if not spans:
        return text
    pieces = []
    place = 0
    for start, end in spans:
        pieces += [text[place:start], " " * (end - start)]
        place = end
    return "".join([*pieces, text[place:]])
