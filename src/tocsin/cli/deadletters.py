"""`tocsin deadletters`: list, show, fix and replay refused lines.

Comes in: ids, fixed lines. Goes out: lists; with `show` the refused line itself.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tocsin.cli.shared import CliContext, counted, shared_options
from tocsin.errors import CheckFailedError, InputError, NotFoundError

if TYPE_CHECKING:
    from tocsin.store import Store
    from tocsin.store.deadletters import DeadLetterRow, DeadLetterState

__all__ = ["command"]


@click.group(name="deadletters")
def command() -> None:
    """Lines that were refused, with the reason, the source and the place.

    A line that is refused never stops the rest. Fix its cause and replay it, or dismiss it.
    """


@command.command(name="list")
@click.option("--all", "show_all", is_flag=True, help="Also those replayed or dismissed.")
@click.option("--reason", help="Only this reason, for example INPUT.TYPE.")
@click.option("--source", help="Only from this source.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@shared_options
def list_letters(
    context: CliContext, *, show_all: bool, reason: str | None, source: str | None, limit: int
) -> None:
    """List dead letters, newest first. Shows reasons and places, never content."""
    from tocsin.store import deadletters  # not needed for --help

    state: DeadLetterState | None = None if show_all else "open"
    with context.store() as store, store.read() as connection:
        rows = deadletters.list_rows(
            connection, state=state, reason=reason, source=source, limit=limit
        )
        n_all = deadletters.count(connection, state=state, reason=reason, source=source)
    if context.json:
        for row in rows:
            context.emit(_without_content(row))
        return
    context.table(
        ("id", "source", "line", "offset", "reason", "message", "state"),
        (
            (
                row.letter.id,
                row.letter.source,
                row.letter.line_number,
                row.letter.offset,
                row.letter.reason,
                row.letter.message,
                row.state,
            )
            for row in rows
        ),
    )
    context.say(f"{len(rows)} of {counted(n_all, 'dead letter')}")


@command.command(name="show")
@click.argument("letter_id")
@shared_options
def show(context: CliContext, letter_id: str) -> None:
    """Print one refused line as it came, so that it can be fixed.

    \b
    Example:
      tocsin deadletters show dead_… > line.json    # edit it, then:
      tocsin deadletters replay dead_… --line line.json
    """
    with context.store() as store:
        row = _get(store, letter_id)
    if context.json:
        shown = _without_content(row)
        shown["content"] = row.letter.content.decode(errors="replace")
        context.emit(shown)
        return
    click.echo(f"{row.letter.reason}: {row.letter.message}", err=True)
    if not row.letter.content:
        click.echo("the line was not kept; it stands in its source only", err=True)
        return
    if row.letter.truncated:
        click.echo("only a part of the line was kept", err=True)
    sys.stdout.buffer.write(row.letter.content + b"\n")


@command.command(name="replay")
@click.argument("letter_ids", nargs=-1)
@click.option("--all", "replay_all", is_flag=True, help="Every open one.")
@click.option("--reason", help="With --all: only this reason.")
@click.option(
    "--line",
    "line_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path, allow_dash=True),
    help="The fixed line, for one dead letter; - for standard input.",
)
@shared_options
def replay(
    context: CliContext,
    *,
    letter_ids: tuple[str, ...],
    replay_all: bool,
    reason: str | None,
    line_file: Path | None,
) -> None:
    """Judge refused lines again, as they are or fixed; exit status 4 if any is refused again.

    Useful after a change of settings, or with `--line` after mending one by hand.
    """
    from tocsin.store import deadletters  # not needed for --help

    if line_file is not None and len(letter_ids) != 1:
        raise InputError("give `--line` with exactly one dead letter")
    if replay_all == bool(letter_ids):
        raise InputError("name dead letters, or say --all")
    fixed = None if line_file is None else _read(line_file)
    with context.store() as store:
        if replay_all:
            with store.read() as connection:
                letter_ids = tuple(deadletters.list_ids(connection, reason=reason))
        refused, known = _replay(store, letter_ids, fixed)
    n_replayed = len(letter_ids) - len(refused) - len(known)
    if context.json:
        context.emit({"replayed": n_replayed, "known_already": len(known), "refused": refused})
    for letter_id, problem in refused.items():
        context.say(f"{letter_id}: {problem}")
    for letter_id in known:
        context.say(f"{letter_id}: known already, it was replayed before")
    context.say(f"{n_replayed} replayed, {len(known)} known already, {len(refused)} refused again")
    if refused:
        lines = "line was" if len(refused) == 1 else "lines were"
        raise CheckFailedError(f"{len(refused)} {lines} refused again")


@command.command(name="dismiss")
@click.argument("letter_ids", nargs=-1, required=True)
@shared_options
def dismiss(context: CliContext, letter_ids: tuple[str, ...]) -> None:
    """Take dead letters off the list without judging them."""
    from tocsin.store import deadletters  # not needed for --help

    with context.store() as store:
        for letter_id in letter_ids:
            _get(store, letter_id)
        with store.write() as transaction:
            for letter_id in letter_ids:
                deadletters.set_state(transaction, letter_id, "dismissed")
    if context.json:
        context.emit({"dismissed": len(letter_ids)})
    context.say(f"{len(letter_ids)} dismissed")


def _replay(
    store: Store, letter_ids: Sequence[str], fixed: bytes | None
) -> tuple[dict[str, str], list[str]]:
    """Judge each again: those refused, with why, and those that were replayed before."""
    from tocsin.pipeline import Live, replay_dead_letter  # not needed for --help

    live = Live.open(store)
    refused, known = {}, []
    for letter_id in letter_ids:
        row = _get(store, letter_id)
        if row.state == "replayed" and fixed is None:
            known.append(letter_id)
            continue
        problem = replay_dead_letter(live, row.letter, fixed)
        if problem is not None:
            refused[letter_id] = problem
    live.close()
    return refused, known


def _get(store: Store, letter_id: str) -> DeadLetterRow:
    from tocsin.store import deadletters  # not needed for --help

    with store.read() as connection:
        row = deadletters.get(connection, letter_id)
    if row is None:
        raise NotFoundError(
            "there is no such dead letter", where=letter_id, hint="tocsin deadletters list"
        )
    return row


def _read(path: Path) -> bytes:
    content = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    return content.strip()


def _without_content(row: DeadLetterRow) -> dict[str, object]:
    letter = row.letter
    return {
        "id": letter.id,
        "source": letter.source,
        "line_number": letter.line_number,
        "offset": letter.offset,
        "reason": letter.reason,
        "message": letter.message,
        "format": letter.format,
        "digest": letter.digest,
        "truncated": letter.truncated,
        "received_at": row.received_at,
        "state": row.state,
    }
