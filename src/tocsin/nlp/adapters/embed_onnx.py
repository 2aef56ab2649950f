"""Sentence vectors from an operator's ONNX model.

Comes in: texts. Goes out: one vector of length 1 per text, in order. Always holds: a text has the
same vector in every batch, because every text is a batch of its own (padding changes the last
bits); nothing is fetched. Refused: see `folder`; a model whose inputs or outputs are of another
kind than those of a sentence encoder.

The folder holds `model.onnx` and `tokenizer.json`. Needs `onnxruntime` and `tokenizers`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from tocsin.errors import InputError
from tocsin.nlp.adapters.embed import needed_package
from tocsin.nlp.adapters.fence import whole_characters
from tocsin.nlp.adapters.folder import checked_folder, folder_version
from tocsin.nlp.adapters.protocols import Vectors

__all__ = ["OnnxEmbedder"]

_MODEL: Final = "model.onnx"
_TOKENIZER: Final = "tokenizer.json"
_KNOWN: Final = frozenset({"input_ids", "attention_mask", "token_type_ids"})
_CHARACTERS_PER_TOKEN: Final = 16
"""More than any language needs: what stands behind is cut off before the tokenizer reads it."""


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
        runtime = needed_package("onnxruntime", "onnxruntime")
        tokenizers = needed_package("tokenizers", "tokenizers")
        path = checked_folder(folder, needs=(_MODEL, _TOKENIZER))
        self._session = _session(runtime, path / _MODEL)
        self._tokenizer = _tokenizer(tokenizers, path / _TOKENIZER, max_tokens)
        self._characters = max_tokens * _CHARACTERS_PER_TOKEN
        self._inputs = {each.name for each in self._session.get_inputs()}
        if "input_ids" not in self._inputs or not self._inputs <= _KNOWN:
            raise InputError("the model takes other inputs than tokens", where=str(folder))
        self._pooling = pooling
        self._prefix = prefix
        self.name = path.name
        self.version = folder_version(path)
        self.dimensions = len(self._vector("dimensions"))

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row per text, in order."""
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        for row, text in enumerate(texts):
            vectors[row] = self._vector(text)
        return vectors

    def _vector(self, text: str) -> Vectors:
        clean = whole_characters(self._prefix + text[: self._characters])
        tokens = self._tokenizer.encode(clean)
        ids = np.array([tokens.ids or [0]], np.int64)
        given = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        (answer, *_) = self._session.run(None, {name: given[name] for name in self._inputs})
        of_tokens = np.asarray(answer, np.float32)[0]
        if of_tokens.ndim == 1:
            vector = of_tokens
        else:
            vector = of_tokens[0] if self._pooling == "first" else of_tokens.mean(axis=0)
        unit: Vectors = vector / max(float(np.linalg.norm(vector)), 1e-12)
        return unit


def _session(runtime: Any, path: Path) -> Any:
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        return runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception:  # noqa: BLE001  # the runtime raises classes of its own, from a C module
        raise InputError("the model cannot be loaded as ONNX", where=str(path)) from None


def _tokenizer(tokenizers: Any, path: Path, max_tokens: int) -> Any:
    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(path))
    except Exception:  # noqa: BLE001  # as above: a class of its own
        raise InputError("the tokenizer cannot be loaded", where=str(path)) from None
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return tokenizer
