"""Skeletons of names: what is left of a handle once its disguises are taken off.

Comes in: a handle or a display name. Goes out: two skeletons, with and without the digits at
its end, since those may be letters in disguise or just a number. Always holds: a skeleton is
its own skeleton; it holds letters and digits only. Refused: nothing; a name without letters and
digits has empty skeletons.
"""

from __future__ import annotations

from itertools import groupby
from typing import Final, NamedTuple

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
    shorter = folded.rstrip(_NUMBER_AND_JOINERS)
    return Skeletons(full, _bare(shorter) or full if shorter != folded else full)


_NUMBER_AND_JOINERS: Final = "0123456789 _-.·"
_ASCII_LETTERS: Final = bytes(
    ord(chr(code).translate(tables.LEET)) if code < 128 else code  # noqa: PLR2004  # ASCII ends
    for code in range(256)
)
_ASCII_DROPPED: Final = bytes(
    code for code in range(128) if not chr(code).isalnum() and chr(code) not in "@$"
)


def _bare(folded: str) -> str:
    if folded.isascii():
        letters = folded.encode("ascii").translate(_ASCII_LETTERS, _ASCII_DROPPED).decode("ascii")
        return "".join([char for char, _ in groupby(letters)])
    while True:
        letters = folded.translate(tables.TO_LATIN).translate(tables.LEET)
        kept = (char for char, _ in groupby(filter(str.isalnum, letters)))
        bare = fold_characters("".join(kept))
        if bare == folded:
            return bare
        folded = bare
