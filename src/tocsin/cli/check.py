"""`tocsin check`: what would be decided about one event, with nothing stored.

Comes in: one event from a file or standard input. Goes out: each decision with its explanation,
or that no rule would hit; with `--json` the same answer as `POST /v1/check`.
"""

from __future__ import annotations

from typing import BinaryIO

import click
import msgspec

from tocsin.cli.shared import CliContext, shared_options

__all__ = ["command"]


@click.command(name="check")
@click.argument("event", type=click.File("rb"), metavar="FILE | -")
@shared_options
def command(context: CliContext, event: BinaryIO) -> None:
    """Say what would be decided about one event if it came now; store nothing of it.

    The event is one JSON object in the wire format; neither it nor its post needs an `id`. What
    rules read of the time before (windows) is what the log holds now, with this event counted
    in. The exit status is 0 whatever is decided.

    \b
    Examples:
      echo '{"type": "post.created", "post": {"text": "hello"}}' | tocsin check -
      tocsin check event.json --json | jq '.decisions[].outcome'
    """
    from tocsin.pipeline import (  # the engine is not needed for --help
        Live,
        batch_to_check,
        event_policy,
        explain_checked,
    )

    with context.store() as store:
        now, policy = store.clock.now(), event_policy(store)
        batch = batch_to_check(event.read(), now=now, policy=policy)
        live = Live.reading(store)
        checked = live.look(batch)
        if context.json:
            context.emit({"ok": True, **msgspec.structs.asdict(checked)})
            return
        for explanation in explain_checked(checked, live.policy, batch):
            context.say(explanation.render())
    if not checked.decisions:
        context.say("no rule would hit")
    if checked.missing:
        context.say(f"rules read, and the event does not have: {', '.join(checked.missing)}")
    context.say(f"as of entry {checked.position:,} of the log; nothing was stored")
