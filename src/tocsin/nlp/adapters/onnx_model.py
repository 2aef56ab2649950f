"""An operator's ONNX model with its tokenizer: a text in, an array out.

Comes in: a folder with `model.onnx` and `tokenizer.json`; texts, one at a time. Goes out: the first
thing that the model answers with. Always holds: nothing is fetched; a text has the same answer in
whatever company it comes, because every text is a batch of its own (padding changes the last bits);
one thread; the same text and model give the same answer. Refused: see `folder`; a model that takes
other inputs than tokens, or cannot be loaded.

Needs `onnxruntime` and `tokenizers` (the extra `onnx`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from tocsin.errors import InputError
from tocsin.nlp.adapters.embed import needed_package
from tocsin.nlp.adapters.fence import whole_characters
from tocsin.nlp.adapters.folder import checked_folder, folder_version
from tocsin.nlp.adapters.protocols import Vectors

__all__ = ["OnnxModel"]

_EXTRA: Final = "onnx"
_MODEL: Final = "model.onnx"
_TOKENIZER: Final = "tokenizer.json"
_KNOWN: Final = frozenset({"input_ids", "attention_mask", "token_type_ids"})
_CHARACTERS_PER_TOKEN: Final = 16
"""More than any language needs: what stands behind is cut off before the tokenizer reads it."""


class OnnxModel:
    """A model that reads tokens."""

    def __init__(self, folder: Path, *, also_needs: Sequence[str] = (), max_tokens: int) -> None:
        """Load it; `also_needs`: further files that must be there.

        Raises:
            InputError: a package is missing, or the folder cannot be used.
        """
        runtime = needed_package("onnxruntime", "onnxruntime", extra=_EXTRA)
        tokenizers = needed_package("tokenizers", "tokenizers", extra=_EXTRA)
        self.path = checked_folder(folder, needs=(_MODEL, _TOKENIZER, *also_needs))
        self._session = _session(runtime, self.path / _MODEL)
        self._tokenizer = _tokenizer(tokenizers, self.path / _TOKENIZER, max_tokens)
        self._characters = max_tokens * _CHARACTERS_PER_TOKEN
        self._inputs = {each.name for each in self._session.get_inputs()}
        if "input_ids" not in self._inputs or not self._inputs <= _KNOWN:
            raise InputError("the model takes other inputs than tokens", where=str(folder))
        self.name = self.path.name
        self.version = folder_version(self.path)

    def run(self, text: str) -> Vectors:
        """What the model answers to one text, without the row for it.

        Raises whatever the runtime raises where the model itself is at fault.
        """
        tokens = self._tokenizer.encode(whole_characters(text[: self._characters]))
        ids = np.array([tokens.ids or [0]], np.int64)
        given = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        (answer, *_) = self._session.run(None, {name: given[name] for name in self._inputs})
        row: Vectors = np.asarray(answer, np.float32)[0]
        return row

    def probe(self) -> Vectors:
        """What the model answers to a text of ours.

        Raises:
            InputError: it cannot answer at all.
        """
        try:
            return self.run("harbour")
        except Exception:  # noqa: BLE001  # the runtime raises classes of its own, from a C module
            raise InputError("the model cannot be run", where=str(self.path)) from None


def _session(runtime: Any, path: Path) -> Any:
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        return runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception:  # noqa: BLE001  # as above
        raise InputError("the model cannot be loaded as ONNX", where=str(path)) from None


def _tokenizer(tokenizers: Any, path: Path, max_tokens: int) -> Any:
    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(path))
    except Exception:  # noqa: BLE001  # as above: a class of its own
        raise InputError("the tokenizer cannot be loaded", where=str(path)) from None
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return tokenizer
