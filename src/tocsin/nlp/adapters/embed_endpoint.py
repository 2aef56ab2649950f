"""Sentence vectors from an endpoint.

Comes in: texts. Goes out: one vector of length 1 per text, in order. Always holds: all vectors have
as many dimensions as the settings say or as the first ones had. Refused (`OutsideServiceError`): an
answer with other vectors than asked for, with numbers that are none, or none at all; a text that is
too long to be read whole. A half answer is none.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Struct

from tocsin.clock import Clock
from tocsin.errors import OutsideServiceError
from tocsin.nlp.adapters.base import EndpointModel
from tocsin.nlp.adapters.fence import whole_characters
from tocsin.nlp.adapters.protocols import Vectors
from tocsin.nlp.adapters.settings import OutsideModel

__all__ = ["OpenAICompatEmbedder"]

_BATCH: Final = 64


class _Vector(Struct, frozen=True):
    index: int
    embedding: list[float]


class _Vectors(Struct, frozen=True):
    data: list[_Vector]


class OpenAICompatEmbedder(EndpointModel):
    """Implements `Embedder` over `/v1/embeddings`."""

    def __init__(
        self,
        settings: OutsideModel,
        clock: Clock,
        *,
        dimensions: int = 0,
        api_key: str = "",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """As for every model behind an endpoint; `dimensions` 0: as the first vectors have."""
        super().__init__(settings, clock, api_key=api_key, tls=tls)
        self._dimensions = dimensions

    @property
    def name(self) -> str:
        """The model, as the operator named it."""
        return self._settings.model

    @property
    def version(self) -> str:
        """What the operator says of the weights; a server may change them unseen."""
        return self._settings.version

    @property
    def dimensions(self) -> int:
        """How long a vector is; asks the endpoint where nobody said it and nothing came yet."""
        if not self._dimensions:
            self.embed(["dimensions"])
        return self._dimensions

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row per text, in order.

        Raises:
            OutsideServiceError: the endpoint fails, or a text is longer than it may be sent.
        """
        if any(len(text) > self._settings.max_text_characters for text in texts):
            raise _unusable("a text is longer than the model may be sent")
        parts = [self._batch(texts[at : at + _BATCH]) for at in range(0, len(texts), _BATCH)]
        return np.concatenate(parts) if parts else np.empty((0, self._dimensions), np.float32)

    def _batch(self, texts: Sequence[str]) -> Vectors:
        body: dict[str, Any] = {
            "model": self._settings.model,
            "input": [whole_characters(text) for text in texts],
            "encoding_format": "float",
        }
        try:
            found = msgspec.convert(self._endpoint.ask("embeddings", body), _Vectors).data
        except msgspec.ValidationError:
            raise _unusable("the server's answer has another shape") from None
        rows = {each.index: each.embedding for each in found}
        lengths = {len(row) for row in rows.values()} | ({self._dimensions} - {0})
        if len(found) != len(texts) or rows.keys() != set(range(len(texts))) or len(lengths) != 1:
            raise _unusable("the server gave other vectors than it was asked for")
        vectors = _unit([rows[index] for index in range(len(texts))])
        self._dimensions = vectors.shape[1]
        return vectors


def _unit(rows: list[list[float]]) -> Vectors:
    vectors = np.array(rows, np.float64)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not vectors.size or not np.isfinite(lengths).all() or not (lengths > 0).all():
        raise _unusable("the server gave vectors without a direction")
    unit: Vectors = (vectors / lengths).astype(np.float32)
    return unit


def _unusable(reason: str) -> OutsideServiceError:
    return OutsideServiceError(reason, hint="the model may not be one for vectors")
