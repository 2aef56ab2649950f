"""From a hit to a rule that acts by itself and loses it again, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.support.earning import TEXT, judge_all, pack_files, stratum_of, take
from tests.support.site import Site
from tocsin.matching import fewest_more
from tocsin.pipeline import activate
from tocsin.policy import PackSource
from tocsin.records import ALPHA, SampleAnswer
from tocsin.review import confirm

pytestmark = pytest.mark.browser

Opener = Callable[..., Page]
BAR = 0.6
N_NEEDED = fewest_more(0, 0, BAR, ALPHA)


@pytest.fixture
def earning(site: Site) -> Site:
    """A site whose policy has one rule that can earn to hide."""
    source = PackSource.from_files(pack_files({"hide": BAR}))
    activate(site.store, source, by="author", reason="a trial")
    return site


def ready(page: Page) -> None:
    """The page's script has run: its keys work."""
    page.locator("html.scripted").wait_for(state="attached")


def test_samples_are_judged_by_keys_alone_and_blindly(earning: Site, open_page: Opener) -> None:
    take(earning.live, range(N_NEEDED))
    page = open_page(earning, user="moderator")
    page.get_by_role("link", name="Samples").click()
    for number in range(N_NEEDED):
        ready(page)
        expect(page.get_by_text(f"{N_NEEDED - number} for you to judge")).to_be_visible()
        expect(page.locator(".body.veiled")).to_have_css("filter", "blur(7px) grayscale(1)")
        page.keyboard.press("v")
        expect(page.locator(".body.veiled")).to_have_css("filter", "none")
        content = page.content()
        assert "slogan</a>" not in content
        assert "mark class" not in content
        page.keyboard.press("1")
        page.wait_for_url("**/samples?done=violation")
    expect(page.get_by_text("There is nothing for you to judge")).to_be_visible()

    lead = open_page(earning, user="lead")
    lead.get_by_role("link", name="1 alert").click()
    lead.get_by_role("link", name="slogan").click()
    expect(lead.get_by_text("eligible").first).to_be_visible()
    lead.get_by_label("Why it may act by itself").fill("as measured")
    lead.get_by_role("button", name="Let it hide by itself in en").click()
    expect(lead.locator(".s-earned").first).to_be_visible()
    expect(lead.locator("svg.look-chart")).to_be_visible()
    expect(lead.get_by_role("link", name="1 alert")).to_have_count(0)


def test_a_demotion_is_seen_and_acknowledged(earning: Site, open_page: Opener) -> None:
    live = earning.live
    take(live, range(N_NEEDED))
    judge_all(live, lambda _: SampleAnswer.VIOLATION)
    confirm(live.store, live.policy, stratum_of(live), by="lead", reason="as measured")
    take(live, range(100, 125))
    judge_all(live, lambda _: SampleAnswer.HARMLESS)
    page = open_page(earning, user="lead")
    page.get_by_role("link", name="1 alert").click()
    expect(page.get_by_text("It went bad").or_(page.get_by_text("is used up"))).to_be_visible()
    page.get_by_role("button", name="I know of it").click()
    expect(page.get_by_text("Nothing is alarming.")).to_be_visible()
    page.get_by_role("link", name="slogan").first.click()
    expect(page.locator(".s-demoted").first).to_be_visible()


def test_everything_works_without_scripts(earning: Site, open_page: Opener) -> None:
    take(earning.live, [1])
    page = open_page(earning, user="moderator", java_script_enabled=False)
    page.goto("/samples")
    page.get_by_text("Reveal", exact=True).click()
    expect(page.locator(".body.veiled")).to_have_css("filter", "none")
    expect(page.get_by_text(f"{TEXT} (1)")).to_be_visible()
    page.get_by_role("button", name="Unsure").click()
    expect(page.get_by_text("somebody else will say")).to_be_visible()
