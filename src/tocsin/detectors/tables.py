"""Banks looked up whole, as tables: hashtags, hosts and whole texts.

Comes in: the signals of this kind that rules read, and entries. Goes out: `tag:<bank>` where a
hashtag is an entry of a phrase or group bank, written without its blanks; `host:<bank>` where the
host of a link, or a domain above it, is an entry of a link bank; `copy:<bank>` where the text, the
title or a description of media is, as a whole and in normal form, an entry of a phrase bank.
Always holds: only what some rule reads is looked up.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from tocsin.detectors.entries import MAX_EVIDENCE, evidence_of, live, of_kinds, version_of
from tocsin.matching import Document, LinkPattern, NormalText, host_suffixes, normalise_all
from tocsin.plugins import Detector, DetectorExample, DetectorInput
from tocsin.records import (
    BankEntry,
    BankKind,
    Evidence,
    Signal,
    SignalSpec,
    SignalTable,
    Span,
    entry_id,
)

__all__ = ["KINDS", "TableDetector", "build", "signals_of"]

_METHOD: Final = "tables/1"
_DOCS: Final = {
    "tag": "a hashtag is an entry of",
    "host": "the host of a link, or a domain above it, is an entry of",
    "copy": "a text of the event is, as a whole, an entry of",
}
_KINDS: Final[Mapping[str, Collection[BankKind]]] = {
    "tag": {BankKind.PHRASE, BankKind.GROUP},
    "host": {BankKind.LINK},
    "copy": {BankKind.PHRASE},
}
KINDS: Final = frozenset(kind for kinds in _KINDS.values() for kind in kinds)

_Found = tuple[str, Span | None]


class TableDetector:
    """What is looked up, and the entries that it stands for: one dictionary for each way."""

    name = "tables"

    def __init__(self, tables: Mapping[str, Mapping[str, Sequence[BankEntry]]]) -> None:
        held = {
            entry.id: entry
            for table in tables.values()
            for entries in table.values()
            for entry in entries
        }
        self.version = version_of(_METHOD, (held[entry] for entry in sorted(held)))
        self._tables = tables
        self._by_way: dict[str, dict[str, list[tuple[str, BankEntry]]]] = {}
        for name, table in tables.items():
            of_way = self._by_way.setdefault(name.partition(":")[0], {})
            for key, entries in table.items():
                of_way.setdefault(key, []).extend((name, entry) for entry in entries)

    def specs(self) -> Sequence[SignalSpec]:
        """One signal per way of looking up and bank."""
        found = []
        for name in sorted(self._tables):
            way, _, bank = name.partition(":")
            found.append(SignalSpec(name=name, doc=f"Whether {_DOCS[way]} the bank `{bank}`."))
        return found

    def examples(self) -> Sequence[DetectorExample]:
        """Found as a whole; left alone inside something longer."""
        return EXAMPLES

    def detect(self, given: DetectorInput, rows: Sequence[int]) -> SignalTable:
        """Signals for these rows."""
        found: dict[int, dict[str, Signal]] = {}
        for way, look in _WAYS.items():
            table = self._by_way.get(way)
            for row in rows if table else ():
                hits: dict[str, dict[Evidence, None]] = {}
                for key, span in look(given, row):
                    for name, entry in table.get(key, ()) if table else ():
                        hits.setdefault(name, {})[evidence_of(entry, span)] = None
                for name in sorted(hits):
                    found.setdefault(row, {})[name] = self._signal(name, list(hits[name]))
        return found

    def _signal(self, name: str, evidence: Sequence[Evidence]) -> Signal:
        return Signal(
            name=name,
            detector=self.name,
            version=self.version,
            score=1.0,
            evidence=tuple(evidence[:MAX_EVIDENCE]),
        )


def signals_of(reads: Iterable[str]) -> Sequence[str]:
    """Those signals that are this detector's, in order."""
    return sorted(name for name in reads if name.partition(":")[0] in _KINDS)


