"""Intake: many senders at once, judged in shared batches.

Comes in: what requests parsed. Goes out: a future per request, done when its events are
durable. Always holds: one thread writes; a batch leaves when it is full or a few milliseconds
after its first event; a fault in one batch fails its requests and no others; whoever gave up
waiting before judging began has sent nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, Full, Queue

from tocsin.errors import OutsideServiceError
from tocsin.ingest import Parsed
from tocsin.pipeline.live import Live
from tocsin.records import EventBatch

__all__ = ["Intake", "IntakeResult"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeResult:
    """What became of one request's events; `decisions` are ids of new decisions."""

    accepted: int
    duplicates: int
    dead_letters: int
    decisions: tuple[str, ...]


@dataclass(slots=True)
class _Request:
    parsed: Parsed
    source: str
    done: Future[IntakeResult] = field(default_factory=Future)


class Intake:
    """The writer thread of a server."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._queue: Queue[_Request | None] = Queue(maxsize=1_000)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._is_open = False

    def start(self) -> None:
        """Begin to take requests."""
        self._is_open = True
        self._thread = threading.Thread(target=self._run, name="tocsin-intake", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Judge what is waiting, then end."""
        with self._lock:
            self._is_open = False
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def submit(self, parsed: Parsed, source: str) -> Future[IntakeResult]:
        """Hand in what one request holds; the future is done when it is durable.

        Never waits: where too much waits already, the future says so at once.
        """
        request = _Request(parsed, source)
        with self._lock:
            if not self._is_open:
                request.done.set_exception(_stopped())
                return request.done
            try:
                self._queue.put_nowait(request)
            except Full:
                request.done.set_exception(_busy())
        return request.done

    def _run(self) -> None:
        while True:
            request = self._queue.get()
            if request is None:
                return
            requests, is_last = self._gather(request)
            self._judge(requests)
            if is_last:
                return

    def _gather(self, first: _Request) -> tuple[list[_Request], bool]:
        """Requests that arrive within the flush time, up to a full batch of the same source."""
        settings = self._live.store.settings
        requests, n_events = [first], len(first.parsed.events)
        while n_events < settings.batch_events:
            try:
                request = self._queue.get(timeout=settings.batch_ms / 1000)
            except Empty:
                return requests, False
            if request is None:
                return requests, True
            requests.append(request)
            n_events += len(request.parsed.events)
        return requests, False

    def _judge(self, requests: Sequence[_Request]) -> None:
        """Judge the requests of each source together, in batches of the configured size."""
        by_source: dict[str, list[_Request]] = {}
        for request in requests:
            if not request.done.set_running_or_notify_cancel():
                continue  # the sender is gone and was told nothing
            by_source.setdefault(request.source, []).append(request)
        for source, group in by_source.items():
            try:
                results = self._take(source, group)
            except Exception as error:  # noqa: BLE001  # they hear of it; the rest goes on
                for request in group:
                    request.done.set_exception(error)
            else:
                for request, result in zip(group, results, strict=True):
                    request.done.set_result(result)

    def _take(self, source: str, group: Sequence[_Request]) -> list[IntakeResult]:
        live = self._live
        size = live.store.settings.batch_events
        received_at = live.store.clock.now()
        events = [event for request in group for event in request.parsed.events]
        lines = [line for request in group for line in request.parsed.lines]
        letters = [letter for request in group for letter in request.parsed.dead_letters]
        is_new: list[bool] = []
        decisions: dict[str, list[str]] = {}
        for start in range(0, max(1, len(events)), size):
            batch = EventBatch(
                events=events[start : start + size],
                lines=lines[start : start + size],
                received_at=received_at,
                source=source,
            )
            result = live.take(batch, letters if start == 0 else ())
            is_new += result.is_new
            for decision in result.decisions:
                decisions.setdefault(decision.event, []).append(decision.id)
        return _shared_out(group, is_new, decisions)


def _stopped() -> OutsideServiceError:
    return OutsideServiceError(
        "the server is stopping and takes no more events", hint="send them again in a moment"
    )


def _busy() -> OutsideServiceError:
    return OutsideServiceError(
        "too many requests wait to be judged", hint="send them again in a moment, or fewer larger"
    )


def _shared_out(
    group: Sequence[_Request], is_new: Sequence[bool], decisions: dict[str, list[str]]
) -> list[IntakeResult]:
    """Each request's part of what became of them together."""
    results, start = [], 0
    for request in group:
        events = request.parsed.events
        news = is_new[start : start + len(events)]
        start += len(events)
        made = [
            decision
            for event, new in zip(events, news, strict=True)
            if new
            for decision in decisions.get(event.id, ())
        ]
        results.append(
            IntakeResult(
                accepted=sum(news),
                duplicates=len(events) - sum(news),
                dead_letters=len(request.parsed.dead_letters),
                decisions=tuple(made),
            )
        )
    return results
