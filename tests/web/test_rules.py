"""Rules and proposals in the console and the API."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import httpx
import msgspec

from tests.support.site import PACK, Site, csrf_of
from tocsin.charts import bar_chart, interval, sparkline
from tocsin.pipeline import change_state, propose_pack
from tocsin.policy import PackSource, load_pack
from tocsin.records import Proposal, RuleState
from tocsin.review import Colleague, Role, Scope, create_invite, get_user
from tocsin.store import policies


def who(site: Site, role: Role) -> Colleague:
    user = get_user(site.store, role.value)
    return Colleague(id=user.id, name=user.name)


def stricter(folder: Path) -> PackSource:
    """The pack with another priority of one rule and a third clause."""
    copied = Path(shutil.copytree(PACK, folder / "stricter"))
    rules = copied / "rules" / "rules.yaml"
    rules.write_text(rules.read_text().replace("priority: 500", "priority: 510"))
    return load_pack(copied)


def proposed(site: Site, folder: Path, role: Role = Role.ANALYST) -> Proposal:
    return propose_pack(site.store, stricter(folder), by=who(site, role), reason="two walls")


def in_force(site: Site) -> str | None:
    with site.store.read() as connection:
        return policies.active_version(connection)


def post(client: httpx.Client, path: str, **form: str) -> httpx.Response:
    return client.post(path, data={"csrf": csrf_of(client), **form})


def solo(site: Site) -> None:
    site.store.settings = msgspec.structs.replace(
        site.store.settings, solo=True, solo_delay_s=3_600
    )


# --- rules ----------------------------------------------------------------------------------------


def test_the_list_shows_states_and_hits(site: Site) -> None:
    site.case()
    text = site.logged_in(Role.MODERATOR).get("/rules").text
    assert 'href="/rules/slogan"' in text
    assert "1 hits and 0 in shadow in 30 days" in text
    assert "no verdicts" in text


def test_the_page_of_a_rule_shows_everything(site: Site) -> None:
    case = site.case()
    moderator = site.logged_in(Role.MODERATOR)
    post(
        moderator,
        f"/cases/{case.id}/verdict",
        kind="violation",
        version=str(case.version),
        clause="terror.support",
        protected_purpose="none",
    )
    text = moderator.get("/rules/slogan").text
    assert "text in bank(&#34;slogans&#34;)" in text
    assert "Wilson score interval, 95 %" in text
    assert "100%" in text
    assert f'href="/cases/{case.id}"' in text
    assert "the first pack of this deployment" in text
    assert "Your role does not change rules" in text
    assert moderator.get("/rules/nothing").status_code == 404


def test_weaker_at_once_and_stronger_as_a_proposal(site: Site) -> None:
    analyst = site.logged_in(Role.ANALYST)
    answer = post(analyst, "/rules/slogan/state", state="shadow", reason="too many")
    assert (answer.status_code, answer.headers["location"]) == (303, "/rules/slogan")
    again = post(analyst, "/rules/slogan/state", state="shadow", reason="again")
    assert again.status_code == 409
    assert "The rule is shadow already." in again.text
    assert post(analyst, "/rules/slogan/state", state="x", reason="x").status_code == 400
    answer = post(analyst, "/rules/slogan/state", state="active", reason="it was right")
    assert answer.headers["location"].startswith("/proposals/prp_")
    assert "Proposed: make the rule slogan active" in analyst.get("/rules/slogan").text


# --- proposals ------------------------------------------------------------------------------------


def test_a_second_person_approves_in_the_console(site: Site, tmp_path: Path) -> None:
    proposal = proposed(site, tmp_path, Role.LEAD)
    lead, admin = site.logged_in(Role.LEAD), site.logged_in(Role.ADMIN)
    path = f"/proposals/{proposal.id}"
    own = lead.get(path).text
    assert "You proposed this: somebody else must decide it." in own
    assert "priority was 500, is 510" in own
    refused = post(lead, f"{path}/decide", decision="approved", seen=in_force(site) or "")
    assert refused.status_code == 403
    assert "a second person is needed" in refused.text
    assert post(admin, f"{path}/decide", decision="rejected").status_code == 400
    assert post(admin, f"{path}/decide", decision="approved", seen="0" * 32).status_code == 409
    answer = post(admin, f"{path}/decide", decision="approved", seen=in_force(site) or "")
    assert answer.status_code == 303
    assert in_force(site) == proposal.pack
    assert "Approved by <strong><bdi>admin</bdi></strong>" in admin.get(path).text
    assert site.live.policy.version == proposal.pack


def test_a_pack_that_was_in_force_comes_back_from_the_list(site: Site, tmp_path: Path) -> None:
    first = in_force(site)
    proposal = proposed(site, tmp_path)
    admin = site.logged_in(Role.ADMIN)
    post(admin, f"/proposals/{proposal.id}/decide", decision="approved")
    text = admin.get("/proposals").text
    assert f'<option value="{first}">' in text
    answer = post(admin, "/policy/rollback", version=first or "", reason="it hit the news")
    assert answer.status_code == 303
    assert in_force(site) == first
    assert post(admin, "/policy/rollback", version=first or "", reason="x").status_code == 409


def test_only_ones_own_is_withdrawn(site: Site, tmp_path: Path) -> None:
    proposal = proposed(site, tmp_path, Role.LEAD)
    path = f"/proposals/{proposal.id}/withdraw"
    assert post(site.logged_in(Role.ADMIN), path).status_code == 403
    assert post(site.logged_in(Role.LEAD), path).status_code == 303
    assert "Nothing waits for a second person." in site.logged_in().get("/proposals").text


def test_in_solo_mode_the_reason_waits_for_the_second_decision(site: Site, tmp_path: Path) -> None:
    solo(site)
    proposal = proposed(site, tmp_path, Role.LEAD)
    lead = site.logged_in(Role.LEAD)
    path = f"/proposals/{proposal.id}"
    for page in (path, "/proposals"):
        assert "two walls" not in lead.get(page).text
    shown = site.token(Scope.RULES_READ).get("/v1/proposals").json()["proposals"]
    assert ["reason" in one for one in shown] == [False]
    refused = post(lead, f"{path}/decide", decision="approved", reason="still right")
    assert refused.status_code == 403
    site.clock.advance(timedelta(minutes=59))
    lead.get("/rules")  # keeps the session
    site.clock.advance(timedelta(minutes=1))
    assert post(lead, f"{path}/decide", decision="approved").status_code == 400
    answer = post(lead, f"{path}/decide", decision="approved", reason="still right")
    assert answer.status_code == 303
    text = lead.get(path).text
    assert "two walls" in text
    assert "still right" in text
    assert "solo: delay" in text


def test_an_invited_reviewer_sees_one_proposal_and_decides_it_once(
    site: Site, tmp_path: Path
) -> None:
    solo(site)
    proposal = proposed(site, tmp_path, Role.ADMIN)
    admin = site.logged_in(Role.ADMIN)
    text = post(admin, f"/proposals/{proposal.id}/invite").text
    start = text.index("/approve/tci_")
    link = text[start : text.index("<", start)]
    assert "tci_" not in admin.get(f"/proposals/{proposal.id}").text, "it is shown once"
    outside = site.client()
    page = outside.get(link)
    assert page.status_code == 200
    assert "two walls" in page.text
    assert "priority was 500, is 510" in page.text
    assert outside.get("/proposals").status_code == 303
    assert outside.get("/approve/tci_0").status_code == 401
    assert outside.post(link, data={"decision": "rejected"}).status_code == 400
    done = outside.post(link, data={"decision": "approved"})
    assert "you approved it" in done.text
    assert in_force(site) == proposal.pack
    assert outside.get(link).status_code == 401
    assert outside.post(link, data={"decision": "approved"}).status_code == 401
    assert "an invited reviewer" in admin.get(f"/proposals/{proposal.id}").text


def test_another_site_cannot_use_a_link(site: Site, tmp_path: Path) -> None:
    solo(site)
    proposal = proposed(site, tmp_path, Role.ADMIN)
    made = create_invite(site.store, proposal.id, by=who(site, Role.ADMIN))
    answer = site.client().post(
        f"/approve/{made.secret}",
        data={"decision": "approved"},
        headers={"origin": "https://elsewhere.example", "sec-fetch-site": "cross-site"},
    )
    assert answer.status_code == 403


# --- API ------------------------------------------------------------------------------------------


def test_the_api_lists_rules_and_what_one_hit(site: Site) -> None:
    site.case()
    client = site.token(Scope.RULES_READ)
    rules = {rule["id"]: rule for rule in client.get("/v1/rules").json()["rules"]}
    assert rules["slogan"]["state"] == "active"
    assert rules["slogan"]["hits_month"] == 1
    rule = client.get("/v1/rules/slogan").json()["rule"]
    assert rule["when"] == 'text in bank("slogans")'
    assert [event["kind"] for event in rule["history"]] == ["added"]
    assert client.get("/v1/rules/nothing").status_code == 404


def test_a_token_names_the_person_who_decides(site: Site, tmp_path: Path) -> None:
    proposal = proposed(site, tmp_path, Role.LEAD)
    reader, writer = site.token(Scope.RULES_READ), site.token(Scope.PROPOSALS_WRITE)
    path = f"/v1/proposals/{proposal.id}"
    found = reader.get(path).json()
    assert found["difference"]["rules"][0]["id"] == "slogan"
    assert writer.post(f"{path}/approve", json={}).status_code == 400
    assert writer.post(f"{path}/approve", json={"by": "analyst"}).status_code == 403
    assert writer.post(f"{path}/approve", json={"by": "lead"}).status_code == 403
    assert writer.post(f"{path}/approve", json={"by": "nobody"}).status_code == 400
    done = writer.post(f"{path}/approve", json={"by": "admin", "reason": "seen too"})
    assert done.json()["proposal"]["state"] == "approved"
    assert writer.post(f"{path}/reject", json={"by": "admin", "reason": "x"}).status_code == 409
    assert reader.get("/v1/proposals").json()["proposals"] == []
    assert len(reader.get("/v1/proposals?state=approved").json()["proposals"]) == 1


def test_a_state_changed_elsewhere_is_on_the_page_at_once(site: Site) -> None:
    change_state(
        site.store, "slogan", RuleState.RETIRED, by=who(site, Role.LEAD), reason="from a shell"
    )
    text = site.logged_in().get("/rules/slogan").text
    assert "r-retired" in text
    assert "from a shell" in text


# --- charts ---------------------------------------------------------------------------------------


def test_charts_escape_names_and_draw_what_is_there() -> None:
    drawn = bar_chart([("c-active", [0, 4]), ("c-shadow", [2, 0])], ["a<b", "c"], 'x "y"')
    assert drawn.count("<rect") == 2
    assert "a&lt;b" in drawn
    assert "style=" not in drawn
    assert 'aria-label="x &#34;y&#34;"' in drawn
    assert "<rect" not in sparkline([("c-active", [0, 0])], "none")
    assert "<circle" in interval(0.1, 0.5, 0.9, "half")
