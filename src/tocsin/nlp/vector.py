"""A reading as numbers, for the models that are trained.

Comes in: a reading. Goes out: a vector of the features `CUE_FEATURES`, in this order. Always
holds: each value lies in [0, 1]; the order changes only with `CUE_VERSION`. Refused: nothing; a
cue that the features do not name counts for nothing.

Counts are log-scaled: none is 0, `MOST` or more is 1.
"""

from __future__ import annotations

from collections.abc import Sequence
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


def cue_vector(reading: Reading) -> npt.NDArray[np.float32]:
    """The features of one reading.

    >>> vector = cue_vector(Reading(text="", language="", cues={"praise": 8}))
    >>> float(vector[CUE_FEATURES.index("praise")]), vector.shape == (len(CUE_FEATURES),)
    (1.0, True)
    """
    cues, roles = reading.cues, reading.roles
    length = max(len(reading.text), 1)
    full = cues.get("group_full_name", 0) + cues.get(QUOTED + "group_full_name", 0)
    dismissive = cues.get("group_dismissive", 0) + cues.get(QUOTED + "group_dismissive", 0)
    attributed = reading.marks.get("attributed", ())
    return np.array(
        [
            *(_LOG[min(cues.get(name, 0), MOST)] for name in _COUNTS),
            *(roles.get(role, 0.0) for role in ROLES),
            sum(end - start for start, end in reading.quoted) / length,
            sum(end - start for start, end in attributed) / length,
            float(full > 0 and dismissive == 0),
            float(dismissive > 0 and full == 0),
        ],
        np.float32,
    )


def cue_matrix(readings: Sequence[Reading]) -> npt.NDArray[np.float32]:
    """The features of many readings, one a row."""
    if not readings:
        return np.zeros((0, len(CUE_FEATURES)), np.float32)
    return np.stack([cue_vector(reading) for reading in readings])
