"""Labels on the account page, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_review import CONTRAST
from tests.support.site import Site
from tocsin.records import LabelHolder
from tocsin.store import labels
from tocsin.testing import actor

pytestmark = pytest.mark.browser

Opener = Callable[..., Page]
WHO = actor("new_voice", name="New Voice")


def test_a_moderator_labels_an_account_and_leaves_it_to_the_rules_again(
    site: Site, open_page: Opener
) -> None:
    case = site.case(by=WHO)
    page = open_page(site, user="moderator")
    page.goto(f"/cases/{case.id}")
    page.get_by_role("link", name="account page").click()
    card = page.get_by_role("region", name="Labels")
    expect(card).to_contain_text("None.")
    card.get_by_label("Label").select_option("watched")
    card.get_by_label("For how many days").fill("30")
    card.get_by_label("Reason").fill("announced a new account")
    card.get_by_role("button", name="Put it on").click()
    expect(card.get_by_role("listitem")).to_contain_text("announced a new account")
    expect(card.get_by_role("listitem")).to_contain_text("by moderator")
    assert page.evaluate(CONTRAST) == []

    page.goto(f"/cases/{case.id}")
    expect(page.get_by_role("list", name="Labels")).to_contain_text("watched")

    page.get_by_role("link", name="account page").click()
    card.get_by_label("Of the account or the handle").select_option("handle")
    card.get_by_label("Reason").fill("the name of a closed channel")
    card.get_by_role("button", name="Take it off").click()
    expect(card.get_by_role("listitem")).to_have_count(2)
    expect(card.get_by_role("listitem").nth(1)).to_contain_text("of the handle")

    card.get_by_role("button", name="Leave it to the rules").first.click()
    expect(card.get_by_role("listitem")).to_have_count(1)
    with site.store.read() as connection:
        said = labels.history(connection, LabelHolder.ACCOUNT, str(WHO.id))
    assert [row.change for row in said] == ["withdrawn", "added"]


def test_a_reason_is_asked_for_before_anything_is_sent(site: Site, open_page: Opener) -> None:
    site.case(by=WHO)
    page = open_page(site, user="moderator")
    page.goto(f"/accounts?key={WHO.id}")
    card = page.get_by_role("region", name="Labels")
    card.get_by_role("button", name="Put it on").click()
    expect(card.get_by_label("Reason")).to_be_focused()
    expect(card).to_contain_text("None.")


def test_an_attack_in_a_reason_stays_text(site: Site, open_page: Opener) -> None:
    site.case(by=WHO)
    attack = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    with site.store.write() as transaction:
        watched = (LabelHolder.ACCOUNT, str(WHO.id), "watched")
        labels.change(transaction, watched, to="added", by=attack, reason=attack)
    page = open_page(site, user="analyst")
    page.goto(f"/accounts?key={WHO.id}")
    expect(page.get_by_role("region", name="Labels")).to_contain_text(attack)
    assert page.locator("main img, main script").count() == 0
