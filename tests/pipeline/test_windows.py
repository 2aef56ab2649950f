"""Windows of the live path: what they answer, and that a crash, a rollback or a restart loses none.

The pack is that of `tests.support.runs` with rules that read windows; what those decided holds
the answers, so that equal decisions are equal windows.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import runs
from tests.support.runs import decided, judge, made_lines, open_store
from tocsin.clock import SystemClock
from tocsin.features import WindowState, compute
from tocsin.features.windows.state import Snapshot
from tocsin.pipeline import Live, activate, check, explain_decision
from tocsin.policy import WINDOW_FUNCTIONS, CompiledPolicy, PackSource, WindowFunction
from tocsin.policy.interpret import EventReader, evaluate
from tocsin.records import Event, FeatureValue
from tocsin.store import Store, archive_events
from tocsin.testing import T0
from tocsin.testing.builders import account_event, actor, batch_of, post_event

RULES = {
    "busy-account": "count(event, by=account, over=hours(20)) >= 1 and len(text) > 0",
    "copied": 'distinct(account, by=text, over=days(1), where=event.type == "post.created") >= 1',
    "fast": "rate(event, by=host, over=minutes(50)) > 0",
    "wide": "sum(text.length, by=account, over=days(2)) > 0",
    "fresh": "first_seen(event, by=skeleton, over=days(3)) <= days(3)",
}


def pack(rules: Mapping[str, str]) -> dict[str, str]:
    """The pack of runs, with these rules in place of its own."""
    listed = [
        {
            "id": name,
            "clause": "terror.support",
            "when": when,
            "outcome": "review",
            "priority": 100,
            "examples": {
                "hit": [{"text": "see https://newsroom.example/x"}],
                "miss": [{"event": {"type": "trend.observed", "hashtag": "harbour"}}],
            },
        }
        for name, when in rules.items()
    ]
    return {**runs.PACK, "rules/rules.yaml": yaml.safe_dump(listed)}


def opened(url: str, folder: Path, rules: Mapping[str, str] = RULES, **settings: Any) -> Store:
    store = open_store(url, folder, **settings)
    activate(store, PackSource.from_files(pack(rules)), by="test", reason="windows")
    return store


LINES = made_lines(400)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """What one undisturbed run decides."""
    folder = tmp_path_factory.mktemp("expected")
    store = opened(f"sqlite:///{folder / 'tocsin.db'}", folder)
    judge(store, LINES)
    found = decided(store)
    store.close()
    assert len(found) == 400
    assert sum(values(one)["count(event, by=account, over=hours(20))"] > 1 for one in found) > 100
    return found


def values(decision: bytes) -> dict[str, Any]:
    """Everything that the rules of a decision read."""
    found: dict[str, Any] = {}
    for reason in json.loads(decision)["reasons"]:
        found |= reason["values"]
    return found


# --- what they answer --------------------------------------------------------------------------


def policy_of(*conditions: str) -> CompiledPolicy:
    rules = {f"r{number}": when for number, when in enumerate(conditions)}
    report = check(PackSource.from_files(pack(rules)))
    assert report.policy is not None, report.render()
    return report.policy


def answers(
    call: str, *events: Event, lateness: timedelta = timedelta(minutes=10)
) -> list[FeatureValue | tuple[float, ...] | None]:
    """The value of a call for each of these events."""
    policy = policy_of(f"known({call})")
    state = WindowState(policy.windows, policy.window_conditions, lateness)
    batch = batch_of(*events, received_at=T0 + timedelta(days=1))
    features = compute(batch)
    table = state.advance(batch, features)
    expr = policy.rules[0].condition.children[0]
    return [evaluate(expr, EventReader(features, {}, row, table)) for row in range(len(events))]


def post(minute: float, by: str = "a", text: str = "a post", **fields: Any) -> Event:
    return post_event(text, at=T0 + timedelta(minutes=minute), by=by, **fields)


@pytest.mark.parametrize("function", WINDOW_FUNCTIONS.values(), ids=lambda one: one.name)
def test_the_example_of_a_window_function_holds(function: WindowFunction) -> None:
    call, value = function.example
    posts = [
        post(minute, by, f"at {minute}", hashtags=("harbour",), views=10)
        for minute, by in ((0, "a"), (30, "a"), (50, "b"))
    ]
    assert function.name in call
    assert answers(call, *posts)[-1] == json.loads(value)


def test_an_event_counts_itself_and_what_is_just_out_does_not() -> None:
    posts = [post(0), post(30), post(60), post(60, by="b")]
    assert answers("count(event, by=account, over=hours(1))", *posts) == [1, 2, 2, 1]


def test_a_late_event_is_counted_at_its_own_time() -> None:
    posts = [post(0), post(8), post(3), post(8.5)]
    assert answers("count(event, by=account, over=minutes(5))", *posts) == [1, 1, 2, 2]
    assert answers("count(event, by=account, over=minutes(6))", *posts) == [1, 1, 2, 3]


def test_an_event_that_is_too_late_is_counted_nowhere_and_reads_nothing() -> None:
    posts = [post(0), post(60, by="b"), post(49), post(50), post(60)]
    call = "count(event, by=account, over=hours(2))"
    assert answers(call, *posts) == [1, 1, None, 2, 3]


def test_an_event_without_the_key_reads_nothing() -> None:
    event = post_event("a paste", by=None)
    assert answers("count(event, by=account, over=hours(1))", event) == [None]
    assert answers("count(event, by=hashtag, over=hours(1))", event) == [None]


def test_an_event_with_several_keys_reads_the_greatest_answer() -> None:
    posts = [
        post(0, hashtags=("iron",)),
        post(1, hashtags=("iron",)),
        post(2, hashtags=("bread", "iron")),
        post(3, hashtags=("bread",)),
    ]
    assert answers("count(event, by=hashtag, over=hours(1))", *posts) == [1, 2, 3, 2]
    assert answers("distinct(hashtag, by=account, over=hours(1))", *posts) == [1, 1, 2, 2]


def test_only_events_that_meet_the_condition_count_and_others_may_ask() -> None:
    posts = [post(0, views=5), post(1, views=50), post(2, views=50), post(3, views=5)]
    call = "count(event, by=account, over=hours(1), where=post.views > 9)"
    assert answers(call, *posts) == [0, 1, 2, 2]


def test_events_of_other_types_than_the_rules_are_not_counted() -> None:
    events = [account_event("a", at=T0), post(1), post(2)]
    assert answers("count(event, by=account, over=hours(1))", *events)[1:] == [1, 2]


def test_a_time_ahead_of_arrival_counts_as_arrival() -> None:
    ahead = post(60 * 48)
    call = "count(event, by=account, over=hours(1))"
    assert answers(call, ahead, post(60 * 24), post(60 * 23.9)) == [1, 2, 1]


def test_keys_of_the_connection_are_their_hashes() -> None:
    one = actor("a", ip_hash="0f", device_hash="d1")
    other = actor("b", ip_hash="0f", device_hash="d2")
    events = [post_event("x", by=one), post_event("y", by=other)]
    assert answers("distinct(account, by=ip_hash, over=hours(1))", *events) == [1, 2]
    assert answers("count(event, by=device_hash, over=hours(1))", *events) == [1, 1]


# --- beside the log ----------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [1, 7, 64, 4_096])
def test_any_cut_gives_the_same_bytes(
    sqlite_url: str, tmp_path: Path, batch: int, expected: list[bytes]
) -> None:
    store = opened(sqlite_url, tmp_path)
    judge(store, LINES, batch=batch)
    assert decided(store) == expected
    store.close()


@pytest.mark.parametrize("kept", ["snapshot", "old snapshot", "broken snapshot", "nothing"])
def test_a_restart_at_any_point_loses_no_count(
    database_url: str, tmp_path: Path, kept: str, expected: list[bytes]
) -> None:
    store = opened(database_url, tmp_path)
    state = store.folder / "windows" / "state.bin"
    for start in range(0, 400, 100):
        live = Live.open(store)
        judge(store, LINES[start : start + 50], batch=16, live=live)
        if kept in ("snapshot", "old snapshot"):
            live.close()
        judge(store, LINES[start + 50 : start + 100], batch=16, live=live)
        if kept in ("snapshot", "broken snapshot"):
            live.close()
        if kept == "broken snapshot":
            content = bytearray(state.read_bytes())
            content[-1] ^= 1
            state.write_bytes(content)
        if start == 100:
            archive_events(store)
    assert state.exists() is (kept != "nothing")
    assert decided(store) == expected
    store.close()


def test_a_transaction_that_fails_counts_nothing(
    sqlite_url: str, tmp_path: Path, expected: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(sqlite_url, tmp_path)
    live = Live.open(store)
    judge(store, LINES[:100], live=live)

    def full(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr("tocsin.store.derived.apply_events", full)
        with pytest.raises(OSError, match="no space"):
            judge(store, LINES[100:200], live=live)
    judge(store, LINES[100:], live=live)
    assert decided(store) == expected
    store.close()


def test_what_another_process_judged_is_counted(
    database_url: str, tmp_path: Path, expected: list[bytes]
) -> None:
    store = opened(database_url, tmp_path)
    one, other = Live.open(store), Live.open(store)
    for start in range(0, 400, 40):
        live = one if start % 80 else other
        judge(store, LINES[start : start + 40], live=live)
    assert decided(store) == expected
    store.close()


@pytest.mark.parametrize("is_archived", [False, True])
def test_a_new_policy_finds_its_windows_filled(
    sqlite_url: str, tmp_path: Path, expected: list[bytes], is_archived: bool
) -> None:
    store = opened(sqlite_url, tmp_path, {"busy-account": RULES["busy-account"]})
    live = Live.open(store)
    judge(store, LINES[:300], live=live, batch=20)
    if is_archived:
        archive_events(store)
    activate(store, PackSource.from_files(pack(RULES)), by="test", reason="more windows")
    judge(store, LINES[300:], live=live)
    found = [values(one) for one in decided(store)]
    assert found[300:] == [values(one) for one in expected][300:]
    assert len(live.windows.stats()) == len(RULES)
    held = live.windows.stats().values()
    assert all(one.keys <= one.entries and one.bytes > 0 for one in held)
    store.close()


def test_a_changed_lateness_is_on_the_record_and_counts_anew(
    sqlite_url: str, tmp_path: Path
) -> None:
    store = opened(sqlite_url, tmp_path)
    live = Live.open(store)
    judge(store, LINES[:50], live=live)
    live.close()
    versions = json.loads(decided(store)[0])["versions"]
    store.close()
    assert versions["windows"] == "600 s late"
    again = open_store(sqlite_url, tmp_path, window_lateness_s=0)
    judge(again, LINES[50:100])
    assert json.loads(decided(again)[-1])["versions"]["windows"] == "0 s late"
    again.close()


def test_a_window_that_expired_leaves_nothing_behind(sqlite_url: str, tmp_path: Path) -> None:
    store = opened(sqlite_url, tmp_path)
    live = Live.open(store)
    live.take(batch_of(*(post(minute, by=f"u{minute}") for minute in range(50))))
    assert all(one.entries for name, one in live.windows.stats().items() if "host" not in name)
    late = post_event("much later", at=T0 + timedelta(days=9), by=None)
    live.take(batch_of(late, received_at=T0 + timedelta(days=9)))
    held = live.windows.stats()
    assert {one.keys for name, one in held.items() if "copied" not in name} <= {0, 1}
    store.close()


# --- killed ------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_windows_after_kills_are_those_of_an_undisturbed_run(
    database_url: str, sqlite_url: str, tmp_path: Path
) -> None:
    chance = random.Random(20_260_302)  # noqa: S311  # no secret
    lines = made_lines(900)
    source = tmp_path / "events.jsonl"
    source.write_bytes(b"\n".join(lines) + b"\n")
    rules = runs.pack_folder(tmp_path / "rules", pack(RULES))
    calm, disturbed = tmp_path / "calm", tmp_path / "disturbed"
    common = {
        "TOCSIN_POLICY_DIR": str(rules),
        "TOCSIN_BATCH_EVENTS": "8",
        "TOCSIN_WINDOW_SNAPSHOT_S": "1",
        "TOCSIN_ARCHIVE_AFTER_EVENTS": "300",
    }
    urls = {calm: sqlite_url.replace("tocsin.db", "calm.db"), disturbed: database_url}
    n_kills = 0
    for folder, kills in ((calm, 0), (disturbed, 5)):
        env = {**common, "TOCSIN_DATA_DIR": str(folder / "data")}
        words = ("run", "--db", urls[folder], source)
        for left in range(kills, -1, -1):
            process = runs.start_command(*words, env=env)
            try:
                _, err = process.communicate(timeout=chance.uniform(0.8, 3.5) if left else 200)
                assert process.returncode == 0, err.decode()
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.communicate()
                n_kills += 1
    assert n_kills, "no kill met a running process"
    found = {}
    for folder, url in urls.items():
        store = open_store(url, folder, clock=SystemClock())
        live = Live.open(store)
        found[folder] = (decided(store), held(live.windows.snapshot()))
        store.close()
    assert found[disturbed] == found[calm]
    assert len(found[calm][0]) == 900


def held(snapshot: Snapshot | None) -> dict[str, Any]:
    """What windows hold, with keys by order of appearance: each run hashes under its own secret."""
    assert snapshot is not None
    found: dict[str, Any] = {"at": (snapshot.watermark_us, snapshot.n_late)}
    for name, window in snapshot.windows.items():
        keys, of = (
            [column[at : at + 16] for at in range(0, len(column), 16)]
            for column in (window.keys, window.of)
        )
        numbers: dict[bytes, int] = {}
        named = [numbers.setdefault(key, len(numbers)) for key in (*keys, *of)]
        found[name] = (named, window.times, window.amounts)
    return found


def test_an_explanation_shows_what_the_window_held_then(sqlite_url: str, tmp_path: Path) -> None:
    call = "count(event, by=account, over=hours(1))"
    store = opened(sqlite_url, tmp_path, {"busy": f"{call} >= 1"})
    live = Live.open(store)
    (_, decision) = live.take(batch_of(post(0), post(1))).decisions
    live.take(batch_of(*(post(minute, text=f"post {minute}") for minute in range(2, 9))))
    explanation = explain_decision(store, decision.id)
    assert explanation is not None
    assert [str(step) for step in explanation.rules[0].steps] == [
        f"{call} >= 1 = true",
        f"  {call} = 2",
    ]
    assert explanation.versions["windows"] == "600 s late"
    store.close()
