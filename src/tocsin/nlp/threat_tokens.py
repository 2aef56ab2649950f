"""A text as one line of marked words, over which the grammar of threats runs.

Comes in: a text. Goes out: `Tokens`: its words in normal form, each between angle brackets
(`<we><know><where><.>`), and the way back to the original characters. Always holds: a word holds
no bracket; the end of a sentence, a line or the text is the word `.`, of a question `?`, a
quotation mark `"`; spans lie inside the text. Refused: nothing.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Final

import re2

from tocsin.matching import NormalText, normalise, tables
from tocsin.nlp.types import TextSpan

__all__ = ["Tokens", "elided", "in_normal_form", "rough_line", "rough_lines", "tokenise"]

_WORD: Final = re2.compile(
    r"&(?:amp|lt|gt|quot|apos|#[0-9]{2,6});|(?:https?|hxxps?)://[^\s]+|[#@][\pL\pN_]+|"
    r"[\pL\pN\pM]+(?:['’ʼ`´*$_-][\pL\pN\pM]+)*|"
    r"[^\s\pL\pN\pM]"
)
_FOLDED: Final = str.maketrans({**dict.fromkeys("’ʼ`´", "'"), "ı": "i"})
_ENDS: Final = frozenset(".!;…।۔；。！\n")
_QUESTIONS: Final = frozenset("?؟？")
_ELIDED: Final = frozenset({"j", "t", "l", "d", "n", "s", "m", "c", "qu", "jusqu", "lorsqu"})
_QUOTES: Final = frozenset('"“”„‟«»‹›「」『』‘')
_COMMAS: Final = frozenset(",،、")
_MARKS: Final = {
    **dict.fromkeys(_ENDS, "."),
    **dict.fromkeys(_QUESTIONS, "?"),
    **dict.fromkeys(_QUOTES, '"'),
    **dict.fromkeys(_COMMAS, ","),
    "&amp;": "&",
    "&quot;": '"',
    "&apos;": "'",
    "&lt;": "(",
    "&gt;": ")",
    "<": "(",
    ">": ")",
}
_LONGEST_KEPT: Final = 32
"""Longer pieces are cut anew each time: what is kept stays small, whatever is sent."""

MAX_LINES = 400
"""Lines beyond these are left out: no post has them, and a hostile one costs no more."""


class Tokens:
    """The words of one text; `line` is what the grammar runs over."""

    __slots__ = ("_ends", "_firsts", "_lines", "_places", "_starts", "line", "words")

    def __init__(self, lines: Sequence[tuple[int, NormalText]]) -> None:
        self._lines = lines
        self.words: list[str] = []
        self._places: list[tuple[int, int, int]] = []
        for number, (_, normal) in enumerate(lines):
            key = normal.text
            if number:
                self._add(".", number, 0, 0)
            at = 0
            for chunk in key.split(" "):
                if chunk.isalpha():
                    word = chunk if chunk.isascii() else _unmarked(chunk)
                    self._add(word, number, at, at + len(chunk))
                elif chunk:
                    self._cut(chunk, number, at)
                at += len(chunk) + 1
        if self.words:
            last, (_, normal) = len(lines) - 1, lines[-1]
            self._add(".", last, len(normal.text), len(normal.text))
        pieces = [_raw(word) for word in self.words]
        self.line = b"<" + b"><".join(pieces) + b">" if pieces else b""
        self._firsts: list[int] = []
        at = 0
        for piece in pieces:
            self._firsts.append(at)
            at += len(piece) + 2

    def _cut(self, piece: str, number: int, at: int) -> None:
        """Add the words between two blanks; most often one word, with a sign behind it."""
        mark = _MARKS.get(piece[-1])
        if mark and piece[:-1].isalpha():
            last = at + len(piece) - 1
            self._add(_unmarked(piece[:-1]), number, at, last)
            self._add(mark, number, last, last + 1)
            return
        cut = _pieces if len(piece) <= _LONGEST_KEPT else _pieces.__wrapped__
        for word, start, end in cut(piece):
            self._add(word, number, at + start, at + end)

    def _add(self, word: str, number: int, start: int, end: int) -> None:
        self.words.append(word)
        self._places.append((number, start, end))

    def words_of(self, start: int, end: int) -> tuple[int, int]:
        """The words, from the first to one after the last, of bytes of `line`."""
        return bisect_right(self._firsts, start) - 1, bisect_right(self._firsts, end - 1)

    def span(self, first: int, last: int) -> TextSpan:
        """The characters of the text from word `first` to before word `last`."""
        return TextSpan(self._original(first)[0], self._original(last - 1)[1])

    def _original(self, index: int) -> tuple[int, int]:
        number, start, end = self._places[index]
        base, normal = self._lines[number]
        first, last = normal.original_span(start, end)
        return base + first, base + last


@lru_cache(maxsize=16_384)
def _pieces(piece: str) -> tuple[tuple[str, int, int], ...]:
    """The words between two blanks, and their places."""
    found = []
    for match in _WORD.finditer(piece):
        start, end = match.span()
        part = _character(piece[start:end])
        for word in elided(_MARKS.get(part) or _unmarked(part)):
            cut = min(end, start + len(word))
            found.append((word, start, cut))
            start = cut
    return tuple(found)


def tokenise(text: str) -> Tokens:
    """The words of a text.

    >>> tokenise("We KNOW where, all of it!").line
    b'<we><know><where><,><all><of><it><.><.>'
    """
    if not text.isascii():
        text = _encodable(text)
    lines: list[tuple[int, NormalText]] = []
    at = 0
    for line in text.split("\n")[:MAX_LINES]:
        if line:
            lines.append((at, normalise(line)))
        at += len(line) + 1
    return Tokens(lines)


def _encodable(text: str) -> str:
    """Half a character, which has no bytes, becomes a sign of the same length."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)
    return text


