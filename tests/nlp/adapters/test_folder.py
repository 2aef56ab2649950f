from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tocsin.errors import InputError
from tocsin.nlp.adapters.classify_onnx import OnnxClassifier
from tocsin.nlp.adapters.embed_onnx import OnnxEmbedder
from tocsin.nlp.adapters.folder import checked_folder, folder_version
from tocsin.testing.fake_clock import FakeClock

NEEDS = ("config.json", "model.safetensors")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    (tmp_path / "model.safetensors").write_bytes(b"\0" * 8)
    return tmp_path


def test_a_folder_of_numbers_and_settings_is_taken(folder: Path) -> None:
    assert checked_folder(folder, needs=NEEDS) == folder.resolve()


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        checked_folder(tmp_path / "gone", needs=NEEDS)


def test_a_missing_file_is_named(folder: Path) -> None:
    with pytest.raises(InputError, match=r"has no `tokenizer\.json`"):
        checked_folder(folder, needs=(*NEEDS, "tokenizer.json"))


@pytest.mark.parametrize(
    "name", ["pytorch_model.bin", "head.PKL", "a/b/model.pt", "modeling_x.py", "ops.so"]
)
def test_what_may_run_code_is_refused_even_beside_good_weights(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"")

    with pytest.raises(InputError, match="may run code"):
        checked_folder(folder, needs=NEEDS)


def test_settings_that_name_code_are_refused(folder: Path) -> None:
    (folder / "config.json").write_text('{"auto_map": {"AutoModel": "x.Y"}}')

    with pytest.raises(InputError, match="auto_map"):
        checked_folder(folder, needs=NEEDS)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000])
def test_settings_that_are_no_object_are_refused(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text)

    with pytest.raises(InputError, match="not a JSON object"):
        checked_folder(folder, needs=NEEDS)


def test_other_weights_are_another_version(folder: Path) -> None:
    before = folder_version(folder)
    assert folder_version(folder) == before

    (folder / "model.safetensors").write_bytes(b"\1" * 8)
    assert folder_version(folder) != before


@pytest.mark.parametrize("make", [OnnxEmbedder, lambda folder: OnnxClassifier(folder, FakeClock())])
def test_a_missing_runtime_names_the_command(
    folder: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], object]
) -> None:
    def absent(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", absent)

    with pytest.raises(InputError) as refused:
        make(folder)

    assert refused.value.hint == "pip install 'tocsin[onnx]'"
