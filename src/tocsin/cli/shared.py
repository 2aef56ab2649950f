"""What every command shares: `--db`, `--data-dir`, `--config`, `--json`, and how to print.

Comes in: the shared options. Goes out: a `CliContext`. Always holds: with `--json`, standard
output carries JSON only; everything for people goes to standard error.
"""

from __future__ import annotations

import functools
import getpass
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import click
import msgspec

from tocsin.config import Settings, load_settings

if TYPE_CHECKING:
    from rich.progress import Progress

    from tocsin.store import Store

__all__ = ["CliContext", "counted", "operator_name", "shared_options"]

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class CliContext:
    """The settings in force, and where output goes."""

    settings: Settings
    json: bool

    @contextmanager
    def store(self, *, create: bool = False) -> Iterator[Store]:
        """The store, open for the length of the block; made first only where that is wanted.

        Raises:
            NotFoundError: there is no database, and `create` is false.
        """
        from tocsin.store import Store  # SQLAlchemy is not needed for --help

        store = Store.open(self.settings, create=create)
        try:
            yield store
        finally:
            store.close()

    def emit(self, obj: Any) -> None:
        """Print one JSON value on a line of standard output."""
        click.echo(json.dumps(msgspec.to_builtins(obj), ensure_ascii=False))

    def emit_raw(self, line: bytes) -> None:
        """Print a line that is JSON already."""
        sys.stdout.buffer.write(line + b"\n")

    def say(self, text: str = "") -> None:
        """Print for people."""
        click.echo(text, err=self.json)

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Print a table for people."""
        cells = [[str(cell) for cell in row] for row in rows]
        widths = [
            max([len(heading), *(len(row[i]) for row in cells)])
            for i, heading in enumerate(headings)
        ]
        for line in ([heading.upper() for heading in headings], *cells):
            padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            self.say("  ".join(padded).rstrip())

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """A progress bar on standard error; silent where that is no terminal."""
        from rich.console import Console  # only where a bar is drawn
        from rich.progress import (
            BarColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
        )
        console = Console(stderr=True)
        is_off = not console.is_terminal
        with Progress(*columns, console=console, transient=True, disable=is_off) as progress:
            yield progress


def counted(n: int, one: str, many: str | None = None) -> str:
    """A number and its noun.

    >>> counted(1, "event"), counted(1_204, "event"), counted(0, "entry", "entries")
    ('1 event', '1,204 events', '0 entries')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def operator_name() -> str:
    """Who is at the command line, as the operating system knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number without a name
        return f"uid-{os.getuid()}"


def shared_options(
    function: Callable[Concatenate[CliContext, P], R],
) -> Callable[P, R]:
    """Give a command the shared options; it gets a `CliContext` as its first argument."""

    @click.option("--db", metavar="URL", help="Database; also TOCSIN_DB. [sqlite:///tocsin.db]")
    @click.option(
        "--data-dir",
        metavar="DIR",
        help="Archive, media, keys, anchors. [beside the database]",
    )
    @click.option(
        "--config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Settings file; also TOCSIN_CONFIG. [tocsin.toml in the data folder]",
    )
    @click.option("--json", "as_json", is_flag=True, help="Machine output on standard output.")
    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> R:
        settings = load_settings(
            {"database_url": kwargs.pop("db"), "data_dir": kwargs.pop("data_dir")},
            config_file=kwargs.pop("config"),
        )
        return function(CliContext(settings, kwargs.pop("as_json")), *args, **kwargs)

    return wrapped
