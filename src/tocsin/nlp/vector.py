"""A reading as numbers, for the models that are trained.

Comes in: a reading. Goes out: a vector of the features `CUE_FEATURES`, in this order. Always
holds: each value lies in [0, 1]; the order changes only with `CUE_VERSION`. Refused: nothing; a
cue that the features do not name counts for nothing.

Counts are log-scaled: none is 0, `MOST` or more is 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log1p
from typing import Final

import numpy as np
import numpy.typing as npt

from tocsin.nlp.cues import KINDS
from tocsin.nlp.signs import QUOTED
from tocsin.nlp.types import ROLES, Reading

__all__ = ["CUE_FEATURES", "CUE_VERSION", "cue_matrix", "cue_vector"]

CUE_VERSION: Final = "cues 2"
MOST: Final = 8
_FLAGS: Final = ("negated", "spared", "recanted", "menace", "aimed", "news_host", "questions")
_IMAGE: Final = tuple(f"image:{kind}" for kind in ("violence", "praise", "join_call"))
_COUNTS: Final = (*KINDS, *(QUOTED + kind for kind in KINDS), *_FLAGS, *_IMAGE)
_SHARES: Final = ("share:quoted", "share:attributed")
_NAMES: Final = ("name:full", "name:dismissive")
CUE_FEATURES: Final = (*_COUNTS, *(f"role:{role}" for role in ROLES), *_SHARES, *_NAMES)
"""Counts of cues in own words, the same in quoted words (`quoted:`), what grammar says of them,
cues in images; the score of each role; the share of characters that are quoted, and attributed
without marks; whether a group is called by its full name only, or by a dismissive one only."""

_LOG: Final = [log1p(count) / log1p(MOST) for count in range(MOST + 1)]


_PLACES: Final = {name: place for place, name in enumerate(_COUNTS)}
_ROLE_PLACES: Final = {role: CUE_FEATURES.index(f"role:{role}") for role in ROLES}
_FIRST_SHARE: Final = CUE_FEATURES.index(_SHARES[0])
_FIRST_NAME: Final = CUE_FEATURES.index(_NAMES[0])


def cue_vector(reading: Reading) -> npt.NDArray[np.float32]:
    """The features of one reading.

    >>> vector = cue_vector(Reading(text="", language="", cues={"praise": 8}))
    >>> float(vector[CUE_FEATURES.index("praise")]), vector.shape == (len(CUE_FEATURES),)
    (1.0, True)
    """
    vector: npt.NDArray[np.float32] = cue_matrix([reading])[0]
    return vector


def cue_matrix(readings: Sequence[Reading]) -> npt.NDArray[np.float32]:
    """The features of many readings, one a row."""
    matrix = np.zeros((len(readings), len(CUE_FEATURES)), np.float32)
    cells: list[int] = []
    values: list[float] = []
    begin = 0
    for reading in readings:
        for place, value in _values(reading):
            cells.append(begin + place)
            values.append(value)
        begin += len(CUE_FEATURES)
    matrix.reshape(-1)[cells] = values
    return matrix


def _values(reading: Reading) -> Iterator[tuple[int, float]]:
    """The features that are not 0, and their places: few of them in most readings."""
    cues = reading.cues
    for name, count in cues.items():
        place = _PLACES.get(name)
        if place is not None:
            yield place, _LOG[min(count, MOST)]
    for role, score in reading.roles.items():
        yield _ROLE_PLACES[role], score
    if reading.quoted or "attributed" in reading.marks:
        yield from _shares(reading)
    is_full = _names(reading, "group_full_name")
    is_dismissive = _names(reading, "group_dismissive")
    if is_full != is_dismissive:
        yield _FIRST_NAME + int(is_dismissive), 1.0


def _shares(reading: Reading) -> Iterator[tuple[int, float]]:
    length = max(len(reading.text), 1)
    for place, spans in enumerate((reading.quoted, reading.marks.get("attributed", ()))):
        yield _FIRST_SHARE + place, sum(end - start for start, end in spans) / length


def _names(reading: Reading, kind: str) -> bool:
    """Whether a group is called by this kind of name, by anybody."""
    return reading.cues.get(kind, 0) + reading.cues.get(QUOTED + kind, 0) > 0
