"""`tocsin explain`: say why a decision was made.

Comes in: the id of a decision, or of the event that triggered it. Goes out: each rule that hit,
what it read, what was missing, spans, bank entries and versions; or that no rule hit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from tocsin.cli.shared import CliContext, shared_options
from tocsin.errors import NotFoundError, TocsinError

if TYPE_CHECKING:
    from tocsin.pipeline.explaining import QueuePlace
    from tocsin.policy import Explanation
    from tocsin.store import Store

__all__ = ["command"]


@click.command(name="explain")
@click.argument("decision_or_event")
@click.option(
    "--windows",
    "with_windows",
    is_flag=True,
    help="List the events that windows counted; reads the log again for their length.",
)
@shared_options
def command(context: CliContext, *, decision_or_event: str, with_windows: bool) -> None:
    """Explain a decision, then or years later, under the policy that was in force.

    Each part of each rule is shown with the value that it had, and what was missing. What was
    erased since is named as erased.

    \b
    Examples:
      tocsin explain dec_6f0c…
      tocsin explain event-123 --json
      tocsin explain dec_6f0c… --windows
    """
    with context.store() as store:
        explanations = _explain(store, decision_or_event, with_windows=with_windows)
        if not explanations:
            if context.json:
                context.emit({"event": decision_or_event, "decisions": []})
            context.say("the event was judged and no rule hit")
        for explanation, place in explanations:
            if context.json:
                queue = {} if place is None else {"queue": msgspec.to_builtins(place)}
                context.emit({**explanation.as_json(), **queue})
            else:
                context.say(explanation.render())
                if place is not None:
                    context.say(place.render())


def _explain(
    store: Store, wanted: str, *, with_windows: bool
) -> list[tuple[Explanation, QueuePlace | None]]:
    """The explanations; none for an event that was judged and about which nothing was decided.

    With each goes where its case stands, if an outside model moved that.
    """
    from tocsin.pipeline import explain_decision  # not needed for --help
    from tocsin.pipeline.explaining import queue_place
    from tocsin.store import decisions, eventids

    with store.read() as connection:
        found = decisions.get(connection, wanted)
        ids = (
            [wanted]
            if found
            else [
                row.id
                for row in decisions.list_rows(connection, decisions.DecisionFilter(event=wanted))
            ]
        )
        is_event = bool(eventids.known(connection, [wanted]))
    if not ids and is_event:
        return []
    if not ids:
        raise NotFoundError(
            "no decision and no event that was judged has this id",
            where=wanted,
            hint="tocsin decisions lists them",
        )
    explained = [
        (explain_decision(store, decision_id, with_windows=with_windows), decision_id)
        for decision_id in reversed(ids)
    ]
    with store.read() as connection:
        kept = [
            (explanation, queue_place(connection, decision_id))
            for explanation, decision_id in explained
            if explanation is not None
        ]
    if not kept:
        raise TocsinError("the decision's content was erased", where=wanted)
    return kept
