"""Which texts of a batch can hold a threat at all; most cannot, and are spared the grammar.

Comes in: the texts of a batch. Goes out: the rows that `find_threats` has to look at, and in
which languages. Always holds: in the others there is no threat (`tests/nlp/test_threat_gate.py`
compares); one scan for all languages and the whole batch. Refused: nothing.

No language threatens without one of its anchors. `threat_needs` says which letters these want; they
are looked for in rough lines, which is where `find_threats` looks for the anchors themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

import numpy as np

from tocsin.matching import PatternSet
from tocsin.nlp.arabizi import arabizi_rows
from tocsin.nlp.threat_needs import runs_needed
from tocsin.nlp.threat_tokens import rough_lines
from tocsin.nlp.threats import LANGUAGES, grammar

__all__ = ["ThreatGate", "shipped_gate"]

_BREAK: Final = ord("\n")
_BLANK: Final = ord(" ")


class ThreatGate:
    """The letters that the anchors of each language want, compiled; safe to share by threads."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        """`sources`: for each language the expression of its anchors."""
        wanted = {language: runs_needed(source) for language, source in sources.items()}
        self._languages: Final = tuple(sources)
        self._open: Final = [name for name, runs in wanted.items() if runs is None]
        runs = [
            (run, place)
            for place, found in enumerate(wanted.values())
            for run in sorted(found or ())
        ]
        literals = sorted({run.strip("<>") for run, _ in runs})
        self._literals = PatternSet.of_literals(literals)
        self._sizes = np.array([len(literal.encode()) for literal in literals], np.int64)
        self._wants_begin = np.ones((len(literals), len(sources)), np.bool_)
        self._wants_end = np.ones((len(literals), len(sources)), np.bool_)
        self._is_wanted = np.zeros((len(literals), len(sources)), np.bool_)
        numbers = {literal: number for number, literal in enumerate(literals)}
        for run, place in runs:
            cell = numbers[run.strip("<>")], place
            self._is_wanted[cell] = True
            self._wants_begin[cell] &= run.startswith("<")
            self._wants_end[cell] &= run.endswith(">")

    def languages(self, texts: Sequence[str]) -> dict[int, list[str]]:
        """The rows that may hold a threat, with the languages in which."""
        found = {row: set(self._open) for row in range(len(texts))} if self._open else {}
        for row, place in self._met(texts):
            found.setdefault(row, set()).add(self._languages[place])
        for row in arabizi_rows(texts):
            found[row] = set(self._languages)
        return {row: [one for one in self._languages if one in found[row]] for row in sorted(found)}

    def _met(self, texts: Sequence[str]) -> set[tuple[int, int]]:
        """Rows, and the places of the languages whose letters stand in them."""
        buffer, owners = rough_lines(texts)
        forms, ends = self._literals.literals_in(buffer)
        codes = np.frombuffer(buffer + b"\n", np.uint8)
        is_gap = (codes == _BLANK) | (codes == _BREAK)
        starts = ends - self._sizes[forms]
        begins = (starts == 0) | is_gap[starts - 1]
        is_met = self._is_wanted[forms]
        is_met &= begins[:, None] | ~self._wants_begin[forms]
        is_met &= is_gap[ends][:, None] | ~self._wants_end[forms]
        hits, places = np.nonzero(is_met)
        lines = np.searchsorted(np.flatnonzero(codes == _BREAK), ends[hits] - 1)
        return {
            (owners[line], place)
            for line, place in zip(lines.tolist(), places.tolist(), strict=True)
        }


@cache
def shipped_gate() -> ThreatGate:
    """The gate of the grammars that ship, made once."""
    return ThreatGate({language: grammar(language).anchors.source for language in LANGUAGES})
