"""Files of labelled events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.labelled import small_world, write_events


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, Iterable[Mapping[str, Any]]], Path]:
    """Writes events into a file of a set."""
    return lambda name, events: write_events(tmp_path / name, events)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small world of `tests.support.labelled`, in a folder."""
    return small_world(tmp_path_factory.mktemp("world"))
