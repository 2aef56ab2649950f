"""Opinions of outside models, as people and programs see them."""

from __future__ import annotations

from tests.support.cases import give_opinion
from tests.support.erasing import erase_content
from tests.support.site import Site, csrf_of
from tocsin.nlp.adapters.settings import OutsideModel
from tocsin.pipeline.opinions import open_questions
from tocsin.review import Role, Scope
from tocsin.testing import actor, event_of, post_event

WORDS = "<script>alert(1)</script> It praises\u202e the group."
JUDGE = OutsideModel(base_url="http://127.0.0.1:9/v1", model="m")


def test_the_case_page_shows_an_opinion_as_a_models_words_and_no_evidence(site: Site) -> None:
    case = give_opinion(site.store, site.case(), rationale=WORDS, draft="First I thought")
    text = site.logged_in().get(f"/cases/{case.id}").text

    for expected in (
        "Priority 540: 500 by rules and people, +40 by a model",
        "is no evidence: it orders the queue and decides nothing",
        "<strong>served-name</strong> would say a breach, score 0.90",
        "version 1 · style generic · under terror.support",
        "this one counts",
        "A model's own words, unverified",
        "First I thought",
        '<blockquote class="veiled" dir="auto">',
        "&lt;script&gt;alert(1)",
    ):
        assert expected in text, expected
    assert "<script>alert" not in text
    assert "\u202e" not in text
    assert text.index('id="why-title"') < text.index('id="opinions-title"')
    assert "+40 by a model" in site.logged_in().get("/").text


def test_an_abstention_is_shown_with_its_reason_and_moves_nothing(site: Site) -> None:
    case = give_opinion(site.store, site.case(), abstained=True)
    text = site.logged_in().get(f"/cases/{case.id}").text

    assert "had no opinion: the server is away" in text
    assert "Priority 500: 500 by rules and people.</p>" in text
    assert "would say" not in text


def test_a_case_without_opinions_says_nothing_of_models(site: Site) -> None:
    case = site.case()
    client = site.logged_in()

    assert "opinions-title" not in client.get(f"/cases/{case.id}").text
    assert "by a model" not in client.get("/").text


def test_a_verdict_is_taken_on_the_page_from_before_the_opinion(site: Site) -> None:
    case = site.case()
    client = site.logged_in(Role.MODERATOR)
    give_opinion(site.store, case, score=0.1)
    form = {"csrf": csrf_of(client), "version": case.version, "kind": "violation",
            "clause": "terror.support"}  # fmt: skip

    assert client.post(f"/cases/{case.id}/verdict", data=form).status_code == 303


def test_programs_read_opinions_with_the_case(site: Site) -> None:
    case = give_opinion(site.store, site.case(), score=0.1, rationale=WORDS)
    client = site.token(Scope.CASES_READ)
    (listed,) = client.get("/v1/cases").json()["cases"]
    assert (listed["priority"], listed["moved"], listed["opinion"]) == (460, -40, case.opinion)

    one = client.get(f"/v1/cases/{case.id}").json()
    (opinion,) = one["opinions"]
    assert (opinion["label"], opinion["score"], opinion["moves"]) == ("no_breach", 0.1, -40)
    assert (opinion["counts"], opinion["abstained"]) == (True, False)
    assert opinion["unverified_rationale"] == WORDS
    assert opinion["unverified_draft"] is None

    erase_content(site.store, "rationale")
    one = client.get(f"/v1/cases/{case.id}").json()
    assert one["opinions"][0]["unverified_rationale"] is None


def test_the_audit_page_shows_the_entry_without_the_models_words(site: Site) -> None:
    give_opinion(site.store, site.case(), rationale="canary-words")
    text = site.logged_in(Role.ADMIN).get("/audit").text

    assert "opinion.given" in text
    assert "canary-words" not in text


def test_a_case_that_a_report_opened_is_asked_about_by_the_post(site: Site) -> None:
    post = post_event("We meet at the harbour", by=actor("calm_voice"))
    target = {"kind": "post", "id": post.post.id}  # type: ignore[union-attr]  # it has a post
    report = {"type": "report.filed", "actor": {"id": "a9"}, "target": target, "category": "threat"}
    unknown = {**report, "target": {"kind": "post", "id": "a-post-that-never-came"}}
    site.send(post, event_of(report), event_of(unknown))

    questions = open_questions(site.store, JUDGE, limit=10)
    assert [one.post.text for one in questions.asked] == ["We meet at the harbour"]
    assert questions.n_without_text == 1
