"""Which protected people and groups a text names, and which of them a threat points to.

Comes in: entries of banks of protectees; a text and its threats. Goes out: ids of entries with
spans of the text, never names. Always holds: a name counts as a whole word, in any script and
through the usual disguises (`matching.normal`); who stands in the target of a threat comes before
who is only named in the text. Refused: entries that are not of kind protectee, not active or
expired are left out.

A group of employees is found however it is put: an entry "employees of Meridian Harbour" also
stands for "Meridian Harbour staff" and "the people who work at Meridian Harbour".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tocsin.matching import Pattern, PatternSet, normalise
from tocsin.nlp.types import TextSpan, Threat, ThreatPart
from tocsin.records import BankEntry, BankKind, EntryState

__all__ = ["Pointed", "ProtecteeIndex", "variants"]

_WORKERS: Final = ("employees", "staff", "workers", "people", "team", "personnel", "members")
_GROUPS: Final = (
    *(f"{workers} {of} {{}}" for workers in _WORKERS for of in ("of", "at", "from", "in")),
    *(
        f"{workers} {who} {{}}"
        for workers in ("people", "those", "everyone", "anyone", "all")
        for who in ("working at", "working for", "who work at", "who work for", "who works at")
    ),
    *(f"{{}} {workers}" for workers in (*_WORKERS, "employee", "worker")),
    *(f"{worker} {of} {{}}" for worker in ("employee", "worker") for of in ("of", "at")),
    *(f"{{}}'s {workers}" for workers in _WORKERS),
    *(f"{workers} {{}}" for workers in ("موظفي", "موظفو", "موظفين", "عمال", "العاملين في")),
    *(f"{workers} شركة {{}}" for workers in ("موظفي", "موظفو", "عمال")),
    *(
        f"{workers} {of} {{}}"
        for workers in ("employés", "salariés")
        for of in ("de", "d'", "chez")
    ),
    *(
        f"{workers} {of} {{}}"
        for workers in ("Mitarbeiter", "Angestellte")
        for of in ("von", "der")
    ),
    *(f"{workers} de {{}}" for workers in ("empleados", "trabajadores")),
    *(f"{{}} {workers}" for workers in ("çalışanları", "çalışanlarını", "personeli")),
    *(f"{workers} {{}}" for workers in ("сотрудники", "сотрудников", "работников", "работники")),
    *(f"{workers} {{}}" for workers in ("karyawan", "pegawai", "pekerja")),
)
"""How people put "the employees of"; `{}` stands for the name of the organisation."""


@dataclass(frozen=True, slots=True)
class Pointed:
    """A protectee named in a text: the entry's id, where, and whether a threat is aimed there."""

    id: str
    span: TextSpan
    is_target: bool


def variants(name: str) -> tuple[str, ...]:
    """The ways to put a name; more than one only for a group of employees.

    >>> "Meridian Harbour staff" in variants("employees of Meridian Harbour")
    True
    """
    organisation = _organisation(name)
    if organisation is None:
        return (name,)
    return (name, *(form.format(organisation) for form in _GROUPS))


def _organisation(name: str) -> str | None:
    bare = " ".join(name.split()).removeprefix("the ").removeprefix("The ")
    for form in _GROUPS:
        before, _, after = form.partition("{}")
        has_both = bare.casefold().startswith(before.casefold()) and bare.endswith(after)
        inner = bare[len(before) : len(bare) - len(after)]
        if has_both and inner.strip():
            return inner.strip()
    return None


class ProtecteeIndex:
    """Protectees, compiled once for many texts."""

    def __init__(self, entries: Sequence[BankEntry]) -> None:
        self._ids = [entry.id for entry in entries]
        self._patterns = PatternSet.compile_usable(
            Pattern(place, form, is_word=entry.match == "word")
            for place, entry in enumerate(entries)
            for name in (entry.value, *entry.aliases)
            for form in variants(name)
        )

    @classmethod
    def from_entries(
        cls, entries: Iterable[BankEntry], now: datetime | None = None
    ) -> ProtecteeIndex:
        """The index of the active protectees; `now` leaves out what has expired by then."""
        return cls([entry for entry in entries if _counts(entry, now)])

    def __len__(self) -> int:
        return len(self._ids)

    def find(self, text: str, threats: Sequence[Threat] = ()) -> tuple[Pointed, ...]:
        """The protectees that a text names, those in the target of a threat first."""
        targets = [span for threat in threats for span in threat.parts.get(ThreatPart.TARGET, ())]
        found = {
            Pointed(self._ids[place], span, any(_meet(span, one) for one in targets))
            for place, span in self._hits(text)
        }
        return tuple(sorted(found, key=lambda one: (not one.is_target, one.span, one.id)))

    def threatened(self, text: str, threats: Sequence[Threat]) -> tuple[str, ...]:
        """The ids that the threats of a text point to.

        Where no target is a protectee ("we know where you live"), all who are named in the text
        are meant: it speaks to or of them.
        """
        if not threats:
            return ()
        found = self.find(text, threats)
        aimed = [one.id for one in found if one.is_target]
        return tuple(dict.fromkeys(aimed or [one.id for one in found]))

    def _hits(self, text: str) -> Iterator[tuple[int, TextSpan]]:
        normal = normalise(text)
        for hit in self._patterns.scan([normal]):
            yield hit.key, TextSpan(*normal.original_span(hit.start, hit.end))


def _meet(one: TextSpan, other: TextSpan) -> bool:
    """Whether two spans share characters."""
    return one.start < other.end and other.start < one.end


def _counts(entry: BankEntry, now: datetime | None) -> bool:
    is_expired = now is not None and entry.expires_at is not None and entry.expires_at <= now
    return entry.kind is BankKind.PROTECTEE and entry.state is EntryState.ACTIVE and not is_expired
