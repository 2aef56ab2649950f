"""Keys of windows: the compiled hash is the published one, and equal texts have equal bits."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from tocsin.features.windows.hashing import PlainHasher, joined, new_hasher

SECRET = bytes(range(16))
TEXTS = ["", "a", "iron da", "iron dawn", "الفجر", "x" * 300, "\ud800", "a"]
WORD = 2**64 - 1


def siphash(data: bytes, secret: bytes) -> tuple[int, int]:
    """SipHash-1-3 with 128 bits, as its paper writes it down."""
    low, high = (int.from_bytes(secret[at : at + 8], "little") for at in (0, 8))
    v = [
        low ^ 0x736F6D6570736575,
        high ^ 0x646F72616E646F6D ^ 0xEE,
        low ^ 0x6C7967656E657261,
        high ^ 0x7465646279746573,
    ]

    def turned(value: int, bits: int) -> int:
        return (value << bits | value >> (64 - bits)) & WORD

    def mix() -> None:
        for a, b, first, c, d, second in ((0, 1, 13, 2, 3, 16), (0, 3, 21, 2, 1, 17)):
            v[a] = (v[a] + v[b]) & WORD
            v[c] = (v[c] + v[d]) & WORD
            v[b] = turned(v[b], first) ^ v[a]
            v[d] = turned(v[d], second) ^ v[c]
            turn = 0 if (a, b) == (0, 1) else 2
            v[turn] = turned(v[turn], 32)

    whole = len(data) // 8 * 8
    last = (len(data) % 256) << 56 | int.from_bytes(data[whole:], "little")
    words = [int.from_bytes(data[at : at + 8], "little") for at in range(0, whole, 8)]
    for word in (*words, last):
        v[3] ^= word
        mix()
        v[0] ^= word
    found = []
    for place, mark in ((2, 0xEE), (1, 0xDD)):
        v[place] ^= mark
        for _ in range(3):
            mix()
        found.append(v[0] ^ v[1] ^ v[2] ^ v[3])
    return found[0], found[1]


@pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="numba is not installed")
def test_the_compiled_hash_is_siphash() -> None:
    hasher = new_hasher(SECRET)
    assert hasher.method == "siphash-1-3"
    found = hasher.of_slices(*joined(TEXTS)).view(np.uint64)
    encoded = [text.encode("utf-8", "surrogatepass") for text in TEXTS]
    assert [tuple(map(int, pair)) for pair in found] == [siphash(one, SECRET) for one in encoded]


@pytest.mark.parametrize("make", [PlainHasher, new_hasher])
def test_equal_texts_have_equal_bits_under_one_secret_only(make: type[PlainHasher]) -> None:
    found = make(SECRET).of_slices(*joined(TEXTS))
    bits = [tuple(pair) for pair in found.tolist()]
    assert bits[1] == bits[-1]
    assert len(set(bits)) == len(set(TEXTS))
    other = make(bytes(16)).of_slices(*joined(TEXTS))
    assert not set(bits) & {tuple(pair) for pair in other.tolist()}
    assert make(SECRET).of_slices(*joined([])).shape == (0, 2)
