"""Packs compiled before they are in force, beside the stream that goes on.

Comes in: packs that somebody is about to put in force, from the store. Goes out: a live pipeline
that has them ready. Always holds: nothing decides differently for it: a pack that is not ready
when it is put in force is compiled then, before the next batch; one that cannot be compiled is
left alone here, and refused where it is put in force.
"""

from __future__ import annotations

import logging
import threading

from tocsin.errors import TocsinError
from tocsin.pipeline.live import Live
from tocsin.policy import PackSource
from tocsin.store import prepared

__all__ = ["Preparing"]

_LOG = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
"""Seconds between looks: one short query. Whoever puts a pack in force checks it first, which
takes about as long as compiling it here."""


class Preparing:
    """A thread that compiles what is prepared."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._is_stopping = threading.Event()
        self._seen: str | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._loop, name="tocsin-preparing", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, after what is being compiled."""
        self._is_stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def look(self) -> bool:
        """Compile what was prepared since the last look, if anything was."""
        with self._live.store.read() as connection:
            version = prepared.version(connection)
            if version is None or version == self._seen:
                return False
            files = prepared.files(connection, version)
        self._seen = version
        if files is None:
            return False
        try:
            self._live.prepare(PackSource.from_files(files))
        except TocsinError as error:
            _LOG.info("a prepared pack is not compiled: %s", error.code)
            return False
        return True

    def _loop(self) -> None:
        while not self._is_stopping.wait(LOOK_EVERY_S):
            try:
                self.look()
            except Exception as error:  # noqa: BLE001  # tried again at the next look
                _LOG.error("preparing failed: %s", type(error).__name__)
