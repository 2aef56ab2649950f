"""The lists of cues: kinds and their words, one file a language, with spelling variants.

Comes in: the files `<language>.yaml` of this folder (files with more parts in their name are other
modules'). Goes out: for each language its kinds with their entries; the spellings of an entry.
Always holds: the same lists in the same order. Refused: a file that is no mapping of known kinds
to words (`CueFileError` says where).

An entry is a word or a phrase; where it ends in `*` the word may go on. Spellings that a writer may
choose are made here, not listed: phrases as one word of a hashtag, the curly apostrophe, French and
Spanish without accents (in entries of five letters or more), Turkish without a dotless i or with a
dotted capital, Russian with "е" for "ё".
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

import yaml

__all__ = [
    "DANGER",
    "FUNCTION",
    "KINDS",
    "CueFileError",
    "is_latin",
    "load_cues",
    "read_cues",
    "variants",
]

KINDS: Final = (
    "attribution", "source", "report", "event", "negation", "condemnation", "revulsion", "mockery",
    "question", "fiction", "hyperbole", "laughter", "sport", "first_person", "second_person",
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

_LAST_LATIN: Final = "\u024f"
_IN_HASHTAGS: Final = frozenset(
    {"condemnation", "group_dismissive", "group_full_name", "group_name", "join_call", "praise"}
)
"""Phrases of these kinds are written as one word in hashtags."""
_SHORTEST_UNACCENTED: Final = 5  # shorter ones would be other words
_LANGUAGES_WITHOUT_ACCENTS: Final = frozenset({"es", "fr"})
_COMBINING_DOT: Final = "\u0307"  # what casefolding leaves of a dotted capital I
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class CueFileError(ValueError):
    """A list of cues that cannot be read: which file, which kind, and what was expected."""


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


def is_latin(lists: Mapping[str, Sequence[str]]) -> bool:
    """Whether a language is written in Latin letters."""
    letters = (char for entries in lists.values() for entry in entries for char in entry)
    return next(filter(str.isalpha, letters), "") <= _LAST_LATIN


def variants(entry: str, language: str, kind: str = "") -> list[str]:
    """The spellings of an entry.

    >>> variants("iron dawn", "en", "group_full_name")
    ['iron dawn', 'iron_dawn', 'irondawn']
    """
    found = {entry}
    if kind in _IN_HASHTAGS and " " in entry:
        found |= {entry.replace(" ", "_"), entry.replace(" ", "")}
    if language in _LANGUAGES_WITHOUT_ACCENTS and len(entry) >= _SHORTEST_UNACCENTED:
        found |= {_unaccented(variant) for variant in found}
    elif language == "ru":
        found |= {variant.replace("ё", "е") for variant in found}
    elif language == "tr":
        found |= {variant.replace("ı", "i") for variant in found}
        found.add(" ".join(_dotted(word) for word in entry.split(" ")))
    return sorted(found | {variant.replace("'", "’") for variant in found})


def _unaccented(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _dotted(word: str) -> str:
    return f"i{_COMBINING_DOT}{word[1:]}" if word.startswith("i") else word
