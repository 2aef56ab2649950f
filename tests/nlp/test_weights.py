"""The folder of a model: read back as it was written, refused when it is something else."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from tests.support.textmodel import hand_weights
from tocsin.errors import InputError
from tocsin.nlp.hashed import BITS
from tocsin.nlp.weights import (
    CARD_FILE,
    OUTPUTS,
    WEIGHTS_FILE,
    Head,
    ModelWeights,
    read_weights,
    write_weights,
)

DAWN = {"dawn": {"support": 4.0}}


def filled(seed: int = 7) -> ModelWeights:
    """Weights with something other than zeros in every array."""
    drawn = np.random.default_rng(seed)

    def like(array: Any) -> Any:
        return drawn.normal(size=array.shape).astype(np.float32)

    def head(given: Head) -> Head:
        return Head(*map(like, (given.weights, given.bias, given.scale, given.shift)))

    plain = hand_weights(DAWN)
    return replace(
        plain,
        grams=like(plain.grams).astype(np.float16).astype(np.float32),
        gram_bias=like(plain.gram_bias),
        cue_scale=like(plain.cue_scale),
        account=like(plain.account),
        examples=drawn.integers(-127, 128, size=(3, 8)).astype(np.int8),
        example_ids=("e1", "e2", "e3"),
        example_codes=("S", "O", "Ct"),
        first=head(plain.first),
        second=head(plain.second),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_weights(tmp_path / "model", filled())
    return tmp_path / "model"


def change_card(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    card = json.loads((folder / CARD_FILE).read_text())
    change(card)
    (folder / CARD_FILE).write_text(json.dumps(card))


def change_arrays(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    arrays = load((folder / WEIGHTS_FILE).read_bytes())
    change(arrays)
    (folder / WEIGHTS_FILE).write_bytes(save(arrays))


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    given = filled()
    version = write_weights(tmp_path, given)
    read = read_weights(tmp_path)
    assert read.version == version
    for name in ("grams", "gram_bias", "cue_scale", "account", "examples"):
        assert np.array_equal(getattr(read, name), getattr(given, name)), name
    for name in ("first", "second"):
        for part in ("weights", "bias", "scale", "shift"):
            one, other = getattr(getattr(read, name), part), getattr(getattr(given, name), part)
            assert np.array_equal(one, other), (name, part)
    assert (read.example_ids, read.example_codes) == (given.example_ids, given.example_codes)
    assert read.card["thresholds"] == given.card["thresholds"]
    assert read.third is None


def test_a_third_layer_is_kept_where_there_is_one(tmp_path: Path) -> None:
    given = filled()
    write_weights(tmp_path, replace(given, third=given.second))
    third = read_weights(tmp_path).third
    assert third is not None
    assert np.array_equal(third.weights, given.second.weights)


def test_the_same_weights_are_the_same_bytes(tmp_path: Path, folder: Path) -> None:
    write_weights(tmp_path / "again", filled())
    for name in (WEIGHTS_FILE, CARD_FILE):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_a_change_of_weights_or_thresholds_is_a_new_version(tmp_path: Path, folder: Path) -> None:
    first = read_weights(folder).version
    assert write_weights(tmp_path / "other", filled(seed=8)) != first
    change_card(folder, lambda card: card["thresholds"].update(account=9.0))
    assert read_weights(folder).version != first


def test_a_folder_without_weights_is_refused_with_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        read_weights(tmp_path / "nowhere")
    assert refused.value.hint is not None
    assert WEIGHTS_FILE in refused.value.hint
    assert CARD_FILE in refused.value.hint


@pytest.mark.parametrize("content", [b"", b"\x00" * 64, b"{}", b"\xff" * 9])
def test_damaged_weights_are_refused(folder: Path, content: bytes) -> None:
    (folder / WEIGHTS_FILE).write_bytes(content)
    with pytest.raises(InputError):
        read_weights(folder)


@pytest.mark.parametrize("content", [b"", b"[1, 2]", b"{", b"\xff\xfe", b"7"])
def test_a_damaged_card_is_refused(folder: Path, content: bytes) -> None:
    (folder / CARD_FILE).write_bytes(content)
    with pytest.raises(InputError):
        read_weights(folder)


@pytest.mark.parametrize("name", ["grams", "account", "second.scale", "examples"])
def test_a_missing_array_is_named(folder: Path, name: str) -> None:
    change_arrays(folder, lambda arrays: arrays.pop(name))
    with pytest.raises(InputError, match=name):
        read_weights(folder)


def test_a_card_without_its_examples_is_refused(folder: Path) -> None:
    change_card(folder, lambda card: card.pop("examples"))
    with pytest.raises(InputError, match="examples"):
        read_weights(folder)


def test_grams_of_another_size_are_refused(folder: Path) -> None:
    small = np.zeros((1 << (BITS - 1), len(OUTPUTS)), np.float16)
    change_arrays(folder, lambda arrays: arrays.update(grams=small))
    with pytest.raises(InputError, match="shape"):
        read_weights(folder)


class _Trap:
    """What a model in a pickle could do to whoever reads it."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return (_spring, ("sprung",))


_SPRUNG: list[str] = []


def _spring(word: str) -> str:
    _SPRUNG.append(word)
    return word


def test_a_pickle_is_refused_and_not_run(folder: Path) -> None:
    (folder / WEIGHTS_FILE).write_bytes(pickle.dumps({"grams": _Trap()}))
    with pytest.raises(InputError):
        read_weights(folder)
    assert _SPRUNG == []
