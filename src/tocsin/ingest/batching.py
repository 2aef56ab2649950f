"""Lines in, batches of events out.

Comes in: items of `lines` or `body`. Goes out: `Batch`es, each of at most `max_events` events,
with the dead letters met on the way. Always holds: the events and dead letters, and their
order, are the same wherever the cuts fall; a live stream is flushed a few milliseconds after
it falls silent. Refused: nothing; what a line holds is `parse`'s matter.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from queue import Empty, Full, Queue
from threading import Event as Flag
from threading import Thread

from tocsin.clock import Clock
from tocsin.ingest.lines import Block, Item, LineReader, Rows
from tocsin.ingest.parse import Parsed, parse_lines
from tocsin.plugins import Adapter
from tocsin.records import DeadLetter, EventBatch, EventPolicy, plain_posts

__all__ = ["DEFAULT_MAX_EVENTS", "Batch", "Batcher", "file_batches", "live_batches"]

DEFAULT_MAX_EVENTS = 256
"""Where the cost per batch stops to matter (measured by `tocsin bench pipeline`)."""

MAX_BATCH_BYTES = 16 * 1024 * 1024
"""A batch is also full at this many bytes of canonical JSON, so that a run of huge posts stays
within memory."""

FLUSH_AFTER_S = 0.005
"""How long a live stream may be silent before what is there goes on."""

_QUEUE_GROUPS = 8  # groups of lines (about 1 MiB each) that may wait for the consumer
_STOP_CHECK_S = 0.1  # how often a reader with a full queue looks whether anybody still listens


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Events to judge together (perhaps none), and the lines refused since the batch before."""

    events: EventBatch
    dead_letters: tuple[DeadLetter, ...]


class Batcher:
    """Collects items and cuts them into batches.

    `add` gives the batches that are full, `flush` what is left.
    """

    def __init__(
        self,
        *,
        source: str,
        adapter: Adapter,
        policy: EventPolicy,
        clock: Clock,
        max_events: int = DEFAULT_MAX_EVENTS,
    ) -> None:
        self._source = source
        self._adapter = adapter
        self._policy = policy
        self._clock = clock
        self._max_events = max_events
        self._pending = Parsed()

    def add(self, items: Iterable[Item]) -> Iterator[Batch]:
        """Take items in; give every batch that they fill."""
        waiting: list[Item] = []
        n_waiting = 0
        now = self._clock.now()
        for item in items:
            if isinstance(item, Rows) and len(item) >= self._max_events:
                yield from self._parse(waiting, now)
                waiting, n_waiting = [], 0
                left: Item = yield from self._taken_by_columns(item)
                now = self._clock.now()
            else:
                left = item
            for part in self._parts(left, n_waiting):
                waiting.append(part)
                n_waiting += len(part) if isinstance(part, Block | Rows) else 1
                if n_waiting >= self._max_events:
                    yield from self._parse(waiting, now)
                    waiting, n_waiting = [], 0
                    now = self._clock.now()
        yield from self._parse(waiting, now)

    def _taken_by_columns(self, rows: Rows) -> Generator[Batch, None, Rows]:
        """Full batches of rows without a struct for each; returns the rows that fill none.

        Rows before the first cut are read one by one, as they share their batch with others.
        """
        found = plain_posts(rows.batch, now=self._clock.now(), policy=self._policy)
        if found is None:
            return rows
        recorded, lines = found
        size = self._max_events
        start = (size - len(self._pending.events)) % size
        if start:
            yield from self._parse([rows.slice(0, start)], self._clock.now())
        while start + size <= len(lines) and not self._pending.events:
            own = lines[start : start + size]
            if sum(map(len, own)) >= MAX_BATCH_BYTES:
                break
            batch = EventBatch.from_arrow(
                recorded.slice(start, size), self._clock.now(), self._source, own
            )
            letters = tuple(self._pending.dead_letters)
            self._pending = Parsed()
            yield Batch(events=batch, dead_letters=letters)
            start += size
        return rows.slice(start, len(rows))

    def _parts(self, item: Item, n_waiting: int) -> Iterable[Item]:
        if isinstance(item, Block | Rows):
            return item.cut(self._max_events - n_waiting, self._max_events)
        return (item,)

    def flush(self) -> Iterator[Batch]:
        """What is left, as the last batch; none if nothing is left."""
        if self._pending.events or self._pending.dead_letters:
            yield self._cut(len(self._pending.events), self._clock.now())

    def _parse(self, items: list[Item], now: datetime) -> Iterator[Batch]:
        found = parse_lines(items, adapter=self._adapter, policy=self._policy, now=now)
        pending = self._pending
        pending.events.extend(found.events)
        pending.lines.extend(found.lines)
        pending.dead_letters.extend(found.dead_letters)
        while n_events := self._full_at():
            yield self._cut(n_events, now)
        if len(pending.dead_letters) >= self._max_events:
            yield self._cut(0, now)

    def _full_at(self) -> int:
        """How many of the pending events make a full batch; 0 while they make none."""
        lines = self._pending.lines
        if len(lines) <= self._max_events and sum(map(len, lines)) < MAX_BATCH_BYTES:
            return len(lines) if len(lines) == self._max_events else 0
        n_bytes = 0
        for n_events, line in enumerate(lines, start=1):
            n_bytes += len(line)
            if n_events == self._max_events or n_bytes >= MAX_BATCH_BYTES:
                return n_events
        return 0

    def _cut(self, n_events: int, now: datetime) -> Batch:
        pending = self._pending
        batch = Batch(
            events=EventBatch(
                events=pending.events[:n_events],
                lines=pending.lines[:n_events],
                received_at=now,
                source=self._source,
            ),
            dead_letters=tuple(pending.dead_letters),
        )
        self._pending = Parsed(events=pending.events[n_events:], lines=pending.lines[n_events:])
        return batch