def build(
    entries: Iterable[BankEntry], now: datetime, reads: Collection[str] | None = None
) -> Detector:
    """The detector for those of these signals that are its own; None: all that it could give."""
    entries = list(entries)
    tables: dict[str, dict[str, list[BankEntry]]] = {}
    for name in signals_of(reads or ()):
        tables[name] = {}
    for way, kinds in _KINDS.items():
        chosen = [
            entry
            for entry in of_kinds(entries, kinds)
            if reads is None or f"{way}:{entry.bank}" in reads
        ]
        for entry, key in _keys(way, live(chosen, now)):
            held = tables.setdefault(f"{way}:{entry.bank}", {}).setdefault(key, [])
            if entry not in held:
                held.append(entry)
    return TableDetector(tables)


def _keys(way: str, entries: Iterable[BankEntry]) -> Iterator[tuple[BankEntry, str]]:
    """What entries are looked up by; those that cannot be are left out."""
    values = [(entry, value) for entry in entries for value in (entry.value, *entry.aliases)]
    if way == "host":
        for entry, value in values:
            pattern = LinkPattern.parse(value)
            if pattern is not None and not pattern.path and not pattern.query:
                yield entry, pattern.host
        return
    forms = normalise_all([value for _, value in values])
    for (entry, _), form in zip(values, forms, strict=True):
        key = _as_tag(form.text) if way == "tag" else form.text.strip()
        if key:
            yield entry, key


def _as_tag(form: str) -> str:
    """A form as a hashtag can hold it: letters, digits and marks."""
    joined = form.replace(" ", "")
    if joined.isalnum():
        return joined
    return "".join(c for c in joined if c.isalnum() or unicodedata.category(c)[0] == "M")


def _tags(given: DetectorInput, row: int) -> Iterator[_Found]:
    values = given.features.value("hashtags", row)
    for tag in values if isinstance(values, tuple) else ():
        yield _as_tag(tag), None


def _hosts(given: DetectorInput, row: int) -> Iterator[_Found]:
    values = given.features.value("links.hosts", row)
    for host in values if isinstance(values, tuple) else ():
        for above in host_suffixes(host):
            yield above, None


def _texts(given: DetectorInput, row: int) -> Iterator[_Found]:
    text = given.texts.normal(row)
    parts: Sequence[NormalText] = () if text is None else (text,)
    for part in text.parts if isinstance(text, Document) else parts:
        form = part.text.strip()
        start = part.text.find(form) if form else 0
        if form:
            yield form, part.locate(start, start + len(form))


_WAYS: Final[Mapping[str, Callable[[DetectorInput, int], Iterator[_Found]]]] = {
    "tag": _tags,
    "host": _hosts,
    "copy": _texts,
}


def _entry(bank: str, kind: BankKind, value: str) -> BankEntry:
    return BankEntry(id=entry_id(bank, value), bank=bank, kind=kind, value=value)


_ENTRIES: Final = (
    _entry("slogans", BankKind.PHRASE, "Iron dawn rises"),
    _entry("sites", BankKind.LINK, "irondawn.example"),
    _entry("sites", BankKind.LINK, "talk.example/c/iron"),
)


def _example(text: str, expect: dict[str, bool], note: str) -> DetectorExample:
    return DetectorExample(
        event={"id": "e", "type": "post.created", "post": {"id": "p", "text": text}},
        expect=expect,
        bank_entries=_ENTRIES,
        note=note,
    )


EXAMPLES: Final = (
    _example("on we go #IronDawnRises", {"tag:slogans": True, "copy:slogans": False}, "a hashtag"),
    _example("#Iron_Dawn_Rises", {"tag:slogans": True}, "a hashtag with signs between its words"),
    _example("#irondawnrisesagain iron dawn rises", {"tag:slogans": False}, "a longer hashtag"),
    _example("Iron  d\u0430wn RISES", {"copy:slogans": True, "tag:slogans": False}, "all of it"),
    _example("the iron dawn rises", {"copy:slogans": False}, "a part of it"),
    _example("http://join.irondawn.example/x", {"host:sites": True}, "below a domain"),
    _example("http://talk.example/c/iron", {"host:sites": False}, "an entry that is no host alone"),
    _example("", {"tag:slogans": False, "host:sites": False, "copy:slogans": False}, "no text"),
)
