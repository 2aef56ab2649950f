"""Killed at any moment, started again: nothing is lost and nothing is done twice."""

from __future__ import annotations

import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import pytest
import sqlalchemy as sa

from tests.support.runs import decided, environment, made_lines, open_store, start_command
from tocsin.clock import SystemClock
from tocsin.enforcement.signing import SignatureCheck, check_signature
from tocsin.store import Store, anchors, audit, deadletters, keys, query, schema

N_EVENTS: Final = 1_500
BAD_LINES: Final = (b"{half", b'{"id":"x","type":"post.created"}', b"\xff\xfe")
MAX_KILLS: Final = 5
MAX_STARTS: Final = 30

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture
def chance() -> random.Random:
    """The moments at which processes are killed; the same in every run."""
    return random.Random(20_260_301)  # noqa: S311  # no secret


def run_to_its_end(words: Sequence[str | Path], env: dict[str, str]) -> float:
    """How many seconds it took."""
    started = time.monotonic()
    process = start_command(*words, env=env)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err.decode()
    return time.monotonic() - started


def kill_at_random(
    words: Sequence[str | Path], env: dict[str, str], chance: random.Random, longest_s: float
) -> bool:
    """Start, and kill within `longest_s`; whether it was still running."""
    process = start_command(*words, env=env)
    try:
        process.communicate(timeout=chance.uniform(0.2, longest_s))
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return True
    return False


def test_a_run_killed_again_and_again_ends_like_an_undisturbed_one(
    database_url: str, sqlite_url: str, tmp_path: Path, chance: random.Random
) -> None:
    lines = made_lines(N_EVENTS)
    for number, bad in enumerate(BAD_LINES):
        lines.insert(500 * (number + 1), bad)
    source = tmp_path / "events.jsonl"
    source.write_bytes(b"\n".join(lines) + b"\n")
    small = {"TOCSIN_ARCHIVE_AFTER_EVENTS": "400", "TOCSIN_BATCH_EVENTS": "16"}

    calm = tmp_path / "calm"
    calm_url = sqlite_url.replace("tocsin.db", "calm.db")
    words = ("run", "--json", source)
    took_s = run_to_its_end((*words, "--db", calm_url), {**environment(calm), **small})

    env = {**environment(tmp_path), **small}
    disturbed = (*words, "--db", database_url)
    n_kills = sum(kill_at_random(disturbed, env, chance, 0.7 * took_s) for _ in range(MAX_KILLS))
    run_to_its_end(disturbed, env)
    assert n_kills, "no kill met a running process"

    expected = open_store(calm_url, calm, clock=SystemClock())
    store = open_store(database_url, tmp_path, clock=SystemClock())
    try:
        assert decided(store) == decided(expected)
        assert len(decided(store)) > N_EVENTS // 12
        assert refused(store) == refused(expected) == [str(source)] * len(BAD_LINES)
        answer = query.query_events(store, "select count(*) n, count(distinct id) d from events")
        assert answer.to_pylist() == [{"n": N_EVENTS, "d": N_EVENTS}]
        assert actions_and_cases(store) == actions_and_cases(expected)
        report = audit.verify(store, anchor_file=store.folder / anchors.ANCHOR_FILE)
        assert report.is_sound, report.findings
    finally:
        store.close()
        expected.close()


def refused(store: Store) -> list[str]:
    with store.read() as connection:
        return [row.letter.source for row in deadletters.list_rows(connection)]


def actions_and_cases(store: Store) -> tuple[set[str], set[str]]:
    with store.read() as connection:
        actions = set(connection.execute(sa.select(schema.actions.c.id)).scalars())
        cases = set(connection.execute(sa.select(schema.cases.c.id)).scalars())
    return actions, cases


# --- delivery ----------------------------------------------------------------------------------


class Receiver(ThreadingHTTPServer):
    """A platform that counts what it gets, and applies each key once."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.secret = b""
        self.requests: Counter[str] = Counter()
        self.applied: dict[str, bytes] = {}
        self.faults: list[str] = []
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/tocsin/actions"

    def take(self, key: str, signature: str, body: bytes) -> None:
        with self.lock:
            self.requests[key] += 1
            now = SystemClock().now()
            checked = check_signature(signature, body, [self.secret], now)
            if checked is not SignatureCheck.VALID:
                self.faults.append(f"{key}: wrong signature")
            if self.applied.setdefault(key, body) != body:
                self.faults.append(f"{key}: another body")


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        n_bytes = int(self.headers["Content-Length"])
        body = self.rfile.read(n_bytes)
        if len(body) < n_bytes:  # the sender was killed in the middle: this is no request
            self.close_connection = True
            return
        key, signature = self.headers["Tocsin-Idempotency-Key"], self.headers["Tocsin-Signature"]
        self.server.take(key, signature, body)
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_delivery_killed_again_and_again_delivers_every_action_once(
    database_url: str, tmp_path: Path, chance: random.Random, receiver: Receiver
) -> None:
    source = tmp_path / "events.jsonl"
    source.write_bytes(b"\n".join(made_lines(900, link_every=3)) + b"\n")
    env = {
        **environment(tmp_path),
        "TOCSIN_WEBHOOK_URL": receiver.url,
        "TOCSIN_DELIVERY_LEASE_S": "1",
    }
    run_to_its_end(("run", "--db", database_url, source), env)
    store = open_store(database_url, tmp_path, clock=SystemClock())
    receiver.secret = bytes.fromhex(keys.secret(store.folder, "webhook"))
    words = ("enforce", "--db", database_url)
    n_kills = 0
    for _ in range(MAX_STARTS):
        if states(store) == {"sent"}:
            break
        if n_kills < MAX_KILLS:
            n_kills += kill_at_random(words, env, chance, 1.8)
        else:
            run_to_its_end(words, env)
    try:
        assert states(store) == {"sent"}
        assert receiver.faults == []
        assert set(receiver.applied) == actions_and_cases(store)[0]
        assert len(receiver.applied) == 300
        assert receiver.requests.total() <= 300 + n_kills, "at most one repeat for each kill"
        assert n_kills, "no kill met a running process"
        report = audit.verify(store)
        assert report.is_sound, report.findings
    finally:
        store.close()


def states(store: Store) -> set[str]:
    with store.read() as connection:
        return set(connection.execute(sa.select(schema.actions.c.state).distinct()).scalars())
