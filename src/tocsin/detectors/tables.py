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

from tocsin.detectors.entries import MAX_EVIDENCE, evidence_of, live, version_of
from tocsin.matching import Document, LinkPattern, NormalText, host_suffixes, normalise
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

__all__ = ["TableDetector", "build", "is_table_signal"]

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

_Found = tuple[str, Span | None]


class TableDetector:
    """One dictionary per signal: what is looked up, and the entries that it stands for."""

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
            tables = {
                name: table for name, table in self._tables.items() if name.startswith(f"{way}:")
            }
            for row in rows if tables else ():
                keys = list(look(given, row))
                for name, table in tables.items():
                    evidence = _evidence(keys, table)
                    if evidence:
                        found.setdefault(row, {})[name] = self._signal(name, evidence)
        return found

    def _signal(self, name: str, evidence: Sequence[Evidence]) -> Signal:
        return Signal(
            name=name,
            detector=self.name,
            version=self.version,
            score=1.0,
            evidence=tuple(evidence[:MAX_EVIDENCE]),
        )


def is_table_signal(name: str) -> bool:
    """Whether a signal is one of this detector's."""
    return name.partition(":")[0] in _KINDS


def build(
    entries: Iterable[BankEntry], now: datetime, reads: Collection[str] | None = None
) -> Detector:
    """The detector for those of these signals that are its own; None: all that it could give."""
    tables: dict[str, dict[str, list[BankEntry]]] = {}
    for name in reads or ():
        if is_table_signal(name):
            tables[name] = {}
    for entry in sorted(live(entries, now), key=lambda entry: entry.id):
        for way, kinds in _KINDS.items():
            name = f"{way}:{entry.bank}"
            if entry.kind not in kinds or (reads is not None and name not in reads):
                continue
            table = tables.setdefault(name, {})
            for key in {_key(way, value) for value in (entry.value, *entry.aliases)} - {""}:
                table.setdefault(key, []).append(entry)
    return TableDetector(tables)


def _evidence(
    keys: Iterable[_Found], table: Mapping[str, Sequence[BankEntry]]
) -> Sequence[Evidence]:
    hits = (evidence_of(entry, span) for key, span in keys for entry in table.get(key, ()))
    return list(dict.fromkeys(hits))


def _key(way: str, value: str) -> str:
    """What an entry is looked up by; empty where it cannot be."""
    if way == "host":
        pattern = LinkPattern.parse(value)
        return "" if pattern is None or pattern.path or pattern.query else pattern.host
    form = normalise(value).text.strip()
    return _as_tag(form) if way == "tag" else form


def _as_tag(form: str) -> str:
    """A form as a hashtag can hold it: letters, digits and marks."""
    return "".join(c for c in form if c.isalnum() or unicodedata.category(c)[0] == "M")


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
