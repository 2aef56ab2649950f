"""Sentence vectors from an operator's ONNX model.

Comes in: texts. Goes out: one vector of length 1 per text, in order. Always holds: a text has the
same vector in every batch; nothing is fetched. Refused: see `folder` and `onnx_model`; a model
whose answer is neither a vector nor one for each token.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import numpy as np

from tocsin.errors import InputError
from tocsin.nlp.adapters.onnx_model import OnnxModel
from tocsin.nlp.adapters.protocols import Vectors

__all__ = ["OnnxEmbedder"]

_A_VECTOR_EACH: Final = 2
"""Dimensions of an answer that has a vector for each token."""


class OnnxEmbedder:
    """Implements `Embedder` over a model in a folder."""

    def __init__(
        self,
        folder: Path,
        *,
        pooling: Literal["mean", "first"] = "mean",
        prefix: str = "",
        max_tokens: int = 512,
    ) -> None:
        """Load the model.

        `pooling`: how the vectors of tokens become one (the model's card says it; a model that
        answers with one vector needs none); `prefix`: what the card wants before each text.

        Raises:
            InputError: a package is missing, or the folder cannot be used.
        """
        self._model = OnnxModel(folder, max_tokens=max_tokens)
        self._pooling = pooling
        self._prefix = prefix
        self.name = self._model.name
        self.version = self._model.version
        if self._model.probe().ndim not in {1, _A_VECTOR_EACH}:
            raise InputError("the model gives no vectors", where=str(folder))
        self.dimensions = len(self._vector("harbour"))

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row per text, in order."""
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        for row, text in enumerate(texts):
            vectors[row] = self._vector(text)
        return vectors

    def _vector(self, text: str) -> Vectors:
        of_tokens = self._model.run(self._prefix + text)
        if of_tokens.ndim == 1:
            vector = of_tokens
        else:
            vector = of_tokens[0] if self._pooling == "first" else of_tokens.mean(axis=0)
        unit: Vectors = vector / max(float(np.linalg.norm(vector)), 1e-12)
        return unit
