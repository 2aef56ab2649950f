"""The benchmark runs and speaks its format; how fast anything is, no test says."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from tests.support.runs import run_command
from tocsin import bench
from tocsin.bench import Measurement
from tocsin.bench.measure import Stopwatch, cpu_s
from tocsin.bench.pipeline import Sizes, bench_pipeline
from tocsin.bench.workload import WINDOWS, make_lines, make_pack, make_phrases
from tocsin.pipeline import check
from tocsin.policy import PackSource
from tocsin.records import EventPolicy, decode_event
from tocsin.testing import T0

SMALL = Sizes(
    rules=9,
    phrases=9,
    events={("ndjson", 1): 4, ("ndjson", 256): 300, ("arrow", 256): 300},
    runs=1,
    peer_events=20,
    stage_events=40,
)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """`tocsin bench pipeline` over a tiny workload."""
    monkeypatch.setitem(
        bench.BENCHMARKS, "pipeline", lambda on_step: bench_pipeline(on_step=on_step, sizes=SMALL)
    )


def test_every_figure_says_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    steps: list[str] = []
    found = list(bench_pipeline(on_step=steps.append, sizes=SMALL))
    rates = [m for m in found if m.measure == "pipeline_events_per_s"]
    inputs = [(m.params["input"], m.params["batch"]) for m in rates]
    assert inputs == [("ndjson", 1), ("ndjson", 256), ("arrow", 256)]
    for rate in rates:
        assert rate.unit == "events/s/core"
        assert rate.value > 0
        assert rate.peer_value
        assert rate.ratio is not None
        assert {"rules": 9, "phrases": 9, "windows": 6}.items() <= rate.params.items()
    times = [m for m in found if m.measure == "batch_ms"]
    assert {(m.params["input"], m.params["clock"], m.params["percentile"]) for m in times} == {
        (given, clock, percentile)
        for given in ("ndjson", "arrow")
        for clock in ("cpu", "wall")
        for percentile in (50, 99)
    }
    stages = [m.params["stage"] for m in found if m.measure == "stage_us_per_event"]
    assert stages == 2 * [
        "ingest", "features", "windows", "detectors", "policy",
        "store (de-duplication, chain, fsync)", "archive",
    ]  # fmt: skip
    assert len(steps) >= 4
    assert list(tmp_path.iterdir()) == [], "it works in a folder of its own"


@pytest.mark.usefixtures("small")
def test_the_command_prints_json_lines_and_saves_them(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "results" / "pipeline.json"
    ran = run_command(capfd, "bench", "pipeline", "--json", "--save", saved)
    assert ran.status == 0
    measured = {"measure", "value", "unit", "params"}
    for line in ran.json:
        peer = {"peer", "peer_value", "ratio"} if line["measure"].startswith("pipeline") else set()
        assert set(line) == measured | peer
    assert "measuring" in ran.err
    report = json.loads(saved.read_text())
    assert set(report) == {"benchmark", "version", "at", "machine", "measurements"}
    assert report["measurements"] == ran.json


@pytest.mark.usefixtures("small")
def test_the_command_prints_a_table_for_people(capfd: pytest.CaptureFixture[str]) -> None:
    ran = run_command(capfd, "bench", "pipeline")
    assert ran.out.splitlines()[0].split() == [
        "MEASURE", "PARAMS", "VALUE", "UNIT", "BESIDE", "ITS", "VALUE", "RATIO",
    ]  # fmt: skip


def test_the_workload_is_the_same_each_time_and_valid() -> None:
    phrases = make_phrases(6)
    lines = make_lines(300, phrases)
    assert lines == make_lines(300, phrases)
    assert phrases == make_phrases(6)
    events = [decode_event(line, now=T0, policy=EventPolicy()) for line in lines]
    assert len({event.id for event in events}) == 300
    report = check(PackSource.from_files(make_pack(9, phrases, len(WINDOWS))))
    assert report.policy is not None
    assert (len(report.policy.rules), len(report.policy.windows)) == (9, 6)


def test_a_measurement_without_a_peer_says_nothing_of_one() -> None:
    alone = Measurement(measure="m", value=1.0, unit="u")
    assert msgspec.to_builtins(alone) == {"measure": "m", "value": 1.0, "unit": "u"}


def test_cpu_time_is_added_up_by_name() -> None:
    watch = Stopwatch()
    for _ in range(2):
        with watch.block("sum"):
            sum(range(10_000))
    assert set(watch.seconds) == {"sum"}
    assert watch.seconds["sum"] >= 0
    assert cpu_s(lambda: sum(range(1_000))) >= 0
