"""`tocsin archive`: move waiting events into Parquet files by day.

Comes in: the store. Goes out: how many events went into which files.
"""

from __future__ import annotations

import click

from tocsin.cli.shared import CliContext, counted, shared_options

__all__ = ["command"]


@click.command(name="archive")
@shared_options
def command(context: CliContext) -> None:
    """Move waiting events out of the database into the Parquet archive.

    `tocsin run` and `tocsin serve` do this by themselves when enough events wait (setting
    `archive_after_events`). Safe to interrupt and to repeat.
    """
    from tocsin.store import archive_events, pending_events  # as above

    with context.store() as store:
        with store.read() as connection:
            n_events = pending_events(connection)
        with context.progress() as progress:
            task = progress.add_task("archiving", total=n_events or 1, note="")
            run = archive_events(store, on_progress=lambda n: progress.advance(task, n))
    if context.json:
        context.emit({"events": run.n_events, "files": run.files})
    context.say(f"{counted(run.n_events, 'event')} moved into {counted(len(run.files), 'file')}")
