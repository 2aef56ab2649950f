"""Fixtures of the whole suite: databases, development data, a browser, and no outside network.

Always holds: a test that needs what the machine lacks is skipped with the one command that
brings it; under `TOCSIN_REQUIRE_ALL=1` (set by `.ci/run`) every skip is a failure except the
reasons listed in `ALLOWED_SKIPS`.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import settings

from tests.support.network import block_outside_network
from tests.support.postgres import PostgresServer, start_postgres

REPOSITORY: Final = Path(__file__).parent.parent

NO_DEV_DATA: Final = "the development data is absent"
NO_CHROMIUM: Final = "Chromium is missing; run: sudo apt-get install chromium"

ALLOWED_SKIPS: Final = (NO_DEV_DATA,)
"""Reasons for which a test may be skipped even where nothing may be missing: the development
data is not part of the project and not public in one place."""

settings.register_profile("tocsin", deadline=None, print_blob=True)
settings.register_profile("tocsin-ci", deadline=None, print_blob=True, derandomize=True)


def pytest_configure(config: pytest.Config) -> None:
    """Close the network and choose how hypothesis draws: the same way each time in CI."""
    del config
    settings.load_profile("tocsin-ci" if _must_run_all() else "tocsin")
    block_outside_network()


def _must_run_all() -> bool:
    return os.environ.get("TOCSIN_REQUIRE_ALL") == "1"


def _refused_skip(report: pytest.TestReport | pytest.CollectReport) -> str | None:
    """The reason of a skip that is not allowed here, or None."""
    if not _must_run_all() or not report.skipped or hasattr(report, "wasxfail"):
        return None
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return None if any(allowed in reason for allowed in ALLOWED_SKIPS) else reason


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where nothing may be missing, a skipped test is a failed one."""
    del item, call
    report = yield
    reason = _refused_skip(report)
    if reason is not None:
        report.outcome = "failed"
        report.longrepr = f"TOCSIN_REQUIRE_ALL=1 allows no skip, but: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """As above, for a file that skips as a whole."""
    del collector
    report = yield
    reason = _refused_skip(report)
    if reason is not None:
        report.outcome = "failed"
        report.longrepr = f"TOCSIN_REQUIRE_ALL=1 allows no skip, but: {reason}"
    return report


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL server for each worker, gone with it."""
    # a socket's path may have about a hundred characters: no deep directory of pytest here
    directory = Path(tempfile.mkdtemp(prefix="tocsin-pg-"))
    try:
        server = start_postgres(directory)
        yield server
        server.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def postgres_url(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The URL of an empty PostgreSQL database of this test's own.

    The test runs in its own folder: a server's database has its data folder in the current one.
    """
    monkeypatch.chdir(tmp_path)
    database = postgres_server.create()
    yield postgres_server.url(database)
    postgres_server.drop(database)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite database of this test's own; the file does not exist yet."""
    return f"sqlite:///{tmp_path / 'tocsin.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database; the test runs once on each engine."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: Any = request.getfixturevalue(name)
    assert isinstance(url, str)
    return url


@pytest.fixture(scope="session")
def dev_data() -> Path:
    """The directory of the development data beside the repository."""
    path = REPOSITORY.parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip(f"{NO_DEV_DATA} (expected at ../shared/data)")
    return path


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The program of a Chromium for the tests in a real browser."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found is not None:
            return found
    pytest.skip(NO_CHROMIUM)
