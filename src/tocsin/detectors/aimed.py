"""Whom in the banks of protectees a threat points to.

Comes in: a reading with its threats, and entries of banks of protectees. Goes out: for each of the
author's own threats the entries that it points to, with the place of the name. Always holds: a name
alone is no target: it stands in the target of the threat, or it is who is spoken to or of where the
target is only a pronoun; names in the words of others do not count; names never leave this module.
Refused: nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from tocsin.nlp.protectees import ProtecteeIndex
from tocsin.nlp.speaker import sentences
from tocsin.nlp.types import Reading, TextSpan, Threat, ThreatPart
from tocsin.records import BankEntry

__all__ = ["Aimed", "Protectees"]

_PRONOUN: Final = 6
"""Letters; what is longer names somebody."""

_NEAR: Final = 24
"""Characters between a target and the name that says more of it."""

_YOURS: Final = frozenset(
    {
        *("your", "ur", "dein", "deine", "deinen", "euer", "eure", "eurem"),
        *("ton", "ta", "tes", "votre", "vos", "tu", "tus", "su", "sus", "vuestro", "vuestra"),
        *("senin", "sizin", "твой", "твоя", "твою", "твоего", "ваш", "ваша", "вашу", "ваших"),
    }
)
"""First words of targets that belong to whoever is spoken to."""


class Aimed(NamedTuple):
    """A threat and an entry that it points to; `span` is where the name stands."""

    threat: Threat
    entry: BankEntry
    span: TextSpan


class Protectees:
    """The live entries, their names compiled; in memory only."""

    def __init__(self, entries: Sequence[BankEntry]) -> None:
        self._entries = {entry.id: entry for entry in entries}
        self._index = ProtecteeIndex(entries)

    def aimed(self, reading: Reading) -> list[Aimed]:
        """The author's own threats that point to an entry, in the order of the text."""
        threats = [threat for threat in reading.threats if threat.own_voice]
        names = list(self._names(reading)) if threats and self._entries else []
        if not names:
            return []
        parts = sentences(reading.text)
        return [
            Aimed(threat, entry, span)
            for threat in threats
            for entry, span in names
            if _points_to(threat, span, reading.text, parts)
        ]

    def _names(self, reading: Reading) -> Iterator[tuple[BankEntry, TextSpan]]:
        """Entries that are named in the author's own words, and where."""
        for one in self._index.find(reading.text):
            if not any(_touch(one.span, quoted) for quoted in reading.quoted):
                yield self._entries[one.id], one.span


def _points_to(threat: Threat, name: TextSpan, text: str, parts: Sequence[TextSpan]) -> bool:
    targets = threat.parts.get(ThreatPart.TARGET, ())
    if any(_touch(name, target) or _goes_on_to(text, target, name) for target in targets):
        return True
    if not all(_is_pronoun(text[target.start : target.end]) for target in targets):
        return False  # it points to somebody else, whom it names
    acts = threat.parts.get(ThreatPart.ACT, ())
    places = {place for place, part in enumerate(parts) for act in acts if _touch(act, part)}
    own = {place for place, part in enumerate(parts) if _touch(name, part)}
    return any(place in own or place - 1 in own for place in places)


def _goes_on_to(text: str, target: TextSpan, name: TextSpan) -> bool:
    """Whether the name says more of the target: "everyone who works at" it."""
    between = text[target.end : name.start]
    return 0 < len(between) <= _NEAR and all(char.isalpha() or char == " " for char in between)


def _is_pronoun(words: str) -> bool:
    """Whether a target names nobody: a pronoun, or something of whoever is spoken to."""
    bare = words.strip()
    return sum(map(str.isalpha, bare)) <= _PRONOUN or bare.split()[0].lower() in _YOURS


def _touch(one: TextSpan, other: TextSpan) -> bool:
    return one.start < other.end and other.start < one.end
