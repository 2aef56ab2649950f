"""Every detector of ours passes the suite for detectors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

import pytest

from tests.support.tiny_model import tiny_model
from tocsin.detectors import handles, hashes, links, phrases, tables, text_models
from tocsin.plugins import Detector
from tocsin.records import BankEntry
from tocsin.testing.detector_conformance import (
    CHECKS,
    Build,
    check_examples_hold,
    check_ignores_batches,
)

_TINY = tiny_model()


def _text_models(entries: Iterable[BankEntry], now: datetime) -> Detector:
    return text_models.build(entries, now, _TINY)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize(
    "build",
    [phrases.build, links.build, handles.build, hashes.build, tables.build, _text_models],
    ids=["phrases", "links", "handles", "hashes", "tables", "text models"],
)
def test_conformance(build: Build, check: Callable[[Build], None]) -> None:
    check(build)


@pytest.mark.parametrize(
    "check", [check_examples_hold, check_ignores_batches], ids=lambda check: check.__name__
)
def test_the_weights_that_ship(check: Callable[[Build], None]) -> None:
    check(text_models.build)
