"""Models in operators' folders, run by the runtimes that the operator installs.

The runtimes are no dependency of the project, not even for development (one of them is over a
gigabyte): without them these tests are skipped. To run them:
`pip install onnxruntime tokenizers torch transformers`.
"""

from __future__ import annotations

import base64
import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import NO_RUNTIME
from tocsin.errors import InputError
from tocsin.nlp.adapters.embed import needed_package
from tocsin.nlp.adapters.embed_onnx import OnnxEmbedder
from tocsin.nlp.adapters.huggingface import HFClassifier, HFEmbedder
from tocsin.testing.fake_clock import FakeClock

GATHER = base64.b64decode(
    "CAgSBnRvY3Npbjq1AQopCgFXCglpbnB1dF9pZHMSEWxhc3RfaGlkZGVuX3N0YXRlIgZHYXRoZXISAWcqOwgECAMQAUIB"
    "V0owAAAAAAAAAAAAAIA/AACAPwAAAAAAAAAAAAAAAAAAgD8AAAAAAACAPwAAgD8AAAAAWh0KCWlucHV0X2lkcxIQCg4I"
    "BxIKCgMSAWIKAxIBc2IpChFsYXN0X2hpZGRlbl9zdGF0ZRIUChIIARIOCgMSAWIKAxIBcwoCCANCBAoAEA0="
)
"""An ONNX model of 200 bytes: `input_ids` -> the rows (0,0,1), (1,0,0), (0,1,0), (1,1,0)."""

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


def needs(*modules: str) -> pytest.MarkDecorator:
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"{NO_RUNTIME}: {', '.join(missing)}")


needs_onnx = needs("onnxruntime", "tokenizers")
needs_torch = needs("torch", "transformers")


@pytest.fixture
def onnx_folder(tmp_path: Path) -> Path:
    (tmp_path / "model.onnx").write_bytes(GATHER)
    (tmp_path / "tokenizer.json").write_text(json.dumps(TOKENIZER))
    return tmp_path


@needs_onnx
def test_an_onnx_model_gives_the_mean_of_its_tokens(onnx_folder: Path) -> None:
    embedder = OnnxEmbedder(onnx_folder)
    vectors = embedder.embed(["bread butter", "bread", "", "half \ud83d"])

    assert embedder.dimensions == 3
    assert embedder.name == onnx_folder.name
    np.testing.assert_allclose(vectors[0], np.array([1, 1, 0]) / np.sqrt(2), atol=1e-6)
    np.testing.assert_allclose(vectors[1], [1, 0, 0], atol=1e-6)
    assert np.isfinite(vectors).all()


@needs_onnx
def test_an_onnx_model_may_use_the_first_token_and_a_prefix(onnx_folder: Path) -> None:
    embedder = OnnxEmbedder(onnx_folder, pooling="first", prefix="butter ")

    np.testing.assert_allclose(embedder.embed(["bread"])[0], [0, 1, 0], atol=1e-6)


@needs_onnx
@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_file_of_another_kind_is_refused(onnx_folder: Path, name: str) -> None:
    (onnx_folder / name).write_bytes(b"not a model")

    with pytest.raises(InputError, match="cannot be loaded"):
        OnnxEmbedder(onnx_folder)


def save_model(folder: Path, head: str, **config: Any) -> Path:
    """A BERT of a few thousand numbers, by chance."""
    transformers, torch = (
        needed_package("transformers", "transformers"),
        needed_package("torch", "torch"),
    )
    torch.manual_seed(1)
    small = transformers.BertConfig(
        vocab_size=len(WORDS),
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        **config,
    )
    getattr(transformers, head)(small).save_pretrained(folder)
    (folder / "tokenizer.json").write_text(json.dumps({**TOKENIZER, "padding": None}))
    (folder / "tokenizer_config.json").write_text(
        '{"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "[UNK]",'
        ' "model_input_names": ["input_ids", "attention_mask"]}'
    )
    return folder


@needs_torch
def test_a_model_in_the_layout_of_hugging_face_gives_vectors(tmp_path: Path) -> None:
    embedder = HFEmbedder(save_model(tmp_path, "BertModel"))
    vectors = embedder.embed(["bread butter", "harbour", "bread butter"])

    assert vectors.shape == (3, embedder.dimensions)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(vectors[0], vectors[2])


@needs_torch
@pytest.mark.parametrize("problem", [None, "multi_label_classification"])
def test_a_classifier_gives_its_likeliest_label(tmp_path: Path, problem: str | None) -> None:
    folder = save_model(
        tmp_path,
        "BertForSequenceClassification",
        id2label={0: "calm", 1: "heated"},
        label2id={"calm": 0, "heated": 1},
        problem_type=problem,
    )
    (answer,) = HFClassifier(folder, FakeClock()).classify(["bread butter"], language="en")

    assert answer.label in {"calm", "heated"}
    assert answer.score is not None
    assert 0 < answer.score < 1
    assert (answer.model, answer.language, answer.abstained) == (folder.name, "en", False)
    assert answer.version


@needs_torch
def test_weights_that_give_no_number_are_an_abstention(tmp_path: Path) -> None:
    folder = save_model(tmp_path, "BertForSequenceClassification", id2label={0: "a", 1: "b"})
    classifier = HFClassifier(folder, FakeClock())
    classifier._loaded.model.classifier.bias.data.fill_(float("nan"))  # noqa: SLF001

    (answer,) = classifier.classify(["bread"])
    assert answer.abstained
    assert answer.label is None


@needs_torch
def test_weights_of_another_kind_are_refused(tmp_path: Path) -> None:
    folder = save_model(tmp_path, "BertModel")
    (folder / "config.json").write_text('{"model_type": "no-such-kind"}')

    with pytest.raises(InputError, match="cannot be loaded"):
        HFEmbedder(folder)
