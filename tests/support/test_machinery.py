"""The machinery that the other tests stand on works."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.support.network import OutsideNetworkError
from tests.support.postgres import PostgresServer

REPOSITORY = Path(__file__).parent.parent.parent


def test_each_database_engine_answers_and_is_empty(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("create table fresh (n integer)"))
        connection.execute(text("insert into fresh values (7)"))
        assert connection.execute(text("select n from fresh")).scalar_one() == 7
    engine.dispose()


@pytest.mark.postgres
def test_a_database_can_be_copied_from_a_template(postgres_server: PostgresServer) -> None:
    template = postgres_server.create()
    engine = create_engine(postgres_server.url(template))
    with engine.begin() as connection:
        connection.execute(text("create table kept (n integer)"))
    engine.dispose()

    copy = postgres_server.create(template)

    engine = create_engine(postgres_server.url(copy))
    with engine.begin() as connection:
        assert connection.execute(text("select count(*) from kept")).scalar_one() == 0
    engine.dispose()
    for database in (copy, template):
        postgres_server.drop(database)


def test_the_outside_network_is_closed() -> None:
    with socket.socket() as outside, pytest.raises(OutsideNetworkError):
        outside.connect(("192.0.2.1", 80))
    with pytest.raises(OutsideNetworkError):
        socket.getaddrinfo("example.org", 80)


def test_this_machine_can_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        with socket.create_connection(address) as client:
            assert client.getpeername() == address


@pytest.mark.parametrize(
    ("body", "passes"),
    [
        ("def test_it(): pytest.skip('no time')", False),
        ("pytest.skip('no time', allow_module_level=True)", False),
        ("def test_it(): pytest.skip('the development data is absent (elsewhere)')", True),
        ("@pytest.mark.xfail\ndef test_it(): assert False", True),
    ],
)
def test_a_skip_fails_where_nothing_may_be_missing(
    tmp_path: Path, body: str, *, passes: bool
) -> None:
    (tmp_path / "test_inner.py").write_text(f"import pytest\n\n{body}\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "tests.conftest",
            "-p",
            "no:cacheprovider",
            tmp_path,
        ],
        cwd=REPOSITORY,
        env={"TOCSIN_REQUIRE_ALL": "1", "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (run.returncode == 0) is passes, run.stdout
