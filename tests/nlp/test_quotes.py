"""Quotation marks of all scripts, quoted lines, and attributed words."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.nlp import TextSpan
from tocsin.nlp.cues import scan_cues
from tocsin.nlp.quotes import marked, may_quote, n_words
from tocsin.nlp.spans import at, blanked, inside, merged, outside, touches
from tocsin.nlp.speaker import sentences, speakers

MARKS = "\"'“”„‟«»‹›‘’‚「」『』《》〈〉〝〞〟❝❞＂״`>\n .:&;ab我"


def quoted(text: str) -> list[str]:
    return [text[start:end] for start, end in marked(text).quotations]


def attributed(text: str) -> list[str]:
    found = marked(text).quotations
    spans = speakers(text, scan_cues([text])[0], found, sentences(text)).attributed
    return [text[start:end] for start, end in spans]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('They wrote "we will burn the harbour" today', ["we will burn the harbour"]),
        ("They wrote “we will burn the harbour” today", ["we will burn the harbour"]),
        ("Sie schrieben „wir brennen alles nieder“ heute", ["wir brennen alles nieder"]),
        ("Sie schrieben »wir brennen alles nieder« heute", ["wir brennen alles nieder"]),
        ("‚wir brennen alles nieder‘ schrieben sie", ["wir brennen alles nieder"]),
        ("Ils ont écrit « nous allons tout brûler » hier", [" nous allons tout brûler "]),
        ("‹we will burn it›", ["we will burn it"]),
        ("‘we will burn it’, they wrote", ["we will burn it"]),
        ("'we will burn it', they wrote", ["we will burn it"]),
        ("قالوا «سنحرق كل البيوت» أمس", ["سنحرق كل البيوت"]),
        ("「我们要烧毁港口」と書いた", ["我们要烧毁港口"]),
        ("『我们要烧毁港口』", ["我们要烧毁港口"]),
        ("《我们要烧毁港口》", ["我们要烧毁港口"]),
        (
            "They wrote ''we will burn it'' and ``all of it too''",
            ["we will burn it", "all of it too"],
        ),
        ("x &quot;we will burn it&quot; y", ["we will burn it"]),
        ("x &#8220;we will burn it&#8221; y", ["we will burn it"]),
    ],
)
def test_marks_of_all_scripts_quote(text: str, expected: list[str]) -> None:
    assert quoted(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "don't you think it's the dogs' dinner and o'clock",
        "rock 'n' roll isn't noise",
        'a 6" pipe and a 5" one',
        "it’s what we’ve always said, isn’t it",
        "RT @mara: we will see you at the pier",
        ">_< and >:( are faces",
        "the so-called “state” is none",
        'a "great" day',
        "5 > 3 and 3 < 5",
    ],
)
def test_what_is_no_quotation(text: str) -> None:
    assert quoted(text) == []


def test_an_apostrophe_inside_single_marks_does_not_end_them() -> None:
    assert quoted("'We don't forgive them' they said") == ["We don't forgive them"]


def test_an_inner_quotation_is_part_of_the_outer_one() -> None:
    text = "He said “they told me ‘burn it all down’ last night” to us"
    assert quoted(text) == ["they told me ‘burn it all down’ last night"]


def test_lines_behind_a_sign_are_quoted() -> None:
    text = "look at this\n> we will burn it\n>> and that\n&gt; too\nnot mine"
    assert quoted(text) == ["we will burn it", "and that", "too"]


def test_a_mark_that_nothing_closes_quotes_to_the_end_of_its_line() -> None:
    assert quoted("“We will burn it all\nThat was it.") == ["We will burn it all"]
    assert quoted('The leader: "we will burn it all') == ["we will burn it all"]
    assert quoted('so "we will burn it all and th…') == ["we will burn it all and th…"]
    assert quoted('so "we will burn it all') == []


def test_an_opening_mark_at_each_paragraph_carries_a_long_quotation_on() -> None:
    text = "“We will burn the pier.\n\n“We will burn the hall.”\n\nThat is what they wrote."
    assert quoted(text) == ["We will burn the pier.", "We will burn the hall."]


def test_short_ones_are_kept_apart() -> None:
    text = "the so-called “state” of the “iron dawn”"
    assert [text[start:end] for start, end in marked(text).short] == ["state", "iron dawn"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The leader said: we will burn it. All of it.", ["we will burn it. All of it."]),
        ("He claims that they must die, but nobody listens.", ["that they must die"]),
        ("She told followers to burn the shops down.", ["followers to burn the shops down."]),
        ("We will burn it all down, said the leader.", ["We will burn it all down"]),
        ("Iron Dawn leader: we will burn the harbour", ["we will burn the harbour"]),
        ("قال إن رجاله سيحرقون الميناء", ["إن رجاله سيحرقون الميناء"]),
        ("يزعم أن الميناء سيحترق، لكن لا أحد يصدق", ["أن الميناء سيحترق"]),
        ("Il a dit que tout va brûler.", ["que tout va brûler."]),
        ("Der Sprecher sagte, alles werde brennen.", ["alles werde brennen."]),
        ("El jefe dijo que todo va a arder.", ["que todo va a arder."]),
        ("Lider limanı yakacağız dedi.", ["Lider limanı yakacağız"]),
        ("Главарь сказал, что всё сгорит.", ["что всё сгорит."]),
        ("Dia mengatakan bahwa semua akan terbakar.", ["bahwa semua akan terbakar."]),
    ],
)
def test_attributed_words_run_to_the_end_of_their_clause(text: str, expected: list[str]) -> None:
    assert attributed(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "I said we will burn it all.",
        "We are telling you that we will burn it.",
        "I promised him that he will burn.",
        "Wir sagen euch, dass alles brennen wird.",
    ],
)
def test_what_the_writer_says_of_himself_attributes_nothing(text: str) -> None:
    assert attributed(text) == []


def test_a_judgement_ends_attributed_words() -> None:
    text = "Saying that all of them must be killed is unacceptable."
    assert attributed(text) == ["that all of them must be killed"]
    text = "The leader said: we will kill them all. I condemn this."
    assert attributed(text) == ["we will kill them all."]


def test_dots_that_end_nothing_end_no_sentence() -> None:
    text = "Dr. Ellison met Mr. Quint at 10.30 in the U.S. office. Then they left! هل عادوا؟ نعم"
    assert len(sentences(text)) == 4


@given(st.text(MARKS, max_size=60))
def test_spans_lie_inside_the_text_and_apart(text: str) -> None:
    found = marked(text)
    for spans in (found.quotations, found.lines):
        assert list(spans) == sorted(spans)
        assert all(0 <= start < end <= len(text) for start, end in spans)
        assert all(one.end <= other.start for one, other in pairwise(spans))
    assert len(blanked(text, found.quotations)) == len(text)
    if found.quotations:
        assert may_quote(text)


@given(st.text(max_size=80))
def test_sentences_cut_any_text_without_a_gap(text: str) -> None:
    lines = sentences(text)
    assert "".join(text[start:end] for start, end in lines) == text


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8))
def test_merged_spans_hold_the_same_characters(pairs: list[tuple[int, int]]) -> None:
    spans = [TextSpan(min(pair), max(pair)) for pair in pairs]
    characters = {place for start, end in spans for place in range(start, end)}
    found = merged(spans)
    assert {place for start, end in found for place in range(start, end)} == characters
    assert all(one.end < other.start for one, other in pairwise(found))


def test_words_are_counted_in_scripts_without_blanks_too() -> None:
    assert n_words("don't burn it") == 3
    assert n_words("— !") == 0
    assert n_words("我们要烧毁港口") == 3


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6),
)
def test_parts_of_spans_are_what_a_plain_count_says(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    spans = merged([TextSpan(min(pair), max(pair)) for pair in one])
    others = merged([TextSpan(min(pair), max(pair)) for pair in other])
    first = {place for start, end in spans for place in range(start, end)}
    second = {place for start, end in others for place in range(start, end)}
    left = outside(spans, others)
    assert {place for start, end in left for place in range(start, end)} == first - second
    assert [place for place in range(32) if inside(place, spans)] == sorted(first)
    for span in spans:
        assert touches(span, others) == bool(set(range(span.start, span.end)) & second)
        assert at(span.start, spans) == span
