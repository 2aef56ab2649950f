"""Upkeep of a running server: anchors and the archive, at intervals.

Comes in: the store. Goes out: anchors, archived events. Always holds: a fault is logged by its
class and tried again; stopping writes a last anchor.
"""

from __future__ import annotations

import logging
import threading

from tocsin.store import Store, anchors, archive_events, pending_events

__all__ = ["Upkeep"]

_LOG = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
"""Seconds between looks at how many events wait: counting them is one cheap query."""


class Upkeep:
    """A thread that anchors the log and empties what waits into the archive."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._is_stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._loop, name="tocsin-upkeep", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, after a last anchor."""
        self._is_stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        anchors.write_anchor(self._store)

    def _loop(self) -> None:
        settings, clock = self._store.settings, self._store.clock
        anchored_at = clock.now()
        while not self._is_stopping.wait(LOOK_EVERY_S):
            try:
                if (clock.now() - anchored_at).total_seconds() >= settings.anchor_every_s:
                    anchors.write_anchor(self._store)
                    anchored_at = clock.now()
                self._archive()
            except Exception as error:  # noqa: BLE001  # tried again at the next look
                _LOG.error("upkeep failed: %s", type(error).__name__)

    def _archive(self) -> None:
        settings = self._store.settings
        with self._store.read() as connection:
            n_waiting = pending_events(connection)
        if n_waiting >= settings.archive_after_events:
            archive_events(self._store)
