"""Hashed n-grams of a batch against a plain reading of the definition, text by text."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tocsin.nlp.hashed import BITS, Grams, hashed_grams

BASE = 0x9E3779B97F4A7C15
MIX = 0xD6E8FEB86659FD93
MODULUS = 1 << 64
LONGEST = 2_000

texts = st.text(max_size=80)
mild = st.text(alphabet="abc مرسى 宿 é̈\n-'12  ", max_size=60)


def is_word(letter: str) -> bool:
    return ord(letter) > 0xFFFF or unicodedata.category(letter)[0] in "LNM"


def parted(key: str) -> str:
    """Words, one blank between each two and at both ends."""
    letters = "".join(letter if is_word(letter) else " " for letter in key[:LONGEST])
    words = [word for word in letters.split(" ") if word]
    return f" {' '.join(words)} " if words else " "


def runs(key: str) -> Iterator[tuple[int, str]]:
    """Every n-gram with the number of its kind: words, pairs, characters."""
    text = parted(key)
    words = text.split()
    yield from ((0, word) for word in words)
    yield from ((1, f"{one} {two}") for one, two in itertools.pairwise(words))
    for salt, length in ((2, 3), (3, 4), (4, 5)):
        yield from ((salt, text[at : at + length]) for at in range(len(text) - length + 1))


def place(salt: int, run: str) -> int:
    value = sum(ord(letter) * pow(BASE, power, MODULUS) for power, letter in enumerate(run))
    return ((value % MODULUS ^ (salt + 1)) * MIX % MODULUS) >> (64 - BITS)


def reference(key: str) -> list[int]:
    return [place(salt, run) for salt, run in runs(key)]


def places_of(grams: Grams, row: int) -> list[int]:
    found: list[int] = grams.places[grams.starts[row] : grams.starts[row + 1]].tolist()
    return found


@given(st.lists(texts | mild, max_size=6))
def test_the_places_are_those_of_the_definition(keys: list[str]) -> None:
    grams = hashed_grams(keys)
    assert len(grams.starts) == len(keys) + 1
    for row, key in enumerate(keys):
        assert places_of(grams, row) == reference(key)


@given(st.lists(mild, min_size=1, max_size=6), mild)
def test_a_text_has_the_same_places_in_every_batch(others: list[str], key: str) -> None:
    alone = hashed_grams([key]).places.tolist()
    for row in (0, len(others)):
        batch = [*others[:row], key, *others[row:]]
        assert places_of(hashed_grams(batch), row) == alone


def test_words_of_neighbouring_texts_never_join() -> None:
    grams = hashed_grams(["bread", "is dear"])
    assert place(1, "bread is") not in grams.places.tolist()


def test_long_texts_are_read_to_their_limit() -> None:
    long = "harbour " * 1_000
    assert places_of(hashed_grams([long]), 0) == reference(long)


@given(st.lists(mild, max_size=5), st.integers(0, 2**32 - 1))
def test_sums_are_those_of_each_text_alone(keys: list[str], seed: int) -> None:
    weights = np.random.default_rng(seed).normal(size=(1 << BITS, 2)).astype(np.float32)
    sums = hashed_grams(keys).sums(weights)
    for row, key in enumerate(keys):
        found = reference(key)
        wanted = weights[found].sum(axis=0) / np.sqrt(len(found)) if found else np.zeros(2)
        assert np.allclose(sums[row], wanted, atol=1e-4)


def test_no_texts_have_no_places() -> None:
    grams = hashed_grams([])
    assert len(grams.places) == 0
    assert grams.sums(np.zeros((1 << BITS, 3), np.float32)).shape == (0, 3)
