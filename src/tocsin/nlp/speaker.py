"""Who speaks: words laid at another's door without quotation marks.

Comes in: a text, its cues, and what stands in quotation marks. Goes out: `Speakers`: spans of
attributed words, and the attributions by which others are named as the ones who speak. Always
holds: spans lie inside the text, in order and apart; what a writer says of himself ("I said", "we
say") attributes nothing. Refused: nothing.

An attribution opens a clause of other people's words:

- after a colon in the same sentence, to the end of the line, or to a sentence that judges;
- else behind the verb ("claims that …", "told them to …", "قال إن …"), to the end of the clause;
- before it, where the verb stands last: always in Turkish, elsewhere behind a comma ("…, he said").

The clause ends at the sentence, at "but" and its sisters, or where a judgement begins ("… is
unacceptable").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import re2

from tocsin.matching import normalise
from tocsin.nlp.cues import CueHit
from tocsin.nlp.quotes import n_words
from tocsin.nlp.spans import HitIndex, at, inside, merged, outside, touches
from tocsin.nlp.types import TextSpan

__all__ = ["Speakers", "is_subject", "sentences", "speakers"]

_SUBJECTS: Final = (
    "i i'm i'll i'd i've im we we're we'll we'd we've je j'ai nous ich wir yo nosotros nosotras",
    "ben biz я мы saya aku gue gua kami kita انا نحن اني انني اننا احنا حنا اقول نقول",
)
SUBJECTS: Final = frozenset(word for words in _SUBJECTS for word in words.split())
"""First persons that speak or act; "my neighbour says" is about somebody else."""

_GROUPS: Final = frozenset({"group_full_name", "group_name", "group_dismissive"})
_JUDGING: Final = frozenset({"condemnation", "mockery"})
_FEELING: Final = "revulsion"
_STRONG: Final = frozenset({"violence", "praise", "join_call"})
_VERB_LAST: Final = "tr"
_VERB_FIRST: Final = "ar"
_SUBJECT_REACH: Final = 16  # characters between "we" and "are telling"
_COLON_REACH: Final = 70
_NAME_REACH: Final = 60  # a name, a title and a colon at the head of a line
_LONGEST: Final = 1_000
"""Characters of other people's words that one attribution opens, and where they are looked for."""
_FEWEST_WORDS: Final = 2
_MOST_TRAILING_WORDS: Final = 4  # "…, said the leader of the group"

_EDGES: Final = " \t\r,،;:-–—"

_IGNORING_CASE: Final = re2.Options()
_IGNORING_CASE.case_sensitive = False
_IGNORING_CASE.log_errors = False

_END: Final = re2.compile(r"[.!?…]+(?:[\"'”’»)\]]*)(?:\s|$)|[؟。！？；]+|\n+|[!?]+")
_NO_END: Final = re2.compile(
    r"(?:^|[\s(.])(?:\pL|mr|mrs|ms|dr|st|no|vs|u\.s|e\.g|i\.e|bzw|z\.b|etc)$",
    options=_IGNORING_CASE,
)
_COLON: Final = re2.compile(r"[:：](?:\s|$|[\"'“„«])|[：]|[؀-ۿ]:")
_TURN: Final = re2.compile(
    r"[,،;؛–—-]\s*(?:but|yet|however|although|though|and (?:i|we)\b|so (?:i|we)\b"
    r"|mais|aber|doch|sondern|pero|sino|но|однако|ama|fakat|ancak|tapi|tetapi|namun"
    r"|لكن|ولكن|لكننا|إلا أن)"
    r"|\sso (?:now )?(?:i|we|i'm|i’m|i'll|i’ll|we're|we’re|we'll|we’ll)\s"
    r"|\s(?:but|mais|aber|pero|но|ama|fakat|tapi|tetapi|لكن|ولكن|لكنه|لكنهم)\s",
    options=_IGNORING_CASE,
)
_ABOUT: Final = re2.compile(
    r"\s+(?:about|of|on|over|عن|über|von|sur|sobre|о|об|про|hakkında|tentang|soal)\s",
    options=_IGNORING_CASE,
)
"""What follows "wrote about" is a topic, not what was said."""
_ABOUT_REACH: Final = 12
_COMMA: Final = re2.compile(r"[,،;]\s*\S")
_OWN_AFTER_COMMA: Final = re2.compile(
    r"[,;]\s*(?:i|we|i'm|we're|i'll|we'll|i’ll|we’ll|i’m|we’re)\b", options=_IGNORING_CASE
)


