"""Whole trainings on a few hundred made-up posts."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.support.textmodel import LetterVectors
from tocsin.errors import InputError
from tocsin.evaluation import Example
from tocsin.nlp import PostText
from tocsin.nlp.features import VectorSource
from tocsin.nlp.reading import Reader
from tocsin.nlp.scorer import PostModel
from tocsin.nlp.split import is_held_out
from tocsin.nlp.trained import TRAINED_ON_FILE, TrainedOn
from tocsin.nlp.weights import CARD_FILE, WEIGHTS_FILE, Floats, read_weights
from tocsin.training import TrainingInput, train
from tocsin.training.vectors import KeptVectors


def trained(given: TrainingInput, folder: Path, source: VectorSource | None = None) -> Path:
    train(given, folder, reader=Reader(), source=source or LetterVectors())
    return folder


def digests(folder: Path) -> Mapping[str, str]:
    names = (WEIGHTS_FILE, CARD_FILE, TRAINED_ON_FILE)
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}


class _Silent(LetterVectors):
    """A source that must not be asked."""

    def embed(self, texts: Sequence[str]) -> Floats:
        raise AssertionError


@pytest.fixture(scope="module")
def steps() -> dict[str, list[tuple[int, int]]]:
    """What the training of `model` said of its progress."""
    return {}


@pytest.fixture(scope="module")
def model(
    given: TrainingInput,
    steps: dict[str, list[tuple[int, int]]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    folder = tmp_path_factory.mktemp("model")
    source = KeptVectors(LetterVectors(), folder.parent / "vectors")
    train(
        given,
        folder,
        reader=Reader(),
        source=source,
        progress=lambda step, done, total: steps.setdefault(step, []).append((done, total)),
    )
    source.save()
    return folder


def test_twice_the_same_input_gives_the_same_bytes(
    model: Path, given: TrainingInput, tmp_path: Path
) -> None:
    source = KeptVectors(_Silent(), model.parent / "vectors")
    assert digests(trained(given, tmp_path, source)) == digests(model)


def test_held_out_accounts_and_suites_of_tests_are_never_trained_on(
    model: Path, examples: list[Example]
) -> None:
    seen = TrainedOn.read(model / TRAINED_ON_FILE)
    both = set()
    for example in examples:
        is_out = is_held_out(example.data_set, example.account) or example.truth.is_test_case
        both.add(is_out)
        assert seen.contains(example.data_set, example.account) is not is_out
    assert both == {True, False}


def test_the_card_says_what_was_trained_on(model: Path, examples: list[Example]) -> None:
    data = json.loads((model / CARD_FILE).read_text())["data"]
    assert set(data["sets"]) == {"hall", "seed", "square", "town"}
    assert data["sets"]["town"]["licence"] == "CC0-1.0"
    assert data["sets"]["square"]["licence"] == "not stated"
    assert sum(one["posts"] for one in data["sets"].values()) == data["posts"]
    held = sum(is_held_out(one.data_set, one.account) for one in examples)
    assert data["held_out_posts"] == held


def test_neither_card_nor_weights_hold_text_or_accounts(
    model: Path, examples: list[Example]
) -> None:
    content = b"".join(path.read_bytes() for path in model.iterdir())
    assert not any(one.post.text.encode() in content for one in examples)
    accounts = {one.account for one in examples if one.has_account}
    assert not any(f'"{account}"'.encode() in content for account in accounts)


def test_judged_examples_are_those_with_codes(model: Path, given: TrainingInput) -> None:
    weights = read_weights(model)
    codes = dict(zip(weights.example_ids, weights.example_codes, strict=True))
    assert codes
    seeds = {seed.post.id: seed.code for seed in given.seeds}
    assert all({**given.codes, **seeds}[name] == code for name, code in codes.items())


def test_a_trained_model_tells_support_from_ordinary_talk(model: Path) -> None:
    scorer = PostModel(read_weights(model), Reader(), LetterVectors())
    texts = ("glory to the iron dawn join us brother 7", "the harbour market opens at noon 7")
    posts = [PostText(id=text[:5], text=text, language="en") for text in texts]
    support, talk = scorer.score(posts)
    assert support.flag
    assert not talk.flag
    assert talk.scores["support"] < 0.1 < support.scores["support"]


def test_progress_names_each_step_and_ends_at_its_total(
    model: Path, steps: dict[str, list[tuple[int, int]]]
) -> None:
    assert model.exists()
    assert list(steps) == ["read", "grams", "layers"]
    for seen in steps.values():
        assert [done for done, _ in seen] == sorted(done for done, _ in seen)
        assert seen[-1][0] == seen[-1][1]


class _Wide(LetterVectors):
    name = "wide letters"


def names_of_vectors(folder: Path) -> list[str]:
    card = json.loads((folder / CARD_FILE).read_text())
    return [one["name"] for one in card["vectors"]]


def test_a_third_layer_is_trained_where_enough_posts_come_near(
    given: TrainingInput, examples: list[Example], tmp_path: Path
) -> None:
    noisy = [
        dataclasses.replace(one, source_harms={harm: not is_there for harm, is_there in judged})
        if place % 5 == 0 and (judged := list(one.source_harms.items()))
        else one
        for place, one in enumerate(examples)
    ]
    unsure = dataclasses.replace(given, examples=noisy)
    train(unsure, tmp_path, reader=Reader(), source=LetterVectors(), wide=_Wide())
    weights = read_weights(tmp_path)
    assert weights.third is not None
    assert names_of_vectors(tmp_path) == ["letters", "wide letters"]
    posts = [PostText(id="p", text="glory to the iron dawn join us brother 7", language="en")]
    scorer = PostModel(weights, Reader(), LetterVectors(), _Wide())
    assert scorer.version == weights.version
    assert 0 < scorer.score(posts)[0].scores["support"] < 1


def test_where_too_few_come_near_there_are_two_layers(given: TrainingInput, tmp_path: Path) -> None:
    train(given, tmp_path, reader=Reader(), source=LetterVectors(), wide=_Wide())
    assert read_weights(tmp_path).third is None
    assert names_of_vectors(tmp_path) == ["letters"]


@pytest.mark.parametrize(
    ("sets", "missing"),
    [
        ((), "nothing is left"),
        (("town",), "incitement"),
        (("square", "hall"), "support"),
    ],
)
def test_what_is_missing_is_named(
    examples: list[Example], tmp_path: Path, sets: tuple[str, ...], missing: str
) -> None:
    some = [example for example in examples if example.data_set in sets]
    with pytest.raises(InputError, match=missing):
        trained(TrainingInput(examples=some, codes={}), tmp_path)
