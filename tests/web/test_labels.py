"""Labels over HTTP: who may say what of whom, and where it is seen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.support.site import Site, csrf_of
from tocsin.pipeline import activate
from tocsin.policy import PackSource
from tocsin.records import LabelHolder
from tocsin.review import LabelWish, Role, Scope, change_label
from tocsin.store import labels
from tocsin.testing import T0, actor

WHO = actor("new_voice", name="New Voice")
KEY = str(WHO.id)
BODY = {"label": "watched", "change": "added", "reason": "announced a new account"}


def say(client: httpx.Client, key: str = KEY, **changes: Any) -> httpx.Response:
    return client.post(f"/v1/accounts/{key}/labels", json={**BODY, **changes})


def on(site: Site, key: str = KEY, holder: LabelHolder = LabelHolder.ACCOUNT) -> dict[str, bool]:
    with site.store.read() as connection:
        rows = labels.of_holder(connection, holder, key, now=site.clock.now())
    return {row.name: row.is_on for row in rows}


# --- the API -------------------------------------------------------------------------------------


def test_a_program_says_it_in_the_name_of_a_user(site: Site) -> None:
    client = site.token(Scope.LABELS_WRITE, Scope.LABELS_READ)
    answer = say(client, by="moderator", for_s=3_600)
    assert answer.status_code == 200, answer.text
    label = answer.json()["label"]
    assert (label["name"], label["is_on"], label["reason"]) == ("watched", True, BODY["reason"])
    assert label["expires_at"] == (T0 + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    found = client.get(f"/v1/accounts/{KEY}/labels", params={"history": 5}).json()
    assert found["labels"] == [label]
    assert [one["change"] for one in found["history"]] == ["added"]
    assert client.get("/v1/labels", params={"label": "watched"}).json()["labels"] == [label]
    site.clock.advance(timedelta(hours=1))
    assert client.get("/v1/labels").json()["labels"] == []
    assert on(site) == {"watched": False}


def test_a_label_of_a_handle_is_found_however_the_handle_is_written(site: Site) -> None:
    client = site.token(Scope.LABELS_WRITE, Scope.LABELS_READ)
    assert say(client, "@New_Voice", holder="handle", by="lead").status_code == 200
    found = client.get("/v1/accounts/new_VOICE/labels", params={"holder": "handle"}).json()
    assert [one["key"] for one in found["labels"]] == ["new_voice"]


def test_the_key_of_an_account_may_hold_slashes(site: Site) -> None:
    client = site.token(Scope.LABELS_WRITE)
    key = "https://elsewhere.example/users/voice"
    assert say(client, key, by="lead").status_code == 200
    assert on(site, key) == {"watched": True}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "no person"),
        ({"by": "nobody-here"}, "no person"),
        ({"by": "lead", "label": "famous"}, "declares no such label"),
        ({"by": "lead", "reason": " "}, "needs a reason"),
        ({"by": "lead", "reason": "x" * 1_001}, "at most 1,000"),
        ({"by": "lead", "for_s": 0}, "for_s"),
        ({"by": "lead", "for_s": 10**10}, "36,500 days"),
        ({"by": "lead", "change": "withdrawn", "for_s": 5}, "has no length"),
        ({"by": "lead", "change": "invented"}, "change"),
        ({"by": "lead", "holder": "handle", "key": "@"}, "names no handle"),
    ],
)
def test_what_cannot_be_said_is_refused_and_changes_nothing(
    site: Site, changes: dict[str, Any], told: str
) -> None:
    key = changes.pop("key", KEY)
    answer = say(site.token(Scope.LABELS_WRITE), key, **changes)
    assert answer.status_code == 400
    assert told in answer.text
    assert on(site) == {}


def test_a_user_whose_role_does_not_allow_it_says_nothing(site: Site) -> None:
    assert say(site.token(Scope.LABELS_WRITE), by="analyst").status_code == 403
    assert say(site.token(Scope.LABELS_READ), by="lead").status_code == 403
    analyst = site.logged_in(Role.ANALYST)
    analyst.headers["x-csrf-token"] = csrf_of(analyst)
    assert say(analyst).status_code == 403
    assert analyst.get(f"/v1/accounts/{KEY}/labels").status_code == 200
    assert on(site) == {}


def test_a_label_that_is_no_longer_declared_is_seen_and_can_be_taken_off(site: Site) -> None:
    client = site.token(Scope.LABELS_WRITE, Scope.LABELS_READ)
    assert say(client, by="lead", label="trusted").status_code == 200
    files = dict(site.live.policy.source.files)
    files["policy.yaml"] = files["policy.yaml"].replace("  trusted:", "  formerly-trusted:")
    activate(site.store, PackSource.from_files(files), by="lead", reason="one label less")
    assert on(site) == {"trusted": True}
    assert say(client, by="lead", label="trusted").status_code == 400
    assert say(client, by="lead", label="trusted", change="removed").status_code == 200
    assert on(site) == {"trusted": False}
    assert say(client, "other", by="lead", label="trusted", change="removed").status_code == 400


# --- the console ---------------------------------------------------------------------------------


def form(client: httpx.Client, **fields: str) -> httpx.Response:
    given = {
        "csrf": csrf_of(client),
        "key": KEY,
        "handle": "new_voice",
        "holder": "account",
        "label": "watched",
        "change": "added",
        "reason": "announced a new account",
        **fields,
    }
    return client.post("/accounts/label", data=given)


def test_the_account_page_puts_on_takes_off_and_leaves_to_the_rules(site: Site) -> None:
    site.case(by=WHO)
    client = site.logged_in()
    assert form(client, days="30").status_code == 303
    page = client.get("/accounts", params={"key": KEY}).text
    assert "announced a new account" in page
    assert "by moderator" in page
    assert "ends <time" in page
    assert form(client, change="removed", reason="a misunderstanding").status_code == 303
    assert on(site) == {"watched": False}
    assert "taken off" in client.get("/accounts", params={"key": KEY}).text
    assert form(client, change="withdrawn").status_code == 303
    assert on(site) == {}
    assert form(client, holder="handle").status_code == 303
    assert on(site, "new_voice", LabelHolder.HANDLE) == {"watched": True}


def test_a_refused_label_shows_the_page_with_the_reason_and_what_was_written(site: Site) -> None:
    site.case(by=WHO)
    client = site.logged_in()
    for fields, told in (
        ({"label": "famous"}, "declares no such label"),
        ({"days": "soon", "reason": "because <b>so</b>"}, "whole number"),
        ({"change": "x"}, "is to happen"),
        ({"holder": "x"}, "Choose the account"),
        ({"reason": ""}, "needs a reason"),
    ):
        answer = form(client, **fields)
        assert answer.status_code == 400
        assert told in answer.text
    assert "because &lt;b&gt;so" in form(client, days="soon", reason="because <b>so</b>").text
    assert on(site) == {}


def test_the_case_page_shows_the_labels_that_are_on(site: Site) -> None:
    case = site.case(by=WHO)
    for name, to in (("watched", "added"), ("trusted", "removed")):
        wish = LabelWish(key=KEY, name=name, to=to, reason=f"reason of {name}")  # type: ignore[arg-type]  # one of the three
        change_label(site.store, ("watched", "trusted"), wish, by="cli:op")
    page = site.logged_in().get(f"/cases/{case.id}").text
    assert "reason of watched" in page
    assert "cli:op" in page
    assert "reason of trusted" not in page


def test_who_only_reads_sees_labels_and_no_form(site: Site) -> None:
    site.case(by=WHO)
    assert form(site.logged_in()).status_code == 303
    page = site.logged_in(Role.ANALYST).get("/accounts", params={"key": KEY}).text
    assert "announced a new account" in page
    assert 'action="/accounts/label"' not in page
