"""Models in the layout of Hugging Face, from the operator's folder.

Comes in: texts. Goes out: vectors, or a label and score per text. Always holds: nothing is fetched
(`local_files_only`), weights are safetensors, no code of the model runs; a text has the same answer
in every batch, because every text is a batch of its own. Refused: see `folder`.

Needs `transformers` and `torch`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from tocsin.clock import Clock
from tocsin.errors import InputError
from tocsin.nlp.adapters.embed import needed_package
from tocsin.nlp.adapters.fence import whole_characters
from tocsin.nlp.adapters.folder import checked_folder, folder_version
from tocsin.nlp.adapters.protocols import Classification, Vectors

__all__ = ["HFClassifier", "HFEmbedder"]

_NEEDS: Final = ("config.json", "model.safetensors", "tokenizer.json")
_MAX_TOKENS: Final = 512
_CHARACTERS: Final = 8_000


class _Loaded:
    """A model and its tokenizer, on the processor, one text at a time."""

    def __init__(self, folder: Path, head: str) -> None:
        self.torch = needed_package("torch", "torch")
        transformers = needed_package("transformers", "transformers")
        self.path = checked_folder(folder, needs=_NEEDS)
        asked = {"local_files_only": True, "trust_remote_code": False}
        try:
            self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(self.path, **asked)
            self.model: Any = getattr(transformers, head).from_pretrained(
                self.path, use_safetensors=True, **asked
            )
        except (OSError, ValueError, KeyError):
            raise InputError(
                "the model cannot be loaded", where=str(folder), hint="see the model's card"
            ) from None
        self.model.eval()
        self.name = self.path.name
        self.version = folder_version(self.path)

    def run(self, text: str) -> Any:
        """What the model answers to one text."""
        clean = whole_characters(text[:_CHARACTERS])
        given = self._tokenizer(clean, return_tensors="pt", truncation=True, max_length=_MAX_TOKENS)
        with self.torch.inference_mode():
            return self.model(**given)


class HFEmbedder:
    """Implements `Embedder`."""

    def __init__(
        self, folder: Path, *, pooling: Literal["mean", "first"] = "mean", prefix: str = ""
    ) -> None:
        """Load the model; `pooling` and `prefix` as the model's card says.

        Raises:
            InputError: a package is missing, or the folder cannot be used.
        """
        self._loaded = _Loaded(folder, "AutoModel")
        self._pooling = pooling
        self._prefix = prefix
        self.name: str = self._loaded.name
        self.version: str = self._loaded.version
        self.dimensions = int(self._loaded.model.config.hidden_size)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row per text, in order."""
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        for row, text in enumerate(texts):
            of_tokens = self._loaded.run(self._prefix + text).last_hidden_state[0].numpy()
            vector = of_tokens[0] if self._pooling == "first" else of_tokens.mean(axis=0)
            vectors[row] = vector / max(float(np.linalg.norm(vector)), 1e-12)
        return vectors


class HFClassifier:
    """Implements `Classifier`: the likeliest of the model's labels, and how likely it is."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        """Load the model.

        Raises:
            InputError: a package is missing, or the folder cannot be used.
        """
        self._loaded = _Loaded(folder, "AutoModelForSequenceClassification")
        self._clock = clock
        config = self._loaded.model.config
        self._labels: dict[int, str] = config.id2label
        self._is_multi_label = (
            config.problem_type == "multi_label_classification" or len(self._labels) == 1
        )

    def classify(self, texts: Sequence[str], *, language: str = "") -> list[Classification]:
        """One answer per text, in order."""
        return [self._one(text, language) for text in texts]

    def _one(self, text: str, language: str) -> Classification:
        began = self._clock.now()
        label, score = self._likeliest(text)
        took = self._clock.now() - began
        return Classification(
            model=self._loaded.name,
            version=self._loaded.version,
            language=language,
            latency_ms=max(0, round(took.total_seconds() * 1_000)),
            label=label,
            score=score,
            abstained=label is None,
            reason="the model failed on this text" if label is None else "",
        )

    def _likeliest(self, text: str) -> tuple[str, float] | tuple[None, None]:
        try:
            logits = self._loaded.run(text).logits[0]
            chances = logits.sigmoid() if self._is_multi_label else logits.softmax(dim=-1)
            best = int(chances.argmax())
            label, score = self._labels[best], float(chances[best])
        except (RuntimeError, IndexError, KeyError):  # weights that do not fit their settings
            return None, None
        return (label, min(1.0, score)) if math.isfinite(score) else (None, None)
