"""Skeletons of names: what is left of a handle once its disguises are taken off.

Comes in: a handle or a display name. Goes out: two skeletons, with and without the digits at
its end, since those may be letters in disguise or just a number. Always holds: a skeleton is
its own skeleton; it holds letters and digits only. Refused: nothing; a name without letters and
digits has empty skeletons.
"""

from __future__ import annotations

from typing import NamedTuple

from tocsin.matching import tables
from tocsin.matching.normal import fold_characters

__all__ = ["Skeletons", "skeletons"]


class Skeletons(NamedTuple):
    """`full` reads digits at the end as letters; `stem` leaves them out."""

    full: str
    stem: str


def skeletons(name: str) -> Skeletons:
    """The skeletons of a name.

    >>> skeletons("@1r0n__D\u0430wnnn_88")
    Skeletons(full='irondawnb', stem='irondawn')
    """
    folded = fold_characters(name).lstrip("@ ")
    full = _bare(folded)
    stem = _bare(folded.rstrip(_NUMBER_AND_JOINERS))
    return Skeletons(full, stem or full)


_NUMBER_AND_JOINERS = "0123456789 _-.·"


def _bare(folded: str) -> str:
    while True:
        letters = folded.translate(tables.TO_LATIN).translate(tables.LEET)
        kept: list[str] = []
        for char in letters:
            if char.isalnum() and (not kept or kept[-1] != char):
                kept.append(char)
        bare = fold_characters("".join(kept))
        if bare == folded:
            return bare
        folded = bare
