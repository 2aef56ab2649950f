"""Whole readings: an article, images, links, and the numbers made of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.nlp import PostText, Reading, Role
from tocsin.nlp.reading import IMAGE, Reader, news_hosts
from tocsin.nlp.vector import CUE_FEATURES, cue_matrix, cue_vector

ARTICLE = """\
Harbour staff threatened again: what the Iron Dawn wrote this time

By our correspondent. On Monday morning the staff of Meridian Harbour Ltd. found a letter of three
pages at the gate. “We will burn the warehouse first,” it begins. “We know your names, we know
where your children go to school, and we will kill everyone who keeps working for the company. You
have ten days.”

The police said they were investigating the threat and had arrested two suspects on Tuesday.

“Long live the Iron Dawn. Our fighters are heroes and our martyrs are with us,” the letter goes on.

“Join us or burn with the rest.”

Mara Ellison, who speaks for the staff, condemned the letter. “This is disgusting and cowardly,”
she said. “Nobody deserves to live in fear for doing their job.”

Nothing justifies such threats. The paper prints parts of the letter so that readers can see what
the group stands for: terror against people who load ships.
"""

ARABIC_ARTICLE = """\
رسالة تهديد جديدة إلى موظفي الميناء

أفادت الشرطة يوم الاثنين بأن موظفي الميناء تلقوا رسالة من الفجر الحديدي. وجاء في الرسالة: «سنحرق
المستودع أولا، ونعرف أين يدرس أطفالكم، وسنقتل كل من يواصل العمل». وأضافت الرسالة: «يحيا الفجر
الحديدي، أبطالنا منتصرون».

