"""Phrases, designated groups and protectees, found by one scan of the shared patterns.

Comes in: the normal texts of the rows. Goes out: `bank:<bank>` with score 1 where an entry or
one of its aliases stands in the text, with its place in the original. A row without text has no
signal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tocsin.detectors.entries import Hits, evidence_of, live, of_kinds, specs_of, version_of
from tocsin.matching import DatabaseCache, NormalText, Pattern, PatternSet
from tocsin.plugins import Detector, DetectorExample, DetectorInput
from tocsin.records import BankEntry, BankKind, Designation, SignalSpec, SignalTable, entry_id

__all__ = ["KINDS", "PhraseDetector", "build"]

KINDS: Final = frozenset({BankKind.PHRASE, BankKind.GROUP, BankKind.PROTECTEE})
_METHOD: Final = "phrases/1"

GONE: Final = -1
"""The place of an entry that is compiled and decides no more."""

FEW: Final = 500
"""Changed entries that are compiled beside the others: some milliseconds."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Entries whose patterns were compiled together; hits name them by their place here."""

    entries: Sequence[BankEntry]
    patterns: PatternSet

    @classmethod
    def of(cls, entries: Sequence[BankEntry], cache: DatabaseCache | None = None) -> _Part:
        """Compile these entries."""
        wanted = (
            Pattern(index, text, is_word=entry.match == "word")
            for index, entry in enumerate(entries)
            for text in (entry.value, *entry.aliases)
        )
        return cls(entries, PatternSet.compile_usable(wanted, cache))


class PhraseDetector:
    """Compiled patterns over all banks of phrases, groups and protectees.

    After an edit only what changed is compiled, beside the `compiled` parts: hits on entries that
    are gone are dropped. What is found, and in which order, is the same as if all was compiled.
    """

    name = "phrases"

    def __init__(
        self,
        banks: Sequence[str],
        entries: Sequence[BankEntry],
        compiled: Sequence[_Part] = (),
        cache: DatabaseCache | None = None,
    ) -> None:
        self.version = version_of(_METHOD, entries)
        self._banks = banks
        self._entries = entries
        self.compiled = compiled or _compiled(entries, cache)
        places, others = _placed(self.compiled, entries)
        self._parts = [
            (part.patterns, own) for part, own in zip(self.compiled, places, strict=True)
        ]
        if others:
            added = _Part.of([entries[place] for place in others])
            self._parts.append((added.patterns, others))

    def specs(self) -> Sequence[SignalSpec]:
        """One signal per bank."""
        return specs_of(self._banks, "the text holds a phrase, name or alias of")

    def examples(self) -> Sequence[DetectorExample]:
        """Found in disguise; left alone inside other words and when retired."""
        return EXAMPLES

    def detect(self, given: DetectorInput, rows: Sequence[int]) -> SignalTable:
        """Signals for these rows."""
        whole = given.texts.normals()
        texts = whole if rows == range(len(whole)) else [whole[row] for row in rows]
        hits = Hits()
        for row, place, start, end in self._hits(texts):
            text, entry = texts[row], self._entries[place]
            if text is not None and not hits.is_full(rows[row], entry.bank):
                hits.add(rows[row], evidence_of(entry, text.locate(start, end)))
        return hits.signals(self.name, self.version)

    def _hits(self, texts: Sequence[NormalText | None]) -> list[tuple[int, int, int, int]]:
        """Row, place of the entry, start and end, in this order."""
        return sorted(
            (hit.row, places[hit.key], hit.start, hit.end)
            for patterns, places in self._parts
            for hit in patterns.scan(texts)
            if places[hit.key] != GONE
        )


def _compiled(entries: Sequence[BankEntry], cache: DatabaseCache | None) -> tuple[_Part, _Part]:
    """All entries, the protectees apart: what is kept on disk must not hold their names."""
    protectees = [entry for entry in entries if entry.kind is BankKind.PROTECTEE]
    others = [entry for entry in entries if entry.kind is not BankKind.PROTECTEE]
    return _Part.of(others, cache), _Part.of(protectees)


def _placed(
    compiled: Sequence[_Part], entries: Sequence[BankEntry]
) -> tuple[list[list[int]], list[int]]:
    """For each part where its entries stand among these, or `GONE`; and the places of the rest."""
    by_id = {entry.id: place for place, entry in enumerate(entries)}
    left = dict.fromkeys(range(len(entries)))
    found = []
    for part in compiled:
        places = []
        for entry in part.entries:
            place = by_id.get(entry.id, GONE)
            if place != GONE and not _is_same(entry, entries[place]):
                place = GONE
            if place != GONE:
                del left[place]
            places.append(place)
        found.append(places)
    return found, list(left)


def _is_same(one: BankEntry, other: BankEntry) -> bool:
    """Whether two versions of an entry are found in the same texts."""
    return one is other or (
        (one.value, one.aliases, one.match) == (other.value, other.aliases, other.match)
    )


def build(
    entries: Iterable[BankEntry],
    now: datetime,
    *,
    before: Sequence[Detector] = (),
    cache: DatabaseCache | None = None,
) -> PhraseDetector:
    """The detector over the live entries of the right kinds.

    Where little differs from a detector of `before`, little is compiled.
    """
    chosen = of_kinds(entries, KINDS)
    banks, alive = sorted({entry.bank for entry in chosen}), live(chosen, now)
    for other in before:
        if isinstance(other, PhraseDetector) and _differ_little(other.compiled, alive):
            return PhraseDetector(banks, alive, other.compiled)
    return PhraseDetector(banks, alive, cache=cache)


def _differ_little(compiled: Sequence[_Part], entries: Sequence[BankEntry]) -> bool:
    """Whether compiling what is new, and finding what is gone in vain, costs less than all anew."""
    places, others = _placed(compiled, entries)
    return len(others) <= FEW and sum(own.count(GONE) for own in places) <= FEW


_SLOGAN: Final = BankEntry(
    id=entry_id("slogans", "dawn of iron rises"),
    bank="slogans",
    kind=BankKind.PHRASE,
    value="dawn of iron rises",
)
_GROUP: Final = BankEntry(
    id=entry_id("groups", "the Iron Dawn"),
    bank="groups",
    kind=BankKind.GROUP,
    value="the Iron Dawn",
    aliases=("الفجر الحديدي",),
    designation=Designation(local_reason="a fictional group, for examples"),
)


def _example(text: str, expect: dict[str, bool], note: str) -> DetectorExample:
    return DetectorExample(
        event={"id": "e", "type": "post.created", "post": {"id": "p", "text": text}},
        expect=expect,
        bank_entries=(_SLOGAN, _GROUP),
        note=note,
    )


EXAMPLES: Final = (
    _example("The dawn of iron rises!", {"bank:slogans": True, "bank:groups": False}, "as is"),
    _example("D\u0430wn  of 1ron r1ses", {"bank:slogans": True}, "look-alikes and digits"),
    _example("مع الفَجْـــر الحديديّ", {"bank:groups": True}, "an alias, with marks and tatweel"),
    _example("the iron dawning of spring", {"bank:groups": False}, "inside another word"),
    _example("", {"bank:groups": False, "bank:slogans": False}, "no text"),
)
