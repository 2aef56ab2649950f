"""A text as one line of marked words, over which the grammar of threats runs.

Comes in: a text. Goes out: `Tokens`: its words in normal form, each between angle brackets
(`<we><know><where><.>`), and the way back to the original characters. Always holds: a word holds
no bracket; the end of a sentence or line is the word `.`, of a question `?`, a quotation mark `"`;
spans lie inside the text. Refused: nothing.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import re2

from tocsin.matching import NormalText, normalise
from tocsin.nlp.types import TextSpan

__all__ = ["Tokens", "in_normal_form", "tokenise"]

_WORD: Final = re2.compile(
    r"&(?:amp|lt|gt|quot|apos|#39);|(?:https?|hxxps?)://[^\s]+|[#@][\pL\pN_]+|"
    r"[\pL\pN\pM]+(?:['’ʼ`´*$_-][\pL\pN\pM]+)*|"
    r"[^\s\pL\pN\pM]"
)
_FOLDED: Final = str.maketrans({**dict.fromkeys("’ʼ`´", "'"), "ı": "i"})
_ENDS: Final = frozenset(".!;…।۔；。！\n")
_QUESTIONS: Final = frozenset("?؟？")
_QUOTES: Final = frozenset('"“”„‟«»‹›「」『』‘')
_COMMAS: Final = frozenset(",،、")
_MARKS: Final = {
    **dict.fromkeys(_ENDS, "."),
    **dict.fromkeys(_QUESTIONS, "?"),
    **dict.fromkeys(_QUOTES, '"'),
    **dict.fromkeys(_COMMAS, ","),
    "&amp;": "&",
    "&quot;": '"',
    "&#39;": "'",
    "&apos;": "'",
    "&lt;": "(",
    "&gt;": ")",
    "<": "(",
    ">": ")",
}
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
            for piece in key.split(" "):
                if piece.isalpha():
                    word = piece if piece.isascii() else _unmarked(piece)
                    self._add(word, number, at, at + len(piece))
                elif piece:
                    self._cut(piece, number, at)
                at += len(piece) + 1
        pieces = [_raw(word) for word in self.words]
        self.line = b"<" + b"><".join(pieces) + b">" if pieces else b""
        self._firsts: list[int] = []
        at = 0
        for piece in pieces:
            self._firsts.append(at)
            at += len(piece) + 2

    def _cut(self, piece: str, number: int, at: int) -> None:
        """Add the words of what stands between two blanks."""
        for match in _WORD.finditer(piece):
            start, end = match.span()
            found = piece[start:end]
            word = _MARKS.get(found) or _unmarked(found)
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


def tokenise(text: str) -> Tokens:
    """The words of a text.

    >>> tokenise("We KNOW where, all of it!").line
    b'<we><know><where><,><all><of><it><.>'
    """
    lines: list[tuple[int, NormalText]] = []
    at = 0
    for line in text.split("\n")[:MAX_LINES]:
        if line:
            lines.append((at, normalise(line)))
        at += len(line) + 1
    return Tokens(lines)


def in_normal_form(word: str) -> str:
    """A word of a cue file as it stands in `Tokens`."""
    return _unmarked(normalise(word).text)


@lru_cache(maxsize=16_384)
def _unmarked(word: str) -> str:
    """Without accents: many write without them."""
    if word.isascii():
        return word
    letters = unicodedata.normalize("NFD", word.translate(_FOLDED))
    return "".join([char for char in letters if not unicodedata.combining(char)])


def _raw(word: str) -> bytes:
    return word.encode("utf-8", "surrogatepass")
