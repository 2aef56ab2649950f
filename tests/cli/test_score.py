"""`tocsin score` and `tocsin score-accounts`: lines in, lines out, bad ones named."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.keywords import use_keywords
from tests.support.labelled import event
from tests.support.runs import Ran, run_command

Score = Callable[..., Ran]


@pytest.fixture
def score(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Score:
    """Runs a command on lines of standard input, with the scorer that looks for words."""
    use_keywords(monkeypatch, tmp_path / "model")
    monkeypatch.chdir(tmp_path)

    def run(command: str, *lines: object) -> Ran:
        whole = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(whole.encode())))
        return run_command(capfd, command)

    return run


def post(number: int, text: str, **fields: Any) -> dict[str, Any]:
    return event(number, text, None, **fields)


def test_each_post_has_its_line_in_order_under_the_id_of_its_event(score: Score) -> None:
    ran = score("score", post(1, "glory dawn join"), post(2, "hello", account="a1"))
    assert (ran.status, ran.err) == (0, "")
    first, second = ran.json
    assert set(first) == {
        *("id", "scores", "role", "flag", "spans", "language", "abstained", "note"),
    }
    assert set(first["scores"]) == {"support", "incitement", "threat"}
    assert (first["id"], first["flag"]) == ("e1", True)
    assert (second["id"], second["flag"]) == ("e2", False)
    assert "glory" not in ran.out
    assert "handle_of" not in ran.out


def test_abstaining_is_said_and_not_flagged(score: Score) -> None:
    (found,) = score("score", post(1, "gloria dawn join", lang="fr")).json
    assert (found["abstained"], found["flag"]) == (True, False)


def test_a_bad_line_is_named_by_number_and_stops_nothing(score: Score) -> None:
    ran = score("score", post(1, "hello"), "{secret", "", {"id": "e3"}, post(4, "dawn"))
    assert ran.status == 2
    assert [one["id"] for one in ran.json] == ["e1", "e4"]
    assert "error: line 2: " in ran.err
    assert "error: line 4: " in ran.err
    assert "2 lines could not be read" in ran.err
    assert "secret" not in ran.err
    assert "Traceback" not in ran.err


def test_events_without_a_post_are_counted_and_no_fault(score: Score) -> None:
    seen = {"id": "e1", "type": "actor.seen", "actor": {"id": "a1"}}
    gone = {"id": "e2", "type": "post.deleted", "post": {"id": "p2"}}
    ran = score("score", seen, gone, post(3, "hello"))
    assert ran.status == 0
    assert [one["id"] for one in ran.json] == ["e3"]
    assert "2 events without a post" in ran.err


def test_labels_and_private_posts_change_nothing(score: Score) -> None:
    plain = post(1, "glory dawn join")
    private = {**plain, "post": {**plain["post"], "visibility": "private"}}
    labelled = {**plain, "label": {"support": False}, "at": None}
    ran = score("score", plain, private, labelled)
    assert ran.json[0] == ran.json[1] == ran.json[2]


def test_more_posts_than_a_batch_stay_in_order(score: Score) -> None:
    ran = score("score", *(post(n, f"hello {n}") for n in range(700)))
    assert [one["id"] for one in ran.json] == [f"e{n}" for n in range(700)]


def test_an_account_is_scored_by_posts_or_events(score: Score) -> None:
    posts = [{"id": f"p{n}", "text": "glory dawn join"} for n in range(3)]
    events = [post(n, "hello") for n in range(12)]
    ran = score("score-accounts", {"id": "a1", "posts": posts}, {"id": "a2", "posts": events})
    assert (ran.status, ran.err) == (0, "")
    first, second = ran.json
    assert (first["id"], first["flag"], first["posts"]) == ("a1", True, ["p0", "p1", "p2"])
    assert (second["id"], second["flag"], second["posts"]) == ("a2", False, [])
    assert set(first) == {"id", "scores", "flag", "posts", "abstained", "note"}


def test_a_bad_account_is_named_by_number_and_stops_nothing(score: Score) -> None:
    good = {"id": "a1", "posts": [{"id": "p1", "text": "hello"}]}
    ran = score("score-accounts", {"id": "a0", "posts": [{"secret": 1}]}, "no json", good)
    assert ran.status == 2
    assert [one["id"] for one in ran.json] == ["a1"]
    assert "error: line 1: " in ran.err
    assert "$.posts[0]" in ran.err
    assert "error: line 2: " in ran.err
    assert "secret" not in ran.err