def file_batches(items: Iterable[Item], batcher: Batcher) -> Iterator[Batch]:
    """The batches of an input that is all there: cut by size only."""
    if isinstance(items, LineReader):
        items = chain.from_iterable(items.groups())
    yield from batcher.add(items)
    yield from batcher.flush()


def live_batches(
    reader: LineReader, batcher: Batcher, *, flush_after_s: float = FLUSH_AFTER_S
) -> Generator[Batch, None, None]:
    """The batches of a pipe or socket: cut by size, or when it has been silent a moment.

    A thread reads ahead, a bounded number of blocks; what it meets is raised here.
    """
    groups: Queue[list[Item] | BaseException | None] = Queue(maxsize=_QUEUE_GROUPS)
    is_closed = Flag()
    thread = Thread(target=_read_ahead, args=(reader, groups, is_closed), daemon=True)
    thread.start()
    has_pending = False
    try:
        while True:
            try:
                group = groups.get(timeout=flush_after_s if has_pending else None)
            except Empty:
                yield from batcher.flush()
                has_pending = False
                continue
            if isinstance(group, BaseException):
                raise group
            if group is None:
                break
            yield from batcher.add(group)
            has_pending = True
        yield from batcher.flush()
    finally:
        is_closed.set()


def _read_ahead(
    reader: LineReader, groups: Queue[list[Item] | BaseException | None], is_closed: Flag
) -> None:
    last: BaseException | None = None
    try:
        for group in reader.groups():
            if not _put(groups, group, is_closed):
                return
    except Exception as error:  # noqa: BLE001  # handed to the consumer, who raises it
        last = error
    _put(groups, last, is_closed)


def _put(
    groups: Queue[list[Item] | BaseException | None],
    group: list[Item] | BaseException | None,
    is_closed: Flag,
) -> bool:
    while not is_closed.is_set():
        try:
            groups.put(group, timeout=_STOP_CHECK_S)
        except Full:
            continue
        return True
    return False
