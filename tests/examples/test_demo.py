"""The demo: what the pack finds in the week and leaves alone, and that the whole way works."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from examples.harbour import demo
from examples.harbour.children import free_ports, running
from examples.harbour.world import HARMLESS, KNOWN_MATERIAL, Truth, simulate_labelled
from tocsin.errors import OutsideServiceError
from tocsin.pipeline import Engine, check, detectors
from tocsin.policy import load_pack
from tocsin.records import (
    BankEntry,
    BankKind,
    EventBatch,
    EventPolicy,
    Outcome,
    PostCreated,
    PostUpdated,
    RefusedEvent,
    convert_event,
    encode_event,
    entry_id,
)

REPOSITORY = Path(__file__).parents[2]
NOW = datetime(2026, 1, 12, tzinfo=UTC)
WAIT_S = 60

FOUND_AT_LEAST = {
    Truth.THREAT: 0.9,
    Truth.INCITEMENT: 0.85,
    Truth.RECRUITMENT: 0.85,
    Truth.SUPPORT: 0.85,
    Truth.KNOWN: 1.0,
    Truth.PUSH: 1.0,
    Truth.RETURN: 0.5,
}
"""Share of posts with an open case. The pack's phrases were made without these texts; then what
it missed was looked at and the pack grew in general ways, so that this is a floor against
regressions on a small world, not an estimate for another one."""

CLOSE_CALLS = {
    Truth.NEWS,
    Truth.CONDEMNATION,
    Truth.MOCKERY,
    Truth.RESEARCH,
    Truth.ARGUMENT,
    Truth.CRITICISM,
}
WRONGLY_OPENED_AT_MOST = 0.03


@pytest.fixture(scope="module")
def table() -> dict[Truth, tuple[int, int]]:
    """By truth: how many posts there are, and about how many a person is asked."""
    policy = check(load_pack()).policy
    assert policy is not None
    known = [
        BankEntry(
            id=entry_id("known-media", sha256),
            bank="known-media",
            kind=BankKind.HASH,
            value=sha256,
            clause="terror.known_material",
        )
        for sha256 in KNOWN_MATERIAL
    ]
    engine = Engine(policy=policy, detectors=detectors([*policy.entries, *known]), versions={})
    posts: Counter[Truth] = Counter()
    opened: Counter[Truth] = Counter()
    for seed in (1, 2, 3):
        events, truth = [], {}
        for raw, label in simulate_labelled(seed):
            try:
                event = convert_event(raw, now=NOW, policy=EventPolicy())
            except RefusedEvent:
                continue
            if isinstance(event, PostCreated | PostUpdated):
                events.append(event)
                truth[event.id] = label
        lines = [encode_event(event) for event in events]
        batch = EventBatch(events=events, lines=lines, received_at=NOW, source="week")
        decided = {d.event for d in engine.judge(batch).decisions if d.outcome is not Outcome.ALLOW}
        posts.update(truth.values())
        opened.update(truth[event] for event in decided)
    return {label: (posts[label], opened[label]) for label in Truth}


def shown(table: dict[Truth, tuple[int, int]]) -> str:
    return "\n".join(
        f"{label:13} {'wrongly opened' if label in HARMLESS else 'found':15} {n:>5} of {of:>5}"
        for label, (of, n) in table.items()
    )


@pytest.mark.parametrize("label", FOUND_AT_LEAST)
def test_what_breaks_the_policy_reaches_a_person(
    table: dict[Truth, tuple[int, int]], label: Truth
) -> None:
    posts, found = table[label]
    assert found >= FOUND_AT_LEAST[label] * posts > 0, shown(table)


def test_who_reports_condemns_mocks_studies_or_argues_is_left_alone(
    table: dict[Truth, tuple[int, int]],
) -> None:
    posts = sum(table[label][0] for label in CLOSE_CALLS)
    opened = sum(table[label][1] for label in CLOSE_CALLS)
    assert opened <= WRONGLY_OPENED_AT_MOST * posts, shown(table)


@pytest.mark.parametrize("label", [Truth.ORDINARY, Truth.STORM])
def test_ordinary_talk_and_a_storm_open_nothing(
    table: dict[Truth, tuple[int, int]], label: Truth
) -> None:
    assert table[label][0] > 500
    assert table[label][1] == 0, shown(table)


# --- the demo itself ----------------------------------------------------------------------------


def test_the_week_goes_through_the_real_pipeline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep = tmp_path / "kept"
    assert demo.main(["--no-serve", "--json", "--size", "1200", "--keep", str(keep)]) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    summary = found["summary"]
    assert (
        summary["accepted"] + summary["duplicates"] + summary["dead_letters"] == (summary["events"])
    )
    assert min(summary["duplicates"], summary["dead_letters"]) > 0
    assert summary["by_outcome"].keys() >= {"allow", "hide", "review", "suspend"}
    assert summary["by_clause"].keys() >= {"threat.person", "account.return", "terror.recruitment"}
    assert all(found["sights"].values())
    assert found["console"] is None
    assert (keep / "tocsin.db").is_file()
    assert f"{summary['events']:,} lines" in said.err  # what people read stands apart


def test_a_folder_that_holds_something_is_not_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").write_text("something")
    assert demo.main(["--no-serve", "--keep", str(tmp_path)]) == 2
    assert "the folder is not empty" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@contextmanager
def started(*options: str, temporary: Path) -> Iterator[tuple[subprocess.Popen[str], Any]]:
    """The demo as a process, once it is up, with what it printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "examples.harbour.demo", "--json", *options],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=None,  # shown where the test fails
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, "the demo ended before it was up"
        yield process, json.loads(line)
    finally:
        process.kill()
        process.communicate()


def get(url: str, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=WAIT_S)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_both_servers_answer_and_end_with_the_demo(tmp_path: Path, number: signal.Signals) -> None:
    with started("--port", "0", "--size", "300", temporary=tmp_path) as (process, said):
        assert get(said["console"], "/healthz")[0] == 200
        assert b"Harbour" in get(said["harbour"], "/")[1]
        process.send_signal(number)
        assert process.wait(WAIT_S) == 0
    for url in (said["console"], said["harbour"]):
        with pytest.raises(ConnectionRefusedError):
            get(url, "/")
    assert list(tmp_path.iterdir()) == []


def test_a_taken_port_gives_another_and_no_port_is_given_twice() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        ports = free_ports(taken, taken, 0)
    assert len({taken, 0, *ports}) == 5


def test_a_child_that_does_not_start_says_why(tmp_path: Path) -> None:
    module = ["examples.harbour.platform", "--db", str(tmp_path / "x.db")]
    secrets = {"HARBOUR_WEBHOOK_SECRET": "short"}
    with (
        pytest.raises(OutsideServiceError, match="did not start") as caught,
        running("Harbour", module, tmp_path / "log", secrets),
    ):
        pytest.fail("it started")
    assert "HARBOUR_WEBHOOK_SECRET" in (caught.value.hint or "")
