"""`tocsin bench pipeline`: from NDJSON or Arrow bytes to stored decisions, and where time goes.

Comes in: nothing (a synthetic workload). Goes out: events per second and core at several batch
sizes, with windows that rules read, de-duplication, chain, archive and fsync on; milliseconds
per batch; microseconds per event and stage; and the same phrases as a plain program beside it.

Arrow comes in through `Batcher`, whose full batches keep their columns. `POST /v1/events` still
makes a record of each row (`pipeline.intake`): its rate from Arrow is that of JSON lines.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pyarrow as pa

from tocsin.bench.measure import Measurement, Stopwatch, cpu_s
from tocsin.bench.workload import WINDOWS, make_lines, make_pack, make_phrases
from tocsin.config import load_settings
from tocsin.detectors import detect
from tocsin.features import compute
from tocsin.ingest import ADAPTERS, Batcher, Item, LineReader, file_batches, read_body
from tocsin.pipeline import Live, activate
from tocsin.plugins import DetectorInput
from tocsin.policy import PackSource
from tocsin.records import EventBatch, EventPolicy, decode_event, events_to_arrow
from tocsin.store import Store, archive_events

__all__ = ["Sizes", "bench_pipeline"]

NDJSON, ARROW = "ndjson", "arrow"
BATCH = 256
"""The batch size of the settings: the one whose stages and times per batch are shown."""

ARROW_TYPE = "application/vnd.apache.arrow.stream"
ROWS_PER_MESSAGE = 4_096
PLAIN = "plain Python: json, substring tests in a loop, no windows, sqlite3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How large the workload is; `events` by input and size of batch."""

    rules: int = 300
    phrases: int = 10_000
    windows: int = len(WINDOWS)
    events: Mapping[tuple[str, int], int] = field(
        default_factory=lambda: {
            (NDJSON, 1): 1_000,
            (NDJSON, 32): 8_000,
            (NDJSON, BATCH): 40_000,
            (NDJSON, 4_096): 40_000,
            (ARROW, BATCH): 40_000,
            (ARROW, 4_096): 40_000,
        }
    )
    runs: int = 3
    peer_events: int = 500
    stage_events: int = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """CPU seconds of a whole run, and of each batch CPU and wall seconds."""

    cpu_s: float
    batch_cpu_s: Sequence[float]
    batch_wall_s: Sequence[float]


def bench_pipeline(
    *, on_step: Callable[[str], None] = lambda _: None, sizes: Sizes | None = None
) -> Iterator[Measurement]:
    """Measure the whole path; yields each figure when it is there."""
    sizes = sizes or Sizes()
    on_step("making the workload")
    phrases = make_phrases(sizes.phrases)
    pack = make_pack(sizes.rules, phrases, sizes.windows)
    lines = make_lines(max(sizes.events.values()), phrases)
    on_step("measuring a plain program")
    plain = _plain_rate(lines[: sizes.peer_events], phrases, sizes.rules)
    params: dict[str, str | int | float] = {
        "rules": sizes.rules,
        "phrases": sizes.phrases,
        "windows": sizes.windows,
    }
    _run(lines[:BATCH], pack, NDJSON, BATCH)  # compiles what is compiled once per process
    for (given, batch), n_events in sizes.events.items():
        on_step(f"measuring {given} in batches of {batch}")
        # The best of several runs: what else the machine does only ever adds time.
        runs = [_run(lines[:n_events], pack, given, batch) for _ in range(sizes.runs)]
        best = min(runs, key=lambda run: run.cpu_s)
        rate = n_events / best.cpu_s
        here = {**params, "batch": batch, "input": given, "best_of": sizes.runs}
        yield Measurement(
            measure="pipeline_events_per_s",
            value=round(rate),
            unit="events/s/core",
            params=here,
            peer=PLAIN,
            peer_value=round(plain),
            ratio=round(rate / plain, 2),
        )
        if batch == BATCH:
            yield from _batch_times(best, here)
    on_step("measuring each stage")
    for given in dict.fromkeys(given for given, _ in sizes.events):
        for stage, cost in _stages(lines[: sizes.stage_events], pack, given):
            yield Measurement(
                measure="stage_us_per_event",
                value=round(cost, 2),
                unit="us/event",
                params={**params, "batch": BATCH, "input": given, "stage": stage},
            )


