"""The operator's folder with a model in it.

Comes in: a path. Goes out: the path, checked, and a hash of what is in it. Always holds: a model
that is loaded from here is numbers, not code. Refused (`InputError`, with what was expected): a
folder that does not exist or lacks a file; weights that are pickles (`.bin`, `.pt`, `.pkl`, …),
which run code when loaded, also beside good ones; programs; settings that name code to load.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from tocsin.errors import InputError

__all__ = ["checked_folder", "folder_version"]

_RUNS_CODE: Final = frozenset(
    {
        *(".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".npy", ".h5", ".keras"),
        *(".py", ".pyc", ".so", ".dll", ".dylib"),
    }
)
_SETTINGS: Final = "config.json"
_TOO_LARGE: Final = 16_000_000
"""No settings file of a model is larger."""


def checked_folder(folder: Path, *, needs: Sequence[str]) -> Path:
    """The folder, absolute.

    Raises:
        InputError: it cannot be used; says why.
    """
    path = folder.resolve()
    if not path.is_dir():
        raise InputError("the model's folder does not exist", where=str(folder))
    for name in needs:
        if not (path / name).is_file():
            raise InputError(f"the model's folder has no `{name}`", where=str(folder))
    for file in sorted(path.rglob("*")):
        if file.suffix.lower() in _RUNS_CODE:
            raise InputError(
                f"`{file.name}` in the model's folder may run code when it is loaded",
                where=str(folder),
                hint="keep weights as safetensors or ONNX there, and nothing else beside them"
                " but JSON and text",
            )
    if "auto_map" in _settings(path):
        raise InputError(
            f"`{_SETTINGS}` of the model names code to load (`auto_map`)",
            where=str(folder),
            hint="use a model of a kind that the library itself knows",
        )
    return path


def folder_version(folder: Path) -> str:
    """The beginning of a hash of all files of the folder and their names: other weights differ."""
    digest = hashlib.sha256()
    for file in sorted(each for each in folder.rglob("*") if each.is_file()):
        digest.update(f"{file.relative_to(folder).as_posix()}\0".encode())
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:16]


def _settings(folder: Path) -> dict[str, Any]:
    path = folder / _SETTINGS
    if not path.is_file():
        return {}
    try:
        found = msgspec.json.decode(path.read_bytes()[:_TOO_LARGE])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InputError(f"`{_SETTINGS}` of the model is not a JSON object", where=str(folder))
    return found
