"""The judged posts that are nearest to a post: what a reviewer can compare it with.

Comes in: a sentence vector. Goes out: ids, codes and similarities of judged posts, nearest first.
Always holds: similarity is the cosine, in [-1, 1], rounded; equal similarities stand in order of
ids. An aid for the reader: nothing is decided by it. Refused: nothing.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tocsin.nlp.weights import Floats, ModelWeights

__all__ = ["JudgedExample", "nearest_examples", "packed_vectors"]

_SCALE: Final = 127.0
_DIGITS: Final = 2


class JudgedExample(NamedTuple):
    """A judged post: its id, what people said of it, and how near it is."""

    id: str
    code: str
    similarity: float


def packed_vectors(vectors: Floats) -> npt.NDArray[np.int8]:
    """Vectors of length one in eight bits a number; the cosine is then right to about 0.01."""
    peak = np.maximum(np.abs(vectors).max(axis=1, keepdims=True), 1e-9)
    packed: npt.NDArray[np.int8] = np.rint(vectors / peak * _SCALE).astype(np.int8)
    return packed


def nearest_examples(
    vector: Floats, weights: ModelWeights, count: int = 3
) -> tuple[JudgedExample, ...]:
    """The nearest judged posts."""
    packed = weights.examples.astype(np.float32)
    if not len(packed) or not vector.any():
        return ()
    lengths = np.linalg.norm(packed, axis=1) * np.linalg.norm(vector)
    cosines = np.round(packed @ vector / np.maximum(lengths, 1e-9), _DIGITS)
    order = sorted(range(len(cosines)), key=lambda row: (-cosines[row], weights.example_ids[row]))
    return tuple(
        JudgedExample(weights.example_ids[row], weights.example_codes[row], float(cosines[row]))
        for row in order[:count]
    )
