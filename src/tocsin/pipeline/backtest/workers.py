"""Chunks in several processes at once.

Comes in: a plan and the sources of both packs. Goes out: one tally of everything. Always holds:
the tally does not depend on how many processes there are, nor on which is done first; when the
caller stops, so do they. Refused: nothing; an error of a process is raised here.
"""

from __future__ import annotations

import multiprocessing
import queue
import signal
from collections.abc import Callable
from multiprocessing.queues import Queue
from typing import Any

from tocsin.config import Settings
from tocsin.errors import TocsinError
from tocsin.pipeline.backtest.chunks import judge_chunk
from tocsin.pipeline.backtest.pair import Pair, PairSource
from tocsin.pipeline.backtest.plan import Plan
from tocsin.pipeline.backtest.tally import Tally
from tocsin.store import Store

__all__ = ["judge_all"]

_POLL_S = 0.2
_PATIENCE_S = 5.0


def judge_all(
    store: Store,
    source: PairSource,
    plan: Plan,
    *,
    workers: int,
    is_apart: bool = False,
    on_rows: Callable[[int], None],
) -> Tally:
    """Judge every chunk: here, where one process is enough, else in `workers` others.

    With `is_apart` always in others: then this one has other things to do.

    Raises:
        TocsinError: a process failed.
    """
    whole = Tally()
    if not is_apart and (workers <= 1 or len(plan.chunks) <= 1):
        pair = Pair.of(source)
        for chunk in plan.chunks:
            with store.read() as connection:
                whole.merge(judge_chunk(store, connection, pair, plan, chunk, on_rows))
        return whole
    context = multiprocessing.get_context("spawn")  # the caller may have threads
    tasks: Queue[int | None] = context.Queue()
    results: Queue[tuple[str, Any]] = context.Queue()
    n_workers = min(workers, len(plan.chunks))
    for index in [*range(len(plan.chunks)), *[None] * n_workers]:
        tasks.put(index)
    processes = [
        context.Process(
            target=_work, args=(store.settings, source, plan, tasks, results), daemon=True
        )
        for _ in range(n_workers)
    ]
    for process in processes:
        process.start()
    try:
        _gather(processes, results, len(plan.chunks), whole, on_rows)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join(_PATIENCE_S)
    return whole


def _gather(
    processes: list[Any],
    results: Queue[tuple[str, Any]],
    n_chunks: int,
    whole: Tally,
    on_rows: Callable[[int], None],
) -> None:
    n_done = 0
    while n_done < n_chunks:
        try:
            kind, found = results.get(timeout=_POLL_S)
        except queue.Empty:
            on_rows(0)
            if any(process.exitcode for process in processes):
                raise TocsinError("a process of the back-test ended before its time") from None
            continue
        if kind == "rows":
            on_rows(found)
        elif kind == "done":
            whole.merge(found)
            n_done += 1
        else:
            raise TocsinError(f"a process of the back-test failed: {found}")


def _work(
    settings: Settings,
    source: PairSource,
    plan: Plan,
    tasks: Queue[int | None],
    results: Queue[tuple[str, Any]],
) -> None:
    """What each process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller hears of it, and ends us
    try:
        store = Store(settings)
        pair = Pair.of(source)
        while (index := tasks.get()) is not None:
            with store.read() as connection:
                tally = judge_chunk(
                    store,
                    connection,
                    pair,
                    plan,
                    plan.chunks[index],
                    lambda n_rows: results.put(("rows", n_rows)),
                )
            results.put(("done", tally))
    except TocsinError as error:
        results.put(("failed", error.message))
    except Exception as error:  # noqa: BLE001  # its message could hold content
        results.put(("failed", type(error).__name__))
