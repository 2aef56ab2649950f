"""The weights of the text models, and the folder that they lie in.

Comes in: a folder with `weights.safetensors`, `card.json` and `trained-on.bin`. Goes out:
`ModelWeights`. Always holds: reading runs no code (safetensors, JSON); the version is a hash of the
weights and of what the card says of thresholds, so that a change of either is a new version; every
array has the shape that the card and this module expect. Refused: a folder that lacks a file or
an array, with what is missing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load, save

from tocsin.errors import InputError
from tocsin.nlp.hashed import BITS

__all__ = [
    "CARD_FILE",
    "OUTPUTS",
    "WEIGHTS_FILE",
    "Floats",
    "Head",
    "ModelWeights",
    "read_weights",
    "write_weights",
]

Floats = npt.NDArray[np.float32]

WEIGHTS_FILE: Final = "weights.safetensors"
CARD_FILE: Final = "card.json"

OUTPUTS: Final = ("support", "incitement", "threat", "affinity")
"""What each layer gives, in this order: the three harms, and how much a post reads like those of
accounts that support a group. The last says nothing of the post; accounts are scored by it."""


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A linear layer with its calibration: logits `scale * (x @ weights + bias) + shift`."""

    weights: Floats
    bias: Floats
    scale: Floats
    shift: Floats

    def logits(self, inputs: Floats) -> Floats:
        """(texts, inputs) to (texts, outputs): calibrated log odds.

        Not `inputs @ weights`: a matrix library takes another route for one row than for many,
        and a text must have the same bits alone and in a batch.
        """
        products = np.einsum("ij,jk->ik", inputs, self.weights)
        found: Floats = self.scale * (products + self.bias) + self.shift
        return found


@dataclass(frozen=True, slots=True, eq=False)
class ModelWeights:
    """All arrays of the models.

    `grams`: (2**bits, outputs) and its `gram_bias`; `first` takes the sums of the grams and the
    cues; `second` takes these and the vector; `third`, where there is one, takes the first's input,
    the second's log odds and the wide vector, and gives the harms only; `account`: weights of the
    summary of an account; `examples`: judged posts as vectors, (n, dimensions) int8, with
    `example_codes` by their side.
    """

    grams: Floats
    gram_bias: Floats
    cue_scale: Floats
    first: Head
    second: Head
    third: Head | None
    account: Floats
    examples: npt.NDArray[np.int8]
    example_ids: tuple[str, ...]
    example_codes: tuple[str, ...]
    card: Mapping[str, Any]
    version: str = ""


def _arrays(weights: ModelWeights) -> dict[str, npt.NDArray[Any]]:
    arrays: dict[str, npt.NDArray[Any]] = {
        "grams": weights.grams.astype(np.float16),
        "gram_bias": weights.gram_bias,
        "cue_scale": weights.cue_scale,
        "account": weights.account,
        "examples": weights.examples,
    }
    heads = {"first": weights.first, "second": weights.second, "third": weights.third}
    for name, head in heads.items():
        if head is None:
            continue
        arrays[f"{name}.weights"] = head.weights
        arrays[f"{name}.bias"] = head.bias
        arrays[f"{name}.scale"] = head.scale
        arrays[f"{name}.shift"] = head.shift
    return arrays


def write_weights(folder: Path, weights: ModelWeights) -> str:
    """Write weights and card; the version that they have.

    Weights of grams are kept in half precision: `read_weights` gives back what was rounded.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = save(_arrays(weights))
    version = _version(content, weights.card)
    card = {
        **weights.card,
        "version": version,
        "examples": [
            {"id": one, "code": code}
            for one, code in zip(weights.example_ids, weights.example_codes, strict=True)
        ],
    }
    (folder / WEIGHTS_FILE).write_bytes(content)
    text = json.dumps(card, ensure_ascii=False, indent=1, sort_keys=True)
    (folder / CARD_FILE).write_text(text + "\n", encoding="utf-8")
    return version


def read_weights(folder: Path) -> ModelWeights:
    """The weights in a folder.

    Raises:
        InputError: a file or an array is missing or damaged.
    """
    try:
        content = (folder / WEIGHTS_FILE).read_bytes()
        card = dict(json.loads((folder / CARD_FILE).read_text(encoding="utf-8")))
        arrays = load(content)
    except (OSError, ValueError, TypeError, SafetensorError) as error:
        raise InputError(
            "these are no weights of text models",
            where=str(folder),
            hint=f"expected {WEIGHTS_FILE} and {CARD_FILE}, as `tocsin train` writes them",
        ) from error
    try:
        return _assembled(arrays, card, _version(content, card), folder)
    except (KeyError, TypeError) as error:
        raise InputError(
            f"the weights or their card lack something: {error}",
            where=str(folder),
            hint="they were written by another version of tocsin; train them again",
        ) from error


def _assembled(
    arrays: Mapping[str, npt.NDArray[Any]], card: dict[str, Any], version: str, folder: Path
) -> ModelWeights:
    """All parts; `version` is computed anew, so that a changed threshold is a new version."""
    examples = card.pop("examples")
    weights = ModelWeights(
        grams=arrays["grams"].astype(np.float32),
        gram_bias=arrays["gram_bias"],
        cue_scale=arrays["cue_scale"],
        first=_head(arrays, "first"),
        second=_head(arrays, "second"),
        third=_head(arrays, "third") if "third.weights" in arrays else None,
        account=arrays["account"],
        examples=arrays["examples"],
        example_ids=tuple(example["id"] for example in examples),
        example_codes=tuple(example["code"] for example in examples),
        version=version,
        card=card,
    )
    if weights.grams.shape != (1 << BITS, len(OUTPUTS)):
        raise InputError(
            "the weights of the grams have an unexpected shape",
            where=str(folder),
            hint=f"expected {1 << BITS} x {len(OUTPUTS)}; train them again",
        )
    return weights


def _head(arrays: Mapping[str, npt.NDArray[Any]], name: str) -> Head:
    parts = (arrays[f"{name}.{part}"] for part in ("weights", "bias", "scale", "shift"))
    return Head(*parts)


def _version(content: bytes, card: Mapping[str, Any]) -> str:
    thresholds = json.dumps(card.get("thresholds"), sort_keys=True).encode()
    return hashlib.sha256(content + thresholds).hexdigest()[:12]
