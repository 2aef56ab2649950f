"""All detectors over banks, built together and kept while their entries stay the same.

Comes in: the entries of all banks and the moment. Goes out: one detector per kind of matching.
Always holds: equal live entries give the same detector object, so that a compiled pattern
database is made once per change; the last two of each are remembered, so that one can be made
before it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from functools import partial
from threading import Lock
from typing import Final

from tocsin.detectors import handles, hashes, links, phrases, tables
from tocsin.detectors.entries import live, of_kinds, version_of
from tocsin.matching import DatabaseCache
from tocsin.plugins import Detector
from tocsin.records import BankEntry, BankKind

__all__ = ["BankDetectors"]

_Build = Callable[[Iterable[BankEntry], datetime], Detector]

_VARIETIES: Final[tuple[tuple[Collection[BankKind], _Build], ...]] = (
    (phrases.KINDS, phrases.build),
    (frozenset({BankKind.LINK}), links.build),
    (frozenset({BankKind.HANDLE}), handles.build),
    (frozenset({BankKind.HASH}), hashes.build),
)


REMEMBERED: Final = 2
"""Of each kind: the one in use, and the one that is being prepared."""


class BankDetectors:
    """Builds the detectors over banks, and remembers the last of each.

    >>> from tocsin.clock import SystemClock
    >>> [detector.name for detector in BankDetectors().from_entries([], SystemClock().now())]
    ['phrases', 'links', 'handles', 'hashes']
    """

    def __init__(self, cache: DatabaseCache | None = None) -> None:
        self._cache = cache
        self._built: dict[int, dict[tuple[str, ...], Detector]] = {}
        self._lock = Lock()

    def from_entries(
        self, entries: Iterable[BankEntry], now: datetime, reads: Collection[str] | None = None
    ) -> list[Detector]:
        """The detectors over these entries, as of `now`: expired entries are left out.

        `reads` are the signals that rules read: banks are looked up as tables only for those,
        which costs less than for all (None).
        """
        entries = list(entries)
        found = [
            self._detector(index, of_kinds(entries, kinds), now, build)
            for index, (kinds, build) in enumerate(_VARIETIES)
        ]
        wanted = None if reads is None else tables.signals_of(reads)
        if wanted is None or wanted:
            build = partial(tables.build, reads=wanted)
            chosen = of_kinds(entries, tables.KINDS)
            looking_up = self._detector(len(_VARIETIES), chosen, now, build, wanted)
            found += [looking_up] if looking_up.specs() else []
        return found

    def _detector(
        self,
        index: int,
        chosen: Sequence[BankEntry],
        now: datetime,
        build: _Build,
        wanted: Sequence[str] | None = None,
    ) -> Detector:
        """The detector over these entries: a remembered one, where nothing of it has changed."""
        banks = sorted({entry.bank for entry in chosen})
        key = (version_of("", live(chosen, now)), *banks, "", *(wanted or ("all",)))
        kept = self._kept(index)
        detector = kept.get(key)
        if detector is None and build is phrases.build:
            before = list(reversed(kept.values()))
            detector = phrases.build(chosen, now, before=before, cache=self._cache)
        elif detector is None:
            detector = build(chosen, now)
        self._keep(index, key, detector)
        return detector

    def _kept(self, index: int) -> dict[tuple[str, ...], Detector]:
        with self._lock:
            return dict(self._built.get(index, {}))

    def _keep(self, index: int, key: tuple[str, ...], detector: Detector) -> None:
        """Remember this one as the newest."""
        with self._lock:
            kept = self._built.setdefault(index, {})
            kept.pop(key, None)
            kept[key] = detector
            while len(kept) > REMEMBERED:
                del kept[next(iter(kept))]
