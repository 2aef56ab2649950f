"""Review thresholds and gates, chosen on text that must be left alone.

Comes in: cross-validated log odds of training posts, and the kind of text that each is. Goes out:
the threshold of each harm and the gates of the second layer. Always holds: at its threshold a harm
flags no more than its share of every kind of text that is large enough to tell, so that the worst
kind decides and not the average; thresholds are on posts that the scores had not seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tocsin.nlp.types import Harm
from tocsin.nlp.weights import Floats
from tocsin.training.fit import Targets
from tocsin.training.posts import SEED_SET, TrainingPost

__all__ = ["gates", "review_thresholds"]

SPARED_SHARE: Final = 0.003
"""Of one harm, of one kind of text that must not be flagged: three harms stay below one per cent,
and there is room for kinds that no one here has seen."""

ORDINARY_SHARE: Final = 0.0003

SEED_SHARE: Final = 0.02
"""Seed sentences are written to be hard; real text of their kind is mostly easier."""

MIN_GROUP: Final = 200
_MIN_SEEDS: Final = 20

GATE_LOSS: Final = 0.02
"""The share of a harm's posts that the first layer may keep from the second."""


def review_thresholds(logits: Floats, posts: Sequence[TrainingPost]) -> dict[str, dict[str, float]]:
    """By harm the log odds from which on a person should look; "*" stands for every language."""
    return {
        harm.value: {"*": _rounded(max(_bounds(logits[:, place], posts)))}
        for place, harm in enumerate(Harm)
    }


def _bounds(logits: npt.NDArray[np.float32], posts: Sequence[TrainingPost]) -> Iterator[float]:
    """For each kind of text the threshold that it asks for."""
    kinds = sorted({post.group for post in posts if post.group})
    for kind in kinds:
        rows = [row for row, post in enumerate(posts) if post.group == kind]
        first = posts[rows[0]]
        is_seed = first.data_set == SEED_SET
        if len(rows) < (_MIN_SEEDS if is_seed else MIN_GROUP):
            continue
        share = ORDINARY_SHARE if first.is_ordinary else SPARED_SHARE
        yield _threshold(logits[rows], SEED_SHARE if is_seed else share)


def _threshold(logits: npt.NDArray[np.float32], share: float) -> float:
    """The lowest threshold that lets at most this share pass."""
    ordered = np.sort(logits)[::-1]
    allowed = int(len(ordered) * share)
    return float(np.nextafter(ordered[allowed], np.float32(np.inf)))


def gates(logits: Floats, targets: Targets) -> dict[str, float]:
    """By harm the log odds of the first layer from which on the second is asked."""
    found = {}
    for place, harm in enumerate(Harm):
        positives = targets.truths[:, place] & (targets.weights[:, place] >= 1)
        found[harm.value] = _rounded(float(np.quantile(logits[positives, place], GATE_LOSS)))
    return found


def _rounded(value: float) -> float:
    return round(value, 4)
