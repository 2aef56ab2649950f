"""The shared multi-pattern scan: many phrases, many texts, one call.

Comes in: patterns and texts in normal form. Goes out: hits as (row, key, start, end) in
characters of the key, sorted and without duplicates. Always holds: one Hyperscan call per
batch, whatever the number of patterns; no hit crosses from one text, or one part of a document,
to the next; the same hits as `scan_one_by_one`, which is a plain search (compared in
`tests/property/test_scan.py`). Refused: a pattern whose normal form is empty.

A pattern that is a *word* needs a border on both sides: no letter, digit, mark or underscore may
touch it, except that scripts written without blanks (Han, Kana, Thai, Lao, Khmer, Burmese) have
no borders, and that an Arabic word may carry the attached prefixes "and", "with", "for", "as"
and the article.
"""

from __future__ import annotations

import threading
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import version
from itertools import accumulate
from typing import Final, NamedTuple, Protocol

import hyperscan
import numpy as np
import numpy.typing as npt

from tocsin.matching.joined import NormalTexts, normalise_all
from tocsin.matching.normal import NormalText

__all__ = ["DatabaseCache", "Hit", "Pattern", "PatternSet", "scan_one_by_one"]

_BREAK: Final = "\n"  # in no pattern
_METHOD: Final = "literals 1"

WORTH_KEEPING: Final = 500
"""Fewer patterns are compiled sooner (10 ms) than a file is read."""

