"""The grammar of threats: expressions over words, read from cue files and compiled to RE2.

Comes in: a mapping read from `cues/<language>.threat.yaml`. Goes out: `Grammar`. Always holds:
every expression runs in time proportional to the text; an expression means the same whatever text
it meets. Refused: an unknown list, an open bracket, a list that holds itself (`GrammarError` says
where).

An expression is a row of elements between blanks:

    we                one word; `~` in it stands for any letters (`threat~`)
    {harm}            one entry of the list `harm`; an entry is itself an expression
    (up|out of)       one of these
    {a}+{b}+c         one word made of parts
    ..3               up to three words of the same sentence
    ^                 the beginning of a clause
    act=(...)         the words are the part `act` of the threat

`prefix` in a file may stand before every word ("and" in Arabic).

`?` after an element: it may be missing; `*`: it stands up to three times, or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import re2

from tocsin.nlp.threat_needs import words_needed
from tocsin.nlp.threat_tokens import elided, in_normal_form
from tocsin.nlp.types import ThreatKind

__all__ = ["Expression", "Grammar", "GrammarError", "Rule", "read_grammar"]

_MEMORY: Final = 64 << 20
_GAP: Final = r"<[^<>.?]+>"
_NOUN_WORD: Final = r'<[^<>.?,:"]+>'
_LETTERS: Final = r"[^<>.?]*"
_CLAUSE: Final = r'(?:^(?:<@[^<>]*>)*|<(?:[.?:"*…–—]|\p{So})>)'
_AT_MOST: Final = 3
"""How often an element with `*` stands."""

_BUILT_IN: Final = {
    "np": f"(?:{_NOUN_WORD}){{1,5}}",
    "before": f"(?:{_NOUN_WORD}){{0,9}}",
    "any": _GAP,
}
_DEPTH = 12


class GrammarError(ValueError):
    """A cue file that cannot be read: where, and what was expected."""


@dataclass(frozen=True)
class Expression:
    """One compiled expression."""

    source: str = field(repr=False)

    @cached_property
    def compiled(self) -> Any:
        """The expression as RE2, made when first used."""
        options = re2.Options()
        options.max_mem = _MEMORY
        options.log_errors = False
        return re2.compile(self.source.encode(), options)

    @cached_property
    def words(self) -> frozenset[str] | None:
        """Words of which every match holds one; None where that cannot be said."""
        return words_needed(self.source)

    @cached_property
    def groups(self) -> tuple[tuple[str, int], ...]:
        """The labels of its groups with their numbers; a label may stand in several rows."""
        found = self.compiled.groupindex.items()
        return tuple((name.decode().partition("_")[2], number) for name, number in found)


@dataclass(frozen=True)
class Rule:
    """One way to threaten. `traits` say what to look at beyond the words (see `threats`)."""

    name: str
    kind: ThreatKind
    score: float
    traits: frozenset[str]
    expression: Expression


@dataclass(frozen=True)
class Grammar:
    """What one language's file holds."""

    language: str
    anchors: Expression
    rules: tuple[Rule, ...]
    words: Mapping[str, frozenset[str]]
    context: Mapping[str, Expression]
    parts: Mapping[str, Expression]


def read_grammar(given: Mapping[str, Any]) -> Grammar:
    """The grammar that a cue file describes.

    Raises:
        GrammarError: what cannot be read.
    """
    compiler = _Compiler(str(given["language"]), given["lists"], given.get("prefix", ""))
    rules = [compiler.rule(number, one) for number, one in enumerate(given["rules"])]
    return Grammar(
        language=compiler.language,
        anchors=Expression(_bare(compiler.alternatives(given["anchors"], 0))),
        rules=tuple(rules),
        words={name: frozenset(map(in_normal_form, rows)) for name, rows in given["words"].items()},
        context=compiler.expressions(given["context"]),
        parts=compiler.expressions(given["parts"]),
    )


