"""Which letters a text must hold before an expression of the grammar of threats can match.

Comes in: the source of an expression, as `threat_grammar` writes it. Goes out: runs of letters and
blanks, of which every match holds at least one. Always holds: a text without any of them is not
matched; the other way round nothing is promised. Refused: nothing; an expression that can match
without any of the letters that this looks for has no answer.

The idea is that of prefilters for regular expressions (Cox, "Regular Expression Matching with a
Trigram Index", 2012), over the letters of words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

__all__ = ["Runs", "runs_needed", "words_needed"]

Runs = frozenset[str]
"""Letters, a blank between words, with `<` where a word begins before them, `>` where one ends."""

MIN_LETTERS: Final = 2
"""Single letters stand in every text."""

_MAX_STRINGS: Final = 4_000
_MAX_PRODUCT: Final = 512


class _Node(NamedTuple):
    """What a part of an expression matches.

    `strings` are all of it where they are few, else None; `runs` then is what each holds one of.
    """

    strings: frozenset[str] | None
    runs: Runs | None = None


_ANY: Final = _Node(None)
_NOTHING: Final = _Node(frozenset({""}))


def runs_needed(source: str) -> Runs | None:
    """What every match of an expression holds one of; None where that cannot be said.

    >>> sorted(runs_needed("<we><(?:will|shall)>(?:<[^<>]+>)?<(?:go|leav[^<>]*)>") or ())
    ['<we shall>', '<we will>']
    """
    return _runs(_Source(source).alternatives())


def words_needed(source: str) -> frozenset[str] | None:
    """Whole words that every match of an expression holds one of; None where it cannot be said.

    >>> sorted(words_needed("<we><will>(?:<[^<>]+>)?<(?:go|leave)>") or ())
    ['will']
    """
    words = {_whole_word(run) for run in runs_needed(source) or ("",)}
    return None if "" in words else frozenset(words)


def _whole_word(run: str) -> str:
    """The longest word that stands in a run with both of its borders."""
    words = run.strip("<>").split(" ")
    first = 0 if run.startswith("<") else 1
    last = len(words) - (0 if run.endswith(">") else 1)
    return max(words[first:last], key=len, default="")


class _Source:
    """Reads one source from left to right."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0

    def alternatives(self) -> _Node:
        """Up to the end, or the bracket that closes."""
        rows = [self._sequence()]
        while self._next() == "|":
            self._at += 1
            rows.append(self._sequence())
        return _either(rows) if len(rows) > 1 else rows[0]

    def _next(self) -> str:
        return self._source[self._at : self._at + 1]

    def _sequence(self) -> _Node:
        parts = []
        while self._next() not in {"", "|", ")"}:
            parts.append(self._counted(self._element()))
        return _row(parts)

    def _element(self) -> _Node:
        char = self._next()
        self._at += 1
        if char == "(":
            return self._group()
        if char == "[":
            return self._class()
        if char == "\\":
            return self._escaped()
        if char in "^$":
            return _NOTHING
        if char == ".":
            return _ANY
        begin = self._at - 1
        while self._next() not in _SPECIAL:
            self._at += 1
        if self._next() in _COUNTS and self._at - begin > 1:
            self._at -= 1  # the count is of the last character only
        return _Node(frozenset({self._source[begin : self._at]}))

    def _group(self) -> _Node:
        if self._source.startswith("?:", self._at):
            self._at += 2
        elif self._source.startswith("?P<", self._at):
            self._at = self._source.index(">", self._at) + 1
        inner = self.alternatives()
        self._at += 1
        return inner

    def _class(self) -> _Node:
        self._at += 1  # a bracket that stands first closes nothing
        while self._next() != "]":
            self._at += 2 if self._next() == "\\" else 1
        self._at += 1
        return _ANY

    def _escaped(self) -> _Node:
        char = self._next()
        self._at += 1
        if char in {"p", "P"}:
            self._at = self._source.index("}", self._at) + 1
        return _ANY if char.isalnum() else _Node(frozenset({char}))

    def _counted(self, part: _Node) -> _Node:
        """The part, as often as is said behind it."""
        char = self._next()
        if char not in _COUNTS:
            return part
        end = self._source.index("}", self._at) if char == "{" else self._at
        least = self._source[self._at + 1 : end].partition(",")[0] if char == "{" else ""
        self._at = end + 1
        if char == "?" and part.strings is not None:
            return _Node(part.strings | {""})
        is_there = char == "+" or (char == "{" and least != "0")
        return _Node(None, _runs(part)) if is_there else _ANY


_COUNTS: Final = frozenset("?*+{")
_SPECIAL: Final = frozenset({"", *"()[]\\^.$|", *_COUNTS})


def _either(rows: Sequence[_Node]) -> _Node:
    """One of the rows."""
    strings = [row.strings for row in rows if row.strings is not None]
    if len(strings) == len(rows) and sum(map(len, strings)) <= _MAX_STRINGS:
        return _Node(frozenset[str]().union(*strings))
    runs = [found for row in rows if (found := _runs(row)) is not None]
    return _Node(None, frozenset[str]().union(*runs)) if len(runs) == len(rows) else _ANY


def _row(parts: Iterable[_Node]) -> _Node:
    """One part after the other: each of them stands there, so the rarest is asked for."""
    strings: frozenset[str] = frozenset({""})
    needed: list[Runs | None] = []
    for part in parts:
        joined = None if part.strings is None else _joined(strings, part.strings)
        if joined is None:
            needed.append(_runs(_Node(strings)))
            needed.append(part.runs)
        strings = joined or part.strings or frozenset({""})
    if not needed:
        return _Node(strings)
    needed.append(_runs(_Node(strings)))
    return _Node(None, max(filter(None, needed), key=_rarity, default=None))


def _joined(first: frozenset[str], second: frozenset[str]) -> frozenset[str] | None:
    if min(len(first), len(second)) > 1 and len(first) * len(second) > _MAX_PRODUCT:
        return None
    return frozenset(one + other for one in first for other in second)


def _rarity(runs: Runs) -> tuple[int, int, str]:
    return min(map(len, runs)), -len(runs), min(runs)


def _runs(node: _Node) -> Runs | None:
    if node.strings is None:
        return node.runs
    runs = frozenset(map(_run, node.strings))
    return runs if all(_n_letters(run) >= MIN_LETTERS for run in runs) else None


def _run(text: str) -> str:
    """The words of a string with a blank between two, with the borders of the first and last."""
    words = text.replace("><", " ")
    before = "<" if words[:1] in {"<", " "} else ""
    after = ">" if words[-1:] in {">", " "} else ""
    return f"{before}{words.strip('<> ')}{after}"


def _n_letters(run: str) -> int:
    return sum(map(str.isalnum, run))
