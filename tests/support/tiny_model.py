"""A small model of posts whose weights are written by hand: it goes by a few cues.

It is a real `PostModel` over the real reader, so that what hangs on a model can be tested without
those that ship. Its second layer says what its first says; its vectors are made of the letters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tocsin.nlp.features import INPUT_FEATURES
from tocsin.nlp.hashed import BITS
from tocsin.nlp.nearest import packed_vectors
from tocsin.nlp.reading import Reader
from tocsin.nlp.scorer import PostModel
from tocsin.nlp.weights import OUTPUTS, Floats, Head, ModelWeights

__all__ = ["LetterVectors", "tiny_model", "tiny_weights"]

BIAS = -6.0
CUES: Mapping[str, Mapping[str, float]] = {
    "support": {"praise": 30.0, "role:condemnation": -12.0, "role:quotation": -12.0},
    "incitement": {"join_call": 12.0, "violence": 15.0, "menace": -15.0, "aimed": -15.0},
    "threat": {"menace": 40.0, "role:quotation": -2.0},
}
"""What each harm is raised and lowered by; a cue that stands once counts about 0.3."""

EXAMPLES = (("judged-1", "St", "we will find you"), ("judged-2", "C", "shame on them"))


class LetterVectors:
    """Vectors of length one from how often each letter stands in a text."""

    name = "letters"
    version = "1"
    dimensions = 32

    def __init__(self) -> None:
        self.n_asked = 0

    def embed(self, texts: Sequence[str]) -> Floats:
        self.n_asked += len(texts)
        found = np.full((len(texts), self.dimensions), 1e-3, np.float32)
        for row, text in enumerate(texts):
            for letter in text:
                found[row, ord(letter) % self.dimensions] += 1
        lengths: Floats = np.linalg.norm(found, axis=1, keepdims=True)
        return found / lengths


def tiny_weights(version: str = "0123456789ab", **thresholds: Any) -> ModelWeights:
    """The weights; `thresholds` change what the card says."""
    dimensions = LetterVectors.dimensions
    n_first = len(OUTPUTS) + len(INPUT_FEATURES)
    first = np.zeros((n_first, len(OUTPUTS)), np.float32)
    for place, output in enumerate(OUTPUTS):
        for cue, weight in CUES.get(output, {}).items():
            first[len(OUTPUTS) + INPUT_FEATURES.index(cue), place] = weight
    second = np.vstack([first, np.zeros((dimensions, len(OUTPUTS)), np.float32)])
    card = {
        "thresholds": {
            "languages": ["", "en", "ar"],
            "gate": dict.fromkeys(OUTPUTS, 0.0),
            "wide_gate": dict.fromkeys(OUTPUTS, 99.0),
            "review": dict.fromkeys(OUTPUTS, 1.0),
            "account": 0.0,
            **thresholds,
        }
    }
    return ModelWeights(
        grams=np.zeros((1 << BITS, len(OUTPUTS)), np.float32),
        gram_bias=np.zeros(len(OUTPUTS), np.float32),
        cue_scale=np.ones(len(INPUT_FEATURES), np.float32),
        first=_head(first),
        second=_head(second),
        third=None,
        account=np.zeros(6, np.float32),
        examples=packed_vectors(LetterVectors().embed([text for _, _, text in EXAMPLES])),
        example_ids=tuple(one for one, _, _ in EXAMPLES),
        example_codes=tuple(code for _, code, _ in EXAMPLES),
        card=card,
        version=version,
    )


def tiny_model(*, has_vectors: bool = True, version: str = "0123456789ab") -> PostModel:
    """The model."""
    source = LetterVectors() if has_vectors else None
    return PostModel(tiny_weights(version), Reader(), source)


def _head(weights: Floats) -> Head:
    n_outputs = weights.shape[1]
    bias = np.full(n_outputs, BIAS, np.float32)
    return Head(weights, bias, np.ones(n_outputs, np.float32), np.zeros(n_outputs, np.float32))
