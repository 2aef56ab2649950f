"""The shared multi-pattern scan: many phrases, many texts, one call.

Comes in: patterns and texts in normal form. Goes out: hits as (row, key, start, end) in
characters of the key, sorted and without duplicates. Always holds: one Hyperscan call per
batch, whatever the number of patterns; no hit crosses from one text, or one part of a document,
to the next; the same hits as `scan_one_by_one`, which is a plain search (compared in
`tests/property/test_scan.py`). Refused: a pattern whose normal form is empty.

A pattern that is a *word* needs a border on both sides (see `borders`), a *stem* needs one before
it only.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from itertools import accumulate
from typing import Final, NamedTuple, Protocol

import hyperscan
import numpy as np
import numpy.typing as npt

from tocsin.matching.borders import (
    ARTICLE,
    FOR_THE,
    begins_word,
    ends_word,
    is_prefixed,
    word_mask,
)
from tocsin.matching.joined import NormalTexts, normalise_all
from tocsin.matching.normal import NormalText

__all__ = ["DatabaseCache", "Hit", "HitColumns", "Pattern", "PatternSet", "scan_one_by_one"]

Ints = npt.NDArray[np.int64]

_BREAK: Final = "\n"  # in no pattern
_BEFORE: Final = 1  # a border before the span
_BOTH: Final = 2  # and one behind it
_ARABIC: Final = (0x0620, 0x064A)
_METHOD: Final = "literals 1"

FEW_HITS: Final = 16
"""So many in a batch cost less one by one than what is computed for a whole buffer."""

WORTH_KEEPING: Final = 500
"""Fewer patterns are compiled sooner (10 ms) than a file is read."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A phrase to find: `key` is what hits report; `text` need not be in normal form.

    A stem may go on: "condemn" stands in "condemning" too. The hit ends where the stem does.
    """

    key: int
    text: str
    is_word: bool = True
    is_stem: bool = False


class Hit(NamedTuple):
    """Characters `start` to `end` of the key of text `row` are pattern `key`."""

    row: int
    key: int
    start: int
    end: int


class HitColumns(NamedTuple):
    """Hits as columns, sorted by row, key and place."""

    rows: Ints
    keys: Ints
    starts: Ints
    ends: Ints

    @classmethod
    def none(cls) -> HitColumns:
        """No hits."""
        return cls(*(np.zeros(0, np.int64) for _ in cls._fields))

    def sorted(self) -> HitColumns:
        """The same hits in order, each once."""
        order = np.lexsort((self.ends, self.starts, self.keys, self.rows))
        table = np.stack(self)[:, order]
        is_new = np.ones(len(order), np.bool_)
        is_new[1:] = (table[:, 1:] != table[:, :-1]).any(axis=0)
        return HitColumns(*table[:, is_new])


class _Columns(NamedTuple):
    """What is known of each form and of each of its patterns, as arrays."""

    n_characters: Ints
    n_patterns: Ints
    first: Ints
    keys: Ints
    border: Ints

    @classmethod
    def of(cls, forms: Sequence[tuple[str, Sequence[Pattern]]]) -> _Columns:
        """The columns of these forms."""
        n_patterns = np.array([len(patterns) for _, patterns in forms], np.int64)
        every = [pattern for _, patterns in forms for pattern in patterns]
        return cls(
            np.array([len(text) for text, _ in forms], np.int64),
            n_patterns,
            np.cumsum(n_patterns) - n_patterns,
            np.array([pattern.key for pattern in every], np.int64),
            np.array([_needed(pattern) for pattern in every], np.int64),
        )


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
        self._columns = _Columns.of(forms)
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
            raw = self._raw(texts.buffer)
            if len(raw) <= FEW_HITS:
                return self._in_joined(raw, texts)
            found = self._in_columns(raw, texts)
            return [Hit(*hit) for hit in zip(*(each.tolist() for each in found), strict=True)]
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

    def literals_in(self, buffer: bytes) -> tuple[Ints, Ints]:
        """Which texts of the set stand in these bytes, by place in the set, and where they end.

        For sets made by `of_literals`, whose texts are in sorted order; no borders are looked at.
        """
        raw = self._raw(buffer)
        if not raw:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        forms, ends = np.array(raw, np.int64).T
        return forms, ends

    def scan_joined(self, texts: NormalTexts) -> HitColumns:
        """As `scan`, in columns: the same hits in the same order, for many texts."""
        raw = self._raw(texts.buffer)
        return self._in_columns(raw, texts) if raw else HitColumns.none()

    def _in_joined(self, raw: Iterable[tuple[int, int]], texts: NormalTexts) -> list[Hit]:
        """Few hits: only the rows that they stand in become strings."""
        found: set[Hit] = set()
        for form, end in raw:
            place = int(np.searchsorted(texts.starts, end - 1, side="right")) - 1
            row = int(texts.rows[place])
            last = len(texts.buffer[texts.starts[place] : end].decode("utf-8", "surrogatepass"))
            first = last - len(self._texts[form])
            found.update(_accepted(row, texts.key(row), first, last, self._patterns[form]))
        return sorted(found)

    def _in_columns(self, raw: Sequence[tuple[int, int]], texts: NormalTexts) -> HitColumns:
        """Many hits: what all of them need is computed for the whole buffer."""
        forms, ends = np.array(raw, np.int64).T
        key = texts.buffer.decode("utf-8", "surrogatepass")
        places = np.searchsorted(texts.starts, ends - 1, side="right") - 1
        bases = texts.starts[places]
        if not texts.buffer.isascii():
            before = _n_characters(texts.buffer)
            ends, bases = before[ends], before[bases]
        columns = self._columns
        starts = ends - columns.n_characters[forms]
        counts = columns.n_patterns[forms]
        source = np.repeat(np.arange(len(forms)), counts)
        nth = np.arange(len(source)) - np.repeat(np.cumsum(counts) - counts, counts)
        pattern = columns.first[forms][source] + nth
        is_kept = _borders(key, starts, ends)[source] >= columns.border[pattern]
        source, keys = source[is_kept], columns.keys[pattern[is_kept]]
        rows = texts.rows[places[source]]
        hits = HitColumns(rows, keys, (starts - bases)[source], (ends - bases)[source])
        return hits.sorted()

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
                    counts[row] = _n_characters(key.encode("utf-8", "surrogatepass"))
                last = int(counts[row][last])
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
        if form.startswith(ARTICLE):
            forms.setdefault(FOR_THE + form.removeprefix(ARTICLE), []).append(pattern)
    return forms


def _accepted(
    row: int, key: str, start: int, end: int, patterns: Iterable[Pattern]
) -> Iterator[Hit]:
    border = None
    for pattern in patterns:
        needed = _needed(pattern)
        if needed and border is None:
            border = _border(key, start, end)
        if not needed or (border or 0) >= needed:
            yield Hit(row, pattern.key, start, end)


def _needed(pattern: Pattern) -> int:
    """Which border a pattern needs: as `_border` counts them."""
    if pattern.is_stem:
        return _BEFORE
    return _BOTH if pattern.is_word else 0


def _border(key: str, start: int, end: int) -> int:
    if not begins_word(key, start):
        return 0
    return _BOTH if ends_word(key, end) else _BEFORE


def _borders(key: str, starts: Ints, ends: Ints) -> Ints:
    """`_border` for many spans; the break between texts is a border."""
    codes = np.frombuffer((key + _BREAK).encode("utf-32-le", "surrogatepass"), "<u4")
    words = word_mask(codes)
    begins = (starts == 0) | ~(words[starts - 1] & words[starts])
    inside = np.flatnonzero(~begins & (codes[starts] >= _ARABIC[0]) & (codes[starts] <= _ARABIC[1]))
    for index in inside:
        begins[index] = is_prefixed(key, int(starts[index]))
    is_end = ~(words[ends - 1] & words[ends])
    return np.where(begins, np.where(is_end, _BOTH, _BEFORE), 0)


def _key_of(text: NormalText | str | None) -> str:
    if text is None:
        return ""
    return text if isinstance(text, str) else text.text


def _n_characters(data: bytes) -> Ints:
    """How many characters begin before each byte, and before the end."""
    codes = np.frombuffer(data, dtype=np.uint8)
    counts = np.zeros(len(codes) + 1, np.int64)
    np.cumsum((codes & 0xC0) != 0x80, out=counts[1:])  # noqa: PLR2004  # 10xxxxxx continues one
    return counts


def _n_bytes(key: str) -> int:
    return len(key.encode("utf-8", "surrogatepass"))
