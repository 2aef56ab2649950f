"""The benchmark of back-tests runs and speaks its format; how fast anything is, no test says."""

from __future__ import annotations

from tocsin.bench.backtest import WINDOWS, BacktestSizes, bench_backtest

SMALL = BacktestSizes(rules=10, phrases=30, events=400, peer_events=20, runs=1)


def test_every_figure_says_what_it_is() -> None:
    steps: list[str] = []
    without, with_windows = bench_backtest(on_step=steps.append, sizes=SMALL)
    for found, n_windows in ((without, 0), (with_windows, len(WINDOWS))):
        assert found.measure == "backtest_events_per_s"
        assert found.unit == "events/s/core"
        assert found.value > 0
        assert found.peer_value
        wanted = {"rules": 10, "phrases": 30, "windows": n_windows, "packs": 2}
        assert wanted.items() <= found.params.items()
    assert len(steps) == 7
