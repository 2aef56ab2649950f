"""A moderator's way through the console, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Platform
from tests.support.site import Site
from tocsin.enforcement import Deliverer, WebhookConnector, WebhookSettings
from tocsin.enforcement.signing import SIGNATURE_HEADER, SignatureCheck, check_signature
from tocsin.store import cases
from tocsin.testing import actor

pytestmark = pytest.mark.browser

Opener = Callable[..., Page]
SLOGAN = "The dawn of iron rises tonight"
SECRET = b"a secret of at least sixteen bytes"
FRESH = actor("new_voice", name="New Voice", created_at="2026-02-28T12:00:00Z")


def ready(page: Page) -> None:
    """The page's script has run: its keys work."""
    page.locator("html.scripted").wait_for(state="attached")


def delivered(site: Site, platform: Platform) -> bytes:
    """The one action that leaves when the undo window has ended, with a valid signature."""
    with WebhookConnector(WebhookSettings(url=platform.url, secrets=[SECRET]), site.clock) as out:
        deliverer = Deliverer(site.store, out)
        assert deliverer.run_once().n_sent == 0
        site.clock.advance(timedelta(seconds=31))
        assert deliverer.run_once().n_sent == 1
    headers, body = platform.heard.get(timeout=10)
    found = check_signature(headers[SIGNATURE_HEADER], body, [SECRET], site.clock.now())
    assert found is SignatureCheck.VALID
    return body


def test_a_wrong_password_and_then_the_right_one(site: Site, open_page: Opener) -> None:
    page = open_page(site)
    page.goto("/decisions")
    page.get_by_label("Name").fill("moderator")
    page.get_by_label("Password").fill("not the password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The name or the password is wrong")
    page.get_by_label("Password").fill("four plain words here")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Decisions")).to_be_visible()


def test_decide_undo_and_decide_again_by_keys_alone(
    site: Site, open_page: Opener, platform: Platform
) -> None:
    first = site.case(SLOGAN, by=FRESH)
    second = site.case(f"{SLOGAN}, says a wall")
    page = open_page(site, user="moderator")

    ready(page)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/cases/{first.id}")
    ready(page)
    assert SLOGAN not in page.title()
    expect(page.locator(".body.veiled")).to_have_css("filter", "blur(7px) grayscale(1)")
    page.keyboard.press("v")
    expect(page.locator(".body.veiled")).to_have_css("filter", "none")
    expect(page.locator("mark.hit")).to_have_text("dawn of iron rises1")

    page.keyboard.press("3")  # label, warn, withhold, hide, suspend: mildest first
    page.keyboard.press("m")
    page.keyboard.type("plain praise; y and n are only letters here")
    page.keyboard.press("Escape")
    chosen = page.locator(".clause-body:visible input:checked")
    assert [box.get_attribute("value") for box in chosen.all()] == ["withhold"]
    page.keyboard.press("3")
    page.keyboard.press("4")
    expect(page.locator("[data-outcome]")).to_contain_text("Violation: Hide.")
    page.keyboard.press("y")

    page.wait_for_url(f"**/cases/{second.id}?done=*")
    expect(page.get_by_role("status")).to_contain_text("Violation: Hide.")
    ready(page)
    page.keyboard.press("u")
    page.wait_for_url(f"**/cases/{first.id}")
    ready(page)
    expect(page.locator(".case-head")).to_contain_text("open")

    page.keyboard.press("b")  # the other clause
    page.keyboard.press("2")
    page.keyboard.press("y")
    page.wait_for_url(f"**/cases/{second.id}?done=*")
    ready(page)
    page.keyboard.press("n")
    page.get_by_text("Nothing waits.").wait_for()

    body = delivered(site, platform)
    assert b'"kind":"suspend"' in body
    assert b'"decided_by":"person"' in body

    lead = open_page(site, user="lead")
    lead.goto("/actions")
    expect(lead.get_by_role("row").nth(1)).to_contain_text("Suspend account")
    lead.goto("/audit")
    expect(lead.get_by_role("table")).to_contain_text("moderator")
    expect(lead.get_by_role("table")).to_contain_text("action.delivered")


