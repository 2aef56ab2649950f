"""`tocsin label` as a user runs it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.support.runs import PACK, Ran, environment, made_lines, pack_folder, run_command

HEAD = yaml.safe_load(PACK["policy.yaml"])
HEAD["labels"] = {"watched": "somebody looks at what it posts"}


class Tocsin:
    """The program over one database."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd

    def __call__(self, *words: str | Path, status: int = 0) -> Ran:
        ran = run_command(self._capfd, *words)
        assert ran.status == status, ran.err
        assert "Traceback" not in ran.err
        return ran


@pytest.fixture
def tocsin(
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Tocsin:
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    pack_folder(tmp_path / "pack", {**PACK, "policy.yaml": yaml.safe_dump(HEAD)})
    monkeypatch.setenv("TOCSIN_DB", database_url)
    monkeypatch.setenv("COLUMNS", "200")
    lines = tmp_path / "events.jsonl"
    lines.write_bytes(b"\n".join(made_lines(5)))
    program = Tocsin(capfd)
    program("run", lines)
    return program


REASON = ("--reason", "announced a new account")


def test_a_label_is_put_on_taken_off_and_left_to_the_rules(tocsin: Tocsin) -> None:
    put = tocsin("label", "add", "account-3", "watched", "--for", "30d", *REASON)
    assert "`watched` is on for the account account-3" in put.out
    listed = tocsin("label", "list").out
    assert "account account-3" in listed
    assert "announced a new account" in listed
    assert "1 label" in listed
    tocsin("label", "remove", "account-3", "watched", "--reason", "a misunderstanding")
    assert "0 labels" in tocsin("label", "list").out
    assert "off" in tocsin("label", "list", "account-3").out
    tocsin("label", "withdraw", "account-3", "watched", "--reason", "closed", "--by", "mo")
    assert "0 labels" in tocsin("label", "list", "account-3").out
    history = tocsin("label", "list", "account-3", "--history").out
    assert history.index("withdrawn") < history.index("removed") < history.index("added")
    assert "person mo" in history


def test_json_is_for_programs(tocsin: Tocsin) -> None:
    words = ("label", "add", "@Reader3", "watched", "--handle", *REASON, "--json")
    (made,) = tocsin(*words).json
    assert made["stands"]["key"] == "reader3"
    (row,) = tocsin("label", "list", "reader3", "--handle", "--name", "watched", "--json").json
    assert row == made["stands"]
    (change,) = tocsin("label", "list", "READER3", "--handle", "--history", "--json").json
    assert (change["change"], change["reason"]) == ("added", REASON[1])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("add", "a1", "famous"), "declares no such label"),
        (("add", "a1", "watched", "--for", "soon"), "no length of time"),
        (("add", "a1", "watched", "--for", "0d"), "stands for a second"),
        (("add", "@", "watched", "--handle"), "names no handle"),
    ],
)
def test_what_is_refused_says_why(tocsin: Tocsin, words: tuple[str, ...], told: str) -> None:
    assert told in tocsin("label", *words, *REASON, status=2).err
    assert "0 labels" in tocsin("label", "list").out


def test_the_history_is_that_of_one_account(tocsin: Tocsin) -> None:
    assert "name the account" in tocsin("label", "list", "--history", status=2).err
