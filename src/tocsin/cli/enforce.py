"""`tocsin enforce`: deliver due actions now, or show what would be delivered.

Comes in: the outbox. Goes out: deliveries to the configured platform.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tocsin.cli.shared import CliContext, counted, shared_options
from tocsin.errors import NotFoundError, OutsideServiceError

if TYPE_CHECKING:
    from tocsin.store import Store
    from tocsin.store.outbox import OutboxRow

__all__ = ["command"]


@click.command(name="enforce")
@click.option("--dry-run", is_flag=True, help="Show what is due; deliver nothing.")
@click.option("--retry", metavar="ACTION", help="Put an action from the dead letters back first.")
@shared_options
def command(context: CliContext, *, dry_run: bool, retry: str | None) -> None:
    """Deliver every action that is due, once. `tocsin serve` does this all the time.

    \b
    Examples:
      tocsin enforce --dry-run
      TOCSIN_WEBHOOK_URL=https://platform.example/tocsin tocsin enforce
    """
    from tocsin.enforcement import in_undo_window, would_deliver  # not needed for --help

    with context.store() as store:
        if dry_run:
            _show(context, would_deliver(store), in_undo_window(store))
            return
        if retry is not None:
            _requeue(store, retry)
        _deliver(context, store)


def _requeue(store: Store, action_id: str) -> None:
    from tocsin.store import outbox  # not needed for --help

    with store.write() as transaction:
        if not outbox.requeue(transaction, action_id):
            raise NotFoundError(
                "no such action in the dead letters",
                where=action_id,
                hint="tocsin reconcile lists them",
            )


def _show(context: CliContext, due: list[OutboxRow], undoable: list[OutboxRow]) -> None:
    if context.json:
        for row in due:
            context.emit(row)
    else:
        actions = [row.action for row in due]
        context.table(
            ("action", "kind", "subject", "clause", "by"),
            ((a.id, a.kind, a.subject, a.clause, a.authority) for a in actions),
        )
    is_or_are = "is" if len(due) == 1 else "are"
    context.say(f"{counted(len(due), 'action')} {is_or_are} due; nothing was delivered")
    if undoable:
        until = max(row.action.not_before for row in undoable)
        waits = "waits" if len(undoable) == 1 else "wait"
        context.say(
            f"{counted(len(undoable), 'action')} {waits} in the undo window,"
            f" until {until:%Y-%m-%d %H:%M:%S} UTC"
        )


def _deliver(context: CliContext, store: Store) -> None:
    from tocsin.enforcement import deliver_due  # not needed for --help
    from tocsin.pipeline import webhook_connector

    sent = retried = dead = 0
    with webhook_connector(store) as connector:
        while (run := deliver_due(store, connector)).n_claimed:
            sent, retried, dead = sent + run.n_sent, retried + run.n_retried, dead + run.n_dead
    if context.json:
        context.emit({"sent": sent, "to_retry": retried, "dead": dead})
    context.say(f"{sent} delivered, {retried} to be tried again, {dead} given up")
    if retried or dead:
        raise OutsideServiceError(
            "the platform did not take every action", hint="tocsin reconcile says which and why"
        )
