"""Phrases, designated groups and protectees, found by one scan of the shared patterns.

Comes in: the normal texts of the rows. Goes out: `bank:<bank>` with score 1 where an entry or
one of its aliases stands in the text, with its place in the original. A row without text has no
signal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from tocsin.detectors.entries import Hits, evidence_of, live, of_kinds, specs_of, version_of
from tocsin.matching import Pattern, PatternSet, normalise_all
from tocsin.plugins import Detector, DetectorExample, DetectorInput
from tocsin.records import BankEntry, BankKind, Designation, SignalSpec, SignalTable, entry_id

__all__ = ["KINDS", "PhraseDetector", "build"]

KINDS: Final = frozenset({BankKind.PHRASE, BankKind.GROUP, BankKind.PROTECTEE})
_METHOD: Final = "phrases/1"


class PhraseDetector:
    """One compiled pattern set over all banks of phrases, groups and protectees."""

    name = "phrases"

    def __init__(self, banks: Sequence[str], entries: Sequence[BankEntry]) -> None:
        self.version = version_of(_METHOD, entries)
        self._banks = banks
        self._entries = entries
        wanted = [
            Pattern(index, text, is_word=entry.match == "word")
            for index, entry in enumerate(entries)
            for text in (entry.value, *entry.aliases)
        ]
        forms = normalise_all([pattern.text for pattern in wanted])
        self._patterns = PatternSet.compile(
            pattern for pattern, form in zip(wanted, forms, strict=True) if form.text.strip()
        )

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
        for hit in self._patterns.scan(texts):
            text, entry = texts[hit.row], self._entries[hit.key]
            if text is not None and not hits.is_full(rows[hit.row], entry.bank):
                span = text.locate(hit.start, hit.end)
                hits.add(rows[hit.row], evidence_of(entry, span))
        return hits.signals(self.name, self.version)


def build(entries: Iterable[BankEntry], now: datetime) -> Detector:
    """The detector over the live entries of the right kinds."""
    chosen = of_kinds(entries, KINDS)
    return PhraseDetector(sorted({entry.bank for entry in chosen}), live(chosen, now))


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
