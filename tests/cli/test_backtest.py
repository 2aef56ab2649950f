"""`tocsin policy backtest` as a user runs it; the how-to's own commands among the tests."""

from __future__ import annotations

import re
import shlex
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.pipeline.test_backtest import LOOSER
from tests.support.markdown import fences
from tests.support.project import DOCS
from tests.support.runs import (
    PACK,
    Ran,
    environment,
    made_lines,
    pack_folder,
    run_command,
    start_command,
)

Run = Callable[..., Ran]

TEXT = "Who lost a red umbrella at the tram stop?"


@pytest.fixture
def tocsin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Run:
    """The program in a folder of its own, with 150 judged posts and two packs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOCSIN_DB", f"sqlite:///{tmp_path / 'tocsin.db'}")
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    pack_folder(tmp_path / "my-policy", {**PACK, **LOOSER})
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(made_lines(150)) + b"\n")

    def run(*words: str | Path, status: int = 0) -> Ran:
        ran = run_command(capfd, *words)
        assert ran.status == status, ran.err
        return ran

    run("run", "events.jsonl")
    return run


def test_people_read_the_difference_by_rule_and_account_and_no_text(tocsin: Run) -> None:
    said = tocsin("policy", "backtest", "my-policy").out
    assert re.search(r"newly hit +\d+ +of these people had judged 0 harmless", said)
    assert re.search(r"^slogan +\d+ +\d+", said, re.MULTILINE)
    assert re.search(r"^account-\d+ ", said, re.MULTILINE)
    assert re.search(r"#1 post:post-\d+ \(event event-\d+\): ", said)
    assert "umbrella" not in said


def test_texts_are_shown_where_somebody_asks_for_them(tocsin: Run) -> None:
    said = tocsin("policy", "backtest", "my-policy", "--show-text").out
    assert TEXT in said


def test_programs_read_lines(tocsin: Run) -> None:
    first, *others = tocsin("policy", "backtest", "my-policy", "--json").json
    figures = first["backtest"]["figures"]
    assert figures["new"]["subjects"] + figures["lost"]["subjects"] == len(others)
    assert {"subject", "before", "after", "rules", "event"} <= set(others[0]["change"])


def test_the_how_to_works_as_it_stands(tocsin: Run) -> None:
    page = DOCS / "how-to" / "try-a-change-on-history.md"
    commands = [
        shlex.split(line.removeprefix("$ tocsin "))
        for fence in fences(page)
        if fence.language == "console"
        for line in fence.text.splitlines()
    ]
    assert [words[:2] for words in commands] == [
        ["policy", "backtest"],
        ["policy", "backtests"],
        ["policy", "backtest-show"],
        ["policy", "propose"],
    ]
    known = ""
    for words in commands:
        ran = tocsin(*(known if word.startswith("bt_") else word for word in words))
        found = re.search(r"\bbt_[0-9a-f]{16}\b", ran.out)
        known = known or (found.group() if found else "")
    assert known


def test_what_was_found_is_listed_and_shown_again(tocsin: Run) -> None:
    done = tocsin("policy", "backtest", "my-policy").out
    (listed,) = tocsin("policy", "backtests", "--json").json
    assert tocsin("policy", "backtest-show", listed["id"]).out == done
    assert listed["id"] in tocsin("policy", "backtests").out
    missing = tocsin("policy", "backtest-show", "bt_none", status=2)
    assert "there is no such back-test" in missing.err


def test_a_range_without_events_says_when_there_are_any(tocsin: Run) -> None:
    ran = tocsin("policy", "backtest", "my-policy", "--since", "2031-01-01", status=2)
    assert "no event of the log lies in that range" in ran.err
    assert "its events are from 2026-01-02 03:04 UTC" in ran.err
    wrong = tocsin("policy", "backtest", "my-policy", "--since", "last week", status=2)
    assert "write 2026-01-31" in wrong.err


def test_a_rule_in_draft_is_tried_unless_told_otherwise(tocsin: Run, tmp_path: Path) -> None:
    rules = [rule | {"state": "draft"} for rule in yaml.safe_load(PACK["rules/rules.yaml"])]
    files = {**PACK, "rules/rules.yaml": yaml.safe_dump(rules)}
    pack_folder(tmp_path / "drafts", files)
    tried, *_ = tocsin("policy", "backtest", "drafts", "--json").json
    assert tried["backtest"]["figures"]["lost"]["subjects"] == 0
    left_out, *_ = tocsin("policy", "backtest", "drafts", "--as-written", "--json").json
    figures = left_out["backtest"]["figures"]
    assert figures["lost"]["subjects"] == figures["subjects_before"] > 0


def test_an_interrupt_leaves_a_record_that_says_so(tocsin: Run, tmp_path: Path) -> None:
    (tmp_path / "more.jsonl").write_bytes(b"\n".join(made_lines(30_000)) + b"\n")
    tocsin("run", "more.jsonl")
    process = start_command("policy", "backtest", "my-policy", "--workers", "1")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        listed = tocsin("policy", "backtests", "--json").json
        if listed or process.poll() is not None:
            break
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    (left,) = tocsin("policy", "backtests", "--json").json
    if left["state"] == "done":  # it was quicker than we were
        pytest.skip("the back-test was over before it could be stopped")
    assert process.returncode == 130
    assert b"stopped" in said
    assert left["state"] == "stopped"
    assert left["figures"] is None
    shown = tocsin("policy", "backtest-show", left["id"]).out
    assert "stopped" in shown
