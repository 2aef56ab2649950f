"""Text from a platform, made safe to look at.

Comes in: text that strangers wrote, and spans in it. Goes out: pieces for templates, which escape
them. Always holds: nothing is lost and nothing is hidden: pieces put together are the text;
characters that cannot be seen, or that turn the order of others around, are named. Refused:
nothing.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import re2

__all__ = ["Link", "Mark", "Piece", "cut", "find_links", "hidden_in", "initial", "visible"]

_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cn", "Zl", "Zp"})
_SHOWN = frozenset("\n\r\t\u200c\u200d")
"""In a post, line breaks and joiners (ordinary in Persian, Hindi and emoji) hide nothing."""

_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u00ad\u034f\u061c\u180e")
_LINK = re2.compile(r"https?://[^\s<>\"']+")
_MAX_LINKS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a detector found at a span: `number` is its place in the list of evidence.

    `kind` is "hit", or how a stretch that the text models read is drawn; `word` stands beside the
    number, for those who cannot tell the kinds by their colours.
    """

    start: int
    end: int
    number: int
    title: str
    kind: str = "hit"
    word: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of text with the marks that cover it; `end` is where it ends in the whole."""

    text: str
    marks: tuple[Mark, ...] = ()
    end: int = 0

    @property
    def kinds(self) -> str:
        """The kinds of the marks, each once."""
        return " ".join(dict.fromkeys(mark.kind for mark in self.marks))

    @property
    def label(self) -> str:
        """The numbers of the marks, and the words of those that end here."""
        shown = (mark for mark in self.marks if not mark.word or mark.end == self.end)
        return ", ".join(f"{mark.number} {mark.word}".strip() for mark in shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link as text: where it leads, and the whole of it."""

    host: str
    url: str


def cut(text: str, marks: Sequence[Mark]) -> list[Piece]:
    """The text in pieces, cut wherever a mark begins or ends; marks may overlap.

    >>> [piece.text for piece in cut("abcdef", [Mark(start=1, end=3, number=1, title="x")])]
    ['a', 'bc', 'def']
    """
    inside = [mark for mark in marks if 0 <= mark.start < mark.end <= len(text)]
    edges = {0, len(text)}
    edges.update(edge for mark in inside for edge in (mark.start, mark.end))
    ordered = sorted(edges)
    return [
        Piece(
            text=text[start:end],
            marks=tuple(mark for mark in inside if mark.start <= start and end <= mark.end),
            end=end,
        )
        for start, end in itertools.pairwise(ordered)
    ]


def visible(text: str) -> list[tuple[str, str | None]]:
    """A handle in pieces: (text, None), or (`U+202E`, its name) for what cannot be seen.

    >>> visible("mo" + chr(0x202E))
    [('mo', None), ('U+202E', 'right-to-left override')]
    """
    pieces: list[tuple[str, str | None]] = []
    plain = ""
    for character in text:
        if character == " " or not _is_hidden(character, allow=frozenset()):
            plain += character
            continue
        if plain:
            pieces.append((plain, None))
            plain = ""
        pieces.append((f"U+{ord(character):04X}", _name(character)))
    if plain:
        pieces.append((plain, None))
    return pieces


def hidden_in(text: str) -> list[tuple[str, str, int]]:
    """What in a post cannot be seen: (`U+202E`, its name, how often), the most frequent first."""
    counts: dict[str, int] = {}
    for character in text:
        if _is_hidden(character, allow=_SHOWN):
            counts[character] = counts.get(character, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(f"U+{ord(character):04X}", _name(character), n) for character, n in ordered]


def find_links(text: str, given: Sequence[str]) -> list[Link]:
    """The links that the platform named and those in the text, each once."""
    found = dict.fromkeys((*given, *_links_in(text)))
    return [Link(host=_host(url), url=url) for url in list(found)[:_MAX_LINKS]]


def initial(name: str) -> str:
    """The letter that stands in for a picture."""
    return next((character.upper() for character in name if character.isalnum()), "?")


def _links_in(text: str) -> Iterator[str]:
    for match in _LINK.finditer(text):
        yield match.group().rstrip(".,;:!?)]}»”’")


def _host(url: str) -> str:
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    return host or "no host"


def _is_hidden(character: str, *, allow: frozenset[str]) -> bool:
    if character in allow:
        return False
    return unicodedata.category(character) in _INVISIBLE_CATEGORIES or character in _FILLERS


def _name(character: str) -> str:
    controls = {"\0": "null", "\n": "line break", "\r": "carriage return", "\t": "tab"}
    return controls.get(character) or unicodedata.name(character, "unnamed").lower()
