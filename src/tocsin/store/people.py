"""People and keys in the store: users, sessions, API tokens.

Comes in: hashes, never passwords or tokens. Goes out: who somebody is. Always holds: secrets
are kept as hashes only; a change of a user or token is an entry of the log, with a digest of the
hash.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from tocsin.errors import ConflictError
from tocsin.records import EntryKind
from tocsin.store import schema
from tocsin.store.store import Transaction
from tocsin.store.times import from_us, to_us

__all__ = [
    "ApiToken",
    "SessionRow",
    "User",
    "add_token",
    "add_user",
    "create_session",
    "credential_digest",
    "delete_session",
    "delete_sessions_of",
    "list_tokens",
    "list_users",
    "revoke_token",
    "session_by_hash",
    "set_login_failures",
    "token_by_hash",
    "touch_session",
    "update_user",
    "user_by_id",
    "user_by_name",
]


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may log in."""

    id: str
    name: str
    role: str
    password_hash: str
    created_at: datetime
    is_disabled: bool
    failed_logins: int
    locked_until: datetime


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that is logged in."""

    token_hash: str
    user_id: str
    csrf: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


class ApiToken(msgspec.Struct, frozen=True, kw_only=True):
    """A key of a program, with what it may do."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    is_revoked: bool


def add_user(
    transaction: Transaction, *, user_id: str, name: str, role: str, password_hash: str, by: str
) -> None:
    """Create a user.

    Raises:
        ConflictError: the name is taken.
    """
    if user_by_name(transaction.connection, name) is not None:
        raise ConflictError("a user of this name exists", where="users")
    transaction.connection.execute(
        sa.insert(schema.users),
        {
            "id": user_id,
            "name": name,
            "role": role,
            "password_hash": password_hash,
            "created_at_us": to_us(transaction.clock.now()),
            "is_disabled": False,
            "failed_logins": 0,
            "locked_until_us": 0,
        },
    )
    body = {
        "user": user_id,
        "change": "created",
        "role": role,
        "credential": credential_digest(password_hash),
        "by": by,
    }
    transaction.record(EntryKind.USER, body)


def update_user(
    transaction: Transaction,
    user_id: str,
    *,
    by: str,
    role: str | None = None,
    password_hash: str | None = None,
    is_disabled: bool | None = None,
) -> None:
    """Change a user; what is None stays."""
    given = {"role": role, "password_hash": password_hash, "is_disabled": is_disabled}
    values = {key: value for key, value in given.items() if value is not None}
    statement = sa.update(schema.users).where(schema.users.c.id == user_id)
    transaction.connection.execute(statement.values(values))
    shown = {key: value for key, value in values.items() if key != "password_hash"}
    if password_hash is not None:
        shown["credential"] = credential_digest(password_hash)
    body = {"user": user_id, "change": sorted(values), **shown, "by": by}
    transaction.record(EntryKind.USER, body)


def set_login_failures(
    transaction: Transaction, user_id: str, *, failures: int, locked_until: datetime | None
) -> None:
    """Remember failed log-ins; not an entry of the log."""
    transaction.connection.execute(
        sa.update(schema.users)
        .where(schema.users.c.id == user_id)
        .values(
            failed_logins=failures,
            locked_until_us=0 if locked_until is None else to_us(locked_until),
        )
    )


def user_by_name(connection: sa.Connection, name: str) -> User | None:
    """The user of this name."""
    return _one_user(connection, schema.users.c.name == name)


def user_by_id(connection: sa.Connection, user_id: str) -> User | None:
    """The user with this id."""
    return _one_user(connection, schema.users.c.id == user_id)


def list_users(connection: sa.Connection) -> list[User]:
    """Every user, by name."""
    rows = connection.execute(sa.select(schema.users).order_by(schema.users.c.name))
    return [_user(row) for row in rows]


def create_session(
    transaction: Transaction, *, token_hash: str, user_id: str, csrf: str, expires_at: datetime
) -> None:
    """Remember a browser that just logged in; forget sessions that have ended."""
    now_us = to_us(transaction.clock.now())
    table = schema.sessions
    transaction.connection.execute(sa.delete(table).where(table.c.expires_at_us < now_us))
    row = {
        "token_hash": token_hash,
        "user_id": user_id,
        "csrf": csrf,
        "created_at_us": now_us,
        "seen_at_us": now_us,
        "expires_at_us": to_us(expires_at),
    }
    transaction.connection.execute(sa.insert(table), row)


