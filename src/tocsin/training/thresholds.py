"""Review thresholds and gates, chosen on text that must be left alone.

Comes in: cross-validated log odds of training posts, and the kinds of text that each is. Goes out:
the threshold of each harm and the gates of the second layer. Always holds: at its threshold a
harm flags no more than its share of every kind of text that is large enough to tell, so that the
worst kind decides and not the average; the scores are of posts that they had not seen.

A threshold is for words in the author's own voice. What the grammar of threats names as well needs
less, and what is said in another role (quotation, report, condemnation) needs more, by the fixed
margins of `nlp.scorer.review_margin`: with few posts to count, one number is chosen and not three.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tocsin.errors import InputError
from tocsin.nlp.scorer import review_margin
from tocsin.nlp.types import Harm, Reading
from tocsin.nlp.weights import Floats
from tocsin.training.fit import Targets
from tocsin.training.posts import SEED_SET, TrainingPost

__all__ = ["SECOND_GATE", "WIDE_GATE", "Bound", "Gate", "asked_rows", "gates", "review_thresholds"]

Bools = npt.NDArray[np.bool_]

SPARED_SHARE: Final = 0.004
"""Of one harm, of one kind of text that must not be flagged; few posts are flagged for two harms,
so that all together stay below one per cent."""

ORDINARY_SHARE: Final = 0.001

HYPERBOLE_SHARE: Final = 0.3
"""Of posts picked for their violent words that are no threat: people, too, are often unsure."""

SEED_SHARE: Final = 0.08
"""Seed sentences are written to be hard; real text of their kind is mostly easier."""

MIN_GROUP: Final = 150
_MIN_SEEDS: Final = 60
_LEAST_GATE: Final = -6.0
_LOWEST: Final = -20.0  # a number that JSON can write, below every score


class Bound(NamedTuple):
    """A threshold in log odds, and the kind of text that asks for it."""

    threshold: float
    kind: str


class Gate(NamedTuple):
    """How much of a harm a layer may keep from the next, and of how many posts it may ask it."""

    loss: float
    most: float


SECOND_GATE: Final = Gate(loss=0.05, most=0.12)
WIDE_GATE: Final = Gate(loss=0.15, most=0.04)
"""The third layer is dear: what it does not see keeps its score."""


def review_thresholds(
    logits: Floats, posts: Sequence[TrainingPost], readings: Sequence[Reading]
) -> dict[str, Bound]:
    """By harm from where on a person should look, before `review_margin`.

    Raises:
        InputError: no kind of text that must be left alone is large enough to tell.
    """
    found = {}
    for place, harm in enumerate(Harm):
        margins = np.array([review_margin(harm, reading) for reading in readings], np.float32)
        found[harm.value] = _highest(_bounds(logits[:, place] - margins, posts))
    return found


def _highest(bounds: Iterator[Bound]) -> Bound:
    """What the worst kind asks for."""
    found = list(bounds)
    if not found:
        raise InputError(
            "too few posts that must not be flagged to choose a threshold by",
            hint=f"of one kind (news, counter-speech, ordinary traffic) give at least {MIN_GROUP}",
        )
    return max(found)


def _bounds(logits: npt.NDArray[np.float32], posts: Sequence[TrainingPost]) -> Iterator[Bound]:
    """For each kind of text the threshold that it asks for."""
    rows: dict[str, list[int]] = {}
    for row, post in enumerate(posts):
        for group in post.groups:
            rows.setdefault(group, []).append(row)
    for group, found in sorted(rows.items()):
        share = _share(group, posts[found[0]], len(found))
        if share is not None:
            yield Bound(_rounded(_threshold(logits[found], share)), group)


def _share(group: str, post: TrainingPost, count: int) -> float | None:
    """What may be flagged of a kind of text; None where there is too little of it to tell."""
    is_seed = post.data_set == SEED_SET
    if count < (_MIN_SEEDS if is_seed else MIN_GROUP):
        return None
    if group.startswith("hyperbole") or group == f"{SEED_SET}: Oh":
        return HYPERBOLE_SHARE
    if is_seed:
        return SEED_SHARE
    return ORDINARY_SHARE if post.is_ordinary else SPARED_SHARE


def _threshold(logits: npt.NDArray[np.float32], share: float) -> float:
    """The lowest threshold that lets at most this share pass.

    One post may always pass: in a small kind a single code that is wrong would decide for all.
    """
    ordered = np.sort(logits)[::-1]
    allowed = max(int(len(ordered) * share), 1)
    return float(np.nextafter(ordered[allowed], np.float32(np.inf)))


def gates(logits: Floats, targets: Targets, gate: Gate) -> dict[str, float]:
    """By harm the log odds of a layer from which on the next is asked."""
    found = {}
    for place, harm in enumerate(Harm):
        positives = targets.truths[:, place] & (targets.weights[:, place] >= 1)
        lost = float(np.quantile(logits[positives, place], gate.loss))
        asked = float(np.quantile(logits[:, place], 1 - gate.most))
        found[harm.value] = _rounded(max(lost, asked, _LEAST_GATE))
    return found


def asked_rows(logits: Floats, gate: Mapping[str, float]) -> npt.NDArray[np.int64]:
    """The posts that the next layer is asked about."""
    least = np.array([gate[harm.value] for harm in Harm], np.float32)
    return np.flatnonzero(np.any(logits[:, : len(Harm)] >= least, axis=1))


def _rounded(value: float) -> float:
    """Upwards: downwards would let through what lies between."""
    return float(np.ceil(max(value, _LOWEST) * 1e4) / 1e4)
