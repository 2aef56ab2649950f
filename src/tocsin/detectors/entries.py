"""What the detectors over banks share: which entries decide, and how hits become signals.

Comes in: entries of banks, hits on them. Goes out: a version, specs, and a sparse table of
signals named `bank:<bank>`. Always holds: entries that are not active, or had expired when the
detector was built, never match; evidence is in order of its place in the text and is cut at
`MAX_EVIDENCE`, so that a hostile text cannot make a signal of unbounded size.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from tocsin.records import (
    BankEntry,
    BankKind,
    EntryState,
    Evidence,
    Signal,
    SignalSpec,
    SignalTable,
    Span,
)

__all__ = [
    "MAX_EVIDENCE",
    "Hits",
    "evidence_of",
    "live",
    "of_kinds",
    "signal_name",
    "specs_of",
    "version_of",
]

MAX_EVIDENCE: Final = 50
"""Pieces of evidence per signal; a person reads a handful."""


def of_kinds(entries: Iterable[BankEntry], kinds: Collection[BankKind]) -> list[BankEntry]:
    """The entries of these kinds, in order of their ids."""
    return sorted((entry for entry in entries if entry.kind in kinds), key=lambda entry: entry.id)


def live(entries: Iterable[BankEntry], now: datetime) -> list[BankEntry]:
    """The entries that decide at this moment."""
    return [
        entry
        for entry in entries
        if entry.state is EntryState.ACTIVE and (entry.expires_at is None or entry.expires_at > now)
    ]


def version_of(method: str, entries: Iterable[BankEntry]) -> str:
    """The version of a detector: its method's own and what its live entries decide."""
    digest = hashlib.sha256(method.encode())
    for entry in entries:
        digest.update(b"\n" + entry.digest.encode())
    return digest.hexdigest()[:16]


def signal_name(bank: str) -> str:
    """What rules call the signal of a bank."""
    return f"bank:{bank}"


def specs_of(banks: Iterable[str], what: str) -> list[SignalSpec]:
    """One signal per bank."""
    return [
        SignalSpec(name=signal_name(bank), doc=f"Whether {what} the bank `{bank}`.")
        for bank in banks
    ]


def evidence_of(
    entry: BankEntry, span: Span | None = None, distance: int | None = None
) -> Evidence:
    """The evidence of a hit on one entry."""
    return Evidence(
        kind=entry.kind.value,
        span=span,
        bank=entry.bank,
        entry=entry.id,
        distance=distance,
        note=f"source: {entry.source}",
    )


class Hits:
    """Collects evidence by row and bank, and makes the signals of it."""

    def __init__(self) -> None:
        self._found: dict[int, dict[str, list[Evidence]]] = {}

    def is_full(self, row: int, bank: str) -> bool:
        """Whether more evidence would be cut, so that it need not be made."""
        return len(self._found.get(row, {}).get(bank, ())) >= MAX_EVIDENCE

    def add(self, row: int, evidence: Evidence) -> None:
        """Add one piece of evidence; a repeated one counts once."""
        banks = self._found.setdefault(row, {})
        pieces = banks.setdefault(evidence.bank or "", [])
        if len(pieces) < MAX_EVIDENCE and evidence not in pieces:
            pieces.append(evidence)

    def signals(self, detector: str, version: str) -> SignalTable:
        """A full-score signal per row and bank that was hit."""
        return {
            row: {
                signal_name(bank): Signal(
                    name=signal_name(bank),
                    detector=detector,
                    version=version,
                    score=1.0,
                    evidence=tuple(pieces),
                )
                for bank, pieces in sorted(banks.items())
            }
            for row, banks in sorted(self._found.items())
        }
