"""Users: the people who log in.

Comes in: names, roles, passwords. Goes out: changes in the store. Always holds: whoever is
disabled, or changes role or password, is logged out everywhere at once; an id is random, so that
what the platform or the log sees of a reviewer says nothing about the person. Refused: names
that could be mistaken for another, or hold invisible characters; taking the last admin away.
"""

from __future__ import annotations

from tocsin.clock import random_token
from tocsin.errors import ConflictError, InputError, NotFoundError
from tocsin.review.passwords import Passwords
from tocsin.review.roles import Role
from tocsin.store import people
from tocsin.store.store import Store, Transaction

__all__ = ["add_user", "get_user", "set_disabled", "set_password", "set_role"]

_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._-@")
_MAX_NAME = 64


def add_user(
    store: Store, passwords: Passwords, name: str, role: Role, password: str, *, by: str
) -> str:
    """Create a user; the new id.

    Raises:
        InputError: a name or password that cannot be used.
        ConflictError: the name is taken.
    """
    if not 0 < len(name) <= _MAX_NAME or not _NAME_CHARACTERS.issuperset(name):
        raise InputError(
            f"a name has 1 to {_MAX_NAME} of a-z, 0-9 and `.`, `_`, `-`, `@`", where="name"
        )
    password_hash = passwords.hash(password)
    user_id = f"usr_{random_token(8)}"
    with store.write() as transaction:
        people.add_user(
            transaction,
            user_id=user_id,
            name=name,
            role=role.value,
            password_hash=password_hash,
            by=by,
        )
    return user_id


def get_user(store: Store, name: str) -> people.User:
    """The user of this name.

    Raises:
        NotFoundError: there is none.
    """
    with store.read() as connection:
        user = people.user_by_name(connection, name)
    if user is None:
        raise NotFoundError("there is no such user", hint="`tocsin user list` shows the names")
    return user


def set_role(store: Store, name: str, role: Role, *, by: str) -> None:
    """Give a user another role.

    Raises:
        ConflictError: nobody would be left who may do everything.
    """
    user = get_user(store, name)
    with store.write() as transaction:
        if role is not Role.ADMIN:
            _keep_an_admin(transaction, user.id)
        people.update_user(transaction, user.id, by=by, role=role.value)
        people.delete_sessions_of(transaction, user.id)


def set_password(store: Store, passwords: Passwords, name: str, password: str, *, by: str) -> None:
    """Give a user another password; a lock after failed attempts ends."""
    user = get_user(store, name)
    password_hash = passwords.hash(password)
    with store.write() as transaction:
        people.update_user(transaction, user.id, by=by, password_hash=password_hash)
        people.set_login_failures(transaction, user.id, failures=0, locked_until=None)
        people.delete_sessions_of(transaction, user.id)


def set_disabled(store: Store, name: str, *, is_disabled: bool, by: str) -> None:
    """Let a user in no more, or again.

    Raises:
        ConflictError: nobody would be left who may do everything.
    """
    user = get_user(store, name)
    with store.write() as transaction:
        if is_disabled:
            _keep_an_admin(transaction, user.id)
        people.update_user(transaction, user.id, by=by, is_disabled=is_disabled)
        people.delete_sessions_of(transaction, user.id)


def _keep_an_admin(transaction: Transaction, user_id: str) -> None:
    """Refuse, if this user is the only admin who may log in."""
    admins = {
        user.id
        for user in people.list_users(transaction.connection)
        if user.role == Role.ADMIN.value and not user.is_disabled
    }
    if admins == {user_id}:
        raise ConflictError(
            "this is the last admin who may log in",
            hint="make another one first: tocsin user add NAME --role admin",
        )
