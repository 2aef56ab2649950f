"""Benchmarks: what this machine does, with a plain version measured in the same run.

Comes in: the name of a benchmark. Goes out: measurements (`tocsin bench NAME`). Always holds:
workloads are synthetic, made from a fixed seed; CPU time of this process, not wall time, unless
a measure's name says otherwise; a ratio compares two figures of the same run.
"""

from collections.abc import Callable, Iterator

from tocsin.bench.backtest import bench_backtest
from tocsin.bench.check import bench_check
from tocsin.bench.measure import Measurement
from tocsin.bench.pipeline import bench_pipeline
from tocsin.bench.rules import bench_rules
from tocsin.bench.text import bench_text
from tocsin.bench.windows import bench_windows

__all__ = [
    "BENCHMARKS",
    "Measurement",
    "bench_backtest",
    "bench_check",
    "bench_pipeline",
    "bench_rules",
    "bench_text",
    "bench_windows",
]

BENCHMARKS: dict[str, Callable[..., Iterator[Measurement]]] = {
    "backtest": bench_backtest,
    "check": bench_check,
    "pipeline": bench_pipeline,
    "rules": bench_rules,
    "text": bench_text,
    "windows": bench_windows,
}
"""Every benchmark by name."""
