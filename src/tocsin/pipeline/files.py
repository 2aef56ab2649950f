"""Files and pipes through the live path.

Comes in: paths or `-`, and the format of their lines. Goes out: a summary; everything else is
in the store. Always holds: refused lines do not stop the rest; the archive and the anchors are
brought up to date at the end, and on the way when much waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter

from tocsin.clock import Clock
from tocsin.errors import InputError
from tocsin.ingest import (
    ADAPTERS,
    Batch,
    Batcher,
    LineReader,
    file_batches,
    live_batches,
    open_lines,
)
from tocsin.pipeline.live import Live, RunSummary
from tocsin.pipeline.mediaroot import MediaRootAdapter
from tocsin.plugins import Adapter
from tocsin.records import EventPolicy
from tocsin.store import Store, anchors, archive_events
from tocsin.store.media import MediaStore

__all__ = ["event_policy", "find_adapter", "run_files"]

OnProgress = Callable[[int, RunSummary], None]


def run_files(
    store: Store,
    files: Sequence[str],
    *,
    format_name: str = "tocsin",
    max_events: int | None = None,
    media_root: Path | None = None,
    on_progress: OnProgress | None = None,
) -> RunSummary:
    """Judge every line of every file; `on_progress` gets packed bytes read and the totals."""
    started = perf_counter()
    adapter = find_adapter(format_name)
    if media_root is not None:
        media = MediaStore(store.folder)
        adapter = MediaRootAdapter(adapter, media_root, media, store.settings.max_media_bytes)
    live = Live.open(store)
    summary, kept = RunSummary(), _Kept(store)
    done_bytes = 0
    for name in files:
        with open_lines(name) as reader:
            for batch in _batches(live, reader, adapter, max_events, is_live=name == "-"):
                summary.add(live.take(batch.events, batch.dead_letters), len(batch.dead_letters))
                kept.look(len(batch.events))
                if on_progress is not None:
                    on_progress(done_bytes + reader.bytes_read, summary)
            done_bytes += reader.bytes_read
    live.close()
    kept.finish()
    summary.seconds = round(perf_counter() - started, 3)
    return summary


class _Kept:
    """Archive and anchors, brought up to date when much waits or much time has passed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._n_waiting = 0
        self._anchored_at = store.clock.now()

    def look(self, n_events: int) -> None:
        """After each batch."""
        settings, now = self._store.settings, self._store.clock.now()
        self._n_waiting += n_events
        if self._n_waiting >= settings.archive_after_events:
            self.finish()
        elif (now - self._anchored_at).total_seconds() >= settings.anchor_every_s:
            anchors.write_anchor(self._store)
            self._anchored_at = now

    def finish(self) -> None:
        """Everything."""
        archive_events(self._store)
        anchors.write_anchor(self._store)
        self._n_waiting, self._anchored_at = 0, self._store.clock.now()


def event_policy(store: Store) -> EventPolicy:
    """What the settings accept at the door."""
    return EventPolicy(
        accept_non_public=store.settings.accept_non_public,
        allow_fields=frozenset(store.settings.allow_fields),
    )


def find_adapter(format_name: str) -> Adapter:
    """The adapter of a format.

    Raises:
        InputError: there is none of this name.
    """
    adapter = ADAPTERS.get(format_name)
    if adapter is None:
        raise InputError(
            f"there is no format `{format_name[:40]}`",
            where="format",
            hint=f"the formats are: {', '.join(sorted(ADAPTERS))}",
        )
    return adapter


def _batches(
    live: Live, reader: LineReader, adapter: Adapter, max_events: int | None, *, is_live: bool
) -> Iterator[Batch]:
    settings = live.store.settings
    clock: Clock = live.store.clock
    batcher = Batcher(
        source=reader.source,
        adapter=adapter,
        policy=event_policy(live.store),
        clock=clock,
        max_events=max_events or settings.batch_events,
    )
    if is_live:
        return live_batches(reader, batcher, flush_after_s=settings.batch_ms / 1000)
    return file_batches(reader, batcher)
