"""Back-tests that a server runs beside everything else.

Comes in: back-tests that were begun. Goes out: nothing; what they find is in the store. Always
holds: one at a time, the others wait; judging happens in processes of its own, so that requests
are answered meanwhile; one that is stopped ends within moments.
"""

from __future__ import annotations

import logging
import threading
from queue import Empty, Queue

from tocsin.errors import ConflictError
from tocsin.pipeline.backtest.run import BacktestRun
from tocsin.store.backtests import SILENCE

__all__ = ["Background"]

_LOG = logging.getLogger(__name__)

MAX_WAITING = 8
NOTE_EVERY = SILENCE / 4
"""How often those that wait say that they are not forgotten."""

_IDLE_S = 5.0


class _StoppedError(BaseException):
    """Somebody stopped it: passes through what handles mistakes."""


class Background:
    """The thread that runs them; it ends when nothing is left to do."""

    def __init__(self) -> None:
        self._queue: Queue[BacktestRun] = Queue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopped: set[str] = set()
        self._held: dict[str, BacktestRun] = {}

    def start(self, run: BacktestRun) -> None:
        """Run it as soon as those before it are done."""
        with self._lock:
            self._held[run.record.id] = run
            self._queue.put(run)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="tocsin-backtests", daemon=True
                )
                self._thread.start()

    def check_room(self) -> None:
        """Nothing, if another one may be begun.

        Raises:
            ConflictError: too many wait.
        """
        with self._lock:
            if len(self._held) >= MAX_WAITING:
                raise ConflictError(
                    f"{MAX_WAITING} back-tests run or wait already",
                    hint="try again when one is done",
                )

    def holds(self, backtest_id: str) -> bool:
        """Whether it runs or waits here."""
        with self._lock:
            return backtest_id in self._held

    def stop(self, backtest_id: str) -> bool:
        """Stop it; False if it does not run or wait here."""
        with self._lock:
            if backtest_id not in self._held:
                return False
            self._stopped.add(backtest_id)
            return True

    def join(self, timeout_s: float) -> None:
        """Wait until nothing is left to do."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)

    def _waiting(self, running: str) -> list[BacktestRun]:
        with self._lock:
            return [run for name, run in self._held.items() if name != running]

    def _run(self) -> None:
        while True:
            try:
                run = self._queue.get(timeout=_IDLE_S)
            except Empty:
                with self._lock:
                    if self._queue.empty():
                        self._thread = None
                        return
                continue
            self._run_one(run)

    def _run_one(self, run: BacktestRun) -> None:
        name, clock = run.record.id, run.store.clock
        noted_at = clock.now() - NOTE_EVERY

        def look(_done: int, _total: int) -> None:
            nonlocal noted_at
            if name in self._stopped:
                raise _StoppedError
            if clock.now() - noted_at >= NOTE_EVERY:
                noted_at = clock.now()
                for other in self._waiting(name):
                    other.note_alive()

        try:
            run.run(look)
        except _StoppedError:
            _LOG.info("back-test %s was stopped", name)
        except Exception as error:  # noqa: BLE001  # its record says that it failed
            _LOG.error("back-test %s failed: %s", name, type(error).__name__)
        finally:
            with self._lock:
                self._held.pop(name, None)
                self._stopped.discard(name)
