"""Where a word begins and ends, in every script.

Comes in: a key and a span of it, or the code points of many keys. Goes out: whether the span has
a border before it and behind it. Always holds: letters, digits, marks and the underscore belong
to words; scripts written without blanks (Han, Kana, Thai, Lao, Khmer, Burmese) have no borders;
an Arabic word may carry the attached prefixes "and", "with", "for", "as" and the article.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

__all__ = ["ARTICLE", "FOR_THE", "begins_word", "ends_word", "is_prefixed", "is_word", "word_mask"]

ARTICLE: Final = "ال"
FOR_THE: Final = "لل"  # "for" and the article, written together
_ARABIC_PREFIXES: Final = frozenset(
    conjunction + rest
    for conjunction in ("", "و", "ف")
    for rest in (*(prep + article for prep in ("", "ب", "ل", "ك") for article in ("", ARTICLE)),
                 FOR_THE)
) - {""}  # fmt: skip
_LONGEST_PREFIX: Final = max(map(len, _ARABIC_PREFIXES))
_WITHOUT_BLANKS: Final = (
    ("\u0e00", "\u0eff"), ("\u1000", "\u109f"), ("\u1780", "\u17ff"), ("\u3040", "\u30ff"),
    ("\u3400", "\u4dbf"), ("\u4e00", "\u9fff"), ("\uf900", "\ufaff"), ("\U00020000", "\U0003ffff"),
)  # fmt: skip
_N_COMMON: Final = 0x20000  # nearly all letters stand below


@lru_cache(maxsize=4096)
def is_word(char: str) -> bool:
    """Whether a character belongs to words that have borders."""
    if any(first <= char <= last for first, last in _WITHOUT_BLANKS):
        return False
    return char.isalnum() or char == "_" or unicodedata.category(char)[0] == "M"


def word_mask(codes: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """`is_word` of many code points."""
    mask: npt.NDArray[np.bool_] = np.take(_common(), np.minimum(codes, _N_COMMON - 1))
    for place in np.flatnonzero(codes >= _N_COMMON):
        mask[place] = is_word(chr(codes[place]))
    return mask


@cache
def _common() -> npt.NDArray[np.bool_]:
    return np.fromiter((is_word.__wrapped__(chr(code)) for code in range(_N_COMMON)), np.bool_)


def begins_word(key: str, start: int) -> bool:
    """Whether a border, or an attached Arabic prefix, stands before this character."""
    if start == 0 or not (is_word(key[start - 1]) and is_word(key[start])):
        return True
    return is_prefixed(key, start)


def ends_word(key: str, end: int) -> bool:
    """Whether a border stands before the character at `end`."""
    return end == len(key) or not (is_word(key[end - 1]) and is_word(key[end]))


def is_prefixed(key: str, start: int) -> bool:
    """Whether what stands between the last border and this character is an Arabic prefix."""
    if not "\u0620" <= key[start] <= "\u064a":
        return False
    begin = start
    while begin > 0 and start - begin <= _LONGEST_PREFIX and is_word(key[begin - 1]):
        begin -= 1
    return key[begin:start] in _ARABIC_PREFIXES
