"""Links of banks: a host with its subdomains, or a host and the beginning of a path.

Comes in: links that the platform sent and texts. Goes out: `bank:<bank>` with score 1; a link
found in the text has its place there. Always holds: only texts that hold a host of some
bank, or may hold one in disguise, are looked through for links, which changes no result
(`tests/property/test_links.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from tocsin.detectors.entries import Hits, evidence_of, live, of_kinds, specs_of, version_of
from tocsin.matching import (
    Document,
    Link,
    LinkPattern,
    NormalText,
    PatternSet,
    find_links,
    host_suffixes,
    parse_link,
)
from tocsin.plugins import Detector, DetectorExample, DetectorInput
from tocsin.records import (
    BankEntry,
    BankKind,
    SignalSpec,
    SignalTable,
    Span,
    entry_id,
)

__all__ = ["LinkDetector", "build", "links_in"]

_METHOD: Final = "links/1"


class LinkDetector:
    """Patterns of links by host."""

    name = "links"

    def __init__(self, banks: Sequence[str], entries: Sequence[BankEntry]) -> None:
        self.version = version_of(_METHOD, entries)
        self._banks = banks
        self._by_host: dict[str, list[tuple[LinkPattern, BankEntry]]] = {}
        for entry in entries:
            pattern = LinkPattern.parse(entry.value)
            if pattern is not None:
                self._by_host.setdefault(pattern.host, []).append((pattern, entry))
        self._hosts = PatternSet.of_literals(self._by_host)

    def specs(self) -> Sequence[SignalSpec]:
        """One signal per bank."""
        return specs_of(self._banks, "the event holds a link of")

    def examples(self) -> Sequence[DetectorExample]:
        """Found under subdomains and paths; left alone under other hosts."""
        return EXAMPLES

    def detect(self, given: DetectorInput, rows: Sequence[int]) -> SignalTable:
        """Signals for these rows."""
        hits = Hits()
        if not self._by_host:
            return {}
        columns = given.batch.columns
        of_posts, of_actors = columns.values("post.links"), columns.values("actor.links")
        for row in rows:
            sent = of_posts[row]
            for address in (of_actors[row] or ()) if sent is None else sent:
                self._add(hits, row, parse_link(address), None)
        texts = given.texts.normals()
        originals = [texts.original(row) for row in rows]
        lowered = [None if original is None else original.lower() for original in originals]
        suspects = {hit.row for hit in self._hosts.scan(lowered)}
        for index, original in enumerate(originals):
            if original is not None and (index in suspects or _may_hide_host(original)):
                text = texts[rows[index]]
                for link, span in () if text is None else links_in(text):
                    self._add(hits, rows[index], link, span)
        return hits.signals(self.name, self.version)

    def _add(self, hits: Hits, row: int, link: Link | None, span: Span | None) -> None:
        for host in () if link is None else host_suffixes(link.host):
            for pattern, entry in self._by_host.get(host, ()):
                if pattern.matches(link):
                    hits.add(row, evidence_of(entry, span))


def build(entries: Iterable[BankEntry], now: datetime) -> Detector:
    """The detector over the live entries of link banks."""
    chosen = of_kinds(entries, {BankKind.LINK})
    return LinkDetector(sorted({entry.bank for entry in chosen}), live(chosen, now))


def links_in(text: NormalText) -> Iterator[tuple[Link, Span]]:
    """The links in the original of a text, with their places."""
    for part in text.parts if isinstance(text, Document) else (text,):
        for found in find_links(part.original):
            span = Span(field=part.field, start=part.base + found.start, end=part.base + found.end)
            yield found.link, span


def _may_hide_host(text: str) -> bool:
    """Whether a host may be written otherwise than in plain ASCII."""
    return not text.isascii() or ("%" in text and "://" in text)


def _example(text: str, expect: dict[str, bool], note: str) -> DetectorExample:
    entries = [
        BankEntry(id=entry_id("sites", value), bank="sites", kind=BankKind.LINK, value=value)
        for value in ("irondawn.example", "talk.example/c/iron")
    ]
    return DetectorExample(
        event={"id": "e", "type": "post.created", "post": {"id": "p", "text": text}},
        expect=expect,
        bank_entries=entries,
        note=note,
    )


EXAMPLES: Final = (
    _example("see https://www.IronDawn.example/join?x=1", {"bank:sites": True}, "a subdomain"),
    _example("hxxp://talk.example/c/iron/7", {"bank:sites": True}, "below a path"),
    _example("http://talk.example/c/ironing", {"bank:sites": False}, "another path"),
    _example("http://notirondawn.example/", {"bank:sites": False}, "another host"),
    _example("", {"bank:sites": False}, "no text"),
)
