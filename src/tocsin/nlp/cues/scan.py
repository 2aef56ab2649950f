"""One scan for all cues of all languages.

Comes in: texts. Goes out: `CueHit`s, in characters of the original and of its normal form. Always
holds: every language is looked for, whatever language a text is said to be in; the same hits alone
or in a batch. Refused: nothing.

Languages of the Latin script share short words ("die", "war", "no"). The language with most
letters in its cues, among them the frequent words of kind `function`, is the text's likely one; of
the others short cues and pronouns are dropped. A text that mixes languages keeps its longer cues.
The hit of an entry that may go on runs to the end of the word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tocsin.matching import HitColumns, NormalText, NormalTexts, Pattern, PatternSet, documents
from tocsin.nlp.cues.lists import FUNCTION, KINDS, is_latin, load_cues, variants

__all__ = ["CueHit", "CueScan", "Cues", "scan_cues", "shipped_cues"]

_SHORT: Final = 5
"""Cues of so few letters are taken for words of the likely language only."""
_GRAMMAR: Final = frozenset(
    {FUNCTION, "first_person", "second_person", "third_person", "negation", "question"}
)

Ints = npt.NDArray[np.int64]


class CueHit(NamedTuple):
    """A cue: its kind and language, where it stands in the original, and where in the key."""

    kind: str
    lang: str
    start: int
    end: int
    key_start: int
    key_end: int


@dataclass(frozen=True, slots=True)
class CueScan:
    """The cues of a batch, in columns of places in the keys; one row a text."""

    cues: Cues
    texts: NormalTexts
    hits: HitColumns
    bounds: Ints
    """The hits of row `i` are `bounds[i]` to `bounds[i + 1]`."""
    likely: Ints
    """Which of the languages of the Latin script each text is most likely in."""

    def counts(self) -> Ints:
        """How often each of `KINDS` stands in each text; a cue inside a longer one is the same."""
        rows, keys, starts, ends = self.hits
        kinds = self.cues.kind_of[keys]
        order = np.lexsort((-ends, starts, kinds, rows))
        cells = (rows * len(KINDS) + kinds)[order]
        is_new = np.ones(len(order), np.bool_)
        is_same = cells[1:] == cells[:-1]
        is_new[1:] = ~(is_same & (starts[order][1:] < ends[order][:-1]))
        n_rows = len(self.bounds) - 1
        counts = np.bincount(cells[is_new], minlength=n_rows * len(KINDS))
        return counts.reshape(n_rows, len(KINDS))

    def hits_of(self, row: int) -> list[CueHit]:
        """The cues of one text, by place."""
        first, last = int(self.bounds[row]), int(self.bounds[row + 1])
        normal = self.texts[row]
        if first == last or normal is None:
            return []
        found = zip(
            self.hits.starts[first:last].tolist(),
            self.hits.ends[first:last].tolist(),
            self.hits.keys[first:last].tolist(),
            strict=True,
        )
        hits = {_hit(self.cues.names[key], normal, start, end) for start, end, key in found}
        return sorted(hits, key=_place)


class Cues:
    """Compiled lists of cues; safe to share between threads."""

    def __init__(self, lists: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        self.names: Final = tuple(
            (kind, language) for language in sorted(lists) for kind in sorted(lists[language])
        )
        places = {kind: place for place, kind in enumerate((*KINDS, FUNCTION))}
        self.kind_of: Final = np.array([places[kind] for kind, _ in self.names], np.int64)
        self.languages: Final = tuple(sorted(lists))
        self._language_of = np.array([self.languages.index(each) for _, each in self.names])
        self._is_latin = np.array([is_latin(lists[each]) for each in self.languages])
        self._is_grammar = np.array([kind in _GRAMMAR for kind, _ in self.names])
        self._is_laughter = np.array([kind == "laughter" for kind, _ in self.names])
        self._is_silent = np.array([kind == FUNCTION for kind, _ in self.names])
        self._patterns = PatternSet.compile(
            _pattern(key, variant)
            for key, (kind, language) in enumerate(self.names)
            for entry in lists[language][kind]
            for variant in variants(entry, language, kind)
        )

    def scan(self, texts: Sequence[str]) -> CueScan:
        """One scan over all texts."""
        normals = documents(texts)
        found = self._patterns.scan_joined(normals)
        likely = self._likely(found, len(texts))
        is_kept = self._is_kept(found, likely)
        for place in np.flatnonzero(is_kept & self._is_run(found)):
            is_kept[place] = _holds_run(normals, *(int(column[place]) for column in found))
        hits = HitColumns(*(column[is_kept] for column in found))
        bounds = np.searchsorted(hits.rows, np.arange(len(texts) + 1))
        return CueScan(self, normals, hits, bounds, likely)

    def _likely(self, hits: HitColumns, n_rows: int) -> Ints:
        """For each row the place of its likely language among those of the Latin script."""
        n_languages = len(self.languages)
        cells = hits.rows * n_languages + self._language_of[hits.keys]
        votes = np.bincount(cells, hits.ends - hits.starts, n_rows * n_languages)
        table = votes.astype(np.int64).reshape(n_rows, n_languages)
        table[:, ~self._is_latin] = -1
        likely: Ints = table.argmax(axis=1)
        return likely

    def _is_run(self, hits: HitColumns) -> npt.NDArray[np.bool_]:
        """Laughter of one letter: the key keeps one of many."""
        is_single: npt.NDArray[np.bool_] = hits.ends - hits.starts == 1
        is_single &= self._is_laughter[hits.keys]
        return is_single

    def _is_kept(self, hits: HitColumns, likely: Ints) -> npt.NDArray[np.bool_]:
        languages = self._language_of[hits.keys]
        is_other = self._is_latin[languages] & (languages != likely[hits.rows])
        is_short = (hits.ends - hits.starts <= _SHORT) | self._is_grammar[hits.keys]
        kept: npt.NDArray[np.bool_] = ~self._is_silent[hits.keys] & ~(is_other & is_short)
        return kept


@cache
def shipped_cues() -> Cues:
    """The cues of the folder `cues`, compiled once."""
    return Cues(load_cues())


def scan_cues(texts: Sequence[str]) -> list[list[CueHit]]:
    """The shipped cues in each text, by place.

    >>> [(hit.kind, hit.lang, hit.start, hit.end) for hit in scan_cues(["They CONDEMNED it"])[0]]
    [('third_person', 'en', 0, 4), ('condemnation', 'en', 5, 14)]
    """
    scan = shipped_cues().scan(texts)
    return [scan.hits_of(row) for row in range(len(texts))]


def _holds_run(texts: NormalTexts, row: int, _key: int, start: int, end: int) -> bool:
    """Whether a letter of a key, alone in its word, is a run of them in the original."""
    key = texts.key(row)
    letter = key[start:end]
    is_alone = (start == 0 or not key[start - 1].isalnum()) and not key[end : end + 1].isalnum()
    return is_alone and (not letter.isalpha() or letter * 3 in (texts.original(row) or ""))


def _pattern(key: int, text: str) -> Pattern:
    is_stem = text.endswith("*")
    return Pattern(key, text.removesuffix("*"), is_stem=is_stem)


def _hit(name: tuple[str, str], normal: NormalText, start: int, end: int) -> CueHit:
    key = normal.text
    while end < len(key) and key[end].isalnum() and key[end - 1].isalnum():
        end += 1
    kind, language = name
    return CueHit(kind, language, *normal.original_span(start, end), start, end)


def _place(hit: CueHit) -> tuple[int, int, str, str]:
    return hit.start, -hit.end, hit.kind, hit.lang
