"""Samples, automation and alerts over HTTP."""

from __future__ import annotations

import pytest

from tests.support.earning import BAR, TEXT, judge_all, pack_files, post, stratum_of, take
from tests.support.erasing import erase_event
from tests.support.site import Site, csrf_of
from tocsin.matching import fewest_more
from tocsin.pipeline import activate
from tocsin.policy import PackSource
from tocsin.records import ALPHA, SampleAnswer
from tocsin.review import Role, Scope, confirm, demote, next_sample
from tocsin.store import alerts, people, samples
from tocsin.testing import actor, batch_of, post_event
from tocsin.web.automationpage import draw_chart

N_NEEDED = fewest_more(0, 0, BAR, ALPHA)


@pytest.fixture
def earning(site: Site) -> Site:
    """A site whose policy has one rule that can earn to hide."""
    activate(site.store, PackSource.from_files(pack_files()), by="author", reason="a trial")
    return site


def sample_id(site: Site) -> str:
    with site.store.read() as connection:
        found = next_sample(site.store, connection, site.live.policy, reviewer="nobody")
    assert found is not None
    return found.id


def test_a_sample_is_shown_blindly(earning: Site) -> None:
    author = actor("new_voice", bio="harbour nights", followers=12)
    event = post_event(TEXT, id="p1", lang="en", by=author)
    earning.live.take(batch_of(event, received_at=earning.clock.now()))
    text = earning.logged_in().get("/samples").text
    assert TEXT in text
    assert "harbour nights" in text
    assert "The author speaks for a designated group" in text
    shown = text[text.index("<main") : text.index("</main")]
    for hidden in ("slogan<", "slogans</", "<mark", "priority", "dec_", "case_", "score", "held"):
        assert hidden not in shown.replace("repeats its slogans", ""), hidden


def test_an_answer_counts_once_and_leads_on(earning: Site) -> None:
    take(earning.live, range(2))
    client = earning.logged_in()
    first = sample_id(earning)
    form = {"csrf": csrf_of(client), "answer": "violation", "note": "plain"}
    answer = client.post(f"/samples/{first}/judgement", data=form)
    assert answer.headers["location"] == "/samples?done=violation"
    again = client.post(f"/samples/{first}/judgement", data=form)
    assert again.headers["location"] == "/samples?done=violation", "a double click"
    other = earning.logged_in(Role.LEAD)
    late = other.post(
        f"/samples/{first}/judgement", data={"csrf": csrf_of(other), "answer": "harmless"}
    )
    assert late.headers["location"] == "/samples?done=missed"
    assert "Somebody was faster" in other.get(late.headers["location"]).text
    wrong = client.post(f"/samples/{first}/judgement", data={**form, "answer": "maybe"})
    assert wrong.status_code == 400
    with earning.store.read() as connection:
        tally = samples.tally(connection, stratum_of(earning.live), 0)
    assert (tally.n_violations, tally.n_waiting) == (1, 1)


def test_what_was_erased_is_said_to_be(earning: Site) -> None:
    take(earning.live, [1])
    erase_event(earning.store, "event-1")
    assert "The content was erased" in earning.logged_in().get("/samples").text


def test_a_rule_that_hit_nothing_yet_is_listed(earning: Site) -> None:
    client = earning.logged_in(Role.ANALYST)
    assert "no hit was sampled yet" in client.get("/automation").text
    assert "No hit of this rule was sampled yet" in client.get("/automation/slogan").text
    assert client.get("/automation/other").status_code == 404


def test_without_bars_there_is_nothing_to_earn(site: Site) -> None:
    text = site.logged_in().get("/automation").text
    assert "No clause of the policy in force" in text


def test_a_second_person_confirms_on_the_page(earning: Site) -> None:
    take(earning.live, range(N_NEEDED))
    judge_all(earning.live, lambda _: SampleAnswer.VIOLATION)
    lead = earning.logged_in(Role.LEAD)
    (stratum,) = {stratum_of(earning.live)}
    form = {
        "csrf": csrf_of(lead),
        "language": "en",
        "action": "hide",
        "version": stratum.rule_version,
        "reason": " ",
    }
    refused = lead.post("/automation/slogan/confirm", data=form)
    assert refused.status_code == 400
    assert "A reason has 1 to 500 characters" in refused.text
    form["reason"] = "as measured"
    assert lead.post("/automation/slogan/confirm", data=form).status_code == 303
    assert "acts by itself" in lead.get("/automation").text
    assert lead.post("/automation/slogan/demote", data=form).status_code == 303
    text = lead.get("/automation/slogan").text
    assert "measured anew 1 time" in text
    assert "As measured." in text
    assert "1 alert</a>" in text
    audit = lead.get("/audit").text
    assert "automation.changed" in audit
    assert 'href="/automation/slogan"' in audit
    assert "sample.judged" in audit


def test_alerts_are_acknowledged_by_a_person(earning: Site) -> None:
    live = earning.live
    take(live, range(N_NEEDED))
    judge_all(live, lambda _: SampleAnswer.VIOLATION)
    confirm(live.store, live.policy, stratum_of(live), by="lead", reason="as measured")
    demote(live.store, stratum_of(live), by="lead", reason="complaints")
    program = earning.token(Scope.ADMIN)
    listed = program.get("/v1/alerts").json()
    assert (listed["open"], listed["alerts"][0]["message"]) == (1, "complaints")
    lead = earning.logged_in(Role.LEAD)
    assert "Complaints." in lead.get("/alerts").text
    path = f"/alerts/{listed['alerts'][0]['id']}/acknowledge"
    assert lead.post(path, data={"csrf": csrf_of(lead)}).status_code == 303
    assert "Nothing is alarming" in lead.get("/alerts").text
    assert program.post(f"/v1{path}").status_code == 409
    known = program.get("/v1/alerts?state=acknowledged").json()["alerts"]
    with earning.store.read() as connection:
        user = people.user_by_name(connection, "lead")
        assert alerts.count_open(connection) == 0
    assert user is not None
    assert {alert["acknowledged_by"] for alert in known} == {"lead", user.id}


def test_the_api_says_where_rules_stand(earning: Site) -> None:
    take(earning.live, range(3))
    found = earning.token(Scope.DECISIONS_READ).get("/v1/automation?rule=slogan").json()
    (row,) = found["automation"]
    assert row["stratum"]["language"] == "en"
    assert row["tally"]["n_waiting"] == 3
    assert found["bars"][0]["bar"] == BAR
    none = earning.token(Scope.DECISIONS_READ).get("/v1/automation?rule=other").json()
    assert none["automation"] == none["bars"] == []


def test_a_picture_says_what_its_table_says() -> None:
    assert draw_chart([], 0.9) is None
    outcomes = [number % 9 != 0 for number in range(1, 201)]
    chart = draw_chart(outcomes, 0.9)
    assert chart is not None
    last = chart.looks[-1]
    assert (last.n, last.k) == (200, sum(outcomes))
    assert chart.rows[-1] == last
    assert len(chart.looks) <= 60
    assert len(chart.rows) <= 8
    points = [tuple(map(float, point.split(","))) for point in chart.lower.split()]
    assert all(chart.left <= x <= chart.right for x, _ in points)
    assert all(0 <= y <= chart.bottom for _, y in points)
    assert "1" in {label for _, label in chart.marks_y}


def test_nothing_of_what_people_posted_stands_in_the_address(earning: Site) -> None:
    earning.live.take(batch_of(post(1), received_at=earning.clock.now()))
    client = earning.logged_in()
    assert sample_id(earning).startswith("smp_")
    assert "post-1" not in str(client.get("/samples").url)
