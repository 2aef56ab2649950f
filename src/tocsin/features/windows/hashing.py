"""Keys of windows as 128 bits under a secret.

Comes in: slices of a buffer of UTF-8. Goes out: two 64-bit numbers for each. Always holds:
equal texts give equal bits under one secret and method, however they come in; nobody without the
secret can choose texts that collide, or find out from a snapshot which texts were counted.
Refused: nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from tocsin.features.windows.steps import Hashes

__all__ = ["SECRET_BYTES", "Hasher", "PlainHasher", "new_hasher"]

SECRET_BYTES: Final = 16

Ints = npt.NDArray[np.int64]


class Hasher(Protocol):
    """One method under one secret; `method` is its name in snapshots."""

    method: str
    secret: bytes

    def of_slices(self, data: bytes, starts: Ints, ends: Ints) -> Hashes:
        """The bits of `data[starts[i]:ends[i]]`, for all of them: (n, 2)."""
        ...


class PlainHasher:
    """BLAKE2b with a key: needs nothing but the standard library."""

    method = "blake2b"

    def __init__(self, secret: bytes) -> None:
        self.secret = secret

    def of_slices(self, data: bytes, starts: Ints, ends: Ints) -> Hashes:
        """The bits of `data[starts[i]:ends[i]]`, for all of them: (n, 2)."""
        digests = b"".join(
            blake2b(data[start:end], digest_size=16, key=self.secret).digest()
            for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
        )
        return np.frombuffer(digests, "<i8").astype(np.int64).reshape(-1, 2)


class _CompiledHasher:
    """SipHash-1-3 in compiled code: a fraction of a microsecond for a post."""

    method = "siphash-1-3"

    def __init__(self, secret: bytes) -> None:
        from tocsin.features.windows.siphash import hash_slices  # noqa: PLC0415  # numba is an extra

        self.secret = secret
        self._words = np.frombuffer(secret, "<u8").astype(np.uint64)
        self._hash = hash_slices

    def of_slices(self, data: bytes, starts: Ints, ends: Ints) -> Hashes:
        """The bits of `data[starts[i]:ends[i]]`, for all of them: (n, 2)."""
        found = np.empty((len(starts), 2), np.uint64)
        if len(starts):
            self._hash(np.frombuffer(data, np.uint8), starts, ends, self._words, found)
        return found.view(np.int64)


def new_hasher(secret: bytes) -> Hasher:
    """The fastest method that is installed."""
    return _CompiledHasher(secret) if _has_numba() else PlainHasher(secret)


@cache
def _has_numba() -> bool:
    try:
        import tocsin.features.windows.siphash  # noqa: F401, PLC0415  # numba is an extra
    except ImportError:
        return False
    return True


def joined(texts: Sequence[str]) -> tuple[bytes, Ints, Ints]:
    """Texts as slices of one buffer."""
    whole = "".join(texts)
    if whole.isascii():
        data, sizes = whole.encode("ascii"), map(len, texts)
    else:
        encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
        data, sizes = b"".join(encoded), map(len, encoded)
    lengths = np.fromiter(sizes, np.int64, len(texts))
    ends = np.cumsum(lengths)
    return data, ends - lengths, ends
