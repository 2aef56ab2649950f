"""All detectors over banks, built together and kept while their entries stay the same.

Comes in: the entries of all banks and the moment. Goes out: one detector per kind of matching.
Always holds: equal live entries give the same detector object, so that a compiled pattern
database is made once per change.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Final

from tocsin.detectors import handles, hashes, links, phrases, tables
from tocsin.detectors.entries import live, of_kinds, version_of
from tocsin.plugins import Detector
from tocsin.records import BankEntry, BankKind

__all__ = ["BankDetectors"]

_VARIETIES: Final[
    tuple[tuple[Collection[BankKind], Callable[[Iterable[BankEntry], datetime], Detector]], ...]
] = (
    (phrases.KINDS, phrases.build),
    (frozenset({BankKind.LINK}), links.build),
    (frozenset({BankKind.HANDLE}), handles.build),
    (frozenset({BankKind.HASH}), hashes.build),
)


class BankDetectors:
    """Builds the detectors over banks, and remembers the last of each.

    >>> from tocsin.clock import SystemClock
    >>> [detector.name for detector in BankDetectors().from_entries([], SystemClock().now())]
    ['phrases', 'links', 'handles', 'hashes']
    """

    def __init__(self) -> None:
        self._built: dict[int, tuple[tuple[str, ...], Detector]] = {}

    def from_entries(
        self, entries: Iterable[BankEntry], now: datetime, reads: Collection[str] = ()
    ) -> list[Detector]:
        """The detectors over these entries, as of `now`: expired entries are left out.

        `reads` are the signals that rules read: banks are looked up as tables only for those.
        """
        entries = list(entries)
        found: list[Detector] = []
        for index, (kinds, build) in enumerate(_VARIETIES):
            chosen = of_kinds(entries, kinds)
            banks = sorted({entry.bank for entry in chosen})
            key = (version_of("", live(chosen, now)), *banks)
            kept = self._built.get(index)
            if kept is None or kept[0] != key:
                kept = self._built[index] = (key, build(chosen, now))
            found.append(kept[1])
        wanted = sorted(name for name in reads if tables.is_table_signal(name))
        if wanted:
            found.append(tables.build(entries, now, wanted))
        return found