def _batch_times(run: _Run, params: Mapping[str, str | int | float]) -> Iterator[Measurement]:
    """How long a batch takes, from its bytes to its commit; the wall clock waits for the disk."""
    for clock, seconds in (("cpu", run.batch_cpu_s), ("wall", run.batch_wall_s)):
        ordered = sorted(seconds)
        for percentile in (50, 99):
            place = min(len(ordered) - 1, len(ordered) * percentile // 100)
            yield Measurement(
                measure="batch_ms",
                value=round(1e3 * ordered[place], 2),
                unit="ms",
                params={**params, "clock": clock, "percentile": percentile},
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


def _body(lines: Sequence[bytes], given: str, store: Store) -> bytes:
    """The events as a sender would send them."""
    if given == NDJSON:
        return b"\n".join(lines)
    now = store.clock.now()
    events = [decode_event(line, now=now, policy=EventPolicy()) for line in lines]
    found = BytesIO()
    table = pa.Table.from_batches([events_to_arrow(events)])
    has_values = [name for name in table.schema.names if table[name].null_count < len(table)]
    with pa.ipc.new_stream(found, table.select(has_values).schema) as writer:
        writer.write_table(table.select(has_values), max_chunksize=ROWS_PER_MESSAGE)
    return found.getvalue()


def _items(body: bytes, given: str) -> Iterable[Item]:
    if given == NDJSON:
        return LineReader(BytesIO(body), source="bench")
    return read_body(body, ARROW_TYPE, source="bench")


def _run(lines: Sequence[bytes], pack: dict[str, str], given: str, batch: int) -> _Run:
    """The whole path, archive included."""
    cpu, wall = [], []
    with tempfile.TemporaryDirectory() as folder:
        store = _store(folder, pack)
        live = Live.open(store)
        body = _body(lines, given, store)

        def work() -> None:
            cpu.append(time.process_time())
            wall.append(time.perf_counter())
            for found in file_batches(_items(body, given), _batcher(store, batch)):
                live.take(found.events, found.dead_letters)
                cpu.append(time.process_time())
                wall.append(time.perf_counter())
            archive_events(store)

        seconds = cpu_s(work)
        live.close()
        store.close()
    return _Run(cpu_s=seconds, batch_cpu_s=_steps(cpu), batch_wall_s=_steps(wall))


def _steps(moments: Sequence[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(moments)]


def _stages(lines: Sequence[bytes], pack: dict[str, str], given: str) -> list[tuple[str, float]]:
    """Microseconds of CPU per event in each stage."""
    watch = Stopwatch()
    with tempfile.TemporaryDirectory() as folder:
        store = _store(folder, pack)
        live = Live.open(store)
        body = _body(lines, given, store)
        with watch.block("ingest"):
            read = file_batches(_items(body, given), _batcher(store, BATCH))
            batches = [found.events for found in read]
        _judge_by_stage(live, batches, watch)
        judged = sum(seconds for stage, seconds in watch.seconds.items() if stage != "ingest")
        with watch.block("whole live path"):
            for events in batches:
                live.take(events)
        stored = watch.seconds.pop("whole live path") - judged
        watch.seconds["store (de-duplication, chain, fsync)"] = stored
        with watch.block("archive"):
            archive_events(store)
        live.close()
        store.close()
    return [(stage, 1e6 * seconds / len(lines)) for stage, seconds in watch.seconds.items()]


def _judge_by_stage(live: Live, batches: Sequence[EventBatch], watch: Stopwatch) -> None:
    """What `Engine.judge` does, with the time of each part; leaves no trace."""
    engine = live.engine
    with live.store.read() as connection:
        live.windows.prepare(connection, engine.policy)
    for events in batches:
        with watch.block("features"):
            features = compute(events)
        with watch.block("windows"):
            counted = live.windows.advance(events, features)
        with watch.block("detectors"):
            given = DetectorInput(batch=events, features=features, texts=features)
            signals = detect(given, engine.detectors)
        with watch.block("policy"):
            engine.policy.decide(events, features, signals, engine.versions, windows=counted)
    live.windows.forget()


def _plain_rate(lines: Sequence[bytes], phrases: Sequence[str], n_rules: int) -> float:
    """Events per CPU second of the same phrases as one would look for them without an engine."""
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