def test_the_button_says_what_a_violation_without_actions_does(
    site: Site, open_page: Opener
) -> None:
    case = site.case()
    page = open_page(site, user="moderator")
    page.goto(f"/cases/{case.id}")
    ready(page)
    button = page.locator("button.violation")
    expect(button).to_contain_text("Violation, no action")
    expect(page.locator("[data-outcome]")).to_contain_text("is only recorded.")
    page.keyboard.press("4")
    expect(button).not_to_contain_text("no action")
    page.keyboard.press("4")
    expect(button).to_contain_text("Violation, no action")


def test_u_undoes_only_while_the_bar_shows(site: Site, open_page: Opener) -> None:
    first, second = site.case(SLOGAN), site.case(f"{SLOGAN}, says a wall")
    page = open_page(site, user="moderator")
    page.goto(f"/cases/{first.id}")
    ready(page)
    page.keyboard.press("n")
    page.wait_for_url(f"**/cases/{second.id}?done=*")
    page.goto(f"/cases/{first.id}")
    ready(page)
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    page.keyboard.press("u")
    page.keyboard.press("?")  # the page is still there to answer
    expect(page.get_by_role("dialog")).to_be_visible()
    with site.store.read() as connection:
        assert cases.get(connection, first.id).state == "decided"  # type: ignore[union-attr]  # it exists


def test_keys_do_nothing_while_typing_and_help_explains_them(site: Site, open_page: Opener) -> None:
    case = site.case()
    page = open_page(site, user="moderator")
    page.goto(f"/cases/{case.id}")
    ready(page)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("reveal or blur the text")
    page.keyboard.press("y")  # nothing while the dialog is open
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.get_by_label("Note").fill("")
    page.get_by_label("Note").press_sequentially("ynsuv?123q")
    expect(page.get_by_label("Note")).to_have_value("ynsuv?123q")
    page.keyboard.press("Control+y")
    assert case.id in page.url
    with site.store.read() as connection:
        assert cases.verdicts_on(connection, case=case.id) == []


def test_everything_that_decides_is_on_the_first_screen(site: Site, open_page: Opener) -> None:
    case = site.case(SLOGAN, by=FRESH)
    page = open_page(site, user="moderator")
    page.goto(f"/cases/{case.id}")
    for locator in (
        page.locator(".post-text"), page.locator(".found").first, page.locator(".rule h3").first,
        page.get_by_role("button", name="Violation"), page.get_by_role("button", name="Harmless"),
        *page.locator(".action:visible").all(), *page.locator(".purposes label:visible").all(),
    ):  # fmt: skip
        box = locator.bounding_box()
        assert box is not None
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 768


def test_on_a_small_screen_cases_stand_before_filters(site: Site, open_page: Opener) -> None:
    for number in range(3):
        site.case(f"{SLOGAN} {number}")
    page = open_page(site, user="moderator")
    page.set_viewport_size({"width": 1024, "height": 768})
    for link in page.locator(".row-link").all():
        box = link.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 768
    page.get_by_role("link", name="Filters").click()
    expect(page.get_by_role("complementary", name="Filters")).to_be_in_viewport()
    page.set_viewport_size({"width": 1366, "height": 768})
    side = page.get_by_role("complementary", name="Filters").bounding_box()
    listed = page.get_by_role("table").bounding_box()
    assert side is not None
    assert listed is not None
    assert side["x"] + side["width"] <= listed["x"]


