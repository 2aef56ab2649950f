"""`tocsin bench check`: one event at a time, in the process and over HTTP.

Comes in: nothing (a synthetic workload: rules, phrases, and windows that rules read). Goes out:
milliseconds that one check takes, at the median and the 99th percentile; how many checks one
core of a server answers in a second; how long the pack takes to compile. Always holds: nothing
is counted that the machine did for others: in the process it is CPU time of the checking thread;
over HTTP the time is the client's, from the request to the answer on a connection that is kept,
one request at a time, and the rate is of the server's CPU time while several clients ask.

The server is a process of its own, started as `tocsin serve` starts it, on a loopback address.
"""

from __future__ import annotations

import gc
import http.client
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import yaml

from tocsin.bench.measure import Measurement, cpu_s
from tocsin.bench.workload import make_lines, make_pack, make_phrases
from tocsin.config import load_settings
from tocsin.pipeline import Live, activate, batch_to_check, check, registry
from tocsin.policy import PackSource
from tocsin.records import EventPolicy
from tocsin.review import Scope, create_token
from tocsin.store import Store

__all__ = ["CheckSizes", "bench_check"]

WINDOWS = (
    "count(event, by=account, over=hours(1)) > 0",
    "distinct(account, by=text, over=hours(6)) > 0",
    "distinct(host, by=account, over=hours(1)) > 0",
    "sum(text.length, by=account, over=days(1)) > 0",
    "count(event, by=hashtag, over=minutes(10)) > 0",
    "first_seen(event, by=skeleton, over=days(7)) < days(6)",
)
"""Six windows; each is one rule's, of accounts that are few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSizes:
    """How large the workload is; `compile_*` are those of the pack whose compiling is timed."""

    rules: int = 300
    phrases: int = 10_000
    compile_rules: int = 3_000
    compile_phrases: int = 50_000
    warm: int = 300
    checks: int = 3_000
    http_checks: int = 3_000
    clients: int = 4


def bench_check(
    *, on_step: Callable[[str], None] = lambda _: None, sizes: CheckSizes | None = None
) -> Iterator[Measurement]:
    """Measure checks; yields each figure when it is there."""
    sizes = sizes or CheckSizes()
    on_step("compiling the larger pack")
    yield _compiling(sizes)
    on_step("making the workload")
    phrases = make_phrases(sizes.phrases)
    lines = make_lines(sizes.warm + max(sizes.checks, sizes.http_checks), phrases)
    params: dict[str, str | int | float] = {
        "rules": sizes.rules,
        "phrases": sizes.phrases,
        "windows": len(WINDOWS),
    }
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.db"
        store = Store.open(load_settings({"database_url": url}, environ={}))
        source = PackSource.from_files(_with_windows(make_pack(sizes.rules, phrases)))
        activate(store, source, by="bench", reason="measuring")
        token = create_token(store, "bench", [Scope.CHECK], by="bench").secret
        on_step("measuring in the process")
        costs = _in_process(store, lines[: sizes.warm + sizes.checks])[sizes.warm :]
        yield from _percentiles(costs, {**params, "via": "process"})
        store.close()
        with _server(url) as (address, pid):
            asked = lines[: sizes.warm + sizes.http_checks]
            on_step("measuring over HTTP")
            waits = _ask(address, token, asked)[sizes.warm :]
            yield from _percentiles(waits, {**params, "via": "http"})
            on_step(f"measuring over HTTP, {sizes.clients} clients at once")
            rate = _rate(address, token, asked[sizes.warm :], sizes.clients, pid)
            yield Measurement(
                measure="check_requests_per_s",
                value=round(rate),
                unit="requests/s/core",
                params={**params, "via": "http", "clients": sizes.clients},
            )


def _compiling(sizes: CheckSizes) -> Measurement:
    """CPU seconds from the files of a pack to an engine that can judge, with nothing kept."""
    files = make_pack(sizes.compile_rules, make_phrases(sizes.compile_phrases))

    def work() -> None:
        report = check(PackSource.from_files(files), [])
        if report.policy is None:
            raise ValueError(report.render())
        registry.detectors(report.policy.entries, reads=report.policy.signals)

    return Measurement(
        measure="compile_s",
        value=round(cpu_s(work), 3),
        unit="s",
        params={"rules": sizes.compile_rules, "phrases": sizes.compile_phrases},
    )


def _with_windows(files: dict[str, str]) -> dict[str, str]:
    """The pack, and a rule for each window that asks it about every post."""
    rules = [
        {
            "id": f"bench.window-{number}",
            "clause": "bench.clause",
            "when": f"account.followers == 2 and {when}",
            "outcome": "review",
            "priority": number,
            "examples": {
                "hit": [{"text": "x #y https://harbour.example", "followers": 2}],
                "miss": ["x"],
            },
        }
        for number, when in enumerate(WINDOWS)
    ]
    return {**files, "rules/windows.yaml": yaml.safe_dump(rules)}


def _percentiles(
    seconds: Sequence[float], params: dict[str, str | int | float]
) -> Iterator[Measurement]:
    for percentile in (50, 99):
        yield Measurement(
            measure="check_ms",
            value=round(1e3 * float(np.percentile(seconds, percentile)), 3),
            unit="ms",
            params={"percentile": percentile, **params},
        )


def _in_process(store: Store, lines: Sequence[bytes]) -> list[float]:
    """CPU seconds of each check, from the bytes of an event to its decisions."""
    live = Live.open(store)
    policy = EventPolicy()
    costs = []
    for line in lines:
        started = time.thread_time()
        live.look(batch_to_check(line, now=store.clock.now(), policy=policy))
        costs.append(time.thread_time() - started)
    live.close()
    gc.collect()
    return costs


@contextmanager
def _server(url: str) -> Iterator[tuple[str, int]]:
    """A server in a process of its own: its address, and the process."""
    command = [sys.executable, "-m", "tocsin", "serve", "--db", url, "--port", "0", "--json"]
    with (
        subprocess.Popen(  # noqa: S603  # our own program
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=Path(url[10:]).parent
        ) as process
    ):
        try:
            if process.stdout is None:
                raise RuntimeError("the server has no output")
            yield json.loads(process.stdout.readline())["url"], process.pid
        finally:
            process.terminate()
            process.wait(60)


def _ask(address: str, token: str, lines: Sequence[bytes]) -> list[float]:
    """Seconds that each answer took, one after the other on one connection."""
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    waits = []
    for line in lines:
        started = time.perf_counter()
        connection.request("POST", "/v1/check", line, headers)
        answer = connection.getresponse()
        answer.read()
        waits.append(time.perf_counter() - started)
        if answer.status != http.client.OK:
            raise RuntimeError(f"the server answered {answer.status}")
    connection.close()
    return waits


def _rate(address: str, token: str, lines: Sequence[bytes], n_clients: int, pid: int) -> float:
    """Requests per second of the server's CPU time."""
    threads = [
        threading.Thread(target=_ask, args=(address, token, lines[first::n_clients]))
        for first in range(n_clients)
    ]
    before = _cpu_of(pid)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(lines) / max(_cpu_of(pid) - before, 1e-9)


def _cpu_of(pid: int) -> float:
    """CPU seconds of another process, all threads, user and system."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:  # no Linux: what ended children used is all that can be known
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
