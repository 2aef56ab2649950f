"""The normal form of a text: a match key, and the way back to the original characters.

Comes in: any text. Goes out: `NormalText`. Always holds: normalising a key gives the key; equal
texts give equal keys, alone or in a batch; a span of the key maps to a span inside the
original; a key holds no line break, so that the one between the parts of a `Document` is never
matched. The key is for matching only: it loses characters and must never be shown or stored in
place of the text. Refused: nothing; every string has a key.

A key is made in three steps until none of them changes anything:

1. *characters*: NFKC, casefold, removal of invisible characters, Arabic marks and tatweel, folding
   of Arabic letters, white space to blanks;
2. *words*: look-alikes in words of mixed script, digits that stand for letters;
3. *runs*: three or more equal letters become one, blanks become one.

Addresses (from `://` to the next blank) are left out of steps 2 and 3. This module says what the
key of a text is; `joined` makes the same keys for many texts at once.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from tocsin.matching import tables
from tocsin.records import Span, TextField

__all__ = [
    "Document",
    "NormalText",
    "Part",
    "fold_characters",
    "key_of",
    "normalise",
]

PART_BREAK: Final = "\n"  # in no key, since step 1 makes it a blank
_LINK: Final = "://"
MAX_TRAILING_LEET = 1  # "hat3" is leet; "covid19" and "club2024" are numbers
MAX_INNER_LEET = 3
MIN_RUN = 3  # two equal letters are ordinary spelling
MIN_LETTERS_FOR_EDGE_LEET = 3  # "4ttack" and "hat3" are leet; "4th", "5pm" and "mp3" are not


class NormalText:
    """A match key (`text`) with the text that it was made from (`original`).

    The way back is worked out when first asked for: most texts match nothing. `field` and
    `base` say where `original` stands in its event.
    """

    __slots__ = ("_alignment", "base", "field", "original", "text")

    def __init__(
        self, text: str, original: str, field: TextField = "post.text", base: int = 0
    ) -> None:
        self.text = text
        self.original = original
        self.field: TextField = field
        self.base = base
        self._alignment: _Alignment | None = None

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """The characters of `original` that characters `start` to `end` of the key stand for.

        >>> normalise("x \u200bﬁre").original_span(2, 6)
        (3, 6)
        """
        if not 0 <= start <= end <= len(self.text):
            raise ValueError("the span does not lie inside the key")
        alignment = self._alignment
        if alignment is None:
            alignment = self._alignment = _align(self.original, self.text)
        return alignment.span(start, end)

    def locate(self, start: int, end: int) -> Span:
        """The span of the key as a span of a field of the event."""
        first, last = self.original_span(start, end)
        return Span(field=self.field, start=self.base + first, end=self.base + last)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self.original)} characters>"


class Part(NamedTuple):
    """One text of an event: its field, where it begins there, and the text."""

    field: TextField
    base: int
    text: str


class Document(NormalText):
    """Several texts of one event as one searchable key; no span may cross from one to the next."""

    __slots__ = ("_starts", "parts")

    def __init__(self, parts: Sequence[NormalText]) -> None:
        first = parts[0]
        text = PART_BREAK.join([part.text for part in parts])
        original = PART_BREAK.join([part.original for part in parts])
        super().__init__(text, original, first.field, first.base)
        self.parts = tuple(parts)
        lengths = (len(part.text) + 1 for part in parts)
        self._starts = list(accumulate(lengths, initial=0))[:-1]

    def _part(self, start: int, end: int) -> tuple[int, NormalText]:
        index = bisect_right(self._starts, start) - 1 if start >= 0 else -1
        if index < 0 or not start <= end <= self._starts[index] + len(self.parts[index].text):
            raise ValueError("the span does not lie inside one part of the document")
        return index, self.parts[index]

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """The characters of `original` (the parts, one per line) that the span stands for."""
        index, part = self._part(start, end)
        before = sum(len(earlier.original) + 1 for earlier in self.parts[:index])
        first, last = part.original_span(start - self._starts[index], end - self._starts[index])
        return before + first, before + last

    def locate(self, start: int, end: int) -> Span:
        """The span of the key as a span of a field of the event."""
        index, part = self._part(start, end)
        return part.locate(start - self._starts[index], end - self._starts[index])


def normalise(text: str) -> NormalText:
    """The normal form of one text.

    >>> normalise("The  IRON D\u0430wn r1ses!!").text
    'the iron dawn rises!!'
    """
    return NormalText(key_of(text), text)


# --- single strings: what a key is -----------------------------------------------------------


def key_of(text: str) -> str:
    """The match key of one text."""
    while True:
        key = _collapsed(_folded(fold_characters(text)))
        if key == text:
            return key
        text = key


def fold_characters(text: str) -> str:
    """Step 1 alone: one form for each character, nothing invisible, no Arabic marks."""
    if text.isascii():
        return _ascii_characters(text)
    while True:
        changed = _folded_once(text)
        if changed == text:
            return text
        text = changed


def _ascii_characters(text: str) -> str:
    return text.encode("ascii").translate(ASCII_LOWER).decode("ascii")


def _folded_once(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded).translate(tables.FOLDED)


def _folded(text: str) -> str:
    if not text.isascii() and not any(map(tables.is_latin, set(text))):
        return text  # look-alikes and leet are seen beside Latin letters only
    words = text.split(" ")
    for index, word in enumerate(words):
        if word.isalpha() and word.isascii():
            continue
        fold = _folded_word if len(word) <= _LONGEST_KEPT else _folded_word.__wrapped__
        words[index] = fold(word)
    return " ".join(words)


@lru_cache(maxsize=16_384)
def _folded_word(word: str) -> str:
    """The same number of characters, with look-alikes and leet folded in each token."""
    link = word.find(_LINK)
    head, address = (word, "") if link < 0 else (word[:link], word[link:])
    if head.isascii() and _SUSPECTS.isdisjoint(head):
        return word  # the usual case, such as a word and its comma
    pieces: list[str] = []
    begin = 0
    for index, char in enumerate(head):
        if not _in_token(char):
            pieces += (_folded_token(head[begin:index]), char)
            begin = index + 1
    pieces.append(_folded_token(head[begin:]))
    return "".join(pieces) + address


_LONGEST_KEPT: Final = 32
"""Longer words are folded anew each time: what is kept stays small, whatever is sent."""

_SUSPECTS = frozenset("0123456789@$")
"""What is no letter and may stand for one inside a token."""


@lru_cache(maxsize=4096)
def _in_token(char: str) -> bool:
    return char.isalpha() or char in _SUSPECTS or unicodedata.category(char)[0] == "M"


def _folded_token(token: str) -> str:
    letters = [char for char in token if char.isalpha()]
    if not token.isascii() and letters:
        token = _one_script(token, letters)
    if len(letters) == len(token) or not any(tables.is_latin(char) for char in letters):
        return token
    return _without_leet(token)


def _one_script(token: str, letters: Sequence[str]) -> str:
    latin = {char for char in letters if tables.is_latin(char)}
    others = set(letters) - latin
    if not latin or not others:
        return token
    is_mostly_latin = 2 * sum(map(latin.__contains__, letters)) >= len(letters)
    to_latin = tables.TO_LATIN if _all_in(others, tables.TO_LATIN) else None
    back = None
    if all(map(tables.is_cyrillic, others)) and _all_in(latin, tables.FROM_LATIN_TO_CYRILLIC):
        back = tables.FROM_LATIN_TO_CYRILLIC
    elif all(map(tables.is_greek, others)) and _all_in(latin, tables.FROM_LATIN_TO_GREEK):
        back = tables.FROM_LATIN_TO_GREEK
    table = (to_latin or back) if is_mostly_latin else (back or to_latin)
    return token if table is None else token.translate(table)


def _all_in(letters: Iterable[str], table: dict[int, int]) -> bool:
    return all(ord(char) in table for char in letters)


def _without_leet(token: str) -> str:
    chars = list(token)
    begin = 0
    while begin < len(chars):
        if chars[begin].isalpha() or ord(chars[begin]) not in _LEET_OR_DIGIT:
            begin += 1
            continue
        end = begin
        while end < len(chars) and ord(chars[end]) in _LEET_OR_DIGIT:
            end += 1
        if _stands_for_letters(chars, begin, end):
            chars[begin:end] = "".join(chars[begin:end]).translate(tables.LEET)
        begin = end
    return "".join(chars)


def _stands_for_letters(chars: Sequence[str], begin: int, end: int) -> bool:
    run = end - begin
    has_sign = any(char in "@$" for char in chars[begin:end])
    if begin > 0 and end < len(chars):
        is_between = chars[begin - 1].isalpha() and chars[end].isalpha()
        return is_between and run <= MAX_INNER_LEET
    if has_sign or run > MAX_TRAILING_LEET:
        return False
    around = chars[end:] if begin == 0 else chars[:begin]
    n_letters = sum(char.isalpha() for char in around)
    return n_letters >= MIN_LETTERS_FOR_EDGE_LEET


def _collapsed(text: str) -> str:
    if _LINK not in text and "  " not in text:
        return _single_letters(text)
    return _cut(text, _runs(text))


def _single_letters(text: str) -> str:
    """`_cut(text, _runs(text))` of a text without addresses and double blanks."""
    for char in set(text):
        run = char * MIN_RUN
        if run in text and char.isalpha():
            longer = run + char
            while longer in text:
                text = text.replace(longer, run)
            text = text.replace(run, char)
    return text


def _cut(text: str, runs: Sequence[tuple[int, int]]) -> str:
    """The text with one character of each run."""
    if not runs:
        return text
    pieces = []
    begin = 0
    for start, end in runs:
        pieces.append(text[begin : start + 1])
        begin = end
    pieces.append(text[begin:])
    return "".join(pieces)


def _runs(text: str) -> list[tuple[int, int]]:
    """Where three or more equal letters or two or more blanks stand, outside addresses."""
    triples = [char * MIN_RUN for char in set(text) if char * MIN_RUN in text]
    if not triples and "  " not in text:
        return []
    found: list[tuple[int, int]] = []
    word_start = 0
    for word in text.split(" "):
        word_end = word_start + len(word)
        if _holds_one(word, triples):
            link = word.find(_LINK)
            found += _letter_runs(text, word_start, word_end if link < 0 else word_start + link)
        if word_end < len(text):
            if found and found[-1][1] == word_end and text[found[-1][0]] == " ":
                found[-1] = (found[-1][0], word_end + 1)
            else:
                found.append((word_end, word_end + 1))
        word_start = word_end + 1
    return [(start, end) for start, end in found if end - start > 1]


def _holds_one(word: str, parts: Sequence[str]) -> bool:
    for part in parts:  # noqa: SIM110  # a generator would cost more than the search
        if part in word:
            return True
    return False


def _letter_runs(text: str, start: int, end: int) -> list[tuple[int, int]]:
    found = []
    begin = start
    for index in range(start + 1, end + 1):
        if index == end or text[index] != text[begin]:
            if index - begin >= MIN_RUN and text[begin].isalpha():
                found.append((begin, index))
            begin = index
    return found


# --- the way back ----------------------------------------------------------------------------


class _Alignment(NamedTuple):
    """For each character of the key, where its original begins and ends; None: identity."""

    starts: Sequence[int] | None
    ends: Sequence[int]
    n_original: int

    def span(self, start: int, end: int) -> tuple[int, int]:
        if self.starts is None:
            return start, end
        if start == end:
            at = self.starts[start] if start < len(self.starts) else self.n_original
            return at, at
        return self.starts[start], self.ends[end - 1]


def _align(original: str, key: str) -> _Alignment:
    if len(original) == len(key) and _is_one_to_one(original):
        return _Alignment(None, (), len(original))
    text, starts, ends = original, list(range(len(original))), list(range(1, len(original) + 1))
    while text != key:
        text, starts, ends = _align_characters(text, starts, ends)
        text = _folded(text)
        runs = _runs(text)
        text = _collapsed(text)
        for start, end in reversed(runs):
            ends[start] = ends[end - 1]
            del starts[start + 1 : end], ends[start + 1 : end]
    return _Alignment(starts, ends, len(original))


def _is_one_to_one(original: str) -> bool:
    """Whether no character becomes two or joins another: then a key as long has the same places."""
    if original.isascii():
        return True
    folded = original.casefold()
    return (
        len(folded) == len(original)
        and unicodedata.is_normalized("NFKC", original)
        and unicodedata.is_normalized("NFKC", folded)
        and all(map(_begins_cluster, set(original)))
    )


def _align_characters(
    text: str, starts: list[int], ends: list[int]
) -> tuple[str, list[int], list[int]]:
    while _folded_once(text) != text:
        pieces: list[str] = []
        new_starts: list[int] = []
        new_ends: list[int] = []
        for begin, end in pairwise(_clusters(text)):
            piece = _folded_piece(text[begin:end])
            pieces.append(piece)
            if len(piece) == 1:
                new_starts.append(starts[begin])
                new_ends.append(ends[end - 1])
            else:
                new_starts += [starts[begin]] * len(piece)
                new_ends += [ends[end - 1]] * len(piece)
        text, starts, ends = "".join(pieces), new_starts, new_ends
    return text, starts, ends


@lru_cache(maxsize=8192)
def _folded_piece(piece: str) -> str:
    """`_folded_once`, of the few characters that most texts are made of."""
    return _folded_once(piece)


def _clusters(text: str) -> list[int]:
    """Where NFKC may cut the text: no character composes with one before its cut."""
    inner = [index for index in range(1, len(text)) if _begins_cluster(text[index])]
    return [0, *inner, len(text)] if text else [0]


@lru_cache(maxsize=4096)
def _begins_cluster(char: str) -> bool:
    first = unicodedata.normalize("NFKC", char)[0]
    is_jamo = "\u1160" <= first <= "\u11ff"  # medial vowels and final consonants
    is_late_vowel = first in "\U00016d63\U00016d67"  # Kirat Rai, composes since Unicode 16
    is_mark = unicodedata.category(first)[0] == "M" or unicodedata.combining(first) > 0
    return not (is_jamo or is_late_vowel or is_mark)


ASCII_LOWER: Final = bytes(
    ord(" ") if chr(code).isspace() else ord(chr(code).lower()) for code in range(128)
) + bytes(range(128, 256))
_LEET_OR_DIGIT: Final = frozenset(map(ord, "0123456789@$"))
