"""`tocsin token`: the keys that programs use.

Comes in: names and scopes. Goes out: a token, once; lists without secrets. Each change is an
entry of the ordered log.
"""

from __future__ import annotations

from datetime import timedelta

import click

from tocsin.cli.shared import CliContext, operator_name, shared_options
from tocsin.review import Scope, create_token, parse_scopes, revoke_token
from tocsin.store import people

__all__ = ["command"]

SCOPES = click.Choice([scope.value for scope in Scope])


@click.group(name="token")
def command() -> None:
    """Make and revoke the keys that programs use.

    \b
    Scopes:
      events:write     send events
      check            ask what would be decided about an event, storing nothing
      media:write      send the bytes of media
      decisions:read   read decisions and explanations, automation and alerts
      cases:read       read cases and the status
      cases:write      give verdicts in the name of a user, whom the request names
      actions:read     read actions and where they stand
      backtests:read   read back-tests and their differences
      rules:read       read rules, their history, and proposals
      proposals:write  decide proposals in the name of a user, whom the request names
      labels:read      read the labels of accounts and handles
      labels:write     change them in the name of a user, whom the request names
      admin            all of these, and the dead letters
    """


@command.command(name="add")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=SCOPES,
    multiple=True,
    required=True,
    help="What it may do; may be given again.",
)
@click.option("--days", type=click.IntRange(1), help="Ends after so many days. [never]")
@shared_options
def add(context: CliContext, name: str, *, scopes: tuple[str, ...], days: int | None) -> None:
    """Make a token; it is shown once and kept as a hash only.

    \b
    Examples:
      tocsin token add harbour-feed --scope events:write --scope media:write
      curl -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/x-ndjson" \\
        --data-binary @events.jsonl http://127.0.0.1:8470/v1/events
    """
    with context.store(create=True) as store:
        expires_at = None if days is None else store.clock.now() + timedelta(days=days)
        by = f"cli:{operator_name()}"
        made = create_token(store, name, parse_scopes(scopes), by=by, expires_at=expires_at)
    if context.json:
        context.emit({"id": made.id, "token": made.secret, "expires_at": expires_at})
        return
    click.echo(made.secret)
    click.echo(f"{made.id}: keep the token above now, it is not shown again", err=True)


@command.command(name="list")
@shared_options
def list_tokens(context: CliContext) -> None:
    """List every token, without its secret."""
    with context.store() as store:
        with store.read() as connection:
            tokens = people.list_tokens(connection)
        now = store.clock.now()
    if context.json:
        for token in tokens:
            context.emit(token)
        return
    rows = []
    for token in tokens:
        is_over = token.expires_at is not None and token.expires_at <= now
        state = "revoked" if token.is_revoked else "ended" if is_over else "valid"
        end = f"{token.expires_at:%Y-%m-%d}" if token.expires_at else "never"
        rows.append((token.id, token.name, state, end, " ".join(token.scopes)))
    context.table(("id", "name", "state", "ends", "scopes"), rows)


@command.command(name="revoke")
@click.argument("token_id")
@shared_options
def revoke(context: CliContext, token_id: str) -> None:
    """Make a token useless from now on; `tocsin token list` shows the ids."""
    with context.store() as store:
        revoke_token(store, token_id, by=f"cli:{operator_name()}")
    if context.json:
        context.emit({"id": token_id, "is_revoked": True})
    context.say(f"{token_id} is revoked")
