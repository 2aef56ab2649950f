"""`tocsin judge` as a user runs it, against a model's server on a loopback socket."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from tests.support.models import ModelServer, answering, chat, failing, judged, serving
from tests.support.runs import environment, made_lines

KEY = "canary-key-0123456789"
POSTS = made_lines(3, slogan_every=2)

Program = Callable[..., subprocess.CompletedProcess[bytes]]


def by_slogan(body: dict[str, Any]) -> Response:
    """A judge that knows one slogan."""
    found = "iron" in body["messages"][1]["content"].lower()
    return JSONResponse(chat(judged(int(found), 0.8)))


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with serving(by_slogan) as server:
        yield server


@pytest.fixture
def clause(tmp_path: Path) -> Path:
    path = tmp_path / "support.md"
    path.write_text("No praise of the Iron Dawn.")
    return path


@pytest.fixture
def tocsin(server: ModelServer, tmp_path: Path) -> Program:
    def run(
        *words: str | Path, lines: Sequence[bytes] = POSTS, **variables: str
    ) -> subprocess.CompletedProcess[bytes]:
        env = {
            **{name: value for name, value in os.environ.items() if "TOCSIN" not in name},
            **environment(tmp_path),
            "TOCSIN_DB": f"sqlite:///{tmp_path / 'tocsin.db'}",
            "TOCSIN_JUDGE_URL": server.url,
            "TOCSIN_JUDGE_MODEL": "m",
            **variables,
        }
        command = [sys.executable, "-m", "tocsin", *map(str, words)]
        return subprocess.run(
            command, input=b"\n".join(lines), env=env, capture_output=True, check=False
        )

    return run


def opinions(ran: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    assert b"Traceback" not in ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


def test_an_opinion_is_written_for_each_post_in_order(tocsin: Program, clause: Path) -> None:
    ran = tocsin("judge", "--policy", clause)

    assert ran.returncode == 0
    told = opinions(ran)
    assert [each["id"] for each in told] == [json.loads(line)["id"] for line in POSTS]
    has_slogan = ["iron" in line.decode().lower() for line in POSTS]
    assert [each["label"] == "breach" for each in told] == has_slogan
    assert {each["clause"] for each in told} == {"support"}
    assert not any("action" in each for each in told)


def test_a_clause_of_the_policy_in_force_is_told_as_moderators_read_it(
    tocsin: Program, server: ModelServer
) -> None:
    assert tocsin("init").returncode == 0
    ran = tocsin("judge", "--clause", "terror.support", "--style", "safeguard")

    assert ran.returncode == 0, ran.stderr
    system = server.asked[0].system
    for part in ("speaks for a designated group", "Long live", "Students marched", "news"):
        assert part in system


def test_the_key_comes_from_a_file_and_is_not_shown(
    tocsin: Program, server: ModelServer, clause: Path, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_text(f"{KEY}\n")
    ran = tocsin("judge", "--policy", clause, "--key-file", key)

    assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY.encode() not in ran.stdout + ran.stderr


def test_a_line_that_is_no_event_is_named_and_stops_nothing(tocsin: Program, clause: Path) -> None:
    ran = tocsin("judge", "--policy", clause, lines=[POSTS[0], b"canary", POSTS[1]])

    assert ran.returncode == 2
    assert len(opinions(ran)) == 2
    assert b"line 2" in ran.stderr
    assert b"canary" not in ran.stderr


def test_a_model_that_says_nothing_is_an_outside_failure(
    tocsin: Program, server: ModelServer, clause: Path
) -> None:
    server.behaviour = answering(chat("I would rather not."))
    ran = tocsin("judge", "--policy", clause)

    assert ran.returncode == 3
    assert all(each["abstained"] and each["label"] is None for each in opinions(ran))
    assert b"no opinion on 3 posts" in ran.stderr


def test_one_post_without_an_opinion_is_counted(
    tocsin: Program, server: ModelServer, clause: Path
) -> None:
    server.behaviour = failing(400, 1, by_slogan)
    ran = tocsin("judge", "--policy", clause)

    assert ran.returncode == 0
    assert sum(each["abstained"] for each in opinions(ran)) == 1
    assert b"no opinion on 1 post" in ran.stderr


@pytest.mark.parametrize(
    ("words", "variables", "told"),
    [
        ((), {}, b"one clause"),
        (("--clause", "a", "--policy", "{clause}"), {}, b"one clause"),
        (("--policy", "{clause}"), {"TOCSIN_JUDGE_MODEL": ""}, b"no judge is set up"),
        (("--policy", "{clause}", "--url", "https://models.example/v1"), {}, b"another machine"),
        (("--policy", "{empty}"), {}, b"empty"),
    ],
)
def test_what_cannot_work_is_said_before_a_post_is_read(
    tocsin: Program,
    server: ModelServer,
    clause: Path,
    words: tuple[str, ...],
    variables: dict[str, str],
    told: bytes,
) -> None:
    (clause.parent / "empty.md").write_text(" \n")
    paths = {"clause": clause, "empty": clause.parent / "empty.md"}
    ran = tocsin("judge", *(word.format(**paths) for word in words), **variables)

    assert ran.returncode == 2
    assert told in ran.stderr
    assert server.asked == []


def test_a_clause_that_the_policy_lacks_names_the_nearest(tocsin: Program) -> None:
    assert tocsin("init").returncode == 0
    ran = tocsin("judge", "--clause", "terror.suport")

    assert ran.returncode == 2
    assert b"did you mean `terror.support`?" in ran.stderr


# --- open cases ----------------------------------------------------------------------------------


@pytest.fixture
def open_cases(tocsin: Program, tmp_path: Path) -> Path:
    """A database with cases that rules opened."""
    events = tmp_path / "events.jsonl"
    events.write_bytes(b"\n".join(made_lines(20)))
    for words in (("init",), ("run", events)):
        ran = tocsin(*words)
        assert ran.returncode == 0, ran.stderr
    return events


@pytest.mark.usefixtures("open_cases")
def test_cases_are_asked_about_once_and_moved(tocsin: Program, server: ModelServer) -> None:
    ran = tocsin("judge", "--cases", "--json", "--clause", "terror.support")
    assert ran.returncode == 0, ran.stderr
    told = opinions(ran)
    assert {(each["label"], each["moved"]) for each in told} == {("breach", 30), ("no_breach", -30)}
    assert len(server.asked) == len(told)
    assert b"rationale" not in ran.stdout

    again = tocsin("judge", "--cases", "--clause", "terror.support")
    assert (again.returncode, again.stdout) == (0, b"")
    assert b"asked about before" in again.stderr
    assert len(server.asked) == len(told)

    explained = tocsin("explain", decision_of(tocsin, told[0]["case"]))
    assert b"which is no evidence" in explained.stdout
    assert b"by the opinion of m" in explained.stdout


def decision_of(tocsin: Program, case_id: str) -> str:
    """A decision of a case, as `tocsin explain` finds it by its event."""
    for number in range(20):
        ran = tocsin("explain", f"event-{number}", "--json")
        for line in ran.stdout.splitlines():
            found = json.loads(line)
            if found.get("queue", {}).get("case") == case_id:
                assert found["queue"]["by_opinion"] in {30, -30}
                return f"event-{number}"
    raise AssertionError(case_id)


@pytest.mark.usefixtures("open_cases")
def test_a_limit_takes_the_first_of_the_queue(tocsin: Program, server: ModelServer) -> None:
    ran = tocsin("judge", "--cases", "--limit", "1")

    assert ran.returncode == 0, ran.stderr
    assert len(server.asked) == 1
    assert b"priority 900 +" in ran.stdout


@pytest.mark.usefixtures("open_cases")
def test_cases_without_any_opinion_are_an_outside_failure(
    tocsin: Program, server: ModelServer
) -> None:
    server.behaviour = answering(chat("I would rather not."))
    ran = tocsin("judge", "--cases", "--limit", "2")

    assert ran.returncode == 3
    assert b"no opinion on 2 cases" in ran.stderr
    server.behaviour = by_slogan
    assert tocsin("judge", "--cases", "--limit", "2", "--again").returncode == 0


def test_a_case_is_judged_under_no_words_but_its_clauses(
    tocsin: Program, server: ModelServer, clause: Path
) -> None:
    ran = tocsin("judge", "--cases", "--policy", clause)

    assert ran.returncode == 2
    assert b"its own clause" in ran.stderr
    assert server.asked == []