class Speakers(NamedTuple):
    """Attributed words without marks, the attributions to others, and those to the writer."""

    attributed: tuple[TextSpan, ...]
    others: tuple[CueHit, ...]
    own: tuple[CueHit, ...]


def is_subject(text: str, hit: CueHit) -> bool:
    """Whether a cue is the writer as the one who speaks or acts."""
    return (
        hit.kind == "first_person"
        and normalise(text[hit.start : hit.end]).text.replace("’", "'") in SUBJECTS
    )


def sentences(text: str) -> list[TextSpan]:
    """The sentences of a text, line by line; every character stands in one.

    >>> [tuple(span) for span in sentences("Dr. Ellison left. Why?")]
    [(0, 17), (17, 22)]
    """
    found = []
    start = 0
    for match in _END.finditer(text):
        is_dot = text[match.start()] == "."
        if is_dot and _NO_END.search(text[max(0, match.start() - 8) : match.start()]):
            continue
        end = match.end()
        if is_dot and end < len(text) and text[end].islower():
            continue
        last = match.start() + len(text[match.start() : end].rstrip())
        found.append(TextSpan(start, max(last, match.start() + 1)))
        start = found[-1].end
    if start < len(text):
        found.append(TextSpan(start, len(text)))
    return found


def speakers(
    text: str, hits: Sequence[CueHit], quotations: Sequence[TextSpan], lines: Sequence[TextSpan]
) -> Speakers:
    """The attributed words of a text, given its cues, quotations and sentences (`lines`)."""
    finder = _Finder(text, HitIndex(hits), quotations, lines)
    others: list[CueHit] = []
    own: list[CueHit] = []
    spans = list(finder.named_by_colon())
    for hit in hits:
        if hit.kind not in {"attribution", "source"} or inside(hit.start, quotations):
            continue
        if hit.kind == "attribution" and finder.is_own(hit):
            own.append(hit)
            continue
        others.append(hit)
        span = finder.scope(hit)
        if span is not None:
            spans.append(span)
    return Speakers(outside(merged(spans), quotations), tuple(others), tuple(own))


