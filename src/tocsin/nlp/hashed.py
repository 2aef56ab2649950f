"""Hashed n-grams of many texts at once.

Comes in: match keys of texts. Goes out: for each text the places of its n-grams in a table of
`2**bits` weights: words, pairs of words, and runs of three to five characters. Always holds: a text
has the same places in every batch; the work is NumPy over the whole batch, no loop over texts.
Refused: nothing.

A run of characters is hashed from prefix sums of a polynomial modulo 2**64 (Rabin-Karp: Karp and
Rabin 1987): the hash of characters s to e is (P[e] - P[s]) * B**-s, so every run costs the same.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["BITS", "GRAMS_VERSION", "Grams", "hashed_grams"]

GRAMS_VERSION: Final = "grams/1"
BITS: Final = 18

Words = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

_RUNS: Final = (3, 4, 5)
_BASE: Final = 0x9E3779B97F4A7C15  # odd, so that it has an inverse modulo 2**64
_INVERSE: Final = pow(_BASE, -1, 1 << 64)
_MIX: Final = np.uint64(0xD6E8FEB86659FD93)
_BLANK: Final = 32
_END: Final = 10
_MAX_CHARACTERS: Final = 2_000
"""Of one text; what stands behind them in a long article is not read by these models."""


@dataclass(frozen=True, slots=True)
class Grams:
    """The n-grams of some texts: of text `i` those at `starts[i]` to `starts[i + 1]`."""

    places: Places
    starts: Places

    def sums(self, weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """For each text the sum of its rows of `weights` over the root of how many there are.

        `weights`: (2**bits, outputs); the answer: (texts, outputs).
        """
        counts = np.diff(self.starts)
        total = np.zeros((len(counts), weights.shape[1]), np.float32)
        filled = np.flatnonzero(counts)
        if len(filled):
            gathered = weights[self.places]
            total[filled] = np.add.reduceat(gathered, self.starts[filled], axis=0)
        return total / np.sqrt(np.maximum(counts, 1)).astype(np.float32)[:, None]


def hashed_grams(keys: Sequence[str], bits: int = BITS) -> Grams:
    """The places of the n-grams of these keys in a table of `2**bits` rows."""
    if not keys:
        return Grams(np.zeros(0, np.int64), np.zeros(1, np.int64))
    codes = _letters(keys)
    rows = np.cumsum(codes == _END) - 1  # the row that a character belongs to
    prefix, inverse = _prefix_sums(codes)
    found, owners = [], []
    for salt, (first, last) in enumerate(_ranges(codes, rows)):
        hashes = (prefix[last] - prefix[first]) * inverse[first]
        hashes = (hashes ^ np.uint64(salt + 1)) * _MIX
        found.append((hashes >> np.uint64(64 - bits)).astype(np.int64))
        owners.append(rows[first])
    owner = np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    starts = np.zeros(len(keys) + 1, np.int64)
    np.cumsum(np.bincount(owner, minlength=len(keys)), out=starts[1:])
    return Grams(np.concatenate(found)[order], starts)


def _letters(keys: Sequence[str]) -> npt.NDArray[np.uint32]:
    """All keys as code points, words parted by one blank, each key begun by a line end."""
    joined = "\n" + "\n".join(
        [" " + key[:_MAX_CHARACTERS].replace("\n", " ") + " " for key in keys]
    )
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    codes = np.where(_word_table()[np.minimum(codes, 0x10000)] | (codes == _END), codes, _BLANK)
    is_blank = codes == _BLANK
    doubled = np.zeros(len(codes), bool)
    doubled[1:] = is_blank[1:] & is_blank[:-1]
    return codes[~doubled].astype(np.uint32)


@lru_cache(maxsize=1)
def _word_table() -> npt.NDArray[np.bool_]:
    """Which code points are part of a word; the last entry is for all beyond the first plane."""
    kinds = (unicodedata.category(chr(code))[0] in "LNM" for code in range(0x10000))
    return np.append(np.fromiter(kinds, bool, 0x10000), True)


@lru_cache(maxsize=4)
def _powers(length: int) -> tuple[Words, Words]:
    """Powers of the base and of its inverse, modulo 2**64."""
    both = []
    for base in (_BASE, _INVERSE):
        powers = np.full(length, base, np.uint64)
        powers[0] = 1
        both.append(np.cumprod(powers, dtype=np.uint64))
    return both[0], both[1]


def _prefix_sums(codes: npt.NDArray[np.uint32]) -> tuple[Words, Words]:
    room = 1 << max(12, len(codes).bit_length())  # few sizes, so that they are kept
    powers, inverse = _powers(room)
    prefix = np.zeros(len(codes) + 1, np.uint64)
    np.cumsum(codes.astype(np.uint64) * powers[: len(codes)], out=prefix[1:], dtype=np.uint64)
    return prefix, inverse


def _ranges(codes: npt.NDArray[np.uint32], rows: Places) -> Iterator[tuple[Places, Places]]:
    """Where the n-grams of each kind begin and end."""
    is_word = (codes != _BLANK) & (codes != _END)
    edges = np.diff(is_word.astype(np.int8), prepend=0, append=0)
    first, last = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    yield first, last
    together = rows[first[1:]] == rows[first[:-1]] if len(first) else np.zeros(0, bool)
    yield first[:-1][together], last[1:][together]
    for length in _RUNS:
        begin = np.arange(max(len(codes) - length + 1, 0))
        end = begin + length
        inside = (rows[end - 1] == rows[begin]) & (codes[begin] != _END)
        yield begin[inside], end[inside]
