"""A rule goes from shadow to active by two people, and back, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.support.site import Site
from tocsin.pipeline import standing_rules
from tocsin.records import RuleState
from tocsin.testing import post_event

pytestmark = pytest.mark.browser

Opener = Callable[..., Page]
SLOGAN = "The dawn of iron rises tonight"


def state_of(site: Site) -> RuleState:
    with site.store.read() as connection:
        return next(one.state for one in standing_rules(connection) if one.id == "slogan")


def test_two_people_promote_a_rule_and_one_takes_it_back(site: Site, open_page: Opener) -> None:
    site.case(SLOGAN)
    analyst = open_page(site, user="analyst")
    analyst.get_by_role("link", name="Rules", exact=True).click()
    expect(analyst.get_by_role("heading", name="Rules")).to_be_visible()
    analyst.locator("html.scripted").wait_for(state="attached")
    for _ in range(2):
        analyst.keyboard.press("j")  # reported, then slogan
    analyst.keyboard.press("Enter")
    analyst.wait_for_url("**/rules/slogan")

    analyst.get_by_label("Why").fill("it hits the news")
    analyst.get_by_role("button", name="Back to shadow").click()
    expect(analyst.locator(".heading .state")).to_have_text("shadow")
    for number in range(3):
        site.send(post_event(f"{SLOGAN}, {number}"))
    analyst.reload()
    expect(analyst.get_by_role("img", name="Hits of slogan")).to_be_visible()
    assert analyst.locator("svg.chart .c-shadow").count() > 0
    expect(analyst.locator(".history li")).to_have_count(2)

    analyst.get_by_label("Why").fill("no longer")
    analyst.get_by_role("button", name="Propose to make it active").click()
    analyst.wait_for_url("**/proposals/prp_*")
    expect(analyst.get_by_text("You proposed this")).to_be_visible()
    assert analyst.get_by_role("button", name="Approve").count() == 0
    assert state_of(site) is RuleState.SHADOW

    lead = open_page(site, user="lead")
    lead.get_by_role("link", name="Proposals", exact=True).click()
    lead.locator("html.scripted").wait_for(state="attached")
    lead.keyboard.press("j")
    lead.keyboard.press("Enter")
    lead.wait_for_url("**/proposals/prp_*")
    expect(lead.get_by_text("no longer")).to_be_visible()
    lead.get_by_label("Why").fill("agreed")
    lead.get_by_role("button", name="Approve and carry out").click()
    expect(lead.locator(".heading .state")).to_have_text("approved")
    assert state_of(site) is RuleState.ACTIVE

    lead.goto("/rules/slogan")
    expect(lead.locator(".history li").first).to_contain_text("no longer")
    lead.get_by_label("Why").fill("too early")
    lead.get_by_role("button", name="Back to shadow").click()
    expect(lead.locator(".heading .state")).to_have_text("shadow")
    assert state_of(site) is RuleState.SHADOW
    lead.goto("/audit")
    expect(lead.get_by_role("table")).to_contain_text("proposal.changed")
    expect(lead.get_by_role("table")).to_contain_text("rule.changed")