def rough_line(text: str) -> bytes:
    """The words of a text as in `Tokens.line`, at a tenth of the cost, to look for single words.

    Signs stand for blanks, digits for the letters they look like; nothing leads back to the text.
    Where there are apostrophes, all words follow again without them.

    >>> rough_line("We KN0W where!")
    b'<we><know><where>'
    """
    words = _rough_words(text)
    if not _HAS_APOSTROPHE.isdisjoint(text):
        words += _rough_words(text.translate(_WITHOUT_APOSTROPHES))
    return b"<" + b"><".join(words) + b">" if words else b""


def _rough_words(text: str) -> list[bytes]:
    if text.isascii():
        return text.encode("ascii").translate(_ROUGH_ASCII).split()
    folded = unicodedata.normalize("NFKD", text.casefold()).translate(_rough())
    return _raw(folded).split()


def rough_lines(texts: Sequence[str]) -> tuple[bytes, list[int]]:
    """The words of many texts as in `rough_line`, a blank between two, one text a line.

    The second answer says which text each line is of: one with apostrophes has two lines.
    """
    lines: tuple[list[str], list[str]] = ([], [])
    owners: tuple[list[int], list[int]] = ([], [])
    for row, text in enumerate(texts):
        group = int(not text.isascii())
        line = text.replace("\n", " ")
        lines[group].append(line)
        owners[group].append(row)
        if "'" in text or "`" in text or (group and not _HAS_APOSTROPHE.isdisjoint(text)):
            lines[group].append(line.translate(_WITHOUT_APOSTROPHES))
            owners[group].append(row)
    plain = "\n".join(lines[0]).encode("ascii").translate(_ROUGH_LINES).split(b"\n")
    found = plain if lines[0] else []
    if lines[1]:
        folded = unicodedata.normalize("NFKD", "\n".join(lines[1]).casefold())
        found += _raw(folded.translate(_rough_but_ends())).split(b"\n")
    return b"\n".join([b" ".join(line.split()) for line in found]), owners[0] + owners[1]


_HAS_APOSTROPHE: Final = frozenset("'’ʼ`´")
_WITHOUT_APOSTROPHES: Final = str.maketrans(dict.fromkeys(_HAS_APOSTROPHE))
_LEET: Final = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "$": "s"}
_KEPT: Final = frozenset("#-*")
_ROUGH_ASCII: Final = bytes(
    ord(_LEET.get(char) or (char.lower() if char.isalnum() or char in _KEPT else " "))
    for char in map(chr, range(256))
)

_ROUGH_LINES: Final = _ROUGH_ASCII[:10] + b"\n" + _ROUGH_ASCII[11:]
"""The same, but for line ends."""


@cache
def _rough() -> dict[int, str | None]:
    """What `rough_line` changes in texts beyond ASCII."""
    table: dict[int, str | None] = {}
    for code in range(0x3000):
        char = chr(code)
        if unicodedata.combining(char) or unicodedata.category(char) in {"Cf", "Mn"}:
            table[code] = None
        elif not char.isalnum() and char not in _KEPT:
            table[code] = " "
    table.update({ord(char): letter for char, letter in _LEET.items()})
    table.update(dict(tables.FOLDED))
    table[ord("ı")] = "i"
    return table


@cache
def _rough_but_ends() -> dict[int, str | None]:
    return {code: to for code, to in _rough().items() if code != ord("\n")}


def elided(word: str) -> list[str]:
    """A word, or two where a French one has lost its vowel ("j'ai")."""
    first, mark, second = word.partition("'")
    return [first + mark, second] if second and first in _ELIDED else [word]


def in_normal_form(word: str) -> str:
    """A word of a cue file as it stands in `Tokens`."""
    return _unmarked(normalise(word).text)


def _character(word: str) -> str:
    """The character that a number stands for in texts taken from web pages ("&#8220;")."""
    if word.startswith("&#"):
        code = int(word[2:-1])
        return chr(code) if chr(code).isprintable() else " "
    return word


@lru_cache(maxsize=16_384)
def _unmarked(word: str) -> str:
    """Without accents: many write without them."""
    if word.isascii():
        return word
    letters = unicodedata.normalize("NFD", word.translate(_FOLDED))
    return "".join([char for char in letters if not unicodedata.combining(char)]) or word


def _raw(word: str) -> bytes:
    return word.encode("utf-8", "surrogatepass")
