"""Back-tests in the console and the API: seen, reviewed, proposed, begun and stopped."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
import yaml

from tests.support.site import PACK, Site, csrf_of
from tocsin.pipeline.backtest import BacktestRun
from tocsin.policy import PackSource, load_pack
from tocsin.records import Backtest, BacktestState, ChangeKind, Mark
from tocsin.review import Role, Scope
from tocsin.store import backtests, people
from tocsin.store.backtests import ChangeFilter
from tocsin.testing import post_event

SECRET = "the red umbrella at the tram stop"


def looser() -> PackSource:
    """The small pack with a bank that also holds an everyday word."""
    files = dict(load_pack(PACK).files)
    name = next(name for name in files if "slogans" in name)
    bank = yaml.safe_load(files[name])
    bank["entries"] = [*bank["entries"], "umbrella"]
    return PackSource.from_files({**files, name: yaml.safe_dump(bank, allow_unicode=True)})


@pytest.fixture
def tried(site: Site) -> Backtest:
    """A back-test with eight newly hit posts."""
    site.send(*(post_event(f"{SECRET} {n}", event_id=f"e{n}", id=f"p{n}") for n in range(8)))
    site.send(post_event("The dawn of iron rises tonight", id="s"))
    return BacktestRun.begin(site.store, looser(), by=user_id(site, Role.LEAD)).run()


def user_id(site: Site, role: Role) -> str:
    with site.store.read() as connection:
        found = people.user_by_name(connection, role.value)
    assert found is not None
    return found.id


def post(client: httpx.Client, path: str, **form: str) -> httpx.Response:
    return client.post(path, data={"csrf": csrf_of(client), **form})


def numbers(html: str, backtest: str) -> list[int]:
    return [int(one) for one in re.findall(rf"/backtests/{backtest}/changes/(\d+)", html)]


def test_a_page_shows_figures_and_differences_and_no_text(site: Site, tried: Backtest) -> None:
    client = site.logged_in(Role.ANALYST)
    html = client.get(f"/backtests/{tried.id}").text
    assert "Newly hit" in html
    assert "<svg" in html
    assert len(set(numbers(html, tried.id))) == 8
    assert SECRET not in html
    assert tried.id in client.get("/backtests").text


def test_a_difference_shows_its_post_behind_the_veil(site: Site, tried: Backtest) -> None:
    client = site.logged_in(Role.ANALYST)
    html = client.get(f"/backtests/{tried.id}/changes/1").text
    assert re.search(rf'class="veiled body">\s*<p class="post-text"[^>]*>{SECRET}', html)
    assert client.get(f"/backtests/{tried.id}/changes/99").status_code == 404


def test_filters_travel_from_difference_to_difference(site: Site, tried: Backtest) -> None:
    client = site.logged_in(Role.ANALYST)
    query = "?kind=new&rule=slogan"
    assert "kind=new" in client.get(f"/backtests/{tried.id}/changes/1{query}").text
    assert "No difference fits" in client.get(f"/backtests/{tried.id}?kind=lost").text
    answer = post(
        client,
        f"/backtests/{tried.id}/changes/1/mark",
        **{"mark": "right", "filter.kind": "new", "filter.rule": "slogan"},
    )
    assert answer.headers["location"] == f"/backtests/{tried.id}/changes/2{query}"


def test_marks_are_kept_with_who_said_them_and_give_a_precision(
    site: Site, tried: Backtest
) -> None:
    client = site.logged_in(Role.ANALYST)
    for number, mark in enumerate(("right", "right", "wrong", "unsure", "right"), start=1):
        assert post(client, f"/backtests/{tried.id}/changes/{number}/mark", mark=mark).status_code
    post(client, f"/backtests/{tried.id}/changes/5/mark", mark="none")
    with site.store.read() as connection:
        marks = backtests.count_marks(connection, tried.id)
        first = backtests.get_change(connection, tried.id, 1)
    assert marks == {
        (ChangeKind.NEW, Mark.RIGHT): 2,
        (ChangeKind.NEW, Mark.WRONG): 1,
        (ChangeKind.NEW, Mark.UNSURE): 1,
    }
    assert first is not None
    assert first.marked_by == user_id(site, Role.ANALYST)
    html = client.get(f"/backtests/{tried.id}").text
    assert "67 %" in html
    assert "95 %: 21 to 94 %; 1 unsure" in html
    assert "4 marked" in html


def test_what_is_no_mark_is_refused(site: Site, tried: Backtest) -> None:
    client = site.logged_in(Role.ANALYST)
    assert post(client, f"/backtests/{tried.id}/changes/1/mark", mark="x").status_code == 400
    assert post(client, f"/backtests/{tried.id}/changes/77/mark", mark="right").status_code == 404


def test_the_pack_that_was_tried_is_what_is_proposed(site: Site, tried: Backtest) -> None:
    client = site.logged_in(Role.ANALYST)
    answer = post(client, f"/backtests/{tried.id}/propose", reason="umbrellas matter")
    assert answer.status_code == 303
    html = client.get(answer.headers["location"]).text
    assert "8 newly hit" in html
    assert f"/backtests/{tried.id}" in html
    assert looser().version[:8] in html


def test_the_page_of_a_rule_names_the_back_tests_that_moved_it(site: Site, tried: Backtest) -> None:
    html = site.logged_in(Role.ANALYST).get("/rules/slogan").text
    assert "Back-tests in which it made a difference" in html
    assert f"/backtests/{tried.id}" in html


def test_a_back_test_can_be_begun_from_a_pack_that_the_store_holds(
    site: Site, tried: Backtest
) -> None:
    client = site.logged_in(Role.ANALYST)
    answer = post(client, "/backtests", version=tried.version, since="2026-01-01")
    assert answer.status_code == 303
    site.app.state.context.backtests.join(120)
    html = client.get(answer.headers["location"]).text
    assert ">done<" in html
    with site.store.read() as connection:
        newest = backtests.list_backtests(connection, site.clock.now())
    assert {one.figures and one.figures.new.subjects for one in newest} == {8}


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"version": "nothing"}, "The store holds no such pack."),
        ({"since": "tomorrow"}, "A day looks like 2026-01-31."),
        ({"since": "2031-01-01"}, "No event of the log lies in that range."),
    ],
)
def test_what_cannot_be_begun_is_said_on_the_page(
    site: Site, tried: Backtest, form: dict[str, str], said: str
) -> None:
    client = site.logged_in(Role.ANALYST)
    answer = post(client, "/backtests", **{"version": tried.version, **form})
    if answer.is_redirect:  # begun: only judging shows that no event of the range is there
        site.app.state.context.backtests.join(120)
        answer = client.get(answer.headers["location"])
    assert said in answer.text


def test_one_that_does_not_run_here_cannot_be_stopped(site: Site, tried: Backtest) -> None:
    client = site.logged_in(Role.ANALYST)
    assert post(client, f"/backtests/{tried.id}/stop").status_code == 409


@pytest.mark.usefixtures("tried")
def test_one_that_runs_shows_how_far_it_is_and_asks_again(site: Site) -> None:
    run = BacktestRun.begin(site.store, looser(), by="somebody")
    client = site.logged_in(Role.ANALYST)
    html = client.get(f"/backtests/{run.record.id}").text
    assert 'http-equiv="refresh"' in html
    assert "<progress" in html


def test_the_api_gives_figures_and_differences_by_pages(site: Site, tried: Backtest) -> None:
    client = site.token(Scope.BACKTESTS_READ)
    (listed,) = client.get("/v1/backtests").json()["backtests"]
    assert listed["id"] == tried.id
    found = client.get(f"/v1/backtests/{tried.id}").json()
    assert found["backtest"]["figures"]["new"]["subjects"] == 8
    assert found["precision"] is None
    path, seen = f"/v1/backtests/{tried.id}/changes", []
    after: int | None = 0
    while after is not None:
        answer: dict[str, Any] = client.get(path, params={"limit": 3, "after": after}).json()
        seen += [change["subject"]["id"] for change in answer["changes"]]
        after = answer["next"]
    assert sorted(seen) == [f"p{n}" for n in range(8)]
    with site.store.read() as connection:
        rows = backtests.list_changes(connection, tried.id, ChangeFilter())
    assert [change.subject.id for change in rows] == seen
    assert client.get("/v1/backtests/none").status_code == 404


@pytest.mark.usefixtures("tried")
def test_one_that_is_stopped_ends_and_keeps_nothing(site: Site) -> None:
    background = site.app.state.context.backtests
    run = BacktestRun.begin(site.store, looser(), by="somebody", is_apart=True)
    background.start(run)
    background.stop(run.record.id)
    background.join(120)
    with site.store.read() as connection:
        ended = backtests.get(connection, run.record.id, site.clock.now())
    assert ended is not None
    assert ended.state is BacktestState.STOPPED
