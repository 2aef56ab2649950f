"""Arabizi: Arabic in Latin letters and digits ("ra7 a2tlak"), told apart and turned into Arabic.

Comes in: a text. Goes out: whether it is Arabizi, and its words in Arabic letters by rule, with
the way back to the original. Always holds: a text is Arabizi only where words say so that no other
language writes: digits inside words that stand for letters, or frequent words of the dialects; a
transliteration is a reading for other models to look at, never shown as what was written. Refused:
nothing; words that are no Arabizi stay as they are.

Vowels are written only where Arabic writes them: at the beginning, long, or at the end of a word.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate
from typing import Any, Final

import re2

from tocsin.nlp.types import TextSpan

__all__ = ["Arabizi", "arabizi_rows", "is_arabizi", "transliterate"]

_WORD: Final = re2.compile(rb"[a-z]+://[^\s]+|[A-Za-z0-9']+")
_NO_LETTERS: Final = "0123456789'"
_LETTERS_OF_DIGITS: Final = frozenset("2356789")
MIN_SHARE = 0.25
"""Words that are Arabizi among all words in Latin letters; below it a text is something else."""

MAX_DIGITS = 3
"""Digits of one word; more are a number."""

MIN_LETTERS = 2
"""Letters behind a digit that begins a word are more than this: "3ayez", not "2nd"."""

MAX_BEFORE_DIGIT = 5
"""Letters before a digit that ends a word: "ra7", not "version2"."""

_KNOWN: Final = {
    "ana": "انا", "enta": "انت", "enti": "انتي", "inta": "انت", "inti": "انتي", "ento": "انتو",
    "intom": "انتم", "e7na": "احنا", "i7na": "احنا", "n7na": "نحنا", "howa": "هو", "heya": "هي",
    "huwa": "هو", "hiya": "هي", "hom": "هم", "homa": "هما", "wallah": "والله", "wallahi": "والله",
    "walla": "والله", "yalla": "يلا", "inshallah": "ان شاء الله", "inshalla": "ان شاء الله",
    "habibi": "حبيبي", "7abibi": "حبيبي", "mish": "مش", "mesh": "مش", "mafi": "ما في",
    "shu": "شو", "shou": "شو", "leh": "ليه", "lesh": "ليش", "laish": "ليش", "wein": "وين",
    "wen": "وين", "feen": "فين", "fein": "فين", "ra7": "راح", "rah": "راح", "7a": "حا",
    "lazem": "لازم", "lazim": "لازم", "kol": "كل", "kul": "كل", "kullo": "كله", "kolo": "كله",
    "kolkom": "كلكم", "kolhom": "كلهم", "kalb": "كلب", "kelb": "كلب", "ya": "يا", "allah": "الله",
    "bas": "بس", "bess": "بس", "3ala": "على", "3la": "على", "fi": "في", "men": "من", "min": "من",
    "el": "ال", "al": "ال", "il": "ال", "badi": "بدي", "biddi": "بدي", "baddi": "بدي",
    "bdi": "بدي", "3ayez": "عايز", "3awez": "عاوز", "kteer": "كتير", "kter": "كتير",
    "mota": "موتى", "moot": "موت", "mawt": "موت", "mot": "موت", "3an": "عن", "ma3": "مع",
    "3arfeen": "عارفين", "na3ref": "نعرف", "dawrak": "دورك", "jay": "جاي", "gay": "جاي",
    "kuffar": "كفار", "kafir": "كافر", "jihad": "جهاد", "dawla": "دولة", "mojahideen": "مجاهدين",
    "mujahideen": "مجاهدين", "mujahidin": "مجاهدين",
}  # fmt: skip
"""Frequent words, and names of things, that rules would get wrong."""

_TELLING: Final = frozenset({
    "enta", "enti", "inta", "inti", "ento", "e7na", "howa", "heya", "wallah", "wallahi", "walla",
    "yalla", "inshallah", "inshalla", "habibi", "mish", "mesh", "mafi", "shu", "shou", "lesh",
    "laish", "wein", "feen", "fein", "lazem", "lazim", "kolkom", "kolhom", "baddi", "biddi",
    "badi", "kteer", "kter",
})  # fmt: skip
"""Words without digits that no other language here writes."""

_PAIRS: Final = {
    "sh": "ش", "ch": "ش", "kh": "خ", "gh": "غ", "th": "ث", "dh": "ذ", "aa": "ا", "oo": "و",
    "ou": "و", "ee": "ي", "ei": "ي", "ai": "ي", "ay": "ي", "aw": "و", "3'": "غ", "7'": "خ",
    "6'": "ظ", "9'": "ض", "d'": "ض", "s'": "ص", "ii": "ي", "uu": "و",
}  # fmt: skip
_SINGLE: Final = {
    "2": "ء", "3": "ع", "5": "خ", "6": "ط", "7": "ح", "8": "ق", "9": "ص", "4": "ذ", "b": "ب",
    "c": "ك", "d": "د", "f": "ف", "g": "ج", "h": "ه", "j": "ج", "k": "ك", "l": "ل", "m": "م",
    "n": "ن", "p": "ب", "q": "ق", "r": "ر", "s": "س", "t": "ت", "v": "ف", "w": "و", "x": "كس",
    "y": "ي", "z": "ز",
}  # fmt: skip
_FIRST_VOWEL: Final = {"a": "ا", "e": "ا", "i": "ا", "o": "ا", "u": "ا"}
_LAST_VOWEL: Final = {"a": "ا", "e": "ي", "i": "ي", "o": "و", "u": "و"}
_VOWELS: Final = frozenset("aeiou")


@dataclass(frozen=True, slots=True)
class Arabizi:
    """A text with its Arabizi in Arabic letters; `words` are their places before and after."""

    text: str
    words: tuple[tuple[TextSpan, TextSpan], ...]

    def original_span(self, start: int, end: int) -> TextSpan | None:
        """The words of the original that characters `start` to `end` of `text` stand for."""
        met = [old for old, new in self.words if new.start < end and start < new.end]
        return TextSpan(met[0].start, met[-1].end) if met else None


def is_arabizi(text: str) -> bool:
    """Whether enough words can only be Arabizi.

    >>> is_arabizi("ra7 na3ref wein sakneen"), is_arabizi("meet me at 7pm on the 2nd")
    (True, False)
    """
    words = [text[start:end].lower() for start, end in _places(text)]
    telling = sum(word in _TELLING or _has_letter_digit(word) for word in words)
    return telling > 0 and telling / len(words) >= MIN_SHARE


def arabizi_rows(texts: Sequence[str]) -> list[int]:
    """Which texts `is_arabizi` holds for, with one search for all of them.

    >>> arabizi_rows(["meet me at the harbour", "wallah ra7 na3ref"])
    [1]
    """
    pieces = [text.encode("utf-8", "replace") for text in texts]
    starts = list(accumulate((len(piece) + 1 for piece in pieces), initial=0))
    rows = set()
    for match in _telling_signs().finditer(b"\n".join(pieces)):
        with_digit = match.group(1)
        is_telling = with_digit and _has_letter_digit(with_digit.decode().lower())
        if is_telling or match.group(2):
            rows.add(bisect_right(starts, match.start()) - 1)
    return sorted(row for row in rows if is_arabizi(texts[row]))


@cache
def _telling_signs() -> Any:
    """Addresses and names, which are passed over; words with digits; the end of telling words."""
    words = "|".join(sorted(_TELLING))
    return re2.compile(
        r"[a-z]+://[^\s]+|@[A-Za-z0-9']+"
        r"|([A-Za-z0-9']*(?:[A-Za-z'][2356789]|[2356789][A-Za-z'])[A-Za-z0-9']*)"
        rf"|((?i:{words})(?:[^A-Za-z0-9']|$))".encode()
    )


def transliterate(text: str) -> Arabizi:
    """The text with each word in Latin letters read as Arabizi.

    >>> transliterate("ra7 nedba7kom!").text
    'راح ندبحكم!'
    """
    pieces: list[str] = []
    words: list[tuple[TextSpan, TextSpan]] = []
    at = length = 0
    for start, end in _places(text):
        arabic = _word(text[start:end].lower())
        pieces += [text[at:start], arabic]
        length += start - at
        words.append((TextSpan(start, end), TextSpan(length, length + len(arabic))))
        length += len(arabic)
        at = end
    return Arabizi("".join([*pieces, text[at:]]), tuple(words))


def _places(text: str) -> Iterator[tuple[int, int]]:
    """Where words stand that hold a Latin letter and are no address."""
    raw = text.encode("ascii", "replace")  # a sign for each character that is no Latin letter
    safe = raw.decode("ascii")
    for match in _WORD.finditer(raw):
        start, end = match.span()
        word = safe[start:end]
        is_name = start > 0 and safe[start - 1] == "@"
        if not is_name and "://" not in word and word.strip(_NO_LETTERS):
            yield start, end


def _has_letter_digit(word: str) -> bool:
    """Whether a digit stands for a letter: beside letters, and no number, time or ordinal."""
    if word.rstrip("'")[-2:] in {"st", "nd", "rd", "th", "am", "pm", "km", "kg", "mb", "gb"}:
        word = word.lstrip("0123456789")
    digits = [char for char in word if char.isdigit()]
    n_letters = sum(char.isalpha() for char in word)
    if not 0 < len(digits) <= MAX_DIGITS or n_letters < len(digits):
        return False
    if not _LETTERS_OF_DIGITS.issuperset(digits) or _VOWELS.isdisjoint(word):
        return False
    has_inner = any(char.isdigit() for char in word.strip("0123456789"))
    begins = word[0].isdigit() and not word[1].isdigit() and n_letters > MIN_LETTERS
    ends = word[-1] in "237" and not word[-2].isdigit() and n_letters <= MAX_BEFORE_DIGIT
    return has_inner or begins or ends


@lru_cache(maxsize=8_192)
def _word(word: str) -> str:
    """One word in Arabic letters."""
    if word in _KNOWN:
        return _KNOWN[word]
    letters: list[str] = []
    at = 0
    while at < len(word):
        pair = word[at : at + 2]
        if pair in _PAIRS and not (at == 0 and pair[0] in _VOWELS):
            letters.append(_PAIRS[pair])
            at += 2
            continue
        letters.append(_letter(word, at))
        at += 1
    return "".join(letters)


def _letter(word: str, at: int) -> str:
    char = word[at]
    if char in _VOWELS:
        if at == 0:
            return _FIRST_VOWEL[char]
        return _LAST_VOWEL[char] if at == len(word) - 1 else ""
    if at and char == word[at - 1]:
        return ""  # a doubled consonant is one letter
    if char == "2" and at and word[at - 1] in _VOWELS and at + 1 < len(word):
        return "ق"  # Cairo and Beirut say "2" where Arabic writes qaf
    return _SINGLE.get(char, "")
