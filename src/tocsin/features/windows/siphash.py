"""SipHash-1-3 with 128 bits, compiled by numba: many slices of one buffer in one call.

Comes in: bytes, where each key stands in them, and a secret. Goes out: 128 bits for each. Always
holds: without the secret nobody can choose keys that collide, which a hash without one would
allow anyone who may post. Refused: nothing. Needs the extra `tocsin[fast]`.

Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012, with one round per word and
three at the end, as Python and Rust use it in their hash tables.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tocsin.matching.compiling import compiled

__all__ = ["hash_slices"]

Words = npt.NDArray[np.uint64]

_V0: Final = np.uint64(0x736F6D6570736575)
_V1: Final = np.uint64(0x646F72616E646F6D)
_V2: Final = np.uint64(0x6C7967656E657261)
_V3: Final = np.uint64(0x7465646279746573)
_LONG: Final = np.uint64(0xEE)
_FIRST: Final = np.uint64(0xEE)
_SECOND: Final = np.uint64(0xDD)
_LAST: Final = np.uint64(56)


@compiled
def _turned(value: Any, bits: Any) -> Any:
    return (value << np.uint64(bits)) | (value >> np.uint64(64 - bits))


@compiled
def _round(v0: Any, v1: Any, v2: Any, v3: Any) -> Any:
    v0 += v1
    v1 = _turned(v1, 13) ^ v0
    v0 = _turned(v0, 32)
    v2 += v3
    v3 = _turned(v3, 16) ^ v2
    v0 += v3
    v3 = _turned(v3, 21) ^ v0
    v2 += v1
    v1 = _turned(v1, 17) ^ v2
    v2 = _turned(v2, 32)
    return v0, v1, v2, v3


@compiled
def hash_slices(
    data: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    secret: Words,
    found: Words,
) -> None:
    """Write the hash of `data[starts[i]:ends[i]]` to `found[i]`, for all slices."""
    for row in range(starts.shape[0]):
        start, end = starts[row], ends[row]
        size = end - start
        v0 = secret[0] ^ _V0
        v1 = secret[1] ^ _V1 ^ _LONG
        v2 = secret[0] ^ _V2
        v3 = secret[1] ^ _V3
        place = start
        for _ in range(size // 8):
            word = np.uint64(0)
            for byte in range(8):
                word |= np.uint64(data[place + byte]) << np.uint64(8 * byte)
            v3 ^= word
            v0, v1, v2, v3 = _round(v0, v1, v2, v3)
            v0 ^= word
            place += 8
        word = np.uint64(size & 255) << _LAST
        for byte in range(end - place):
            word |= np.uint64(data[place + byte]) << np.uint64(8 * byte)
        v3 ^= word
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
        v0 ^= word
        v2 ^= _FIRST
        for _ in range(3):
            v0, v1, v2, v3 = _round(v0, v1, v2, v3)
        found[row, 0] = v0 ^ v1 ^ v2 ^ v3
        v1 ^= _SECOND
        for _ in range(3):
            v0, v1, v2, v3 = _round(v0, v1, v2, v3)
        found[row, 1] = v0 ^ v1 ^ v2 ^ v3