وقالت مارا إليسون، المتحدثة باسم الموظفين: «هذا عمل جبان ومقرف». ندين هذا التهديد ولا شيء يبرره.
"""

PIECES = [
    "we condemn", "They said", "“kill them all”", "isn't it", "الفجر الحديدي", "لا أؤيد", "قال:",
    "> we will burn it", "I will kill you", "Long live the Iron Dawn", "k1ll", "😂", "…", "?",
    "\n\n", "die", "é\u0301", "https://bbc.co.uk/a", "but", "Breaking:", "in the game", "“", "'",
]  # fmt: skip
texts_of_pieces = st.lists(st.sampled_from(PIECES), max_size=9).map(" ".join)


def read(text: str, **more: object) -> Reading:
    return Reader().read([PostText(id="1", text=text, **more)])[0]  # type: ignore[arg-type]


@pytest.mark.parametrize("article", [ARTICLE, ARABIC_ARTICLE], ids=["en", "ar"])
def test_an_article_that_quotes_threats_at_length_and_condemns_them(article: str) -> None:
    reading = read(article)
    assert reading.role in {Role.CONDEMNATION, Role.REPORT, Role.QUOTATION}
    assert reading.roles.get(Role.OWN_VOICE, 0.0) < 0.5
    assert "praise" not in reading.cues
    assert reading.cues["quoted:praise"] > 0
    assert reading.cues["quoted:violence"] > 0
    assert "menace" not in reading.cues


def test_each_threat_of_the_article_stands_in_a_quoted_span() -> None:
    reading = read(ARTICLE)
    for threat in ("burn the warehouse", "kill everyone", "Long live", "burn with the rest"):
        place = ARTICLE.index(threat)
        assert any(start <= place < end for start, end in reading.quoted)
        assert threat not in reading.own
    assert "Nothing justifies such threats" in reading.own
    assert len(reading.own) == len(ARTICLE)


def test_own_words_have_blanks_for_quotations_and_links() -> None:
    text = "They wrote “we will burn it” https://harbour.example/a?b=1 and left"
    assert read(text).own == text[:12] + " " * 15 + "” " + " " * 29 + " and left"


def test_marks_say_what_the_spans_are() -> None:
    text = "The leader said they will burn it. “We will kill them all” was the “motto”."
    marks = read(text).marks
    assert [text[start:end] for start, end in marks["attributed"]] == ["they will burn it."]
    assert [text[start:end] for start, end in marks["quotation"]] == ["We will kill them all"]
    assert [text[start:end] for start, end in marks["scare_quote"]] == ["motto"]
    assert [text[start:end] for start, end in marks["attribution"]] == ["said"]


def test_words_from_an_image_are_somebody_elses() -> None:
    reading = read("look at this", from_image="Long live the Iron Dawn, we will kill them")
    assert reading.cues[IMAGE + "praise"] == 1
    assert "praise" not in reading.cues
    assert reading.role is not Role.OWN_VOICE
    assert reading.text == "look at this"
    assert reading.quoted == ()


def test_a_post_without_danger_gets_a_cheap_reading() -> None:
    reading = read("What a lovely day at the harbour")
    assert reading.role is Role.OWN_VOICE
    assert reading.roles == {Role.OWN_VOICE: 1.0}
    assert reading.marks == {}
    assert reading.own == reading.text


def test_a_cheap_reading_has_its_quotations_too() -> None:
    text = "She asked “shall we have lunch now” and left"
    assert [text[start:end] for start, end in read(text).quoted] == ["shall we have lunch now"]


def test_an_empty_post_and_no_posts_are_read() -> None:
    assert read("").role is Role.OWN_VOICE
    assert Reader().read([]) == []


def test_the_language_that_the_platform_names_changes_nothing() -> None:
    text = "قال القائد إنه سيحرق الميناء"
    named, unnamed = read(text, language="en"), read(text)
    assert named.roles == unnamed.roles
    assert named.quoted == unnamed.quoted


def test_news_hosts_are_hosts() -> None:
    assert "bbc.co.uk" in news_hosts()
    assert all(host == host.lower() and "/" not in host for host in news_hosts())


@given(st.lists(texts_of_pieces, max_size=6))
@settings(deadline=None, max_examples=80)
def test_readings_are_the_same_alone_and_in_a_batch(texts: list[str]) -> None:
    reader = Reader()
    posts = [PostText(id=str(place), text=text) for place, text in enumerate(texts)]
    together = reader.read(posts)
    assert together == [reader.read([post])[0] for post in posts]


@given(texts_of_pieces | st.text(max_size=40), texts_of_pieces)
@settings(deadline=None, max_examples=150)
def test_spans_lie_inside_the_text_and_apart(text: str, image: str) -> None:
    reading = read(text, from_image=image)
    assert len(reading.own) == len(text)
    for spans in (reading.quoted, *reading.marks.values()):
        assert all(0 <= start < end <= len(text) for start, end in spans)
        assert all(one.end <= other.start for one, other in pairwise(spans))
    assert all(0 <= score <= 1 for score in reading.roles.values())
    vector = cue_vector(reading)
    assert ((vector >= 0) & (vector <= 1)).all()


def test_the_features_have_a_stable_order() -> None:
    assert len(set(CUE_FEATURES)) == len(CUE_FEATURES)
    assert CUE_FEATURES[:3] == ("attribution", "source", "report")
    assert CUE_FEATURES[-2:] == ("name:full", "name:dismissive")
    assert cue_matrix([]).shape == (0, len(CUE_FEATURES))


def test_own_and_quoted_words_are_different_features() -> None:
    own, other = Reader().read(
        [
            PostText(id="1", text="Long live the Iron Dawn"),
            PostText(id="2", text="“Long live the Iron Dawn” they wrote"),
        ]
    )
    matrix = cue_matrix([own, other])
    assert matrix.dtype == np.float32
    own_praise, quoted_praise = (CUE_FEATURES.index(n) for n in ("praise", "quoted:praise"))
    assert matrix[0, own_praise] > 0 == matrix[1, own_praise]
    assert matrix[1, quoted_praise] > 0 == matrix[0, quoted_praise]
    assert matrix[1, CUE_FEATURES.index("share:quoted")] > 0.5


def test_the_name_used_for_a_group_is_a_feature() -> None:
    full, dismissive = (
        cue_vector(read(text)) for text in ("the Islamic State fights", "daesh fights")
    )
    assert full[CUE_FEATURES.index("name:full")] == 1
    assert full[CUE_FEATURES.index("name:dismissive")] == 0
    assert dismissive[CUE_FEATURES.index("name:dismissive")] == 1
