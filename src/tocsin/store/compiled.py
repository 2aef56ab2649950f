"""Compiled databases of patterns on disk: what is compiled once need not be compiled again.

Comes in: bytes under a digest of everything that they depend on. Goes out: the same bytes.
Always holds: a file is whole or is as good as none (it carries its own digest); nobody but the
owner of the data folder can read it; the oldest go when there are many. Refused: nothing; a disk
that is full only means that something is compiled again. The caller hands in nothing that must
not stand on disk in the clear: names of protectees.
"""

from __future__ import annotations

import logging
import os
from hashlib import sha256
from pathlib import Path

__all__ = ["CompiledFiles"]

_LOG = logging.getLogger(__name__)

KEPT = 6
"""Files: of the pack in force, one that is prepared, and what was in force before."""

_DIGEST_BYTES = 32


class CompiledFiles:
    """The folder `compiled` of a data folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "compiled"

    def get(self, key: str) -> bytes | None:
        """What was kept under this digest; None where there is nothing, or nothing whole."""
        try:
            content = (self._folder / f"{key}.bin").read_bytes()
        except OSError:
            return None
        digest, compiled = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        return compiled if sha256(compiled).digest() == digest else None

    def put(self, key: str, compiled: bytes) -> None:
        """Keep this, as far as the disk lets us."""
        path = self._folder / f"{key}.bin"
        temporary = path.with_suffix(f".{os.getpid()}.part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with os.fdopen(_private(temporary), "wb") as file:
                file.write(sha256(compiled).digest() + compiled)
            temporary.replace(path)
            self._forget_old()
        except OSError as error:
            _LOG.warning("a compiled database is not kept: %s", type(error).__name__)

    def _forget_old(self) -> None:
        files = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime)
        for path in files[:-KEPT]:
            path.unlink(missing_ok=True)


def _private(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