def test_a_protected_purpose_asks_once_more(site: Site, open_page: Opener) -> None:
    case = site.case()
    page = open_page(site, user="moderator")
    page.goto(f"/cases/{case.id}")
    confirm = page.get_by_label("It is a breach all the same")
    expect(confirm).to_be_hidden()
    ready(page)
    page.keyboard.press("4")
    page.keyboard.press("p")
    page.keyboard.press("ArrowRight")
    expect(confirm).to_be_visible()
    page.keyboard.press("y")
    assert case.id in page.url
    confirm.check()
    page.keyboard.press("y")
    page.get_by_text("Nothing waits.").wait_for()


def test_without_scripts_a_case_can_be_read_and_decided(site: Site, open_page: Opener) -> None:
    case = site.case()
    page = open_page(site, user="moderator", java_script_enabled=False)
    page.get_by_role("link", name="Start with the first").click()
    page.locator("label[for=reveal]").click()
    assert page.locator("#reveal").is_checked()
    page.get_by_text("Threat to a person").click()
    expect(page.locator('[name="action.threat.person"][value=hide]')).to_be_visible()
    expect(page.locator('[name="action.terror.support"][value=hide]')).to_be_hidden()
    page.get_by_label("Hide").and_(page.locator('[name="action.threat.person"]')).check()
    expect(page.locator("[data-outcome]")).to_contain_text("without a ticked action")
    page.get_by_role("button", name="Violation").click()
    expect(page.get_by_role("status")).to_contain_text("Violation: Hide.")
    page.get_by_role("button", name="Undo").click()
    expect(page).to_have_url(f"{site.url}/cases/{case.id}")


def test_attacks_in_every_field_stay_text(site: Site, open_page: Opener) -> None:
    attack = "<img src=x onerror=alert(1)><script>alert(2)</script>\u202e"
    author = actor(attack, id=attack, name=attack, bio=attack, location=attack)
    case = site.case(f"{SLOGAN} {attack}", by=author, id=f"p{attack}", title=attack, lang=attack)
    page = open_page(site, user="lead")
    for path in (f"/cases/{case.id}", "/decisions", "/actions", "/audit"):
        page.goto(path)
        assert page.locator("main img, main script").count() == 0
    page.goto(f"/cases/{case.id}")
    ready(page)
    page.keyboard.press("v")
    expect(page.locator(".post-text")).to_contain_text("<img src=x onerror=alert(1)>")
    page.get_by_role("link", name="account page").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("U+202E")
    assert page.locator("main img, main script").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(site: Site, open_page: Opener, scheme: str) -> None:
    """WCAG 2.2, success criterion 1.4.3: a contrast of 4.5 to 1."""
    case = site.case(SLOGAN, by=FRESH)
    page = open_page(site, user="lead", color_scheme=scheme)
    for path in ("/", f"/cases/{case.id}", "/actions", "/banks?bank=slogans"):
        page.goto(path)
        assert page.evaluate(CONTRAST) == []


CONTRAST = """() => {
  const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    return { rgb: [r, g, b], a };
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const { rgb, a } = parse(getComputedStyle(node).backgroundColor);
      if (a > 0.99) return rgb;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !node.checkVisibility() || node.closest(".veiled, [disabled]")) continue;
    const [one, two] = [light(parse(getComputedStyle(node).color).rgb), light(ground(node))];
    const contrast = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    if (contrast < 4.5) poor.push(`${node.className || node.tagName}: ${contrast.toFixed(2)}`);
  }
  return [...new Set(poor)];
}"""


def test_every_control_has_a_name_and_the_page_a_skip_link(site: Site, open_page: Opener) -> None:
    case = site.case()
    page = open_page(site, user="lead")
    for path in ("/", f"/cases/{case.id}", "/decisions", "/deadletters"):
        page.goto(path)
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        unnamed = page.evaluate(
            "() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]"
            ".filter((one) => !one.labels?.length && one.id !== 'reveal').length"
        )
        assert unnamed == 0, path
        assert page.locator("h1").count() == 1
        assert page.locator("html").get_attribute("lang") == "en"