class _Finder(NamedTuple):
    """Looks for the clauses that attributions of one text open."""

    text: str
    cues: HitIndex
    quotations: Sequence[TextSpan]
    lines: Sequence[TextSpan]

    def is_own(self, hit: CueHit) -> bool:
        """Whether the writer is the subject: the nearest person before the verb is the first."""
        sentence = self._sentence(hit.start)
        first = max(sentence.start, hit.start - _SUBJECT_REACH)
        persons = [
            other
            for other in self.cues.between(first, hit.start)
            if other.kind.endswith("_person") and other.end <= hit.start
        ]
        if not persons:
            return False
        return is_subject(self.text, max(persons, key=_end))

    def named_by_colon(self) -> Iterator[TextSpan]:
        """Words after "the leader of the Iron Dawn:" at the head of a line."""
        for hit in self.cues.hits:
            if hit.kind not in _GROUPS or inside(hit.start, self.quotations):
                continue
            line = self._sentence(hit.start)
            colon = self._colon(hit, line)
            if colon is not None and colon - line.start <= _NAME_REACH:
                yield self._until_judged(colon, self._line_end(colon))

    def scope(self, hit: CueHit) -> TextSpan | None:
        """The clause that an attribution opens, or closes; None where there is none."""
        sentence = self._sentence(hit.start)
        if touches(TextSpan(sentence.start, sentence.end + 1), self.quotations):
            return None
        colon = self._colon(hit, sentence)
        if colon is not None:
            return self._until_judged(colon, self._line_end(colon))
        if hit.kind == "source" or _ABOUT.match(self.text[hit.end : hit.end + _ABOUT_REACH]):
            return None
        before = self._before(hit, sentence)
        if before is not None:
            return before
        end = self._clause_end(hit, sentence)
        span = self._until_judged(hit.end, end)
        is_enough = n_words(self.text[span.start : span.end]) >= _FEWEST_WORDS
        return span if is_enough else None

    def _before(self, hit: CueHit, sentence: TextSpan) -> TextSpan | None:
        text = self.text
        if hit.lang == _VERB_LAST:
            span = self._trimmed(sentence.start, hit.start)
            return span if n_words(text[span.start : span.end]) >= _FEWEST_WORDS else None
        if n_words(text[hit.end : sentence.end]) > _MOST_TRAILING_WORDS:
            return None
        if hit.lang == _VERB_FIRST:
            return None
        commas = list(_COMMA.finditer(text[sentence.start : hit.start + 1]))
        if not commas:
            return None
        comma = sentence.start + commas[-1].start()
        if n_words(text[comma : hit.start]) > _MOST_TRAILING_WORDS:
            return None
        is_enough = n_words(text[sentence.start : comma]) >= _FEWEST_WORDS
        return self._trimmed(sentence.start, comma) if is_enough else None

    def _clause_end(self, hit: CueHit, sentence: TextSpan) -> int:
        rest = self.text[hit.end : sentence.end]
        ends = [sentence.end]
        if (turn := _TURN.search(rest)) is not None:
            ends.append(hit.end + turn.start())
        if self._is_about_reader(hit) and (own := _OWN_AFTER_COMMA.search(rest)) is not None:
            ends.append(hit.end + own.start())
        return min(ends)

    def _is_about_reader(self, hit: CueHit) -> bool:
        reach = hit.start - _SUBJECT_REACH
        before = self.cues.between(reach, hit.start + 1)
        return any(other.kind == "second_person" for other in before)

    def _until_judged(self, start: int, end: int) -> TextSpan:
        """From `start` to `end`, or to where the writer judges what was said."""
        is_strong = False
        for hit in self.cues.between(start, end):
            is_strong = is_strong or hit.kind in _STRONG
            if hit.kind in _JUDGING or (hit.kind == _FEELING and is_strong):
                sentence = self._sentence(hit.start)
                is_new = sentence.start > start
                end = sentence.start if is_new else hit.start
                break
        return self._trimmed(start, end)

    def _trimmed(self, start: int, end: int) -> TextSpan:
        while start < end and self.text[start] in _EDGES:
            start += 1
        while start < end and self.text[end - 1].isspace():
            end -= 1
        return TextSpan(start, max(start, end))

    def _colon(self, hit: CueHit, sentence: TextSpan) -> int | None:
        last = min(sentence.end, hit.end + _COLON_REACH)
        match = _COLON.search(self.text[hit.end - 1 : last])
        if match is None:
            return None
        found: str = match.group()
        place = max(found.find(":"), found.find("："))
        return hit.end + int(match.start()) + place

    def _line_end(self, place: int) -> int:
        last = min(len(self.text), place + _LONGEST)
        end = self.text.find("\n", place, last)
        return last if end < 0 else end

    def _sentence(self, place: int) -> TextSpan:
        """The sentence around a place; of a very long one what is near."""
        start, end = at(place, self.lines) or TextSpan(0, len(self.text))
        return TextSpan(max(start, place - _LONGEST), min(end, place + _LONGEST))


def _end(hit: CueHit) -> int:
    return hit.end
