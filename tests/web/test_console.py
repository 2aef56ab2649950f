"""The console over HTTP: pages, verdicts, undo; everything that a platform sent is harmless."""

from __future__ import annotations

from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
import yaml

from tests.support.erasing import erase_event
from tests.support.site import PACK, PASSWORD, Site, csrf_of
from tocsin.pipeline import activate
from tocsin.policy import PackSource, load_pack
from tocsin.records import CaseState, Event
from tocsin.review import Role, Scope
from tocsin.store import cases, decisions, outbox
from tocsin.testing import actor, event_of, post_event

SLOGAN = "The dawn of iron rises tonight"
ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "</p></article><form action=https://evil.example><input name=csrf>",
    "{{ 7 * 7 }} {% raw %} ${7*7}",
    "javascript:alert(3)",
    "\u202egnp.exe \u200b\u2066 \ufeff",
)


class Page(HTMLParser):
    """What a page really contains, as a browser reads it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def decide(client: httpx.Client, case: Any, kind: str = "violation", **fields: Any) -> Any:
    form = {"csrf": csrf_of(client), "version": case.version, "kind": kind,
            "clause": "terror.support", **fields}  # fmt: skip
    return client.post(f"/cases/{case.id}/verdict", data=form)


# --- log-in ------------------------------------------------------------------------------------


def test_strangers_are_led_to_the_log_in_and_back(site: Site) -> None:
    client = site.client()
    answer = client.get("/decisions?clause=terror.support")
    assert answer.status_code == 303
    after = answer.headers["location"]
    assert after == "/login?after=%2Fdecisions%3Fclause%3Dterror.support"
    form = {"name": "lead", "password": PASSWORD, "after": "/decisions?clause=terror.support"}
    answer = client.post("/login", data=form)
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/decisions?clause=terror.support",
    )


@pytest.mark.parametrize(
    "after", ["//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil", "evil", ""]
)
def test_the_log_in_leads_nowhere_else(site: Site, after: str) -> None:
    form = {"name": "lead", "password": PASSWORD, "after": after}
    assert site.client().post("/login", data=form).headers["location"] == "/"


def test_a_wrong_password_says_nothing_more(site: Site) -> None:
    client = site.client()
    wrong = client.post("/login", data={"name": "lead", "password": "wrong"})
    unknown = client.post("/login", data={"name": "nobody", "password": "wrong"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace('value="lead"', 'value="nobody"') == unknown.text
    assert "set-cookie" not in wrong.headers


def test_the_cookie_is_new_and_out_of_reach_of_scripts(site: Site) -> None:
    client = site.client()
    client.cookies.set("tocsin_session", "planted-by-an-attacker", domain="127.0.0.1")
    answer = client.post("/login", data={"name": "lead", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert "planted" not in cookie
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    planted = site.client()
    planted.cookies.set("tocsin_session", "planted-by-an-attacker", domain="127.0.0.1")
    assert planted.get("/").status_code == 303


def test_logging_out_ends_the_session_on_the_server(site: Site) -> None:
    client = site.logged_in()
    token = client.cookies["tocsin_session"]
    assert client.post("/logout", data={"csrf": csrf_of(client)}).status_code == 303
    stolen = site.client()
    stolen.cookies.set("tocsin_session", token, domain="127.0.0.1")
    assert stolen.get("/").status_code == 303


def test_a_form_without_the_sessions_token_is_refused(site: Site) -> None:
    case = site.case()
    client, other = site.logged_in(Role.MODERATOR), site.logged_in(Role.LEAD)
    for csrf in ("", "wrong", csrf_of(other), "é"):
        form = {"csrf": csrf, "version": 1, "kind": "harmless"}
        assert client.post(f"/cases/{case.id}/verdict", data=form).status_code == 403
    assert client.post("/logout").status_code == 403
    with site.store.read() as connection:
        assert cases.verdicts_on(connection, case=case.id) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)  # fmt: skip
def test_what_another_sites_page_asks_for_is_refused(site: Site, headers: dict[str, str]) -> None:
    client = site.logged_in()
    form = {"csrf": csrf_of(client)}
    assert client.post("/logout", data=form, headers=headers).status_code == 403
    login = {"name": "lead", "password": PASSWORD}
    assert site.client().post("/login", data=login, headers=headers).status_code == 403


def test_every_answer_has_the_headers_that_protect_the_reader(site: Site) -> None:
    client = site.logged_in(Role.ADMIN)
    for path in ("/", "/login", "/cases/case_0", "/static/console.css", "/v1/cases", "/nothing"):
        answer = client.get(path)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        kept = "no-cache" if path.startswith("/static/") else "no-store"
        assert answer.headers["cache-control"] == kept


# --- queue and case ----------------------------------------------------------------------------


def test_the_queue_shows_what_waits_without_content(site: Site) -> None:
    mild = site.case(f"{SLOGAN} somewhere")
    fresh = actor("new_voice", created_at="2026-02-28T12:00:00Z")
    grave = site.case(f"{SLOGAN} here", by=fresh)
    text = site.logged_in(Role.ANALYST).get("/").text
    assert text.index(grave.id) < text.index(mild.id)
    assert "Support for a designated group" in text
    assert SLOGAN not in text


def test_filters_narrow_the_queue_and_travel_with_it(site: Site) -> None:
    case = site.case()
    client = site.logged_in()
    assert case.id in client.get("/?clause=terror.support&language=en").text
    assert case.id not in client.get("/?clause=threat.person").text
    assert case.id not in client.get("/?state=decided").text
    assert "/cases/" in client.get("/?state=nonsense").text
    page = client.get(f"/cases/{case.id}?clause=terror.support").text
    assert 'name="queue.clause" value="terror.support"' in page


def test_the_case_page_shows_what_and_why(site: Site) -> None:
    fresh = actor("new_voice", name="New Voice", created_at="2026-02-28T12:00:00Z", followers=3)
    case = site.case(f"{SLOGAN} https://irondawn.example/join", by=fresh, lang="en", views=1234)
    text = site.logged_in().get(f"/cases/{case.id}").text
    for expected in (
        "New Voice", "@<bdi>new_voice</bdi>", "24 h", "irondawn.example", "slogan-of-new-account",
        "<dd><bdi>1 d</bdi></dd>",
        "A slogan of a designated group.", "account.age", "phrase of", "Long live the Iron Dawn!",
        "Only its author sees the post.", "Countering extremism", "1,234 views",
    ):  # fmt: skip
        assert expected in text, expected
    page = Page(text)
    assert [one["title"] for one in page.all("mark")] == ["1: phrase of the bank slogans"]
    assert not any("irondawn.example" in (one.get("href") or "") for one in page.all("a"))
    assert "<title>Case case_" in text


def report_on(post_id: str, event_id: str = "report-1", **fields: Any) -> Event:
    target = {"kind": "post", "id": post_id}
    wire = {"type": "report.filed", "id": event_id, "target": target, "category": "threat"}
    return event_of({**wire, **fields})


def checked_clauses(html: str) -> list[str | None]:
    return [
        one["value"]
        for one in Page(html).all("input")
        if one.get("name") == "clause" and "checked" in one
    ]


def test_a_report_does_not_push_the_stronger_decision_aside(site: Site) -> None:
    fresh = actor("new_voice", name="New Voice", created_at="2026-02-28T12:00:00Z")
    case = site.case(f"{SLOGAN} here", by=fresh)
    site.send(report_on(case.subject.id, reporter={"id": "somebody-else"}))
    client = site.logged_in()
    text = client.get(f"/cases/{case.id}").text
    assert "<h1>Support for a designated group</h1>" in text
    assert checked_clauses(text) == ["terror.support"]
    assert "priority 800 of 1000" in text
    assert "priority 400 · reported" in text
    assert Page(text).all("mark")
    for expected in ("New Voice", "Reports about this post", "Other decisions of this case"):
        assert expected in text, expected
    for unexpected in ("was erased", "somebody-else", "was edited"):
        assert unexpected not in text, unexpected
    queue = client.get("/").text
    assert "slogan-of-new-account" in queue
    assert "2 decisions" in queue


def test_a_report_about_a_post_without_findings_shows_the_post(site: Site) -> None:
    post = post_event("We meet at the harbour", by=actor("calm_voice", name="Calm Voice"))
    site.send(post, report_on(post.post.id))  # type: ignore[union-attr]  # it has a post
    with site.store.read() as connection:
        (case,) = cases.list_cases(connection, cases.CaseFilter())
    text = site.logged_in().get(f"/cases/{case.id}").text
    assert "<h1>Threat to a person</h1>" in text
    for expected in ("We meet at the harbour", "Calm Voice", "Reports about this post"):
        assert expected in text, expected
    for unexpected in ("was erased", "has not been sent", "Anonymous", "the author is not known"):
        assert unexpected not in text, unexpected


def test_a_report_about_an_unknown_post_says_so(site: Site) -> None:
    site.send(report_on("a-post-that-never-came", actor={"id": "somebody-else"}))
    with site.store.read() as connection:
        (case,) = cases.list_cases(connection, cases.CaseFilter())
    text = site.logged_in().get(f"/cases/{case.id}").text
    assert "opened by a report; the post itself has not been sent to Tocsin." in text
    assert "Reports about this post" in text
    assert "was erased" not in text
    assert "somebody-else" not in text


def test_an_erased_post_is_said_to_be_erased(site: Site) -> None:
    event = post_event(f"{SLOGAN} here")
    site.send(event)
    site.send(report_on(event.post.id))  # type: ignore[union-attr]  # it has a post
    erase_event(site.store, event.id)
    with site.store.read() as connection:
        (case,) = cases.list_cases(connection, cases.CaseFilter())
    text = site.logged_in().get(f"/cases/{case.id}").text
    assert "The content of this post was erased." in text
    assert "has not been sent" not in text
    assert f"{SLOGAN} here" not in text


def test_an_edited_post_is_shown_as_it_is_now_without_the_marks_of_before(site: Site) -> None:
    fresh = actor("new_voice", created_at="2026-02-28T12:00:00Z")
    case = site.case(f"{SLOGAN} here", by=fresh)
    edited = {"event_id": "edit-1", "event_type": "post.updated", "id": case.subject.id}
    site.send(post_event(f"Now: {SLOGAN}", by=actor("new_voice"), **edited))  # type: ignore[arg-type]  # a plain dictionary
    text = site.logged_in().get(f"/cases/{case.id}").text
    assert f"Now: {SLOGAN}" in text
    assert "The post was edited" in text
    assert "priority 800 of 1000" in text
    assert Page(text).all("mark") == []


def test_actions_of_every_clause_are_there_without_a_script(site: Site) -> None:
    case = site.case()
    page = Page(site.logged_in().get(f"/cases/{case.id}").text)
    boxes = {(one["name"], one["value"]) for one in page.all("input") if one.get("value")}
    assert ("action.terror.support", "withhold") in boxes
    assert ("action.threat.person", "hide") in boxes
    assert ("action.threat.person", "label") not in boxes


def test_a_post_full_of_attacks_stays_text(site: Site) -> None:
    text = SLOGAN + " ".join(ATTACKS)
    author = actor(
        'x"><script>a</script>\u202e', id='"><b>id', name=ATTACKS[1], bio=ATTACKS[2],
        location=ATTACKS[0],
    )  # fmt: skip
    media = [{"kind": "image", "alt": ATTACKS[0], "mime": ATTACKS[1], "ocr_text": ATTACKS[2]}]
    case = site.case(
        text, by=author, id="<i>post", title=ATTACKS[1], lang='en" onload="x', media=media,
        links=("javascript:alert(4)", "http://[bad", ATTACKS[1]), reply_to=ATTACKS[0],
        client=ATTACKS[0],
    )  # fmt: skip
    report = {"type": "report.filed", "target": {"kind": "post", "id": "<i>post"},
              "category": ATTACKS[1], "comment": ATTACKS[0]}  # fmt: skip
    site.send(event_of(report))
    client = site.logged_in(Role.LEAD)
    decide(client, case, **{"action.terror.support": "hide", "note": ATTACKS[1]})
    with site.store.read() as connection:
        (decision,) = cases.get(connection, case.id).decisions  # type: ignore[union-attr]  # it exists
    for path in (
        f"/cases/{case.id}", f"/decisions/{decision}", "/decisions", "/actions", "/audit",
        f"/accounts?key={httpx.QueryParams({'k': author.id or ''})['k']}", "/",
    ):  # fmt: skip
        answer = client.get(path)
        assert answer.status_code == 200, path
        page = Page(answer.text)
        assert [one["src"] for one in page.all("script")] == ["/static/console.js"], path
        assert {one["src"] for one in page.all("img")} == {"/static/mark.svg"}, path
        assert all(
            (one["action"] or "").startswith("/") for one in page.all("form") if "action" in one
        )
        assert not any(name.startswith("on") for _, one in page.tags for name in one), path
        links = [one["href"] or "" for one in page.all("a")]
        assert all(link.startswith(("/", "#")) and not link.startswith("//") for link in links)
        assert "style" not in {name for _, one in page.tags for name in one}
    shown = client.get(f"/cases/{case.id}").text
    assert "U+202E" in shown
    assert "right-to-left override" in shown


def test_an_anonymous_paste_can_be_hidden_but_nobody_suspended(site: Site) -> None:
    case = site.case(by=None)
    client = site.logged_in()
    text = client.get(f"/cases/{case.id}").text
    assert "Anonymous" in text
    assert "Not possible: the author is not known." in text
    refused = decide(client, case, **{"action.terror.support": "suspend"})
    assert refused.status_code == 400
    assert decide(client, case, **{"action.terror.support": "hide"}).status_code == 303


# --- verdicts ----------------------------------------------------------------------------------


def test_a_verdict_leads_to_the_next_case_with_an_undo(site: Site) -> None:
    first, second = site.case(f"{SLOGAN} one"), site.case(f"{SLOGAN} two")
    client = site.logged_in()
    chosen: dict[str, Any] = {
        "action.terror.support": ["hide", "suspend"],
        "action.threat.person": "hide",  # of a clause that was not chosen
        "queue.clause": "terror.support",
    }
    answer = decide(client, first, **chosen)
    location = answer.headers["location"]
    assert location.startswith(f"/cases/{second.id}?clause=terror.support&done=vrd_")
    banner = client.get(location).text
    assert "Suspend account, " in banner or ", Suspend account" in banner
    verdict = location.rpartition("done=")[2]
    undo = client.post(f"/verdicts/{verdict}/reverse", data={"csrf": csrf_of(client)})
    assert undo.headers["location"] == f"/cases/{first.id}"
    with site.store.read() as connection:
        assert cases.get(connection, first.id).state is CaseState.OPEN  # type: ignore[union-attr]  # it exists
        assert outbox.count_by_state(connection) == {"cancelled": 2}


def test_after_the_last_case_comes_the_queue(site: Site) -> None:
    case = site.case()
    client = site.logged_in()
    location = decide(client, case, "harmless").headers["location"]
    assert location.startswith("/?done=vrd_")
    assert "data-undo" in client.get(location).text


def test_after_the_window_the_button_is_gone_and_the_lead_can_reverse(site: Site) -> None:
    case = site.case()
    moderator, lead = site.logged_in(Role.MODERATOR), site.logged_in(Role.LEAD)
    verdict = decide(moderator, case, "harmless").headers["location"].rpartition("done=")[2]
    site.clock.advance(timedelta(seconds=31))
    path = f"/verdicts/{verdict}/reverse"
    assert path not in moderator.get(f"/cases/{case.id}").text
    assert moderator.post(path, data={"csrf": csrf_of(moderator)}).status_code == 403
    assert path in lead.get(f"/cases/{case.id}").text
    note = {"csrf": csrf_of(lead), "note": "seen again"}
    assert lead.post(path, data=note).status_code == 303
    assert "seen again" in lead.get(f"/cases/{case.id}").text


def test_the_second_of_two_sees_what_changed(site: Site) -> None:
    case = site.case()
    first, second = site.logged_in(Role.MODERATOR), site.logged_in(Role.LEAD)
    assert decide(first, case, "harmless").status_code == 303
    late = decide(second, case, "violation", **{"action.terror.support": "hide"})
    assert late.status_code == 409
    assert "changed since you opened it" in late.text


def test_a_refused_verdict_keeps_what_was_chosen(site: Site) -> None:
    case = site.case()
    client = site.logged_in()
    chosen = {"action.terror.support": "hide", "protected_purpose": "news", "note": "as it stood"}
    refused = decide(client, case, **chosen)
    assert refused.status_code == 400
    assert "protected purpose" in refused.text
    page = Page(refused.text)
    checked = {(one["name"], one["value"]) for one in page.all("input") if "checked" in one}
    assert {("action.terror.support", "hide"), ("protected_purpose", "news")} <= checked
    assert "as it stood" in refused.text
    assert decide(client, case, confirmed="yes", **chosen).status_code == 303


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": ""}, {"kind": "guilty"}, {"version": "x"}, {"version": ""}, {"version": "9" * 30},
        {"clause": "no.such"}, {"action.terror.support": "explode"},
        {"protected_purpose": "fun"}, {"action.terror.support": "withhold"},
        {"action.terror.support": "withhold", "country.terror.support": "x"},
        {"note": "x" * 5_000},
    ],
)  # fmt: skip
def test_a_form_of_another_shape_changes_nothing(site: Site, fields: dict[str, str]) -> None:
    case = site.case()
    client = site.logged_in()
    form = {"csrf": csrf_of(client), "version": "1", "kind": "violation",
            "clause": "terror.support", **fields}  # fmt: skip
    assert client.post(f"/cases/{case.id}/verdict", data=form).status_code == 400
    with site.store.read() as connection:
        assert cases.verdicts_on(connection, case=case.id) == []


def test_withholding_takes_the_country_of_the_form(site: Site) -> None:
    case = site.case()
    client = site.logged_in()
    fields = {"action.terror.support": "withhold", "country.terror.support": "at"}
    assert decide(client, case, **fields).status_code == 303
    with site.store.read() as connection:
        (row,) = outbox.list_rows(connection, now=site.clock.now())
    assert row.action.country == "AT"


def test_a_cancelled_action_is_not_due(site: Site) -> None:
    case = site.case()
    client = site.logged_in(Role.LEAD)
    verdict = decide(client, case, **{"action.terror.support": "hide"})
    assert ">due " in client.get("/actions").text
    path = verdict.headers["location"].rpartition("done=")[2]
    client.post(f"/verdicts/{path}/reverse", data={"csrf": csrf_of(client)})
    text = client.get("/actions").text
    assert "cancelled" in text
    assert ">due " not in text
    assert "never sent" in text


# --- other pages -------------------------------------------------------------------------------


def test_every_page_opens_when_there_is_nothing(site: Site) -> None:
    client = site.logged_in(Role.ADMIN)
    for path in ("/", "/?state=decided", "/decisions", "/actions", "/actions?state=dead",
                 "/deadletters", "/banks", "/banks?bank=slogans", "/audit", "/api",
                 "/audit?before=1"):  # fmt: skip
        assert client.get(path).status_code == 200, path


@pytest.mark.parametrize(
    "path",
    ["/cases/case_0", "/decisions/dec_0", "/banks?bank=none", "/accounts?key=nobody", "/nothing"],
)
def test_what_is_not_there_is_a_page_that_says_so(site: Site, path: str) -> None:
    answer = site.logged_in(Role.ADMIN).get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "Not found" in answer.text


def test_the_account_page_gathers_what_is_known(site: Site) -> None:
    case = site.case(by=actor("new_voice", name="New Voice"))
    site.send(
        post_event("an ordinary day", by=actor("new_voice", name="Another Name")),
        event_of({"type": "report.filed", "target": {"kind": "account", "id": case.actor},
                  "category": "threat"}),
        event_of({"type": "account.suspended", "actor": {"id": case.actor}}),
    )  # fmt: skip
    client = site.logged_in()
    decide(client, case, **{"action.terror.support": "warn"})
    text = client.get("/accounts", params={"key": case.actor}).text
    for expected in ("an ordinary day", "Another Name", "New Voice", "suspended", "threat",
                     "Warn", "slogan"):  # fmt: skip
        assert expected in text, expected


def test_dead_letters_are_covered_and_the_audit_names_the_reviewer(site: Site) -> None:
    case = site.case()
    client = site.logged_in(Role.LEAD)
    decide(client, case, "harmless")
    admin = site.logged_in(Role.ADMIN)
    headers = {"content-type": "application/x-ndjson", "x-csrf-token": csrf_of(admin)}
    assert admin.post("/v1/events", content=b"<b>broken\n", headers=headers).status_code == 200
    text = client.get("/deadletters").text
    assert "INPUT.MALFORMED" in text
    assert '<pre class="veiled"><bdi>&lt;b&gt;broken</bdi>' in text
    audit = client.get("/audit").text
    assert f"/cases/{case.id}" in audit
    assert "<td>lead</td>" in audit


def test_what_windows_held_is_read_when_it_is_asked_for(site: Site) -> None:
    files = dict(load_pack(PACK).files)
    count = "count(event, by=account, over=hours(1))"
    rule = {
        "id": "busy",
        "clause": "terror.support",
        "when": f"{count} >= 1",
        "outcome": "review",
        "priority": 10,
        "examples": {
            "hit": ["a post"],
            "miss": [{"event": {"type": "trend.observed", "hashtag": "harbour"}}],
        },
    }
    files["rules/windows.yaml"] = yaml.safe_dump([rule])
    activate(site.store, PackSource.from_files(files), by="test", reason="windows")
    events = [post_event(f"harbour {number}", by="busy_bee") for number in range(3)]
    site.send(*events)
    with site.store.read() as connection:
        (newest, *_) = decisions.list_rows(connection, decisions.DecisionFilter(rule="busy"))
    client = site.logged_in(Role.LEAD)
    plain = client.get(f"/decisions/{newest.id}").text
    assert f'href="/decisions/{newest.id}?windows=true#windows"' in plain
    assert "Windows as they were" not in plain
    shown = client.get(f"/decisions/{newest.id}?windows=true").text
    assert "Windows as they were" in shown
    for event in events:
        assert event.id in shown
    answer = site.token(Scope.DECISIONS_READ).get(f"/v1/decisions/{newest.id}?windows=true").json()
    (window,) = answer["explanation"]["windows"]
    assert (window["call"], window["recorded"], window["total"]) == (count, 3, 3)
    assert window["agrees"]


def test_decisions_are_paged(site: Site) -> None:
    site.send(*(post_event(f"{SLOGAN} {number}") for number in range(51)))
    client = site.logged_in()
    first = client.get("/decisions")
    following = first.text.partition('rel="next" href="')[2].partition('"')[0]
    second = client.get(following.replace("&amp;", "&"))
    assert first.text.count("row-link") == 50
    assert second.text.count("row-link") == 1


# --- regular expressions -----------------------------------------------------------------------

REGEX_RULE = """\
- id: rises
  clause: terror.support
  when: matches(text, "d.wn +of +iron (rises|has risen)")
  outcome: review
  priority: 900
  examples:
    hit: [the dawn  of iron has risen]
    miss: [the dawn of iron]
"""


def test_what_an_expression_matched_is_marked_in_the_post(site: Site) -> None:
    files = {**load_pack(PACK).files, "rules/regex.yaml": REGEX_RULE}
    activate(site.store, PackSource.from_files(files), by="test", reason="to see marks")
    case = site.case("At last the Dawn  of IRON has risen!", by=actor("mara"))
    page = site.logged_in().get(f"/cases/{case.id}").text
    marked = page[page.index('<mark class="hit"') :]
    assert "matches(text, " in marked[: marked.index("</mark>")]
    assert ">Dawn  of IRON has risen<sup" in marked[: marked.index("</mark>")]
    assert "post.text 12–35" in page
