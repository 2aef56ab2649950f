"""What the layers are given of a post: n-gram sums, cues, and its vector.

Comes in: posts. Goes out: for a batch, readings and the inputs of the two layers. Always holds: a
post has the same inputs in every batch; quoted words reach no layer but through the cues that
count them, so that a model cannot take a quotation for its author's words. Refused: nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from tocsin.matching import match_keys
from tocsin.nlp.clean import plain_words
from tocsin.nlp.hashed import Grams, hashed_grams
from tocsin.nlp.reading import Reader
from tocsin.nlp.types import PostText, Reading
from tocsin.nlp.vector import CUE_FEATURES, cue_vector
from tocsin.nlp.weights import Floats

__all__ = ["MAX_VECTOR_CHARACTERS", "PostBatch", "VectorSource", "read_batch", "vectors_of"]

MAX_VECTOR_CHARACTERS: Final = 600
"""Sentence vectors of longer texts mean little, and cost as much as they are long."""


class VectorSource(Protocol):
    """Gives sentence vectors: (texts, dimensions) float32 of length one each."""

    name: str
    version: str

    def embed(self, texts: Sequence[str]) -> Floats:
        """One row per text, the same in every batch."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class PostBatch:
    """A batch as the first layer sees it; `words` are the author's own, cleaned."""

    readings: list[Reading]
    words: list[str]
    grams: Grams
    cues: Floats


def read_batch(posts: Sequence[PostText], reader: Reader) -> PostBatch:
    """Read a batch once, for all layers."""
    readings = reader.read(posts)
    words = [plain_words(reading.own) for reading in readings]
    cues = np.zeros((len(posts), len(CUE_FEATURES)), np.float32)
    for row, reading in enumerate(readings):
        if reading.cues or reading.quoted or reading.roles:
            cues[row] = cue_vector(reading)
    return PostBatch(readings, words, hashed_grams(match_keys(words)), cues)


def vectors_of(words: Sequence[str], source: VectorSource) -> Floats:
    """The vectors of the author's own words; a text without words has a vector of zeros."""
    with_words = [row for row, text in enumerate(words) if text]
    found = source.embed([words[row][:MAX_VECTOR_CHARACTERS] for row in with_words])
    vectors = np.zeros((len(words), found.shape[1] if with_words else 0), np.float32)
    vectors[with_words] = found
    return vectors
