"""`tocsin bench windows`: updates of one window per second, compiled and in plain Python.

Comes in: nothing (random keys from a fixed seed). Goes out: updates per CPU second at several
batch sizes. Always holds: an update counts one event and asks for the answer; a million keys, a
window of ten minutes that 300,000 events fill, so that entries expire for most of the run. Each
rate is the best of `STRETCHES` parts of one run: what else the machine does only ever adds time.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

import numpy as np

from tocsin.bench.measure import Measurement, cpu_s
from tocsin.features.windows import (
    ADD,
    ASK,
    PlainWindow,
    Shape,
    Steps,
    Window,
    fastest,
)
from tocsin.records import WindowMeasure

__all__ = ["bench_windows"]

N_KEYS: Final = 1_000_000
OVER_US: Final = 600_000_000
LATENESS_US: Final = 60_000_000
SPACING_US: Final = 2_000
"""Between two events: a window of ten minutes holds 300,000 of them."""

N_HELD: Final = OVER_US // SPACING_US
SETTLED: Final = 4
"""Windows' lengths before the measuring begins: until every table has the size that it keeps."""

N_UPDATES: Final = {1: 50_000, 32: 500_000, 256: 2_000_000, 4_096: 2_000_000}
N_PLAIN: Final = {1: 20_000, 32: 100_000, 256: 200_000, 4_096: 200_000}
MEASURES: Final = (WindowMeasure.COUNT, WindowMeasure.DISTINCT)
N_LATE_ONE_IN: Final = 20
STRETCHES: Final = 5


def bench_windows(*, on_step: Callable[[str], None] = lambda _: None) -> Iterator[Measurement]:
    """Measure windows; yields each figure when it is there."""
    has_numba = importlib.util.find_spec("numba") is not None
    for measure in MEASURES:
        shape = Shape(measure, OVER_US, LATENESS_US)
        for batch, n_updates in N_UPDATES.items():
            on_step(f"measuring {measure} at batches of {batch}")
            plain = _rate(PlainWindow(shape), N_PLAIN[batch], batch, n_before=N_HELD)
            rate = plain
            if has_numba:
                make = fastest()
                _rate(make(shape), 1_000, batch, n_before=0)  # compiles
                rate = _rate(make(shape), n_updates, batch, n_before=SETTLED * N_HELD)
            yield Measurement(
                measure="window_updates_per_s",
                value=round(rate),
                unit="updates/s/core",
                params={
                    "batch": batch,
                    "window": measure.value,
                    "keys": N_KEYS,
                    "engine": "numba" if has_numba else "plain",
                },
                peer="plain Python: a dictionary of sorted lists",
                peer_value=round(plain),
                ratio=round(rate / plain, 2),
            )


def _rate(window: Window, n_updates: int, batch: int, *, n_before: int) -> float:
    """Updates per CPU second of a window that is full already."""
    steps = _steps(n_before + n_updates)
    window.advance(Steps(*(column[:n_before] for column in steps)))
    steps = Steps(*(column[n_before:] for column in steps))
    cuts = [
        Steps(*(column[start : start + batch] for column in steps))
        for start in range(0, n_updates, batch)
    ]

    def work(stretch: Sequence[Steps]) -> None:
        for cut in stretch:
            window.advance(cut)

    size = -(-len(cuts) // STRETCHES)
    stretches = [cuts[start : start + size] for start in range(0, len(cuts), size)]
    return max(
        sum(len(cut.times) for cut in stretch) / cpu_s(partial(work, stretch))
        for stretch in stretches
    )


def _steps(n: int) -> Steps:
    """One in twenty is late by up to the lateness."""
    chance = np.random.default_rng(20_260_301)
    bits = chance.integers(-(2**63), 2**63 - 1, (N_KEYS, 2), np.int64)
    watermarks = np.arange(n, dtype=np.int64) * SPACING_US
    late = chance.integers(0, LATENESS_US, n) * (chance.integers(0, N_LATE_ONE_IN, n) == 0)
    return Steps(
        keys=bits[chance.integers(0, N_KEYS, n)],
        times=watermarks - late,
        watermarks=watermarks,
        of=bits[chance.integers(0, N_KEYS, n)],
        amounts=np.ones(n, np.int64),
        flags=np.full(n, ADD | ASK, np.int64),
    )
