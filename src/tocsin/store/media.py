"""Media bytes, kept by what they are: one file per SHA-256.

Comes in: bytes and the hash that they claim. Goes out: paths by hash. Always holds: a file is
whole or absent (written aside, flushed, renamed); its name is its hash. Refused: bytes that do
not have the claimed hash, and more of them than allowed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from tocsin.clock import random_token
from tocsin.errors import InputError

__all__ = ["MediaStore"]

_HEX_DIGITS = frozenset("0123456789abcdef")


class MediaStore:
    """The media folder of one deployment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "media"

    def path(self, sha256: str) -> Path:
        """Where these bytes are, or would be.

        Raises:
            InputError: not a SHA-256 in hexadecimal.
        """
        name = sha256.lower()
        if len(name) != 64 or not _HEX_DIGITS.issuperset(name):  # noqa: PLR2004  # SHA-256
            raise InputError("a media file is named by the 64 hexadecimal digits of its SHA-256")
        return self.folder / name[:2] / name[2:4] / name

    def put(self, sha256: str, chunks: Iterable[bytes], *, max_bytes: int) -> bool:
        """Keep the bytes; False if they were there already.

        Raises:
            InputError: they are not what the hash says, or too many.
        """
        path = self.path(sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.{random_token(8)}.part")
        digest, n_bytes = hashlib.sha256(), 0
        try:
            with temporary.open("xb") as file:
                for chunk in chunks:
                    n_bytes += len(chunk)
                    if n_bytes > max_bytes:
                        raise InputError(f"media may have at most {max_bytes:,} bytes")
                    digest.update(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            if digest.hexdigest() != path.name:
                raise InputError("the bytes do not have the SHA-256 that the address names")
            is_new = not path.exists()
            temporary.replace(path)
            return is_new
        finally:
            temporary.unlink(missing_ok=True)