def session_by_hash(connection: sa.Connection, token_hash: str) -> SessionRow | None:
    """The session of a cookie's token, by the token's hash."""
    table = schema.sessions
    statement = sa.select(table).where(table.c.token_hash == token_hash)
    row = connection.execute(statement).one_or_none()
    if row is None:
        return None
    return SessionRow(
        token_hash=row.token_hash,
        user_id=row.user_id,
        csrf=row.csrf,
        created_at=from_us(row.created_at_us),
        seen_at=from_us(row.seen_at_us),
        expires_at=from_us(row.expires_at_us),
    )


def touch_session(transaction: Transaction, token_hash: str) -> None:
    """Note that a session was used."""
    table = schema.sessions
    transaction.connection.execute(
        sa.update(table)
        .where(table.c.token_hash == token_hash)
        .values(seen_at_us=to_us(transaction.clock.now()))
    )


def delete_session(transaction: Transaction, token_hash: str) -> None:
    """Log a browser out."""
    table = schema.sessions
    transaction.connection.execute(sa.delete(table).where(table.c.token_hash == token_hash))


def delete_sessions_of(transaction: Transaction, user_id: str) -> None:
    """Log a user out everywhere."""
    table = schema.sessions
    transaction.connection.execute(sa.delete(table).where(table.c.user_id == user_id))


def add_token(
    transaction: Transaction,
    *,
    token_id: str,
    name: str,
    token_hash: str,
    scopes: tuple[str, ...],
    expires_at: datetime | None,
    by: str,
) -> None:
    """Create an API token."""
    row = {
        "id": token_id,
        "name": name,
        "token_hash": token_hash,
        "scopes": " ".join(scopes),
        "created_at_us": to_us(transaction.clock.now()),
        "expires_at_us": None if expires_at is None else to_us(expires_at),
        "is_revoked": False,
    }
    transaction.connection.execute(sa.insert(schema.api_tokens), row)
    body = {
        "token": token_id,
        "change": "created",
        "scopes": list(scopes),
        "credential": credential_digest(token_hash),
        "by": by,
    }
    transaction.record(EntryKind.USER, body)


def revoke_token(transaction: Transaction, token_id: str, *, by: str) -> bool:
    """Make a token useless; False if there is none of this id."""
    table = schema.api_tokens
    changed = transaction.connection.execute(
        sa.update(table).where(table.c.id == token_id).values(is_revoked=True)
    )
    if changed.rowcount:
        transaction.record(EntryKind.USER, {"token": token_id, "change": "revoked", "by": by})
    return changed.rowcount == 1


def token_by_hash(connection: sa.Connection, token_hash: str) -> ApiToken | None:
    """The token with this hash."""
    table = schema.api_tokens
    statement = sa.select(table).where(table.c.token_hash == token_hash)
    row = connection.execute(statement).one_or_none()
    return None if row is None else _token(row)


def list_tokens(connection: sa.Connection) -> list[ApiToken]:
    """Every token, by name."""
    table = schema.api_tokens
    return [_token(row) for row in connection.execute(sa.select(table).order_by(table.c.name))]


def credential_digest(stored_hash: str) -> str:
    """What the log keeps of a stored hash: enough to see that somebody exchanged it."""
    return hashlib.sha256(stored_hash.encode()).hexdigest()[:32]


def _one_user(connection: sa.Connection, where: sa.ColumnElement[bool]) -> User | None:
    row = connection.execute(sa.select(schema.users).where(where)).one_or_none()
    return None if row is None else _user(row)


def _user(row: Any) -> User:
    return User(
        id=row.id,
        name=row.name,
        role=row.role,
        password_hash=row.password_hash,
        created_at=from_us(row.created_at_us),
        is_disabled=row.is_disabled,
        failed_logins=row.failed_logins,
        locked_until=from_us(row.locked_until_us),
    )


def _token(row: Any) -> ApiToken:
    return ApiToken(
        id=row.id,
        name=row.name,
        scopes=tuple(row.scopes.split()),
        created_at=from_us(row.created_at_us),
        expires_at=None if row.expires_at_us is None else from_us(row.expires_at_us),
        is_revoked=row.is_revoked,
    )
