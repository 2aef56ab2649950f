"""Arabizi: told apart from other languages, and read as Arabic."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.nlp import TextSpan, ThreatPart
from tocsin.nlp.arabizi import is_arabizi, transliterate
from tocsin.nlp.threats import find_threats


@pytest.mark.parametrize(
    "text",
    [
        "ra7 a2tlak ya kalb", "na3ref wein saken", "lazem nedba7hom kolhom", "wallah la2tlak",
        "3ayez a2tol kol el 2aral2a", "dawrak jay 2areeb", "e7na mish 5ayfeen", "yalla habibi",
    ],
)  # fmt: skip
def test_arabizi_is_told(text: str) -> None:
    assert is_arabizi(text)


@pytest.mark.parametrize(
    "text",
    [
        "meet me at 7pm on the 2nd of May", "I have 3 cats and 2 dogs", "covid19 and mp3 players",
        "He scored 25 runs in the 7th over", "the B2B market of the G7", "Je suis là à 8h", "",
        "سنقتلكم", "Ich komme um 7", "https://example.org/a2b3c", "12345", "Windows95 was fun",
    ],
)  # fmt: skip
def test_other_languages_and_numbers_are_not(text: str) -> None:
    assert not is_arabizi(text)


@pytest.mark.parametrize(
    ("latin", "arabic"),
    [
        ("ra7", "راح"), ("kalb", "كلب"), ("7abibi", "حبيبي"), ("nedba7kom", "ندبحكم"),
        ("a2tlak", "اقتلك"), ("na3ref", "نعرف"), ("5ayef", "خيف"), ("sharmoota", "شرموتا"),
        ("Wallah", "والله"), ("3'areeb", "غريب"), ("madrasa", "مدرسا"), ("dawrak", "دورك"),
    ],
)  # fmt: skip
def test_words_are_read_by_rule(latin: str, arabic: str) -> None:
    assert transliterate(latin).text == arabic


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("ra7 a2tlak ya kalb", "a2tlak"),
        ("na3ref wein saken", "na3ref"),
        ("wallah ra7 nedba7kom kolkom", "nedba7kom"),
    ],
)
def test_a_threat_in_arabizi_is_found_where_it_was_written(text: str, act: str) -> None:
    [threat] = find_threats(text)
    [(start, end)] = threat.parts[ThreatPart.ACT]
    assert text[start:end] == act
    assert threat.own_voice
    assert not find_threats(text, quoted=[TextSpan(0, len(text))])[0].own_voice


def test_a_span_leads_back_to_the_words_that_were_written() -> None:
    text = "Hey! ra7 a2tlak bokra"
    read = transliterate(text)
    start = read.text.index("اقتلك")
    span = read.original_span(start, start + 5)
    assert span is not None
    assert text[span.start : span.end] == "a2tlak"
    assert read.original_span(len(read.text), len(read.text)) is None


def test_signs_names_of_accounts_and_arabic_stay() -> None:
    assert transliterate("@ana سنقتلكم, ana!").text == "@ana سنقتلكم, انا!"


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=60))
def test_places_lie_inside_both_texts(text: str) -> None:
    read = transliterate(text)
    for old, new in read.words:
        assert 0 <= old.start < old.end <= len(text)
        assert 0 <= new.start <= new.end <= len(read.text)
