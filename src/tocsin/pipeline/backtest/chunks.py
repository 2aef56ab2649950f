"""One chunk: its events from the archive, judged by both packs, counted.

Comes in: a chunk of a plan, the two packs. Goes out: a tally. Always holds: rows in the order of
the log; events outside the range are counted in windows only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import sqlalchemy as sa

from tocsin.features import WindowState
from tocsin.pipeline.backtest.pair import Pair
from tocsin.pipeline.backtest.plan import Chunk, Piece, Plan
from tocsin.pipeline.backtest.tally import Place, Tally
from tocsin.records import Decision, EventBatch
from tocsin.store import Store
from tocsin.store.stretches import read_stretch

__all__ = ["judge_chunk"]

_DAY_US = 86_400_000_000
_SOURCE = "back-test"

_Bools = npt.NDArray[np.bool_]


def judge_chunk(
    store: Store,
    connection: sa.Connection,
    pair: Pair,
    plan: Plan,
    chunk: Chunk,
    on_rows: Callable[[int], None],
) -> Tally:
    """Judge the events of a chunk; `on_rows` hears how many rows were just read."""
    tally = Tally()
    windows = pair.new_windows()
    for piece in chunk.pieces:
        for recorded in _read(store, connection, piece):
            _judge(pair, plan, piece, recorded, windows, tally)
            on_rows(recorded.num_rows)
    return tally


def _read(store: Store, connection: sa.Connection, piece: Piece) -> Any:
    return read_stretch(
        store,
        connection,
        piece.stretch,
        from_day=piece.from_day,
        until_day=piece.until_day,
    )


def _judge(
    pair: Pair,
    plan: Plan,
    piece: Piece,
    recorded: pa.RecordBatch,
    windows: WindowState | None,
    tally: Tally,
) -> None:
    batch = EventBatch.from_arrow(recorded, recorded.column("received_at"), _SOURCE)
    is_wanted = _in_range(plan, batch) if piece.is_judged else np.zeros(len(batch), np.bool_)
    n_wanted = int(np.count_nonzero(is_wanted))
    if windows is None and 0 < n_wanted < len(batch):
        recorded = recorded.filter(pa.array(is_wanted))
        batch = EventBatch.from_arrow(recorded, recorded.column("received_at"), _SOURCE)
        is_wanted = np.ones(n_wanted, np.bool_)
    if n_wanted:
        _count_days(batch.at_us[is_wanted], tally)
        before, after = pair.judge(batch, windows)
        _add(tally, recorded, batch, is_wanted, (before, after))
    elif windows is not None:
        pair.count(batch, windows)


def _in_range(plan: Plan, batch: EventBatch) -> _Bools:
    found: _Bools = np.ones(len(batch), np.bool_)
    if plan.since_us is not None:
        found &= batch.at_us >= plan.since_us
    if plan.until_us is not None:
        found &= batch.at_us < plan.until_us
    return found


def _count_days(at_us: npt.NDArray[np.int64], tally: Tally) -> None:
    days, counts = np.unique(at_us // _DAY_US, return_counts=True)
    for day, n_events in zip(days.tolist(), counts.tolist(), strict=True):
        tally.add_events(_day(day), n_events)


def _day(number: int) -> str:
    return str(np.datetime64(number, "D"))


def _add(
    tally: Tally,
    recorded: pa.RecordBatch,
    batch: EventBatch,
    is_wanted: _Bools,
    decided: tuple[Any, Any],
) -> None:
    rows: dict[int, tuple[list[Decision], list[Decision]]] = {}
    for side, decisions in enumerate(decided):
        for row, decision in decisions:
            if is_wanted[row]:
                rows.setdefault(row, ([], []))[side].append(decision)
    if not rows:
        return
    position, ordinal = recorded.column("position"), recorded.column("ordinal")
    for row, (before, after) in rows.items():
        at_us = int(batch.at_us[row])
        some = (before or after)[0]
        place = Place(position[row].as_py(), ordinal[row].as_py(), some.event, at_us, some.language)
        tally.add(place, _day(at_us // _DAY_US), before, after)
