"""The demo's two servers as child processes.

Comes in: a command that prints one line of JSON once it listens. Goes out: that line. Always
holds: a child has a session of its own, so that Ctrl-C reaches the demo only and the demo ends
its children in order; what a child says goes to a file, and the end of it into the error when
the child does not start. Refused: nothing.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tocsin.errors import OutsideServiceError

__all__ = ["Child", "free_ports", "running"]

START_S = 60.0
"""A cold disk and a slow machine; a warm start takes about a second."""
STOP_S = 20.0
LAST_LINES = 12


@dataclass(frozen=True, slots=True)
class Child:
    """A server that listens: its name, its process, and the line with which it said so."""

    name: str
    process: subprocess.Popen[bytes]
    said: Mapping[str, Any]

    @property
    def has_ended(self) -> bool:
        """Whether it has stopped by itself."""
        return self.process.poll() is not None


@contextmanager
def running(
    name: str, module: Sequence[str], log: Path, secrets: Mapping[str, str] | None = None
) -> Iterator[Child]:
    """Run `python -m module…` while the block lasts; `secrets` go into its environment.

    Raises:
        OutsideServiceError: it did not start; with the last lines that it wrote.
    """
    with log.open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603  # our own modules, ports and paths
            [sys.executable, "-m", *module],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, **(secrets or {})},
            start_new_session=True,
        )
    try:
        assert process.stdout is not None  # noqa: S101  # a pipe was asked for above
        yield Child(name, process, _first_line(name, process.stdout, log))
    finally:
        _stop(process)


def free_ports(*preferred: int) -> tuple[int, ...]:
    """Each port where nothing listens on it, else any free one; no two are equal."""
    with ExitStack() as held:
        return tuple(_bound(port, held) for port in preferred)


def _bound(preferred: int, held: ExitStack) -> int:
    for port in (preferred, 0):
        probe = held.enter_context(socket.socket())
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers themselves do
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError:
            continue
        found: int = probe.getsockname()[1]
        return found
    raise OutsideServiceError("this machine has no free port")


def _first_line(name: str, output: IO[bytes], log: Path) -> Mapping[str, Any]:
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        line = output.readline() if selector.select(START_S) else b""
    try:
        said = json.loads(line)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:]
        raise OutsideServiceError(f"{name} did not start", hint="\n        ".join(tail) or None)
    return said


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
