"""Every detector of ours passes the suite for detectors."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.detectors import handles, hashes, links, phrases, tables
from tocsin.testing.detector_conformance import CHECKS, Build


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize(
    "build",
    [phrases.build, links.build, handles.build, hashes.build, tables.build],
    ids=["phrases", "links", "handles", "hashes", "tables"],
)
def test_conformance(build: Build, check: Callable[[Build], None]) -> None:
    check(build)
