"""Dead letters judged again, as they are or mended.

Comes in: a dead letter, and perhaps the mended line. Goes out: None, or why it was refused
again. Always holds: a line that is taken marks its dead letter as replayed in the same moment
as far as a crash can tell: judged twice it is still one event, by its id.
"""

from __future__ import annotations

from tocsin.ingest import ADAPTERS, Line, parse_lines
from tocsin.pipeline.files import event_policy, find_adapter
from tocsin.pipeline.live import Live
from tocsin.records import DeadLetter, EventBatch
from tocsin.store import deadletters

__all__ = ["replay_dead_letter"]


def replay_dead_letter(live: Live, letter: DeadLetter, mended: bytes | None = None) -> str | None:
    """Judge one dead letter; the reason as text if it is refused again."""
    if mended is None and letter.truncated:
        return "only a part of the line was kept: give the whole line"
    if letter.format not in ADAPTERS:
        return "its media stood in a local folder: run the file again with --media-root"
    store = live.store
    line = Line(
        source=letter.source,
        offset=letter.offset,
        number=letter.line_number,
        content=letter.content if mended is None else mended,
    )
    now = store.clock.now()
    adapter = find_adapter(letter.format)
    parsed = parse_lines([line], adapter=adapter, policy=event_policy(store), now=now)
    if parsed.dead_letters:
        refused = parsed.dead_letters[0]
        return f"{refused.reason}: {refused.message}"
    batch = EventBatch(
        events=parsed.events, lines=parsed.lines, received_at=now, source=letter.source
    )
    live.take(batch)
    with store.write() as transaction:
        deadletters.set_state(transaction, letter.id, "replayed")
    return None
