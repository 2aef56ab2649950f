"""What the layers are given of a post: n-gram sums, cues, and its vector.

Comes in: posts. Goes out: for a batch, readings and the inputs of the two layers. Always holds: a
post has the same inputs in every batch; quoted words reach no layer but through the cues that
count them, so that a model cannot take a quotation for its author's words. Refused: nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np

from tocsin.matching import language_of, match_keys, valid_language
from tocsin.nlp.clean import all_plain_words
from tocsin.nlp.hashed import Grams, hashed_grams
from tocsin.nlp.reading import Reader
from tocsin.nlp.threat_gate import shipped_gate
from tocsin.nlp.threat_vector import THREAT_FEATURES, threat_vector
from tocsin.nlp.threats import find_threats
from tocsin.nlp.types import PostText, Reading
from tocsin.nlp.vector import CUE_FEATURES, cue_matrix
from tocsin.nlp.weights import Floats

__all__ = [
    "INPUT_FEATURES",
    "MAX_VECTOR_CHARACTERS",
    "PostBatch",
    "VectorSource",
    "read_batch",
    "vectors_of",
]

MAX_VECTOR_CHARACTERS: Final = 600
"""Sentence vectors of longer texts mean little, and cost as much as they are long."""

VECTOR_SCALE: Final = 10.0
"""Brings the numbers of a vector to a spread near one, that of the other inputs."""

INPUT_FEATURES: Final = (*CUE_FEATURES, *THREAT_FEATURES)
"""The columns of `PostBatch.cues`."""


class VectorSource(Protocol):
    """Gives sentence vectors: (texts, dimensions) float32 of length one each."""

    @property
    def name(self) -> str:
        """What the source is called."""
        ...

    @property
    def version(self) -> str:
        """Changes whenever a vector can change."""
        ...

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
    told = [_with_language(post) for post in posts]
    readings = reader.read(told)
    threats = np.zeros((len(posts), len(THREAT_FEATURES)), np.float32)
    for row, languages in shipped_gate().languages([post.text for post in posts]).items():
        readings[row] = _with_threats(readings[row], languages)
        threats[row] = threat_vector(readings[row].threats)
    words = all_plain_words([reading.own for reading in readings])
    cues = np.hstack([cue_matrix(readings), threats])
    return PostBatch(readings, words, hashed_grams(match_keys(words)), cues)


def _with_language(post: PostText) -> PostText:
    """The platform's language where it names one, else what the text tells."""
    language = valid_language(post.language) or language_of(post.text)
    if language == post.language:
        return post
    return PostText(
        id=post.id, text=post.text, language=language, hosts=post.hosts, from_image=post.from_image
    )


def _with_threats(reading: Reading, languages: Sequence[str]) -> Reading:
    attributed = reading.marks.get("attributed", ())
    threats = find_threats(reading.text, reading.quoted, attributed, languages)
    return replace(reading, threats=threats) if threats else reading


def vectors_of(
    words: Sequence[str], source: VectorSource, *, scale: float = VECTOR_SCALE
) -> Floats:
    """The vectors of the author's own words, scaled; a text without words has one of zeros."""
    with_words = [row for row, text in enumerate(words) if text]
    found = source.embed([words[row][:MAX_VECTOR_CHARACTERS] for row in with_words])
    vectors = np.zeros((len(words), found.shape[1] if with_words else 0), np.float32)
    vectors[with_words] = found * scale
    return vectors
