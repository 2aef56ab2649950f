"""People and keys held against the log: who may log in, as what, with which credential.

Comes in: the tables of users and tokens, and the entries that changed them. Goes out: what
differs. Always holds: nothing is changed; no hash leaves, only ids and names of columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from tocsin.records import EntryKind
from tocsin.store import log, schema
from tocsin.store.people import credential_digest

__all__ = ["people_differences"]


def people_differences(connection: sa.Connection) -> Iterator[tuple[str, str]]:
    """(where, message) for every user or token that is not as the log says."""
    users: dict[str, dict[str, Any]] = {}
    tokens: dict[str, dict[str, Any]] = {}
    for entry in log.entries(connection, kinds=(EntryKind.USER,)):
        body = entry.body
        if "user" in body:
            state = users.setdefault(body["user"], {"is_disabled": False})
            state |= {key: body[key] for key in _USER_PARTS if key in body}
        elif "token" in body:
            token = tokens.setdefault(body["token"], {"is_revoked": False})
            if body.get("change") == "revoked":
                token["is_revoked"] = True
            else:
                token["scopes"] = " ".join(body.get("scopes", ()))
                token["credential"] = body.get("credential")
        # an entry that names neither was changed, and its hash says so
    yield from _compared("user", users, _users(connection))
    yield from _compared("token", tokens, _tokens(connection))


_USER_PARTS = ("role", "is_disabled", "credential")


def _users(connection: sa.Connection) -> dict[str, dict[str, Any]]:
    return {
        row.id: {
            "role": row.role,
            "is_disabled": row.is_disabled,
            "credential": credential_digest(row.password_hash),
        }
        for row in connection.execute(sa.select(schema.users))
    }


def _tokens(connection: sa.Connection) -> dict[str, dict[str, Any]]:
    return {
        row.id: {
            "is_revoked": row.is_revoked,
            "scopes": row.scopes,
            "credential": credential_digest(row.token_hash),
        }
        for row in connection.execute(sa.select(schema.api_tokens))
    }


def _compared(
    kind: str, expected: dict[str, dict[str, Any]], found: dict[str, dict[str, Any]]
) -> Iterator[tuple[str, str]]:
    for key in sorted(expected.keys() | found.keys()):
        where = f"{kind} {key}"
        if key not in found:
            yield where, "the log knows it; it is not in the table"
        elif key not in expected:
            yield where, "nobody made it through the log"
        elif found[key] != expected[key]:
            parts = sorted(
                name for name in found[key] if found[key][name] != expected[key].get(name)
            )
            yield where, f"differs from what the log says, in {', '.join(parts)}"
