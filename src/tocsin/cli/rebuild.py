"""`tocsin rebuild`: the derived tables again, from the log.

Comes in: the store. Goes out: how many entries were applied.
"""

from __future__ import annotations

import click

from tocsin.cli.shared import CliContext, counted, shared_options

__all__ = ["command"]


@click.command(name="rebuild")
@shared_options
def command(context: CliContext) -> None:
    """Empty the derived tables and fill them again from the log.

    Decisions, cases, verdicts, actions, banks and accounts are derived: this repairs them after
    damage, in one transaction. Deliveries that are being retried go on where they were.
    """
    from tocsin.store import log, replay  # SQLAlchemy is not needed for --help

    with context.store() as store:
        with store.read() as connection:
            n_entries = log.last_position(connection)
        with context.progress() as progress:
            task = progress.add_task("rebuilding", total=n_entries or 1, note="")
            n_applied = replay.rebuild(store, on_progress=lambda n: progress.advance(task, n))
    if context.json:
        context.emit({"entries": n_applied})
    context.say(f"{counted(n_applied, 'entry', 'entries')} applied")
