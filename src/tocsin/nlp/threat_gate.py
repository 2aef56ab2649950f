"""Which texts of a batch can hold a threat at all; most cannot, and are spared the grammar.

Comes in: the texts of a batch. Goes out: the rows that `find_threats` has to look at. Always holds:
a text whose row is left out has no threats (`tests/nlp/test_threat_gate.py` compares); one scan for
all languages and the whole batch. Refused: nothing.

No language threatens without one of its anchors. `threat_needs` says which letters these want; they
are looked for in rough lines, which is where `find_threats` looks for the anchors themselves.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tocsin.matching import PatternSet
from tocsin.nlp.arabizi import is_arabizi
from tocsin.nlp.threat_needs import Runs, runs_needed
from tocsin.nlp.threat_tokens import rough_lines
from tocsin.nlp.threats import LANGUAGES, MAYBE_ARABIZI, grammar

__all__ = ["ThreatGate", "shipped_gate"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_BREAK: Final = ord("\n")
_BLANK: Final = ord(" ")


class ThreatGate:
    """The letters that the anchors of some languages want, compiled; safe to share by threads.

    `sources`: the expressions of the anchors. None of their letters known: every text passes.
    """

    def __init__(self, sources: Sequence[str]) -> None:
        wanted = [runs_needed(source) for source in sources]
        self._is_open: Final = None in wanted
        runs: Runs = frozenset[str]().union(*filter(None, wanted))
        literals = sorted({run.strip("<>") for run in runs})
        self._sizes = np.array([len(literal.encode()) for literal in literals], np.int64)
        self._needs_begin = np.array([_needs(runs, one, begin=True) for one in literals])
        self._needs_end = np.array([_needs(runs, one, begin=False) for one in literals])
        self._literals = PatternSet.of_literals(literals)

    def rows(self, texts: Sequence[str]) -> list[int]:
        """The rows that may hold a threat, in order."""
        if self._is_open:
            return list(range(len(texts)))
        buffer, owners = rough_lines(texts)
        forms, ends = self._literals.literals_in(buffer)
        codes = np.frombuffer(buffer + b"\n", np.uint8)
        is_gap = (codes == _BLANK) | (codes == _BREAK)
        starts = ends - self._sizes[forms]
        is_met = ~self._needs_begin[forms] | (starts == 0) | is_gap[starts - 1]
        is_met &= ~self._needs_end[forms] | is_gap[ends]
        breaks = np.flatnonzero(codes == _BREAK)
        lines = np.unique(np.searchsorted(breaks, ends[is_met] - 1))
        found = {owners[line] for line in lines.tolist()}
        return sorted(found | _in_arabizi(texts))


def _needs(runs: Runs, letters: str, *, begin: bool) -> bool:
    """Whether every run of these letters has a border on this side."""
    without = (letters, f"{letters}>") if begin else (letters, f"<{letters}")
    return runs.isdisjoint(without)


@cache
def shipped_gate() -> ThreatGate:
    """The gate of the grammars that ship, made once."""
    return ThreatGate([grammar(language).anchors.source for language in LANGUAGES])


def _in_arabizi(texts: Sequence[str]) -> set[int]:
    """Texts that are read as Arabic in Latin letters."""
    pieces = [text.encode("utf-8", "replace") for text in texts]
    starts = list(accumulate((len(piece) + 1 for piece in pieces), initial=0))
    matches: Any = MAYBE_ARABIZI.finditer(b"\n".join(pieces))
    rows = {bisect_right(starts, match.start()) - 1 for match in matches}
    return {row for row in rows if is_arabizi(texts[row])}
