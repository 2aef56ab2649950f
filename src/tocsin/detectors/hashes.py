"""Known media, by exact hash.

Comes in: the hashes of an event's media and of the actor's pictures. Goes out: `bank:<bank>` with
score 1 and distance 0. An entry is `sha256:…`, `md5:…`, `pdq:…` or bare hexadecimal, in which
case 64 digits may be either SHA-256 or PDQ. Near matches of pictures are another detector's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from tocsin.detectors.entries import Hits, evidence_of, live, of_kinds, specs_of, version_of
from tocsin.plugins import Detector, DetectorExample, DetectorInput
from tocsin.records import (
    BankEntry,
    BankKind,
    Media,
    SignalSpec,
    SignalTable,
    entry_id,
)

__all__ = ["HashDetector", "build"]

_METHOD: Final = "hashes/1"
_KINDS_BY_LENGTH: Final = {64: ("sha256", "pdq"), 32: ("md5",)}


class HashDetector:
    """Entries by hash."""

    name = "hashes"

    def __init__(self, banks: Sequence[str], entries: Sequence[BankEntry]) -> None:
        self.version = version_of(_METHOD, entries)
        self._banks = banks
        self._by_hash: dict[str, list[BankEntry]] = {}
        for entry in entries:
            for value in _entry_hashes(entry.value):
                self._by_hash.setdefault(value, []).append(entry)

    def specs(self) -> Sequence[SignalSpec]:
        """One signal per bank."""
        return specs_of(self._banks, "the event's media are known from")

    def examples(self) -> Sequence[DetectorExample]:
        """Found by each kind of hash."""
        return EXAMPLES

    def detect(self, given: DetectorInput, rows: Sequence[int]) -> SignalTable:
        """Signals for these rows."""
        if not self._by_hash:
            return {}
        hits = Hits()
        wanted = rows if isinstance(rows, range) else frozenset(rows)
        columns = [given.batch.columns.values(path) for path in _READ]
        for row, read in enumerate(zip(*columns, strict=True)):
            if not any(read) or row not in wanted:
                continue
            for value in _hashes_in(*read):
                for entry in self._by_hash.get(value, ()):
                    hits.add(row, evidence_of(entry, distance=0))
        return hits.signals(self.name, self.version)


def build(entries: Iterable[BankEntry], now: datetime) -> Detector:
    """The detector over the live entries of hash banks."""
    chosen = of_kinds(entries, {BankKind.HASH})
    return HashDetector(sorted({entry.bank for entry in chosen}), live(chosen, now))


def _entry_hashes(value: str) -> list[str]:
    kind, colon, digits = value.strip().lower().rpartition(":")
    if colon:
        return [f"{kind}:{digits}"]
    return [f"{kind}:{digits}" for kind in _KINDS_BY_LENGTH.get(len(digits), ())]


_READ: Final = ("post.media", "media", "actor.avatar_pdq", "actor.banner_pdq")


def _hashes_in(
    of_post: Sequence[Media] | None, uploaded: Media | None, *pictures: str | None
) -> Iterator[str]:
    items: Sequence[Media] = of_post or (() if uploaded is None else (uploaded,))
    for item in items:
        for kind, value in (("sha256", item.sha256), ("md5", item.md5), ("pdq", item.pdq)):
            if value:
                yield f"{kind}:{value.lower()}"
    for value in pictures:
        if value:
            yield f"pdq:{value.lower()}"


def _example(media: dict[str, str], expect: dict[str, bool], note: str) -> DetectorExample:
    values = ("sha256:" + "a1" * 32, "B2" * 16, "pdq:" + "c3" * 32)
    entries = [
        BankEntry(id=entry_id("seen", value), bank="seen", kind=BankKind.HASH, value=value)
        for value in values
    ]
    return DetectorExample(
        event={"id": "e", "type": "post.created", "post": {"id": "p", "media": [media]}},
        expect=expect,
        bank_entries=entries,
        note=note,
    )


EXAMPLES: Final = (
    _example({"sha256": "A1" * 32}, {"bank:seen": True}, "SHA-256, in capitals"),
    _example({"md5": "b2" * 16}, {"bank:seen": True}, "MD5, given bare"),
    _example({"pdq": "c3" * 32}, {"bank:seen": True}, "PDQ"),
    _example({"sha256": "c3" * 32}, {"bank:seen": False}, "the same digits of another kind"),
    _example({}, {"bank:seen": False}, "no hash"),
)
