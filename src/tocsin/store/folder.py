"""The data folder: whose it is, and who may work in it.

Comes in: a store. Goes out: nothing, or a refusal. Always holds: a folder that holds archive
files or anchors belongs to one log, named in `log.id` by the hash of its first entry. Refused:
the folder of another database, whose files would otherwise be overwritten.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from tocsin.errors import InputError
from tocsin.store import log
from tocsin.store.store import Store

__all__ = ["claim", "exclusive", "sync_folder"]

OWNER_FILE = "log.id"


def claim(store: Store, connection: sa.Connection) -> None:
    """Make sure that the data folder is this log's; the first to ask gets it.

    Raises:
        InputError: it belongs to another database.
    """
    first = log.entry_at(connection, 1)
    if first is None:
        return
    path = store.folder / OWNER_FILE
    try:
        with path.open("x") as file:
            file.write(first.hash)
            file.flush()
            os.fsync(file.fileno())
        return
    except FileExistsError:
        owner = path.read_text().strip()
    if not owner:  # a crash between making and filling the file
        path.write_text(first.hash)
    elif owner != first.hash:
        raise InputError(
            "the data folder belongs to another database",
            where=str(store.folder),
            hint="give each database a folder of its own: `--data-dir`, or `data_dir`",
        )


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Be the only one, of all processes and threads, who works in this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # released when the file is closed, or the process dies
        yield


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on disk, so that they survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