_ARTICLE: Final = "ال"
_FOR_THE: Final = "لل"  # "for" and the article, written together
_ARABIC_PREFIXES: Final = frozenset(
    conjunction + rest
    for conjunction in ("", "و", "ف")
    for rest in (*(prep + article for prep in ("", "ب", "ل", "ك") for article in ("", _ARTICLE)),
                 _FOR_THE)
) - {""}  # fmt: skip
_LONGEST_PREFIX: Final = max(map(len, _ARABIC_PREFIXES))
_WITHOUT_BLANKS: Final = (
    ("\u0e00", "\u0eff"), ("\u1000", "\u109f"), ("\u1780", "\u17ff"), ("\u3040", "\u30ff"),
    ("\u3400", "\u4dbf"), ("\u4e00", "\u9fff"), ("\uf900", "\ufaff"), ("\U00020000", "\U0003ffff"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pattern:
    """A phrase to find: `key` is what hits report; `text` need not be in normal form."""

    key: int
    text: str
    is_word: bool = True


class Hit(NamedTuple):
    """Characters `start` to `end` of the key of text `row` are pattern `key`."""

    row: int
    key: int
    start: int
    end: int


class DatabaseCache(Protocol):
    """Keeps compiled databases under a digest of everything that they depend on."""

    def get(self, key: str) -> bytes | None:
        """What was kept under this digest."""
        ...

    def put(self, key: str, compiled: bytes) -> None:
        """Keep this."""
        ...


class PatternSet:
    """Compiled patterns; safe to share between threads.

    >>> found = PatternSet.compile([Pattern(7, "iron dawn")]).scan(["the iron dawn", "dawns"])
    >>> [tuple(hit) for hit in found]
    [(0, 7, 4, 13)]
    """

    def __init__(
        self,
        forms: Sequence[tuple[str, Sequence[Pattern]]],
        cache: DatabaseCache | None = None,
    ) -> None:
        self._texts = [text for text, _ in forms]
        self._lengths = [len(text.encode()) for text in self._texts]
        self._patterns = [tuple(patterns) for _, patterns in forms]
        self._local = threading.local()
        self._database = _database([text.encode() for text in self._texts], cache)

    @classmethod
    def compile(cls, patterns: Iterable[Pattern], cache: DatabaseCache | None = None) -> PatternSet:
        """One database for all patterns; a second for fifty thousand, unless the cache has it.

        Raises:
            ValueError: the normal form of a pattern is empty.
        """
        patterns = list(patterns)
        normals = normalise_all([pattern.text for pattern in patterns])
        forms = [normal.text.strip(" ") for normal in normals]
        for pattern, form in zip(patterns, forms, strict=True):
            if not form:
                raise ValueError(f"pattern {pattern.key} is empty in normal form")
        return cls(list(_by_form(patterns, forms).items()), cache)

    @classmethod
    def compile_usable(
        cls, patterns: Iterable[Pattern], cache: DatabaseCache | None = None
    ) -> PatternSet:
        """As `compile`; leaves out patterns whose normal form is empty."""
        patterns = list(patterns)
        normals = normalise_all([pattern.text for pattern in patterns])
        named = [(one, normal.text.strip()) for one, normal in zip(patterns, normals, strict=True)]
        usable = [(pattern, form) for pattern, form in named if form]
        forms = _by_form([pattern for pattern, _ in usable], [form for _, form in usable])
        return cls(list(forms.items()), cache)

    @classmethod
    def of_literals(cls, literals: Iterable[str]) -> PatternSet:
        """A set that finds these texts as they are, anywhere, in texts that are no keys."""
        unique = sorted(set(literals))
        return cls([(text, (Pattern(0, text, is_word=False),)) for text in unique])

    def __len__(self) -> int:
        return len(self._texts)

    def scan(self, texts: Sequence[NormalText | str | None]) -> list[Hit]:
        """Every hit in every text; a plain string must be a key already."""
        if self._database is None or not texts:
            return []
        if isinstance(texts, NormalTexts):
            return self._in_joined(texts)
        keys = [_key_of(text) for text in texts]
        raw = self._raw(_BREAK.join(keys).encode("utf-8", "surrogatepass"))
        return self._hits(raw, keys) if raw else []

    def _raw(self, buffer: bytes) -> list[tuple[int, int]]:
        """Forms and where they end in the buffer, in bytes."""
        raw: list[tuple[int, int]] = []
        if buffer and self._database is not None:
            self._database.scan(
                buffer,
                match_event_handler=lambda form, _start, end, _flags, _: raw.append((form, end)),
                scratch=self._scratch(),
            )
        return raw

    def _in_joined(self, texts: NormalTexts) -> list[Hit]:
        """The hits in a buffer that stands joined already: only rows with a hit become strings."""
        found: set[Hit] = set()
        for form, end in self._raw(texts.buffer):
            place = int(np.searchsorted(texts.starts, end - 1, side="right")) - 1
            row = int(texts.rows[place])
            last = len(texts.buffer[texts.starts[place] : end].decode("utf-8", "surrogatepass"))
            first = last - len(self._texts[form])
            found.update(_accepted(row, texts.key(row), first, last, self._patterns[form]))
        return sorted(found)

    def _scratch(self) -> hyperscan.Scratch:
        scratch = getattr(self._local, "scratch", None)
        if scratch is None:
            scratch = self._local.scratch = hyperscan.Scratch(self._database)
        return scratch

    def _hits(self, raw: Iterable[tuple[int, int]], keys: Sequence[str]) -> list[Hit]:
        sizes = (len(key) if key.isascii() else _n_bytes(key) for key in keys)
        row_starts = list(accumulate((size + 1 for size in sizes), initial=0))
        counts: dict[int, npt.NDArray[np.int64]] = {}
        found: set[Hit] = set()
        for form, end in raw:
            row = bisect_right(row_starts, end - 1) - 1
            key = keys[row]
            last = end - row_starts[row]
            if not key.isascii():
                if row not in counts:
                    counts[row] = _n_characters(key)
                last = int(counts[row][last - 1])
            first = last - len(self._texts[form])
            found.update(_accepted(row, key, first, last, self._patterns[form]))
        return sorted(found)


def scan_one_by_one(
    patterns: Iterable[Pattern], texts: Sequence[NormalText | str | None]
) -> list[Hit]:
    """What `PatternSet.scan` must find, by plain search: the oracle of its tests."""
    patterns = list(patterns)
    normals = normalise_all([pattern.text for pattern in patterns])
    forms = _by_form(patterns, [normal.text.strip(" ") for normal in normals])
    found: set[Hit] = set()
    for row, text in enumerate(texts):
        key = _key_of(text)
        for form, wanted in forms.items():
            start = key.find(form)
            while start >= 0:
                found.update(_accepted(row, key, start, start + len(form), wanted))
                start = key.find(form, start + 1)
    return sorted(found)


def _database(
    expressions: Sequence[bytes], cache: DatabaseCache | None
) -> hyperscan.Database | None:
    """The compiled literals: from the cache, or compiled and kept there; None for none."""
    if not expressions:
        return None
    key = ""
    if cache is not None and len(expressions) >= WORTH_KEEPING:
        digest = sha256(f"{_METHOD} {version('hyperscan')}".encode())
        digest.update(b"\n".join(expressions))
        key = digest.hexdigest()
        kept = cache.get(key)
        if kept is not None:
            try:
                return hyperscan.loadb(kept, hyperscan.HS_MODE_BLOCK)
            except hyperscan.error:  # of another version or machine: compile again
                pass
    database = hyperscan.Database()
    database.compile(expressions=expressions, ids=list(range(len(expressions))), literal=True)
    if cache is not None and key:
        cache.put(key, hyperscan.dumpb(database))
    return database


def _by_form(patterns: Sequence[Pattern], own_forms: Sequence[str]) -> dict[str, list[Pattern]]:
    forms: dict[str, list[Pattern]] = {}
    for pattern, form in zip(patterns, own_forms, strict=True):
        forms.setdefault(form, []).append(pattern)
        if form.startswith(_ARTICLE):
            forms.setdefault(_FOR_THE + form.removeprefix(_ARTICLE), []).append(pattern)
    return forms


def _accepted(
    row: int, key: str, start: int, end: int, patterns: Iterable[Pattern]
) -> Iterator[Hit]:
    is_whole = None
    for pattern in patterns:
        if pattern.is_word:
            if is_whole is None:
                is_whole = _is_whole(key, start, end)
            if not is_whole:
                continue
        yield Hit(row, pattern.key, start, end)


def _is_whole(key: str, start: int, end: int) -> bool:
    if end < len(key) and _are_joined(key[end - 1], key[end]):
        return False
    if start == 0 or not _are_joined(key[start - 1], key[start]):
        return True
    return "\u0620" <= key[start] <= "\u064a" and _is_prefixed(key, start)


def _is_prefixed(key: str, start: int) -> bool:
    begin = start
    while begin > 0 and start - begin <= _LONGEST_PREFIX and _is_word_character(key[begin - 1]):
        begin -= 1
    return key[begin:start] in _ARABIC_PREFIXES


def _are_joined(left: str, right: str) -> bool:
    return _is_word_character(left) and _is_word_character(right)


@lru_cache(maxsize=4096)
def _is_word_character(char: str) -> bool:
    if any(first <= char <= last for first, last in _WITHOUT_BLANKS):
        return False
    return char.isalnum() or char == "_" or unicodedata.category(char)[0] == "M"


def _key_of(text: NormalText | str | None) -> str:
    if text is None:
        return ""
    return text if isinstance(text, str) else text.text


def _n_characters(key: str) -> npt.NDArray[np.int64]:
    """For each byte of a key, how many characters have begun up to it."""
    data = np.frombuffer(key.encode("utf-8", "surrogatepass"), dtype=np.uint8)
    return np.cumsum((data & 0xC0) != 0x80)  # noqa: PLR2004  # bytes 10xxxxxx continue a character


def _n_bytes(key: str) -> int:
    return len(key.encode("utf-8", "surrogatepass"))
