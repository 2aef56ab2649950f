"""The life of rules, as an operator types it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.support.runs import PACK, environment, made_lines, pack_folder
from tocsin.cli import program
from tocsin.errors import InputError, NotFoundError, PermissionDenied

Typed = Callable[..., Result]
PASSWORD = "four plain words here"
STRICTER = {
    **PACK,
    "rules/rules.yaml": PACK["rules/rules.yaml"].replace(
        'text in bank("slogans")', 'text in bank("slogans") and text.has_quotation != True'
    ),
}


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Typed:
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TOCSIN_DB", f"sqlite:///{tmp_path / 'tocsin.db'}")

    def run(*words: str | Path, stdin: str | None = None) -> Result:
        return CliRunner().invoke(program, [str(word) for word in words], input=stdin)

    lines = tmp_path / "events.jsonl"
    lines.write_bytes(b"\n".join(made_lines(30)) + b"\n")
    assert run("run", lines).exit_code == 0
    return run


@pytest.fixture
def staffed(typed: Typed) -> Typed:
    for name, role in (("ana", "analyst"), ("lee", "lead")):
        words = ("user", "add", name, "--role", role, "--password-stdin")
        assert typed(*words, stdin=PASSWORD).exit_code == 0
    return typed


def printed(result: Result) -> list[dict[str, Any]]:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_rules_are_listed_with_what_they_hit(typed: Typed) -> None:
    found = {rule["id"]: rule for rule in printed(typed("policy", "rules", "--json"))}
    assert found["slogan"]["hits_month"] == 4
    assert found["slogan"]["state"] == "active"
    assert "no verdicts" in typed("policy", "rules").output
    text = typed("policy", "rules", "slogan").output
    assert 'when text in bank("slogans")' in text
    assert "█" in text
    assert "the first pack of this deployment" in text
    (detail,) = printed(typed("policy", "rules", "slogan", "--json"))
    assert detail["summary"]["id"] == "slogan"
    assert isinstance(typed("policy", "rules", "slogn").exception, NotFoundError)


def test_packs_are_compared_by_folder_and_by_version(typed: Typed, tmp_path: Path) -> None:
    new = pack_folder(tmp_path / "stricter", STRICTER)
    (active,) = printed(typed("policy", "list", "--json"))
    text = typed("policy", "diff", active["version"][:8], new).output
    assert "changed  rule slogan" in text
    assert "{+and text.has_quotation != True+}" in text
    same = typed("policy", "diff", active["version"], tmp_path / "pack")
    assert "nothing that decides differs" in same.output
    (found,) = printed(typed("policy", "diff", tmp_path / "pack", new, "--json"))
    assert [rule["kind"] for rule in found["rules"]] == ["changed"]
    assert isinstance(typed("policy", "diff", "0123", new).exception, InputError)


def test_an_activation_becomes_a_proposal_where_people_may_log_in(
    staffed: Typed, tmp_path: Path
) -> None:
    new = pack_folder(tmp_path / "stricter", STRICTER)
    activated = staffed("policy", "activate", new, "--reason", "fewer reports", "--by", "ana")
    assert activated.exit_code == 0
    assert "it waits for a second person" in activated.output
    (proposal,) = printed(staffed("policy", "proposals", "--json"))
    assert f"tocsin policy approve {proposal['id']} --by NAME" in activated.output
    shown = staffed("policy", "proposals", proposal["id"]).output
    assert "ana: fewer reports" in shown
    assert "changed  rule slogan" in shown
    by_ana = staffed("policy", "approve", proposal["id"], "--by", "ana")
    assert isinstance(by_ana.exception, PermissionDenied)
    assert "approved and done" in staffed(
        "policy", "approve", proposal["id"], "--by", "lee"
    ).output  # fmt: skip
    assert "fewer reports" in staffed("policy", "list").output
    assert "approved" in staffed("policy", "proposals", "--all").output
    back = staffed("policy", "rollback", "--reason", "too few", "--by", "lee")
    assert "is in force: 2 rules" in back.output
    assert staffed("audit", "verify").exit_code == 0


def test_a_state_is_changed_proposed_rejected_and_withdrawn(staffed: Typed) -> None:
    change = ("policy", "propose-state", "slogan")
    assert "is shadow" in staffed(*change, "shadow", "--reason", "trial", "--by", "ana").output
    for end in ("withdraw", "reject"):
        (made,) = printed(
            staffed(
                *(*change, "active", "--reason", "r"),
                *("--backtest", "bt_1", "--by", "ana", "--json"),
            )
        )
        assert made["backtest"] == "bt_1"
        by = "ana" if end == "withdraw" else "lee"
        done = staffed("policy", end, made["id"], "--by", by, "--reason", "no", "--json")
        assert printed(done)[0]["state"] in ("withdrawn", "rejected")
    assert "shadow" in staffed("policy", "rules").output


def test_alone_one_decides_again_without_the_first_reason(
    staffed: Typed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TOCSIN_SOLO", "true")
    new = pack_folder(tmp_path / "stricter", STRICTER)
    words = ("policy", "propose", new, "--reason", "fewer reports", "--by", "lee", "--json")
    (made,) = printed(staffed(*words))
    listed = staffed("policy", "proposals").output
    assert "fewer reports" not in listed + staffed("policy", "proposals", made["id"]).output
    approve = ("policy", "approve", made["id"], "--by", "lee", "--reason", "still")
    assert isinstance(staffed(*approve).exception, PermissionDenied)
    link = staffed("policy", "invite", made["id"], "--by", "lee", "--url", "https://t.example/")
    assert link.output.startswith("https://t.example/approve/tci_")
    monkeypatch.setenv("TOCSIN_SOLO_DELAY_S", "0")
    done = staffed(*approve).output
    assert "you said first: fewer reports" in done
    assert "you say now:    still" in done
