"""Whom a threat is aimed at: the target among the words beside the act.

Comes in: the words beside the act, and a language's lists. Goes out: `Target`: what it is and
which words name it. Always holds: a group may be one that no list knows: what is plural, or
follows "all", "those" or "any", counts as people unless a list says that it is a thing. Refused:
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["Aim", "Target", "target_after", "target_before"]

MAX_NAME = 5
"""Words of a name or group; "of" and what follows it come on top."""

_NONE: Final[AbstractSet[str]] = frozenset()


class Aim(StrEnum):
    """What a target is."""

    PERSON = "person"
    GROUP = "group"
    UNKNOWN = "unknown"
    COUNTED = "counted"
    OPPONENT = "opponent"
    THING = "thing"
    SELF = "self"
    NOBODY = "nobody"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Target:
    """What the target is, and its words from `first` to before `last` (equal: none)."""

    aim: Aim
    first: int
    last: int


class _Lists:
    """The lists of a language, empty where its file has none."""

    def __init__(self, words: Mapping[str, AbstractSet[str]]) -> None:
        self.own = words.get("self", _NONE)
        self.pronouns = words.get("pronouns", _NONE)
        self.counts = words.get("counts", _NONE)
        self.articles = words.get("articles", _NONE)
        self.skip = words.get("skip", _NONE)
        self.quantifiers = words.get("quantifiers", _NONE)
        self.possessives = words.get("possessives", _NONE)
        self.stop = words.get("stop", _NONE)
        self.clause = words.get("clause", _NONE)
        self.relative = words.get("relative", _NONE)
        self.nobody = words.get("nobody", _NONE)
        self.things = words.get("things", _NONE)
        self.people = words.get("people", _NONE)
        self.close = words.get("close", _NONE)
        self.opponents = words.get("opponents", _NONE)
        self.links = words.get("links", _NONE)
        self._prefixes = tuple(sorted(words.get("prefixes", ()), key=len, reverse=True))
        self.plurals = tuple(words.get("plurals", ()))
        self.singulars = tuple(words.get("singulars", ()))

    def is_thing(self, word: str) -> bool:
        """Whether the word, or what stands behind a prefix, is no person."""
        if word in self.things or word.startswith("http"):
            return True
        return any(
            word.startswith(prefix)
            and not self.things.isdisjoint({word[len(prefix) :], "ال" + word[len(prefix) :]})
            for prefix in self._prefixes
        )

    def is_article(self, word: str, behind: Sequence[str]) -> bool:
        """Whether a word that may be a pronoun ("les", "los") leads to a name here."""
        if word not in self.articles or not behind:
            return False
        return _is_word(behind[0]) and behind[0] not in self.stop and behind[0] not in self.pronouns

    def is_plural(self, word: str) -> bool:
        """Whether the ending says so."""
        return (
            bool(self.plurals)
            and word.endswith(self.plurals)
            and not (self.singulars and word.endswith(self.singulars))
        )


def target_after(
    words: Sequence[str],
    first: int,
    last: int,
    lists: Mapping[str, AbstractSet[str]],
    capitals: AbstractSet[int],
) -> Target:
    """The target that begins at word `first` and may reach to before word `last`.

    `capitals` are the words that begin with a capital letter inside a sentence.
    """
    return _read(words, first, last, _Lists(lists), capitals)


def target_before(
    words: Sequence[str],
    first: int,
    last: int,
    lists: Mapping[str, AbstractSet[str]],
    capitals: AbstractSet[int],
) -> Target:
    """The subject that ends before word `last` and may reach back to word `first`."""
    known = _Lists(lists)
    begin = first
    for index in range(last - 1, first - 1, -1):
        if words[index] in known.clause or not _is_word(words[index]):
            begin = index + 1
            break
    for index in range(begin, last):
        if words[index] in known.relative:
            if index > begin:
                return _read(words, begin, index, known, capitals)
            begin = index + 1
            break
    return _read(words, begin, last, known, capitals)


def _is_word(word: str) -> bool:
    return any(char.isalpha() for char in word)


def _read(
    words: Sequence[str], first: int, last: int, known: _Lists, capitals: AbstractSet[int]
) -> Target:
    """Skip what only leads to the target, then say what it is."""
    index = first
    is_all = is_theirs = False
    while index < last:
        word = words[index]
        if word in known.nobody:
            return Target(Aim.NOBODY, first, index + 1)
        if word in known.quantifiers or known.is_article(word, words[index + 1 : last]):
            is_all = True
        elif word in known.possessives:
            is_theirs = True
        elif word not in known.skip and not (is_all and word in known.links):
            break
        index += 1
    if index == last:
        aim = Aim.GROUP if is_all else Aim.PERSON if is_theirs else Aim.NONE
        return Target(aim, first, first if aim is Aim.NONE else last)
    word = words[index]
    if word in known.own:
        return Target(Aim.SELF, first, index + 1)
    if word in known.pronouns:
        return Target(Aim.PERSON, first, index + 1)
    end = _end_of_name(words, index, last, known)
    if end == index:
        return Target(Aim.GROUP if is_all else Aim.NONE, first, index if is_all else first)
    return Target(_aim(words, index, end, known, capitals, is_all=is_all or is_theirs), first, end)


def _end_of_name(words: Sequence[str], index: int, last: int, known: _Lists) -> int:
    end, limit = index, min(last, index + MAX_NAME)
    while end < limit:
        word = words[end]
        if word in known.links and end > index:
            limit = min(last, end + 1 + MAX_NAME)
        elif (
            word in known.stop
            or word in known.pronouns
            or word in known.own
            or (not _is_word(word) and not (word[0].isdigit() and end == index))
        ):
            break
        end += 1
    return end


def _aim(
    words: Sequence[str],
    first: int,
    end: int,
    known: _Lists,
    capitals: AbstractSet[int],
    *,
    is_all: bool,
) -> Aim:
    name = words[first:end]
    head = _head(name, known)
    if name[0] in known.counts or name[0][0].isdigit():
        return Aim.COUNTED
    if any(word in known.opponents for word in name):
        return Aim.OPPONENT
    if name[0].startswith("@"):
        return Aim.PERSON
    if any(word in known.people for word in name):
        return Aim.GROUP
    if any(word in known.close for word in name):
        return Aim.UNKNOWN
    if any(map(known.is_thing, name)):
        return Aim.THING
    if is_all or known.is_plural(head):
        return Aim.GROUP
    return Aim.PERSON if any(index in capitals for index in range(first, end)) else Aim.UNKNOWN


def _head(name: Sequence[str], known: _Lists) -> str:
    for index, word in enumerate(name):
        if word in known.links and index:
            return name[index - 1]
    return name[-1]
