"""Models in operators' folders: tiny real ones, run by the real runtime."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, checker, helper

from tocsin.errors import InputError
from tocsin.nlp.adapters.classify_onnx import OnnxClassifier
from tocsin.nlp.adapters.embed_onnx import OnnxEmbedder
from tocsin.testing.fake_clock import FakeClock

Rows = Sequence[Sequence[float]]

WORDS = {"[UNK]": 0, "bread": 1, "butter": 2, "harbour": 3}
TOKENIZER: dict[str, Any] = {
    "version": "1.0",
    "truncation": None,
    "padding": {
        "strategy": {"Fixed": 8},
        "direction": "Right",
        "pad_to_multiple_of": None,
        "pad_id": 0,
        "pad_type_id": 0,
        "pad_token": "[UNK]",
    },
    "added_tokens": [],
    "normalizer": None,
    "pre_tokenizer": {"type": "Whitespace"},
    "post_processor": None,
    "decoder": None,
    "model": {"type": "WordLevel", "vocab": WORDS, "unk_token": "[UNK]"},
}

VECTORS: Rows = [(0, 0, 1), (1, 0, 0), (0, 1, 0), (1, 1, 0)]
"""One row for each word."""

LOGITS: Rows = [(0, 0), (2, 0), (0, 4), (0, 0)]
CONFIG = {"id2label": {"0": "calm", "1": "heated"}}


def write_model(folder: Path, rows: Rows, *, sums: bool = False, name: str = "input_ids") -> None:
    """Words to their rows; `sums`: one row for the text, the sum of those of its words."""
    width = len(rows[0])
    weights = [float(value) for row in rows for value in row]
    nodes = [helper.make_node("Gather", ["weights", name], ["of_words" if sums else "answer"])]
    initializers = [helper.make_tensor("weights", TensorProto.FLOAT, [len(rows), width], weights)]
    if sums:
        initializers.append(helper.make_tensor("axes", TensorProto.INT64, [1], [1]))
        nodes.append(helper.make_node("ReduceSum", ["of_words", "axes"], ["answer"], keepdims=0))
    shape: list[str | int | None] = ["batch", *([] if sums else ["words"]), width]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "words"])],
        [helper.make_tensor_value_info("answer", TensorProto.FLOAT, shape)],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    checker.check_model(model)
    (folder / "model.onnx").write_bytes(model.SerializeToString())


@pytest.fixture
def embedding(tmp_path: Path) -> Path:
    write_model(tmp_path, VECTORS)
    (tmp_path / "tokenizer.json").write_text(json.dumps(TOKENIZER))
    return tmp_path


@pytest.fixture
def classifying(tmp_path: Path) -> Path:
    write_model(tmp_path, LOGITS, sums=True)
    (tmp_path / "tokenizer.json").write_text(json.dumps(TOKENIZER))
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    return tmp_path


def test_an_embedder_gives_the_mean_of_the_tokens(embedding: Path) -> None:
    embedder = OnnxEmbedder(embedding)
    vectors = embedder.embed(["bread butter", "bread", "", "half \ud83d"])

    assert embedder.dimensions == 3
    assert embedder.name == embedding.name
    np.testing.assert_allclose(vectors[0], np.array([1, 1, 0]) / np.sqrt(2), atol=1e-6)
    np.testing.assert_allclose(vectors[1], [1, 0, 0], atol=1e-6)
    assert np.isfinite(vectors).all()


def test_an_embedder_may_use_the_first_token_and_a_prefix(embedding: Path) -> None:
    embedder = OnnxEmbedder(embedding, pooling="first", prefix="butter ")

    np.testing.assert_allclose(embedder.embed(["bread"])[0], [0, 1, 0], atol=1e-6)


def test_an_embedder_takes_a_model_that_answers_with_one_vector(embedding: Path) -> None:
    write_model(embedding, VECTORS, sums=True)

    np.testing.assert_allclose(
        OnnxEmbedder(embedding).embed(["bread butter"])[0],
        np.array([1, 1, 0]) / np.sqrt(2),
        atol=1e-6,
    )


def test_a_text_of_any_length_is_cut_to_what_the_model_reads(embedding: Path) -> None:
    embedder = OnnxEmbedder(embedding, max_tokens=2)

    np.testing.assert_array_equal(
        embedder.embed(["bread bread" + " butter" * 50_000]), embedder.embed(["bread bread"])
    )


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_file_of_another_kind_is_refused(embedding: Path, name: str) -> None:
    (embedding / name).write_bytes(b"not a model")

    with pytest.raises(InputError, match="cannot be loaded"):
        OnnxEmbedder(embedding)


def test_a_model_that_reads_something_else_than_tokens_is_refused(embedding: Path) -> None:
    write_model(embedding, VECTORS, name="pixel_values")

    with pytest.raises(InputError, match="other inputs than tokens"):
        OnnxEmbedder(embedding)


def test_a_model_that_fails_on_every_text_is_refused(embedding: Path) -> None:
    write_model(embedding, VECTORS[:1])  # the tokenizer knows more words than the model

    with pytest.raises(InputError, match="cannot be run"):
        OnnxEmbedder(embedding)


def test_a_classifier_gives_its_likeliest_label(classifying: Path) -> None:
    classifier = OnnxClassifier(classifying, FakeClock())
    calm, heated = classifier.classify(["bread", "butter"], language="en")

    assert (calm.label, heated.label) == ("calm", "heated")
    assert calm.score == pytest.approx(1 / (1 + np.exp(-2)))
    assert heated.score == pytest.approx(1 / (1 + np.exp(-4)))
    assert (calm.model, calm.language, calm.abstained) == (classifying.name, "en", False)
    assert calm.version


def test_a_text_has_the_same_label_in_every_batch(classifying: Path) -> None:
    classifier = OnnxClassifier(classifying, FakeClock())
    texts = ["bread", "butter butter bread", "", "half \ud83d"]

    assert classifier.classify(texts) == [classifier.classify([text])[0] for text in texts]


def test_labels_that_do_not_exclude_each_other_stand_alone(classifying: Path) -> None:
    several = CONFIG | {"problem_type": "multi_label_classification"}
    (classifying / "config.json").write_text(json.dumps(several))
    (answer,) = OnnxClassifier(classifying, FakeClock()).classify(["butter bread"])

    assert answer.label == "heated"
    assert answer.score == pytest.approx(1 / (1 + np.exp(-4)))


def test_large_figures_do_not_overflow(classifying: Path) -> None:
    write_model(classifying, [(0, 0), (3e38, -3e38), (-3e38, 3e38), (0, 0)], sums=True)
    (answer,) = OnnxClassifier(classifying, FakeClock()).classify(["butter"])

    assert (answer.label, answer.score) == ("heated", 1.0)


@pytest.mark.parametrize("figure", [float("nan"), float("inf")])
def test_weights_that_give_no_number_are_an_abstention(classifying: Path, figure: float) -> None:
    write_model(classifying, [(0, 0), (figure, figure), (0, 1), (0, 0)], sums=True)
    broken, whole = OnnxClassifier(classifying, FakeClock()).classify(["bread", "butter"])

    assert broken.abstained
    assert broken.reason
    assert broken.label is None
    assert whole.label == "heated"


def test_a_model_that_fails_on_one_text_abstains(classifying: Path) -> None:
    words = {**WORDS, "weir": 9}  # a word without a row
    tokenizer = {**TOKENIZER, "model": {**TOKENIZER["model"], "vocab": words}}
    (classifying / "tokenizer.json").write_text(json.dumps(tokenizer))
    broken, whole = OnnxClassifier(classifying, FakeClock()).classify(["weir", "butter"])

    assert broken.abstained
    assert whole.label == "heated"


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"id2label": {}},
        {"id2label": {"1": "calm", "2": "heated"}},
        {"id2label": {"zero": "calm"}},
        {"id2label": ["calm", "heated"]},
    ],
)
def test_settings_without_labels_are_refused(classifying: Path, config: dict[str, Any]) -> None:
    (classifying / "config.json").write_text(json.dumps(config))

    with pytest.raises(InputError, match="names no labels"):
        OnnxClassifier(classifying, FakeClock())


def test_more_labels_than_figures_are_refused(classifying: Path) -> None:
    three = {"id2label": {"0": "calm", "1": "heated", "2": "other"}}
    (classifying / "config.json").write_text(json.dumps(three))

    with pytest.raises(InputError, match="not one for each of its 3 labels"):
        OnnxClassifier(classifying, FakeClock())


def test_a_model_that_gives_vectors_is_no_classifier(classifying: Path) -> None:
    write_model(classifying, VECTORS)

    with pytest.raises(InputError, match="not one for each"):
        OnnxClassifier(classifying, FakeClock())


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.onnx"])
def test_a_classifier_names_the_file_that_is_missing(classifying: Path, name: str) -> None:
    (classifying / name).unlink()

    with pytest.raises(InputError, match="has no"):
        OnnxClassifier(classifying, FakeClock())


def test_a_pickle_beside_the_model_is_refused(classifying: Path) -> None:
    (classifying / "pytorch_model.bin").write_bytes(b"")

    with pytest.raises(InputError, match="may run code"):
        OnnxClassifier(classifying, FakeClock())
