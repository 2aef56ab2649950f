"""Reviewing a back-test in a real browser: by keys alone, and without any script."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.support.site import Site
from tests.web.test_backtests import looser
from tocsin.pipeline.backtest import BacktestRun
from tocsin.records import Backtest, ChangeKind, Mark
from tocsin.store import backtests
from tocsin.testing import post_event


def tried(site: Site) -> Backtest:
    site.send(*(post_event(f"a red umbrella, {n}", event_id=f"e{n}", id=f"p{n}") for n in range(5)))
    return BacktestRun.begin(site.store, looser(), by="somebody").run()


def marked(site: Site, backtest: Backtest) -> dict[tuple[ChangeKind, Mark], int]:
    with site.store.read() as connection:
        return backtests.count_marks(connection, backtest.id)


def test_differences_are_reviewed_by_keys_alone(site: Site, open_page: Callable[..., Page]) -> None:
    done = tried(site)
    page = open_page(site, user="lead")
    page.goto(f"/backtests/{done.id}")
    page.keyboard.press("n")
    page.wait_for_url(re.compile(r"/changes/1$"))
    expect(page.locator(".veiled.body")).to_have_css("filter", re.compile("blur"))
    page.keyboard.press("v")
    expect(page.locator(".veiled.body")).to_have_css("filter", "none")
    page.keyboard.press("1")
    page.wait_for_url(re.compile(r"/changes/2$"))
    page.keyboard.press("j")
    page.wait_for_url(re.compile(r"/changes/3$"))
    page.keyboard.press("2")
    page.wait_for_url(re.compile(r"/changes/4$"))
    page.keyboard.press("k")
    page.wait_for_url(re.compile(r"/changes/3$"))
    expect(page.get_by_role("button", name="Wrong")).to_have_attribute("aria-pressed", "true")
    assert marked(site, done) == {
        (ChangeKind.NEW, Mark.RIGHT): 1,
        (ChangeKind.NEW, Mark.WRONG): 1,
    }
    page.goto(f"/backtests/{done.id}")
    expect(page.get_by_text("50 %")).to_be_visible()


def test_a_back_test_is_begun_and_read_without_any_script(
    site: Site, open_page: Callable[..., Page]
) -> None:
    tried(site)
    page = open_page(site, user="lead", java_script_enabled=False)
    page.goto("/backtests")
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_role("heading", name="Differences")).to_be_visible(timeout=60_000)
    expect(page.locator(".state.bt-done")).to_have_text("done")
    page.get_by_role("link", name="newly hit").first.click()
    page.get_by_role("button", name="Unsure").click()
    page.wait_for_url(re.compile(r"/changes/2$"))
