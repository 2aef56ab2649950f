"""A text model written by hand, and sentence vectors that need no package.

Comes in: words and what they weigh. Goes out: weights of the whole model, a source of vectors.
Always holds: every word is made up and mild; the same arguments give the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tocsin.matching import match_keys
from tocsin.nlp import PostText
from tocsin.nlp.features import INPUT_FEATURES
from tocsin.nlp.hashed import BITS, hashed_grams
from tocsin.nlp.weights import OUTPUTS, Floats, Head, ModelWeights

__all__ = ["DIMENSIONS", "LetterVectors", "hand_weights", "posts_of"]

DIMENSIONS = 8
_BIAS = -4.0


class LetterVectors:
    """Counts the letters of a text by their code: enough to tell texts apart."""

    name = "letters"
    version = "1"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> Floats:
        """One row of length one per text."""
        self.asked += texts
        rows = np.zeros((len(texts), DIMENSIONS), np.float32)
        for row, text in enumerate(texts):
            for letter in text:
                rows[row, ord(letter) % DIMENSIONS] += 1
        lengths = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1)
        found: Floats = (rows / lengths).astype(np.float32)
        return found


def hand_weights(words: Mapping[str, Mapping[str, float]], **thresholds: Any) -> ModelWeights:
    """Weights by which a text that is one of these words scores so much for an output.

    `words`: word -> output -> log odds. Both layers say the same; cues and vectors say nothing.
    """
    n_outputs = len(OUTPUTS)
    grams = np.zeros((1 << BITS, n_outputs), np.float32)
    for word, outputs in words.items():
        places = hashed_grams(match_keys([word])).places
        for output, logit in outputs.items():
            grams[places, OUTPUTS.index(output)] = (logit - _BIAS) / np.sqrt(len(places))
    n_first = n_outputs + len(INPUT_FEATURES)
    card = {
        "thresholds": {
            "languages": ["ar", "en", "und"],
            "gate": dict.fromkeys(OUTPUTS[:3], -2.0),
            "wide_gate": dict.fromkeys(OUTPUTS[:3], 2.0),
            "review": dict.fromkeys(OUTPUTS[:3], 2.0),
            "account": 0.0,
            **thresholds,
        }
    }
    return ModelWeights(
        grams=grams,
        gram_bias=np.full(n_outputs, _BIAS, np.float32),
        cue_scale=np.zeros(len(INPUT_FEATURES), np.float32),
        first=_head(n_first),
        second=_head(n_first + DIMENSIONS),
        third=None,
        account=np.array([0, 1, 0, 0, 0, 0], np.float32),
        examples=np.zeros((0, DIMENSIONS), np.int8),
        example_ids=(),
        example_codes=(),
        card=card,
        version="by-hand",
    )


def _head(n_inputs: int) -> Head:
    n_outputs = len(OUTPUTS)
    weights = np.zeros((n_inputs, n_outputs), np.float32)
    weights[:n_outputs] = np.eye(n_outputs)
    zeros, ones = np.zeros(n_outputs, np.float32), np.ones(n_outputs, np.float32)
    return Head(weights, zeros, ones, zeros)


def posts_of(*texts: str, language: str = "en") -> list[PostText]:
    """Posts with these texts, named by their place."""
    return [
        PostText(id=f"p{place}", text=text, language=language) for place, text in enumerate(texts)
    ]
