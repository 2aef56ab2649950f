"""Labels from an operator's ONNX model.

Comes in: texts. Goes out: for each the likeliest of the model's labels and how likely it is, or an
abstention. Always holds: a text has the same answer in every batch; nothing is fetched; an answer
that is no number is no opinion. Refused: see `folder` and `onnx_model`; a `config.json` without
labels, or with more or fewer than the model gives figures for.

The folder is that of a Hugging Face model exported to ONNX: `model.onnx`, `tokenizer.json`, and
`config.json` with `id2label`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from tocsin.clock import Clock
from tocsin.errors import InputError
from tocsin.nlp.adapters.onnx_model import OnnxModel
from tocsin.nlp.adapters.protocols import Classification, Vectors

__all__ = ["OnnxClassifier"]

_CONFIG: Final = "config.json"
_MULTI_LABEL: Final = "multi_label_classification"


class _Config(Struct, frozen=True):
    id2label: dict[int, str] = {}
    problem_type: str | None = None


class OnnxClassifier:
    """Implements `Classifier` over a model in a folder."""

    def __init__(self, folder: Path, clock: Clock, *, max_tokens: int = 512) -> None:
        """Load the model.

        Raises:
            InputError: a package is missing, or the folder cannot be used.
        """
        self._model = OnnxModel(folder, also_needs=(_CONFIG,), max_tokens=max_tokens)
        self._clock = clock
        config = _config(self._model.path / _CONFIG)
        self._labels = [name for _, name in sorted(config.id2label.items())]
        self._is_multi_label = config.problem_type == _MULTI_LABEL or len(self._labels) == 1
        if self._model.probe().shape != (len(self._labels),):
            raise InputError(
                f"the model's figures are not one for each of its {len(self._labels)} labels",
                where=str(folder),
                hint="export it for the task text-classification",
            )

    def classify(self, texts: Sequence[str], *, language: str = "") -> list[Classification]:
        """One answer per text, in order."""
        return [self._one(text, language) for text in texts]

    def _one(self, text: str, language: str) -> Classification:
        began = self._clock.now()
        label, score = self._likeliest(text)
        took = self._clock.now() - began
        return Classification(
            model=self._model.name,
            version=self._model.version,
            language=language,
            latency_ms=max(0, round(took.total_seconds() * 1_000)),
            label=label,
            score=score,
            abstained=label is None,
            reason="the model failed on this text" if label is None else "",
        )

    def _likeliest(self, text: str) -> tuple[str, float] | tuple[None, None]:
        try:
            chances = self._chances(self._model.run(text))
        except Exception:  # noqa: BLE001  # the runtime raises classes of its own, from a C module
            return None, None
        best = int(chances.argmax())
        score = float(chances[best])
        return (self._labels[best], min(1.0, score)) if math.isfinite(score) else (None, None)

    def _chances(self, logits: Vectors) -> npt.NDArray[np.float64]:
        wide = logits.astype(np.float64)  # in which no difference of two figures overflows
        with np.errstate(invalid="ignore"):  # infinite ones give no number, and so no opinion
            if self._is_multi_label:  # each label stands alone
                chances: npt.NDArray[np.float64] = 0.5 * (1 + np.tanh(0.5 * wide))
            else:
                powers = np.exp(wide - wide.max())
                chances = powers / powers.sum()
        return chances


def _config(path: Path) -> _Config:
    try:
        config = msgspec.json.decode(path.read_bytes(), type=_Config)
    except msgspec.ValidationError:
        config = _Config()
    if not config.id2label or sorted(config.id2label) != list(range(len(config.id2label))):
        raise InputError(
            f"`{_CONFIG}` of the model names no labels",
            where=str(path),
            hint='expected: "id2label": {"0": "…", "1": "…"}, with every number from 0 on',
        )
    return config
