"""What stands around a threat: whose words it is, and what takes from its plainness.

Comes in: the words of a text, a language's expressions of context, and where a threat stands.
Goes out: `Surroundings`: negated, asked, attributed, laughed about, and so on. Always holds:
looks at the sentence of the threat, except for laughter and games, which count anywhere in the
text. Refused: nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from tocsin.nlp.threat_grammar import Expression
from tocsin.nlp.threat_tokens import Tokens

__all__ = ["Context", "Surroundings"]

NEAR = 3
"""Words between a negation of an opinion ("I don't think that") and the threat."""

REACH = 14
"""Words between a verb of saying and what is said."""

AFTER = 9
"""Words between what is said and who said it, or a judgement of it."""

Range = tuple[int, int]
_ENDS: Final = frozenset({".", "?"})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is true of one threat by its surroundings."""

    negated: bool
    asked: bool
    attributed: bool
    conditional: bool
    trifling: bool
    laughed: bool
    played: bool


class Context:
    """The surroundings of every threat in one text."""

    def __init__(self, tokens: Tokens, expressions: Mapping[str, Expression]) -> None:
        self._tokens = tokens
        self._expressions = expressions
        self._found: dict[str, list[Range]] = {}

    def around(self, first: int, last: int, joint: Range) -> Surroundings:
        """What surrounds the words from `first` to before `last`; `joint` leads to the act."""
        begin, end = self.sentence(first, last)
        return Surroundings(
            negated=self._negated(begin, first) or self._denied(*joint),
            asked=end < len(self._words) and self._words[end] == "?",
            attributed=self._attributed(begin, first, last, end),
            conditional=self.holds("conditional", begin, end),
            trifling=self.holds("trifling", begin, end),
            laughed=self.holds("laughing", 0, len(self._words)),
            played=self.holds("playing", 0, len(self._words)),
        )

    @cached_property
    def _words(self) -> Sequence[str]:
        return self._tokens.words

    def sentence(self, first: int, last: int) -> Range:
        """The sentence that holds these words, without its end mark."""
        begin, end = first, last
        while begin > 0 and self._words[begin - 1] not in _ENDS:
            begin -= 1
        while end < len(self._words) and self._words[end] not in _ENDS:
            end += 1
        return begin, end

    def found(self, name: str) -> list[Range]:
        """Where an expression of context stands."""
        if name not in self._found:
            expression = self._expressions.get(name)
            self._found[name] = (
                [
                    self._tokens.words_of(*match.span())
                    for match in expression.compiled.finditer(self._tokens.line)
                ]
                if expression
                else []
            )
        return self._found[name]

    def holds(self, name: str, first: int, last: int) -> bool:
        """Whether an expression stands between these words."""
        return any(first <= start and end <= last for start, end in self.found(name))

    def covers(self, name: str, first: int, last: int) -> bool:
        """Whether an expression begins at, or lies over, the word `first`."""
        return any(start <= first < end and start < last for start, end in self.found(name))

    def ends_at(self, name: str, first: int) -> bool:
        """Whether an expression ends right before the word `first`."""
        return any(end == first for _, end in self.found(name))

    def _negated(self, begin: int, first: int) -> bool:
        """A negation right before, or of an opinion that leads to these words."""
        for start, end in self.found("negation"):
            if begin <= start < first <= end:
                return True
        return any(
            begin <= start and end <= first <= end + NEAR
            for start, end in self.found("denied_opinion")
        )

    def _denied(self, first: int, last: int) -> bool:
        """A negation among words that join a subject to what it deserves."""
        return any(start < last and first < end for start, end in self.found("negation"))

    def _attributed(self, begin: int, first: int, last: int, end: int) -> bool:
        """Whether somebody else says these words, or somebody judges them as words."""
        own = self.found("own_saying")
        for start, stop in self.found("saying"):
            is_own = any(a <= start and stop <= b for a, b in own)
            if begin <= start and stop <= first <= stop + REACH and not is_own:
                return True
        return any(
            last <= start <= last + AFTER and stop <= end
            for start, stop in (*self.found("said_after"), *self.found("judged_after"))
        )
