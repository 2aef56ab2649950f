"""`tocsin bench pipeline`: from NDJSON bytes to stored decisions, and where the time goes.

Comes in: nothing (a synthetic workload). Goes out: events per second and core at several batch
sizes, with de-duplication, chain, archive and fsync on; microseconds per event and stage; and
the same rules as a plain program for comparison.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from tocsin.bench.measure import Measurement, Stopwatch, cpu_s
from tocsin.bench.workload import make_lines, make_pack, make_phrases
from tocsin.config import load_settings
from tocsin.detectors import detect
from tocsin.features import compute
from tocsin.ingest import ADAPTERS, Batcher, LineReader, file_batches
from tocsin.pipeline import Live, activate
from tocsin.plugins import DetectorInput
from tocsin.policy import PackSource
from tocsin.records import EventPolicy
from tocsin.store import Store, archive_events

__all__ = ["Sizes", "bench_pipeline"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How large the workload is; `events` by size of batch."""

    rules: int = 50
    phrases: int = 2_000
    events: Mapping[int, int] = field(
        default_factory=lambda: {1: 1_500, 32: 10_000, 256: 40_000, 4_096: 40_000}
    )
    runs: int = 3
    peer_events: int = 2_000
    stage_events: int = 20_000


def bench_pipeline(
    *, on_step: Callable[[str], None] = lambda _: None, sizes: Sizes | None = None
) -> Iterator[Measurement]:
    """Measure the whole path; yields each figure when it is there."""
    sizes = sizes or Sizes()
    phrases = make_phrases(sizes.phrases)
    pack = make_pack(sizes.rules, phrases)
    on_step("making the workload")
    lines = make_lines(max(sizes.events.values()), phrases)
    on_step("measuring a plain program")
    # The best of several runs, on both sides: what else the machine does only ever adds time.
    plain = max(
        _plain_rate(lines[: sizes.peer_events], phrases, sizes.rules) for _ in range(sizes.runs)
    )
    params: dict[str, str | int | float] = {"rules": sizes.rules, "phrases": sizes.phrases}
    for batch, n_events in sizes.events.items():
        on_step(f"measuring batches of {batch}")
        rate = max(_rate(lines[:n_events], pack, batch) for _ in range(sizes.runs))
        yield Measurement(
            measure="pipeline_events_per_s",
            value=round(rate),
            unit="events/s/core",
            params={**params, "batch": batch, "input": "ndjson", "best_of": sizes.runs},
            peer="plain Python: json, substring tests in a loop, sqlite3",
            peer_value=round(plain),
            ratio=round(rate / plain, 2),
        )
    on_step("measuring each stage")
    for stage, cost in _stages(lines[: sizes.stage_events], pack, 256):
        yield Measurement(
            measure="stage_us_per_event",
            value=round(cost, 2),
            unit="us/event",
            params={**params, "batch": 256, "stage": stage},
        )


def _store(folder: str, pack: dict[str, str]) -> Store:
    settings = load_settings({"database_url": f"sqlite:///{folder}/bench.db"}, environ={})
    store = Store.open(settings)
    activate(store, PackSource.from_files(pack), by="bench", reason="measuring")
    return store


def _batcher(store: Store, batch: int) -> Batcher:
    return Batcher(
        source="bench",
        adapter=ADAPTERS["tocsin"],
        policy=EventPolicy(),
        clock=store.clock,
        max_events=batch,
    )


def _rate(lines: list[bytes], pack: dict[str, str], batch: int) -> float:
    """Events per CPU second over the whole path, archive included."""
    with tempfile.TemporaryDirectory() as folder:
        store = _store(folder, pack)
        live = Live.open(store)
        raw = b"\n".join(lines)

        def work() -> None:
            reader = LineReader(BytesIO(raw), source="bench")
            for found in file_batches(reader, _batcher(store, batch)):
                live.take(found.events, found.dead_letters)
            archive_events(store)

        seconds = cpu_s(work)
        store.close()
    return len(lines) / seconds


def _stages(lines: list[bytes], pack: dict[str, str], batch: int) -> list[tuple[str, float]]:
    """Microseconds of CPU per event in each stage."""
    watch = Stopwatch()
    with tempfile.TemporaryDirectory() as folder:
        store = _store(folder, pack)
        live = Live.open(store)
        engine = live.engine
        with watch.block("ingest"):
            reader = LineReader(BytesIO(b"\n".join(lines)), source="bench")
            batches = [found.events for found in file_batches(reader, _batcher(store, batch))]
        for events in batches:
            with watch.block("features"):
                features = compute(events)
            with watch.block("detectors"):
                given = DetectorInput(batch=events, features=features, texts=features)
                signals = detect(given, engine.detectors)
            with watch.block("policy"):
                engine.policy.decide(events, features, signals, engine.versions)
        with watch.block("whole live path"):
            for events in batches:
                live.take(events)
        judged = sum(watch.seconds[stage] for stage in ("features", "detectors", "policy"))
        stored = watch.seconds.pop("whole live path") - judged
        watch.seconds["store (de-duplication, chain, fsync)"] = stored
        with watch.block("archive"):
            archive_events(store)
        store.close()
    return [(stage, 1e6 * seconds / len(lines)) for stage, seconds in watch.seconds.items()]


def _plain_rate(lines: list[bytes], phrases: list[str], n_rules: int) -> float:
    """Events per CPU second of the same rules as one would write them without an engine."""
    per_rule = max(1, len(phrases) // n_rules)
    rules = [(phrases[n * per_rule : (n + 1) * per_rule], 1_000 + n) for n in range(n_rules)]

    def work() -> None:
        with tempfile.TemporaryDirectory() as folder:
            database = sqlite3.connect(Path(folder) / "plain.db")
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("CREATE TABLE events (id TEXT PRIMARY KEY, line BLOB)")
            database.execute("CREATE TABLE hits (event TEXT, rule INTEGER)")
            for start in range(0, len(lines), 256):
                for line in lines[start : start + 256]:
                    event = json.loads(line)
                    database.execute("INSERT INTO events VALUES (?, ?)", (event["id"], line))
                    text = event["post"]["text"].lower()
                    for number, (wanted, followers) in enumerate(rules):
                        if event["actor"]["followers"] < followers and any(
                            phrase in text for phrase in wanted
                        ):
                            database.execute(
                                "INSERT INTO hits VALUES (?, ?)", (event["id"], number)
                            )
                database.commit()
            database.close()

    return len(lines) / cpu_s(work)
