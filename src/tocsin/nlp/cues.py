"""Cues: words that tell in whose voice, and about what, a text speaks.

Comes in: texts, and the lists in the folder `cues` (one file a language, `<language>.yaml`: kinds
and their words; files with more parts in their name are other people's). Goes out: `CueHit`s, in
characters of the original and of its normal form. Always holds: one scan for all cues of all
languages, whatever language a text is said to be in; the same hits alone or in a batch. Refused:
a file that is no mapping of kinds to words (`CueFileError` says where).

Languages of the Latin script share short words ("die", "war", "no"). The language with most
letters in its cues, among them the frequent words of kind `function`, is the text's likely one; of
the others short cues and pronouns are dropped. A text that mixes languages keeps its longer cues.

An entry is a word or a phrase. Where it ends in `*` the word may go on; the hit then runs to the
end of the word. Spelling variants that a writer may choose are made here, not listed: the curly
apostrophe, French and Spanish without accents (in entries of six letters or more), Turkish
without a dotless i or with a dotted capital, Russian with "е" for "ё".
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import yaml

from tocsin.matching import HitColumns, NormalText, NormalTexts, Pattern, PatternSet, documents

__all__ = [
    "DANGER",
    "KINDS",
    "CueFileError",
    "CueHit",
    "CueScan",
    "Cues",
    "load_cues",
    "read_cues",
    "scan_cues",
    "shipped_cues",
]

KINDS: Final = (
    "attribution", "source", "report", "event", "negation", "condemnation", "revulsion", "mockery",
    "question", "fiction", "hyperbole", "laughter", "first_person", "second_person",
    "third_person", "intent", "violence", "praise", "jargon", "group_full_name", "group_name",
    "group_dismissive", "join_call",
)  # fmt: skip
"""Every kind of cue that is reported; `docs/concepts/use-and-mention.md` says what each means."""

DANGER: Final = frozenset(
    {
        "praise",
        "jargon",
        "violence",
        "join_call",
        "group_full_name",
        "group_name",
        "group_dismissive",
    }
)
"""Kinds that ask for a whole reading; a text without them says nothing that we look for."""

FUNCTION: Final = "function"
"""The kind of frequent words, which no hit reports."""

_SHORT: Final = 5
"""Cues of so few letters are taken for words of the likely language only."""
_GRAMMAR: Final = frozenset(
    {FUNCTION, "first_person", "second_person", "third_person", "negation", "question"}
)
_LAST_LATIN: Final = "\u024f"
_SHORTEST_UNACCENTED: Final = 6  # shorter ones would be other words
_LANGUAGES_WITHOUT_ACCENTS: Final = frozenset({"es", "fr"})
_COMBINING_DOT: Final = "\u0307"  # what casefolding leaves of a dotted capital I

Ints = npt.NDArray[np.int64]


class CueFileError(ValueError):
    """A list of cues that cannot be read: which file, which kind, and what was expected."""


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
        self._is_latin = np.array([_is_latin(lists[each]) for each in self.languages])
        self._is_grammar = np.array([kind in _GRAMMAR for kind, _ in self.names])
        self._is_silent = np.array([kind == FUNCTION for kind, _ in self.names])
        self._patterns = PatternSet.compile(
            _pattern(key, variant)
            for key, (kind, language) in enumerate(self.names)
            for entry in lists[language][kind]
            for variant in _variants(entry, language)
        )

    def scan(self, texts: Sequence[str]) -> CueScan:
        """One scan over all texts."""
        normals = documents(texts)
        found = self._patterns.scan_joined(normals)
        likely = self._likely(found, len(texts))
        hits = HitColumns(*(column[self._is_kept(found, likely)] for column in found))
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


def load_cues() -> dict[str, dict[str, list[str]]]:
    """The shipped lists: language, kind, entries."""
    found = {}
    for path in sorted(files("tocsin.nlp").joinpath("cues").iterdir(), key=lambda path: path.name):
        language, _, rest = path.name.partition(".")
        if rest == "yaml":
            found[language] = read_cues(path.read_text(encoding="utf-8"), path.name)
    return found


def read_cues(source: str, name: str) -> dict[str, list[str]]:
    """The lists of one file.

    Raises:
        CueFileError: it is no mapping of kinds to lists of words.
    """
    try:
        lists = yaml.load(source, _LOADER)  # noqa: S506  # a safe loader, in C where there is one
    except yaml.YAMLError as error:
        raise CueFileError(f"{name}: expected YAML, {type(error).__name__}") from error
    if not isinstance(lists, dict):
        raise CueFileError(f"{name}: expected kinds of cues with lists of words")
    return {_kind(kind, name): list(_entries(kind, lists[kind], name)) for kind in lists}


_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _kind(kind: object, name: str) -> str:
    if not isinstance(kind, str) or kind not in {*KINDS, FUNCTION}:
        raise CueFileError(f"{name}: expected one of the kinds {', '.join(KINDS)}, {FUNCTION}")
    return kind


def _entries(kind: object, entries: object, name: str) -> Iterator[str]:
    if not isinstance(entries, list):
        raise CueFileError(f"{name}: {kind}: expected a list of words")
    for place, entry in enumerate(entries):
        if not isinstance(entry, str) or not entry.strip(" *"):
            raise CueFileError(f"{name}: {kind}: entry {place} is no word; put it in quotes")
        yield entry


def _is_latin(lists: Mapping[str, Sequence[str]]) -> bool:
    """Whether a language is written in Latin letters."""
    letters = (char for entries in lists.values() for entry in entries for char in entry)
    return next(filter(str.isalpha, letters), "") <= _LAST_LATIN


def _variants(entry: str, language: str) -> list[str]:
    """The spellings of an entry."""
    found = {entry}
    if language in _LANGUAGES_WITHOUT_ACCENTS and len(entry) >= _SHORTEST_UNACCENTED:
        found.add(_unaccented(entry))
    elif language == "ru":
        found.add(entry.replace("ё", "е"))
    elif language == "tr":
        found.add(entry.replace("ı", "i"))
        found.add(" ".join(_dotted(word) for word in entry.split(" ")))
    return sorted(found | {variant.replace("'", "’") for variant in found})


def _unaccented(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _dotted(word: str) -> str:
    return f"i{_COMBINING_DOT}{word[1:]}" if word.startswith("i") else word


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
