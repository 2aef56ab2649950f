"""`tocsin init`: set up a new deployment.

Comes in: flags, or answers at a prompt. Goes out: a database, a data folder with settings, keys
and the first anchor, the policy in force, a first user, and what to do next. Safe to repeat:
what is there stays.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tocsin.cli.shared import CliContext, shared_options
from tocsin.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from tocsin.store import Store

__all__ = ["command"]

SETTINGS = """\
# Settings of this deployment. Every setting is described in docs/reference/settings.md;
# environment variables named TOCSIN_… win over this file.

# One person runs this instance: stated in notices and reports.
solo = {solo}

# Where decisions are delivered, once your platform can take them.
# webhook_url = "https://platform.example/tocsin"
"""


@click.command(name="init")
@click.option("--admin", metavar="NAME", help="Name of the first user. Asked for if not given.")
@click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input, not a prompt."
)
@click.option("--solo/--team", default=None, help="Whether one person runs this. Asked for.")
@shared_options
def command(
    context: CliContext, *, admin: str | None, password_stdin: bool, solo: bool | None
) -> None:
    """Set up a new deployment: database, keys, settings, policy, first user.

    Asks for what no flag gives. A repetition adds what is missing and changes nothing else.

    \b
    Examples:
      tocsin init
      tocsin init --db sqlite:////srv/tocsin/tocsin.db --admin ana --solo
      echo "$PASSWORD" | tocsin init --team --admin ana --password-stdin
    """
    from tocsin.pipeline import activate_first  # not needed for --help
    from tocsin.store import anchors, keys, people

    with context.store(create=True) as store:
        settings_file = _settings_file(store, solo=solo)
        keys.anchor_key(store.folder)
        keys.secret(store.folder, "webhook")
        activate_first(store)
        created = _first_user(store, admin, from_stdin=password_stdin)
        anchor = (
            anchors.write_anchor(store)
            or anchors.load_anchors(store.folder / anchors.ANCHOR_FILE)[-1]
        )
        folder = store.folder
        with store.read() as connection:
            has_users = bool(people.list_users(connection))
    if context.json:
        context.emit(
            {
                "database": context.settings.database_url.split("@")[-1],
                "data_dir": str(folder),
                "settings": str(settings_file),
                "admin": created,
                "anchor_key": anchor.public_key,
            }
        )
    context.say(f"database and policy are ready; settings: {settings_file}")
    context.say(f"public key of the anchors (note it elsewhere): {anchor.public_key}")
    if created is not None:
        context.say(f"first user: {created} (admin)")
    elif not has_users:
        context.say("nobody can log in yet: tocsin user add NAME --role admin")
    context.say("\nnext:")
    context.say("  tocsin serve            the console and the API")
    context.say("  tocsin run FILE         judge events from a file")
    context.say("  tocsin token add NAME   a key for the program that sends events")


def _settings_file(store: Store, *, solo: bool | None) -> Path:
    path = store.folder / "tocsin.toml"
    if not path.exists():
        is_solo = _ask_solo() if solo is None else solo
        path.write_text(SETTINGS.format(solo=str(is_solo).lower()), encoding="utf-8")
    return path


def _ask_solo() -> bool:
    return sys.stdin.isatty() and click.confirm("Does one person run this instance?", default=True)


def _first_user(store: Store, admin: str | None, *, from_stdin: bool) -> str | None:
    """Create the first user, unless somebody can log in already; the name."""
    from tocsin.review import Passwords, Role, add_user  # not needed for --help
    from tocsin.store import people

    with store.read() as connection:
        if people.list_users(connection):
            return None
    if admin is None:
        if not sys.stdin.isatty():
            return None  # a script that wants no user yet: `tocsin user add` makes one
        admin = click.prompt("Name of the first user", default="admin")
    if from_stdin:
        password = sys.stdin.readline().rstrip("\n")
    elif sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        raise InputError(
            "there is nobody to ask for a password", where="--admin", hint="use --password-stdin"
        )
    add_user(store, Passwords(), admin, Role.ADMIN, password, by="init")
    return admin
