"""Keys of one deployment, kept in the data folder.

Comes in: the data folder. Goes out: the Ed25519 key that signs anchors, and named secrets.
Always holds: files are made once, readable by their owner only, and never leave the folder;
no key is ever part of an error or a log line.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from tocsin.clock import random_token

__all__ = ["anchor_key", "secret"]


def anchor_key(folder: Path) -> Ed25519PrivateKey:
    """The key that signs anchors of the log; made when first asked for."""
    path = folder / "keys" / "anchor.key"
    fresh = Ed25519PrivateKey.generate().private_bytes(
        Encoding.Raw, PrivateFormat.Raw, NoEncryption()
    )
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(_read_or_make(path, fresh.hex())))


def secret(folder: Path, name: str) -> str:
    """A named secret (`webhook`), 32 random bytes in hexadecimal; made when first asked for."""
    return _read_or_make(folder / "keys" / f"{name}.secret", random_token(32))


def _read_or_make(path: Path, fresh: str) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = path.with_name(f"{path.name}.{random_token(8)}.new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(fresh)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)  # fails if another process was first: then theirs is used
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return path.read_text().strip()
