"""Sessions: browsers that are logged in.

Comes in: a name and a password, or the token of a cookie. Goes out: who it is. Always holds: a
token is made at log-in and never taken from the browser; the store has its SHA-256 only; a
session ends after idling, at its end, on logging out, and when its user is disabled or changes
the password. Refused: every failed log-in with the same message, after the same work.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta

from tocsin.clock import random_token
from tocsin.errors import Unauthenticated
from tocsin.review.passwords import Passwords, lock_after
from tocsin.review.roles import Role
from tocsin.store import people
from tocsin.store.store import Store

__all__ = ["NewSession", "Session", "find_session", "log_in", "log_out", "token_hash"]

TOUCH_EVERY = timedelta(seconds=60)
"""How exactly idling is measured; noting every request would be a write for each page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody who is logged in: `csrf` must come back with everything that changes something."""

    user_id: str
    name: str
    role: Role
    csrf: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A session that just began, with the token for its cookie."""

    session: Session
    token: str = field(repr=False)


def token_hash(token: str) -> str:
    """What the store keeps of a token: SHA-256 (tokens are random; a slow hash adds nothing)."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def log_in(
    store: Store, passwords: Passwords, name: str, password: str, *, old_token: str | None = None
) -> NewSession:
    """Begin a session; the one that this browser had ends.

    Raises:
        Unauthenticated: wrong name, wrong password, disabled, or locked: not said which.
    """
    with passwords.turn():
        user = _verified(store, passwords, name, password)
    token, csrf = random_token(32), random_token(32)
    with store.write() as transaction:
        if old_token:
            people.delete_session(transaction, token_hash(old_token))
        people.create_session(
            transaction,
            token_hash=token_hash(token),
            user_id=user.id,
            csrf=csrf,
            expires_at=store.clock.now() + timedelta(hours=store.settings.session_hours),
        )
    session = Session(user_id=user.id, name=user.name, role=Role(user.role), csrf=csrf)
    return NewSession(session=session, token=token)


def find_session(store: Store, token: str) -> Session | None:
    """Who this cookie belongs to; None if it has ended or never was."""
    now = store.clock.now()
    hashed = token_hash(token)
    with store.read() as connection:
        row = people.session_by_hash(connection, hashed)
        if row is None:
            return None
        user = people.user_by_id(connection, row.user_id)
    idle = timedelta(minutes=store.settings.session_idle_minutes)
    if row.expires_at <= now or row.seen_at + idle <= now or user is None or user.is_disabled:
        log_out(store, token)
        return None
    if now - row.seen_at >= TOUCH_EVERY:
        with store.write() as transaction:
            people.touch_session(transaction, hashed)
    return Session(user_id=user.id, name=user.name, role=Role(user.role), csrf=row.csrf)


def log_out(store: Store, token: str) -> None:
    """End a session."""
    with store.write() as transaction:
        people.delete_session(transaction, token_hash(token))


def _verified(store: Store, passwords: Passwords, name: str, password: str) -> people.User:
    with store.read() as connection:
        user = people.user_by_name(connection, name)
    now = store.clock.now()
    is_open = user is not None and not user.is_disabled and user.locked_until <= now
    fits = passwords.fits(user.password_hash if user is not None else None, password)
    if user is None or not is_open:
        raise _refused()
    if not fits:
        _note_failure(store, user.id)
        raise _refused()
    if user.failed_logins:
        with store.write() as transaction:
            people.set_login_failures(transaction, user.id, failures=0, locked_until=None)
    return user


def _note_failure(store: Store, user_id: str) -> None:
    with store.write() as transaction:
        user = people.user_by_id(transaction.connection, user_id)
        failures = 1 if user is None else user.failed_logins + 1
        lock = lock_after(failures)
        people.set_login_failures(
            transaction,
            user_id,
            failures=failures,
            locked_until=None if lock is None else store.clock.now() + lock,
        )


def _refused() -> Unauthenticated:
    return Unauthenticated(
        "the name or the password is wrong, or there were too many attempts",
        hint="check both; after several failures, wait a few minutes and try again",
    )
