"""`tocsin user`: the people who may log in.

Comes in: names, roles, and passwords from a prompt or standard input, never as arguments. Goes
out: lists and changes; each change is an entry of the ordered log, without the password.
"""

from __future__ import annotations

import sys

import click

from tocsin.cli.shared import CliContext, operator_name, shared_options
from tocsin.errors import InputError
from tocsin.review import (
    Passwords,
    Role,
    add_user,
    get_user,
    set_disabled,
    set_password,
    set_role,
)
from tocsin.store import people

__all__ = ["command"]

ROLES = click.Choice([role.value for role in Role])


@click.group(name="user")
def command() -> None:
    """Add and change the people who may log in.

    \b
    Everybody reads cases, decisions, accounts, actions and banks. Beside that:
      analyst       reads the dead letters
      moderator     decides cases, changes labels
      investigator  decides cases, changes labels, reads the audit log
      appeals       takes anybody's verdict back, reads the audit log
      lead          all of this
      admin         all of this, and sends events; who runs an instance alone is admin
    """


@command.command(name="add")
@click.argument("name")
@click.option("--role", type=ROLES, required=True, help="What they work as.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@shared_options
def add(context: CliContext, name: str, *, role: str, password_stdin: bool) -> None:
    """Add somebody; asks for the password.

    \b
    Examples:
      tocsin user add mo --role moderator
      printf %s "$PASSWORD" | tocsin user add mo --role moderator --password-stdin
    """
    password = _password(from_stdin=password_stdin)
    with context.store(create=True) as store:
        user_id = add_user(store, Passwords(), name, Role(role), password, by=_operator())
    if context.json:
        context.emit({"id": user_id, "name": name, "role": role})
    context.say(f"{name} may log in as {role}")


@command.command(name="list")
@shared_options
def list_users(context: CliContext) -> None:
    """List everybody, with role and state."""
    with context.store() as store:
        with store.read() as connection:
            users = people.list_users(connection)
        now = store.clock.now()
    states = [
        "disabled" if user.is_disabled else "locked" if user.locked_until > now else "active"
        for user in users
    ]
    if context.json:
        for user, state in zip(users, states, strict=True):
            shown = {"id": user.id, "name": user.name, "role": user.role, "state": state}
            context.emit({**shown, "created_at": user.created_at})
        return
    rows = [
        (user.name, user.role, state, f"{user.created_at:%Y-%m-%d}", user.id)
        for user, state in zip(users, states, strict=True)
    ]
    context.table(("name", "role", "state", "since", "id"), rows)


@command.command(name="disable")
@click.argument("name")
@click.option("--undo", is_flag=True, help="Let them in again.")
@shared_options
def disable(context: CliContext, name: str, *, undo: bool) -> None:
    """Let somebody in no more; they are logged out at once. Their verdicts stay."""
    with context.store() as store:
        set_disabled(store, name, is_disabled=not undo, by=_operator())
    if context.json:
        context.emit({"name": name, "is_disabled": not undo})
    context.say(f"{name} may log in again" if undo else f"{name} can no longer log in")


@command.command(name="password")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@shared_options
def change_password(context: CliContext, name: str, *, password_stdin: bool) -> None:
    """Give somebody another password; they are logged out, and a lock ends."""
    with context.store() as store:
        get_user(store, name)
        password = _password(from_stdin=password_stdin)
        set_password(store, Passwords(), name, password, by=_operator())
    if context.json:
        context.emit({"name": name, "changed": "password"})
    context.say(f"{name} has a new password")


@command.command(name="role")
@click.argument("name")
@click.argument("role", type=ROLES)
@shared_options
def change_role(context: CliContext, name: str, role: str) -> None:
    """Give somebody another role; they log in again.

    \b
    Example:
      tocsin user role mo lead
    """
    with context.store() as store:
        set_role(store, name, Role(role), by=_operator())
    if context.json:
        context.emit({"name": name, "role": role})
    context.say(f"{name} is now {role}")


def _operator() -> str:
    """Who ran the command, for the log."""
    return f"cli:{operator_name()}"


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    if not sys.stdin.isatty():
        raise InputError(
            "there is nobody to ask for a password",
            where="standard input",
            hint="pipe it in with --password-stdin",
        )
    answer: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer
