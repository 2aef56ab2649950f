"""The judged posts that a reviewer can compare with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.support.textmodel import DIMENSIONS, hand_weights
from tocsin.nlp.nearest import nearest_examples, packed_vectors
from tocsin.nlp.weights import Floats, ModelWeights


def units(seed: int, n: int, dimensions: int = 512) -> Floats:
    drawn = np.random.default_rng(seed).normal(size=(n, dimensions))
    found: Floats = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return found


def with_examples(vectors: Floats, ids: tuple[str, ...]) -> ModelWeights:
    return replace(
        hand_weights({}),
        examples=packed_vectors(vectors),
        example_ids=ids,
        example_codes=tuple("S" for _ in ids),
    )


@given(st.integers(0, 2**32 - 1))
def test_packed_vectors_keep_the_cosine_to_about_a_hundredth(seed: int) -> None:
    vectors = units(seed, 12)
    weights = with_examples(vectors, tuple(f"e{row:02}" for row in range(12)))
    found = nearest_examples(vectors[0], weights, count=12)
    exact = {f"e{row:02}": float(vectors[row] @ vectors[0]) for row in range(12)}
    assert found[0] == ("e00", "S", 1.0)
    assert all(abs(one.similarity - exact[one.id]) <= 0.015 for one in found)
    assert [one.similarity for one in found] == sorted(
        (one.similarity for one in found), reverse=True
    )


def test_equals_stand_in_order_of_ids_and_only_so_many_are_given() -> None:
    vectors = np.eye(DIMENSIONS, dtype=np.float32)[[0, 0, 0, 1]]
    weights = with_examples(vectors, ("c", "a", "b", "d"))
    found = nearest_examples(vectors[0], weights)
    assert [one.id for one in found] == ["a", "b", "c"]


def test_without_examples_or_without_words_nothing_is_near() -> None:
    vector = np.eye(DIMENSIONS, dtype=np.float32)[0]
    assert nearest_examples(vector, hand_weights({})) == ()
    weights = with_examples(vector[None], ("a",))
    assert nearest_examples(np.zeros(DIMENSIONS, np.float32), weights) == ()
