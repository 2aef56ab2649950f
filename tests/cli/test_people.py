"""`tocsin user` and `tocsin token`, as an operator types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tocsin.cli import program
from tocsin.errors import ConflictError, InputError, NotFoundError
from tocsin.review import Role, Scope

Typed = Callable[..., Result]
PASSWORD = "four plain words here"


@pytest.fixture
def typed(tmp_path: Path) -> Typed:
    def run(*words: str, stdin: str | None = None) -> Result:
        url = f"sqlite:///{tmp_path / 'tocsin.db'}"
        return CliRunner().invoke(program, [*words, "--db", url], input=stdin)

    return run


def add(typed: Typed, name: str = "mo", role: str = "moderator") -> Result:
    return typed("user", "add", name, "--role", role, "--password-stdin", stdin=PASSWORD + "\n")


def test_a_user_is_added_listed_and_changed(typed: Typed) -> None:
    assert "mo may log in as moderator" in add(typed).output
    assert typed("user", "role", "mo", "lead").exit_code == 0
    assert typed("user", "disable", "mo").exit_code == 0
    (user,) = map(json.loads, typed("user", "list", "--json").output.splitlines())
    assert (user["name"], user["role"], user["state"]) == ("mo", "lead", "disabled")
    assert typed("user", "disable", "mo", "--undo").exit_code == 0
    assert "active" in typed("user", "list").output
    changed = typed(
        "user", "password", "mo", "--password-stdin", "--json", stdin="other words, four"
    )
    assert json.loads(changed.output.splitlines()[0])["changed"] == "password"


def test_a_password_is_never_an_argument_and_never_printed(typed: Typed) -> None:
    assert PASSWORD not in add(typed).output
    for name in ("add", "password"):
        text = typed("user", name, "--help").output
        assert "--password-stdin" in text
        assert "--password " not in text


def test_without_anybody_to_ask_the_password_is_demanded(typed: Typed) -> None:
    result = typed("user", "add", "mo", "--role", "lead")
    assert isinstance(result.exception, InputError)
    assert "--password-stdin" in str(result.exception)


def test_the_last_admin_stays(typed: Typed) -> None:
    add(typed, "ana", "admin")
    add(typed, "ben", "admin")
    assert typed("user", "disable", "ben").exit_code == 0
    for words in (("disable", "ana"), ("role", "ana", "lead")):
        refused = typed("user", *words).exception
        assert isinstance(refused, ConflictError)
        assert "tocsin user add" in str(refused)
    assert typed("user", "role", "ana", "admin").exit_code == 0
    assert typed("user", "role", "ben", "lead").exit_code == 0, "is no admin who may log in"
    assert typed("user", "role", "ben", "admin").exit_code == 0
    assert typed("user", "disable", "ben", "--undo").exit_code == 0
    assert typed("user", "disable", "ana").exit_code == 0


@pytest.mark.parametrize("words", [("role", "nobody", "lead"), ("disable", "nobody")])
def test_an_unknown_user_is_not_found(typed: Typed, words: tuple[str, ...]) -> None:
    assert isinstance(typed("user", *words).exception, NotFoundError)


def test_a_token_is_shown_once_and_can_be_revoked(typed: Typed) -> None:
    made = typed("token", "add", "feed", "--scope", "events:write", "--days", "30", "--json")
    token = json.loads(made.output)
    assert token["token"].startswith("tcs_")
    listed = typed("token", "list").output
    assert token["id"] in listed
    assert token["token"] not in listed
    assert typed("token", "revoke", token["id"]).exit_code == 0
    (row,) = map(json.loads, typed("token", "list", "--json").output.splitlines())
    assert row["is_revoked"] is True
    assert "revoked" in typed("token", "list").output
    assert isinstance(typed("token", "revoke", "tok_0").exception, NotFoundError)


def test_standard_output_is_the_token_alone(typed: Typed) -> None:
    result = typed("token", "add", "feed", "--scope", "admin")
    assert result.stdout.strip().startswith("tcs_")
    assert len(result.stdout.split()) == 1


def test_the_help_explains_every_role_and_scope() -> None:
    users, tokens = (
        CliRunner().invoke(program, [name, "--help"]).output for name in ("user", "token")
    )
    assert all(f"{role} " in users for role in Role)
    assert all(f"{scope} " in tokens for scope in Scope)
