"""Roles of plain sentences in eight languages, and of the few signs that decide them."""

from __future__ import annotations

import pytest

from tests.support.role_sentences import SENTENCES
from tocsin.nlp import PostText, Reading, Role
from tocsin.nlp.reading import Reader
from tocsin.nlp.roles import CAP, Signs, leading, role_scores

CASES = [
    pytest.param(role, text, id=f"{language}-{role}-{number}")
    for language, by_role in SENTENCES.items()
    for role, texts in by_role.items()
    for number, text in enumerate(texts)
]


def read(text: str, **more: object) -> Reading:
    return Reader().read([PostText(id="1", text=text, **more)])[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(("role", "text"), CASES)
def test_a_plain_sentence_has_its_role(role: Role, text: str) -> None:
    assert read(text).role == role


def test_the_table_has_all_roles_in_all_languages() -> None:
    for language, by_role in SENTENCES.items():
        fewest = 6 if language in {"en", "ar"} else 2
        assert set(by_role) == set(Role)
        assert all(len(texts) >= fewest for texts in by_role.values())


@pytest.mark.parametrize(
    "text",
    [
        "I do not condemn the attack, the Iron Dawn did well.",
        "We refuse to condemn the heroes of the Iron Dawn.",
        "لن أدين الهجوم، أبطالنا أسود",
    ],
)
def test_a_condemnation_taken_back_is_none(text: str) -> None:
    reading = read(text)
    assert reading.cues["recanted"] == 1
    assert reading.role is Role.OWN_VOICE


@pytest.mark.parametrize(
    "text",
    [
        "I will not stop killing you people until it is over.",
        "We can't wait to burn the harbour.",
        "Nothing will stop us, we will kill them all.",
    ],
)
def test_a_negation_that_stops_nothing_leaves_the_writers_own_voice(text: str) -> None:
    reading = read(text)
    assert reading.role is Role.OWN_VOICE
    assert "spared" not in reading.cues


def test_laughter_alone_does_not_excuse() -> None:
    assert read("I will kill you tonight, Mara Ellison haha").role is Role.OWN_VOICE


def test_disgust_at_a_target_is_no_condemnation() -> None:
    text = "These disgusting dockers, we will burn their houses and kill them."
    assert read(text).role is Role.OWN_VOICE


def test_a_link_to_the_news_makes_a_report_likelier() -> None:
    text = "Attack on the harbour kills two"
    plain = read(text).roles.get(Role.REPORT, 0.0)
    linked = read(text, hosts=("www.bbc.co.uk",))
    assert linked.roles[Role.REPORT] > plain
    assert linked.role is Role.REPORT
    assert linked.cues["news_host"] == 1


def test_signs_beyond_the_cap_are_capped_by_the_reader() -> None:
    assert read("I condemn it. " * 30 + "The Iron Dawn kills.").roles[Role.CONDEMNATION] <= 1
    assert role_scores(Signs(condemnations=CAP + 3)) == role_scores(Signs(condemnations=CAP))


def test_without_signs_the_voice_is_the_writers_own() -> None:
    assert role_scores(Signs()) == {Role.OWN_VOICE: 1.0}
    assert leading({}) is Role.OWN_VOICE


@pytest.mark.parametrize(
    "text",
    [
        "I'll kill you for this, Mara Ellison, and I'm not kidding.",
        "سأقتلك يا مارا، وما أمزح",
        "We will kill you at the match.",
        "Are you at home? I will kill you tonight.",
        "You wrote about my family, so now I will kill yours.",
    ],
)
def test_what_looks_like_an_excuse_is_none(text: str) -> None:
    assert read(text).role is Role.OWN_VOICE


def test_an_arabic_what_negates_no_judgement() -> None:
    assert read("ما فعلوه بالعمال جريمة ولا يمثل ديننا").role is Role.CONDEMNATION
