"""The pack that somebody is about to put in force, for servers to compile beforehand.

Comes in: a pack's files. Goes out: the same files, to other processes. Always holds: at most one
pack stands here, and none that is in force; it decides nothing, and is no part of the log.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import sqlalchemy as sa

from tocsin.store import schema

__all__ = ["clear", "files", "put", "version"]

table = schema.prepared_packs


def put(connection: sa.Connection, pack_version: str, pack_files: Mapping[str, str]) -> None:
    """Let this be the pack that is prepared."""
    clear(connection)
    encoded = msgspec.json.encode(dict(sorted(pack_files.items())))
    connection.execute(sa.insert(table), {"version": pack_version, "files": encoded})


def clear(connection: sa.Connection) -> None:
    """No pack is prepared any more."""
    connection.execute(sa.delete(table))


def version(connection: sa.Connection) -> str | None:
    """The version of the pack that is prepared."""
    return connection.execute(sa.select(table.c.version)).scalar_one_or_none()


def files(connection: sa.Connection, pack_version: str) -> dict[str, str] | None:
    """The files of the pack that is prepared, if it is this one."""
    statement = sa.select(table.c.files).where(table.c.version == pack_version)
    encoded = connection.execute(statement).scalar_one_or_none()
    return None if encoded is None else msgspec.json.decode(encoded, type=dict[str, str])
