"""`tocsin bench backtest`: archived events judged by two packs.

Comes in: nothing (a synthetic workload). Goes out: events of the archive per CPU second of one
process, read from Parquet, judged by the pack in force and by a changed one, and compared; beside
it the same events one at a time through the live engine of each pack. Always holds: compiling is
not counted on either side: it is done once per process however many events there are; the rate is
the best of several rounds.
"""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO

import yaml

from tocsin.bench.measure import Measurement, cpu_s
from tocsin.bench.workload import make_lines, make_pack, make_phrases
from tocsin.config import load_settings
from tocsin.features import WindowState
from tocsin.ingest import ADAPTERS, Batcher, LineReader, file_batches
from tocsin.pipeline import Engine, Live, activate, registry
from tocsin.pipeline.backtest import BacktestRun
from tocsin.pipeline.backtest.chunks import judge_chunk
from tocsin.pipeline.backtest.figures import changes_of, figures_of
from tocsin.pipeline.backtest.pair import Pair, Side
from tocsin.pipeline.backtest.tally import Tally
from tocsin.policy import PackSource
from tocsin.records import EventBatch, EventPolicy, decode_event
from tocsin.store import Store, archive_events, events_at
from tocsin.store.stretches import list_stretches

__all__ = ["BacktestSizes", "bench_backtest"]

_ONE_RULE_IN = 10
"""So many rules of the changed pack differ."""

WINDOWS = (
    "count(event, by=account, over=hours(1)) >= 1",
    "count(event, by=account, over=days(1)) >= 1",
    "distinct(account, by=text, over=hours(1)) >= 1",
    "distinct(text, by=account, over=hours(1)) >= 1",
    "count(event, by=skeleton, over=hours(6)) >= 1",
    "sum(text.length, by=account, over=hours(1)) >= 1",
)
"""What rules ask of windows, each beside a test of the account that 1 in 1,000 passes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestSizes:
    """How large the workload is."""

    rules: int = 300
    phrases: int = 10_000
    events: int = 100_000
    peer_events: int = 1_000
    runs: int = 3


def bench_backtest(
    *, on_step: Callable[[str], None] = lambda _: None, sizes: BacktestSizes | None = None
) -> Iterator[Measurement]:
    """Measure a back-test, without and with windows that rules read."""
    sizes = sizes or BacktestSizes()
    on_step("making the workload")
    phrases = make_phrases(sizes.phrases)
    lines = make_lines(sizes.events, phrases)
    for windows in ((), WINDOWS):
        before = _with_windows(make_pack(sizes.rules, phrases), windows)
        with tempfile.TemporaryDirectory() as folder:
            on_step(f"filling an archive, {len(windows)} windows")
            store = _archive(folder, before, lines)
            on_step("measuring a back-test")
            rate = _rate(store, _changed(before), sizes.runs)
            on_step("measuring one event at a time")
            peer = max(_peer_rate(store, _changed(before), sizes.peer_events) for _ in range(2))
            store.close()
        yield Measurement(
            measure="backtest_events_per_s",
            value=round(rate),
            unit="events/s/core",
            params={
                "rules": sizes.rules,
                "phrases": sizes.phrases,
                "windows": len(windows),
                "packs": 2,
                "best_of": sizes.runs,
            },
            peer="each event alone through each pack's live engine",
            peer_value=round(peer),
            ratio=round(rate / peer, 2),
        )


def _with_windows(files: Mapping[str, str], windows: tuple[str, ...]) -> dict[str, str]:
    """The pack with one more rule per window."""
    example = {"hit": [{"text": "x", "followers": 0}], "miss": [{"text": "x", "followers": 9}]}
    rules = [
        {
            "id": f"bench.window-{number}",
            "clause": "bench.clause",
            "when": f"account.followers < 3 and {when}",
            "outcome": "review",
            "priority": 1,
            "examples": example,
        }
        for number, when in enumerate(windows)
    ]
    more = {"rules/windows.yaml": _yaml(rules)} if rules else {}
    return {**files, **more}


def _yaml(value: object) -> str:
    """YAML without anchors, which packs may not hold."""

    class _Plain(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:
            del data
            return True

    return yaml.dump(value, Dumper=_Plain, allow_unicode=True)


def _changed(files: Mapping[str, str]) -> PackSource:
    """The pack with some rules changed, which then hit more."""
    rules = yaml.safe_load(files["rules/bench.yaml"])
    for rule in rules[::_ONE_RULE_IN]:
        rule["when"] = rule["when"].replace("account.followers < 1", "account.followers < 9")
    return PackSource.from_files({**files, "rules/bench.yaml": _yaml(rules)})


def _archive(folder: str, files: Mapping[str, str], lines: list[bytes]) -> Store:
    """A store that has judged these events and archived them."""
    settings = load_settings({"database_url": f"sqlite:///{folder}/bench.db"}, environ={})
    store = Store.open(settings)
    activate(store, PackSource.from_files(files), by="bench", reason="measuring")
    live = Live.open(store)
    batcher = Batcher(
        source="bench",
        adapter=ADAPTERS["tocsin"],
        policy=EventPolicy(),
        clock=store.clock,
        max_events=4_096,
    )
    reader = LineReader(BytesIO(b"\n".join(lines)), source="bench")
    for found in file_batches(reader, batcher):
        live.take(found.events, found.dead_letters)
    archive_events(store)
    live.close()
    return store


def _rate(store: Store, tried: PackSource, runs: int) -> float:
    """Events per CPU second, from Parquet to the list of differences."""
    run = BacktestRun.begin(store, tried, by="bench")
    pair = Pair.of(run.source)
    gc.collect()
    gc.freeze()
    best = 0.0
    for _ in range(runs):
        tally = Tally()

        def work(tally: Tally = tally) -> None:
            for chunk in run.plan.chunks:
                with store.read() as connection:
                    found = judge_chunk(store, connection, pair, run.plan, chunk, lambda _n: None)
                tally.merge(found)
            figures_of(tally, changes_of(tally, {}, tried.version))

        seconds = cpu_s(work)
        best = max(best, tally.events / seconds)
    gc.unfreeze()
    return best


def _peer_rate(store: Store, tried: PackSource, n_events: int) -> float:
    """Events per CPU second where each is parsed, and judged alone by one pack after the other."""
    run = BacktestRun.begin(store, tried, by="bench")
    engines = [_engine(side) for side in (run.source.before, run.source.after)]
    windows = [
        WindowState(policy.windows, policy.window_conditions, timedelta(seconds=600))
        for policy in (engine.policy for engine in engines)
    ]
    with store.read() as connection:
        stretch = list_stretches(connection)[0]
    lines = (events_at(store, stretch.first) or [])[:n_events]
    now, policy = store.clock.now(), EventPolicy()

    def work() -> None:
        for line in lines:
            event = decode_event(line, now=now, policy=policy)
            batch = EventBatch(events=[event], lines=[line], received_at=now, source="bench")
            for engine, state in zip(engines, windows, strict=True):
                engine.judge(batch, state if state.specs else None)

    return len(lines) / cpu_s(work)


def _engine(side: Side) -> Engine:
    policy = side.policy()
    return Engine(policy=policy, detectors=registry.detectors(side.entries, reads=policy.signals))
