"""Handles of banks, compared by skeleton.

Comes in: the handles of the accounts that acted. Goes out: `bank:<bank>` with score 1 and distance
0. Always holds: only equal skeletons match; a number at the end may be added to a handle of five
letters or more, but two handles that differ in their numbers are two handles.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from tocsin.detectors.entries import Hits, evidence_of, live, of_kinds, specs_of, version_of
from tocsin.matching import skeletons
from tocsin.plugins import Detector, DetectorExample, DetectorInput
from tocsin.records import BankEntry, BankKind, SignalSpec, SignalTable, Span, entry_id

__all__ = ["HandleDetector", "build"]

_METHOD: Final = "handles/1"
_MIN_STEM = 5  # "mara88" is too common to be "mara"


class HandleDetector:
    """Entries by skeleton."""

    name = "handles"

    def __init__(self, banks: Sequence[str], entries: Sequence[BankEntry]) -> None:
        self.version = version_of(_METHOD, entries)
        self._banks = banks
        self._by_skeleton: dict[str, list[BankEntry]] = {}
        for entry in entries:
            full = skeletons(entry.value).full
            if full:
                self._by_skeleton.setdefault(full, []).append(entry)

    def specs(self) -> Sequence[SignalSpec]:
        """One signal per bank."""
        return specs_of(self._banks, "the account's handle is one of")

    def examples(self) -> Sequence[DetectorExample]:
        """Found in disguise; left alone when another name."""
        return EXAMPLES

    def detect(self, given: DetectorInput, rows: Sequence[int]) -> SignalTable:
        """Signals for these rows."""
        if not self._by_skeleton:
            return {}
        hits = Hits()
        known: dict[str, Sequence[BankEntry]] = {}
        handles = given.batch.columns.values("actor.handle")
        for row in rows:
            handle = handles[row]
            if not handle:
                continue
            found = known.get(handle)
            if found is None:
                found = known[handle] = self._entries_for(handle)
            for entry in found:
                span = Span(field="actor.handle", start=0, end=len(handle))
                hits.add(row, evidence_of(entry, span, distance=0))
        return hits.signals(self.name, self.version)

    def _entries_for(self, handle: str) -> Sequence[BankEntry]:
        full, stem = skeletons(handle)
        found = list(self._by_skeleton.get(full, ()))
        if stem != full and len(stem) >= _MIN_STEM:
            found += self._by_skeleton.get(stem, ())
        return found


def build(entries: Iterable[BankEntry], now: datetime) -> Detector:
    """The detector over the live entries of handle banks."""
    chosen = of_kinds(entries, {BankKind.HANDLE})
    return HandleDetector(sorted({entry.bank for entry in chosen}), live(chosen, now))


def _example(handle: str | None, expect: dict[str, bool], note: str) -> DetectorExample:
    entry = BankEntry(
        id=entry_id("gone", "iron_dawn"), bank="gone", kind=BankKind.HANDLE, value="iron_dawn"
    )
    return DetectorExample(
        event={"id": "e", "type": "actor.seen", "actor": {"id": "a", "handle": handle}},
        expect=expect,
        bank_entries=(entry,),
        note=note,
    )


EXAMPLES: Final = (
    _example("IronDawn", {"bank:gone": True}, "another spelling"),
    _example("1r0nD\u0430wn_88", {"bank:gone": True}, "look-alikes, digits and a number"),
    _example("irondawning", {"bank:gone": False}, "another name"),
    _example("", {"bank:gone": False}, "no handle"),
)