class _Compiler:
    """Turns the expressions of one file into RE2."""

    def __init__(self, language: str, lists: Mapping[str, Sequence[str]], prefix: str = "") -> None:
        self.language = language
        self._lists = lists
        self._prefix = self._part(prefix) if prefix else ""

    def rule(self, number: int, given: Mapping[str, Any]) -> Rule:
        """One rule of the file; `match` is one expression or several."""
        match = given["match"]
        rows = [match] if isinstance(match, str) else match
        sources = [self.sequence(row, 0) for row in rows]
        # a name may stand once in an expression, a label more often: the names are numbered
        first, *others = "|".join(sources).split("(?P<")
        named = [f"(?P<n{number}_{source}" for number, source in enumerate(others)]
        traits = given.get("traits", "").split()
        return Rule(
            name=f"{self.language}.{number}",
            kind=ThreatKind(given["kind"]),
            score=float(given["score"]),
            traits=frozenset(traits),
            expression=Expression(first + "".join(named)),
        )

    def expressions(self, given: Mapping[str, Sequence[str]]) -> dict[str, Expression]:
        """Named rows of expressions, each compiled as alternatives."""
        return {name: Expression(self.alternatives(rows, 0)) for name, rows in given.items()}

    def alternatives(self, rows: Sequence[str], depth: int) -> str:
        """One of these expressions; those of more words are tried first."""
        ordered = sorted(rows, key=lambda row: -len(self._split(row, " ")))
        return "(?:" + "|".join(self.sequence(row, depth) for row in ordered) + ")"

    def sequence(self, row: str, depth: int) -> str:
        """The elements of one expression."""
        if depth > _DEPTH:
            raise GrammarError(f"{self.language}: a list holds itself, near `{row[:40]}`")
        return "".join(self._element(piece, depth) for piece in self._split(row, " "))

    def _split(self, row: str, at: str) -> list[str]:
        pieces, level, begin = [], 0, 0
        for index, char in enumerate(row):
            level += (char == "(") - (char == ")")
            if char == at and level == 0:
                pieces.append(row[begin:index])
                begin = index + 1
        if level:
            raise GrammarError(f"{self.language}: a bracket is not closed in `{row[:60]}`")
        return [piece for piece in [*pieces, row[begin:]] if piece]

    def _element(self, piece: str, depth: int) -> str:
        label, equals, rest = piece.partition("=")
        if equals and label.isalpha():
            return f"(?P<{label}>{self._element(rest, depth)})"
        if piece == "^":
            return _CLAUSE
        if piece.startswith(".."):
            return f"(?:{_GAP}){{0,{int(piece[2:])}}}"
        parts = self._split(piece, "+")
        if piece[-1] == "?" and len(piece) > 1 and len(parts) == 1:
            return f"(?:{self._element(piece[:-1], depth)})?"
        if piece[-1] == "*" and len(piece) > 1:
            return f"(?:{self._element(piece[:-1], depth)}){{0,{_AT_MOST}}}"
        if len(parts) > 1:
            return f"<{self._prefix}{''.join(map(self._part, parts))}>"
        if piece[0] == "(":
            return self.alternatives(self._split(piece[1:-1], "|"), depth + 1)
        if piece[0] == "{":
            return self._named(piece[1:-1], depth)
        words = elided(in_normal_form(piece))
        return "".join(f"<{self._prefix}{_literal(word)}>" for word in words)

    def _named(self, name: str, depth: int) -> str:
        if name in _BUILT_IN:
            return _BUILT_IN[name]
        return self.alternatives(self._list(name), depth + 1)

    def _list(self, name: str) -> Sequence[str]:
        if name not in self._lists:
            raise GrammarError(f"{self.language}: there is no list `{name}`; add it to `lists`")
        return self._lists[name]

    def _part(self, part: str) -> str:
        """A part of one word: letters, or a list of them."""
        optional = "?" if part.endswith("?") else ""
        bare = part.rstrip("?")
        if bare.startswith("{"):
            rows = [_literal(row) for row in self._list(bare[1:-1])]
            return f"(?:{'|'.join(rows)}){optional}"
        if bare.startswith("("):
            rows = [_literal(row) for row in self._split(bare[1:-1], "|")]
            return f"(?:{'|'.join(rows)}){optional}"
        return f"(?:{_literal(bare)}){optional}"


def _bare(source: str) -> str:
    """Without apostrophes, as in a rough line."""
    return source.replace("\\'", "").replace("'", "")


def _literal(words: str) -> str:
    """Letters of one word, or of several with blanks between them."""
    pieces = [re2.escape(in_normal_form(piece)) for piece in words.split("~")]
    return _LETTERS.join(pieces).replace("\\ ", "><")
