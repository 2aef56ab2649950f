"""A small world, read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.training import CODES, SEEDS, training_world
from tocsin.evaluation import Example, find_files, read_codes, read_sets
from tocsin.testing import T0
from tocsin.training import TrainingInput, read_seeds


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `tests.support.training`."""
    return training_world(tmp_path_factory.mktemp("training"))


@pytest.fixture(scope="session")
def examples(world: Path) -> list[Example]:
    """All labelled posts of its sets."""
    codes = read_codes(world / CODES)
    return read_sets(find_files([world / "sets"]), now=T0, codes=codes)


@pytest.fixture(scope="session")
def given(world: Path, examples: list[Example]) -> TrainingInput:
    """All that it is trained on."""
    return TrainingInput(
        examples=examples,
        codes=read_codes(world / CODES),
        seeds=read_seeds(world / SEEDS),
        licences={"town": "CC0-1.0"},
    )
