"""Sentence vectors that are kept between two runs of training.

Comes in: texts and a source of vectors. Goes out: vectors. Always holds: a kept vector is found by
a hash of the text and of the source's name and version, so that another source never answers for
it; the file holds hashes and numbers, no text. Refused: a damaged file is started anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from tocsin.nlp.features import VectorSource
from tocsin.nlp.weights import Floats

__all__ = ["KeptVectors"]

_KEY_BYTES: Final = 16


class KeptVectors:
    """A source that asks another one only for what it has not seen; `save` writes the file."""

    def __init__(self, source: VectorSource, path: Path) -> None:
        self.name, self.version = source.name, source.version
        self._source = source
        self._path = path
        self._kept: dict[bytes, Floats] = {}
        if path.exists():
            self._read()

    def _read(self) -> None:
        try:
            arrays = load(self._path.read_bytes())
            keys = [key.tobytes() for key in arrays["keys"]]
            self._kept = dict(zip(keys, arrays["vectors"], strict=True))
        except (SafetensorError, KeyError, ValueError):
            self._kept = {}

    def embed(self, texts: Sequence[str]) -> Floats:
        """One row per text."""
        keys = [self._key(text) for text in texts]
        missing = [row for row, key in enumerate(keys) if key not in self._kept]
        if missing:
            found = self._source.embed([texts[row] for row in missing])
            self._kept.update(zip((keys[row] for row in missing), found, strict=True))
        return np.stack([self._kept[key] for key in keys]) if keys else self._source.embed(texts)

    def _key(self, text: str) -> bytes:
        named = f"{self.name}|{self.version}|{text}".encode("utf-8", "surrogatepass")
        return hashlib.sha256(named).digest()[:_KEY_BYTES]

    def save(self) -> None:
        """Write what is known, whole or not at all; nothing where nothing is known."""
        if not self._kept:
            return
        keys = np.frombuffer(b"".join(self._kept), np.uint8).reshape(-1, _KEY_BYTES)
        content = save({"keys": keys, "vectors": np.stack(list(self._kept.values()))})
        beside = self._path.with_suffix(".new")
        beside.write_bytes(content)
        beside.replace(self._path)
