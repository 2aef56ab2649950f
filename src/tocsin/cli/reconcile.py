"""`tocsin reconcile`: where the platform and our record differ.

Comes in: the store. Goes out: differences with advice; exit status 4 if there are any.
"""

from __future__ import annotations

from datetime import timedelta

import click

from tocsin.cli.shared import CliContext, counted, shared_options
from tocsin.errors import CheckFailedError

__all__ = ["command"]


@click.command(name="reconcile")
@click.option(
    "--patience-minutes",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="How long a delivered action may go without a result.",
)
@shared_options
def command(context: CliContext, patience_minutes: int) -> None:
    """List actions that the platform could not apply, did not answer, or undid.

    Also lists accounts that the platform suspended without an action of ours.
    """
    from tocsin.enforcement import reconcile  # not needed for --help

    with context.store() as store:
        found = reconcile(store, patience=timedelta(minutes=patience_minutes))
    if context.json:
        for difference in found:
            context.emit(difference)
    else:
        context.table(
            ("kind", "subject", "action", "detail", "what to do"),
            ((d.kind, d.subject, d.action or "-", d.detail, d.advice) for d in found),
        )
    if found:
        raise CheckFailedError(
            f"the platform and our record differ in {counted(len(found), 'place')}"
        )
    context.say("no difference")
