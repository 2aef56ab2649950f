"""Threats of every kind in every language; what is no threat; parts; whose words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.nlp import TextSpan, Threat, ThreatKind, ThreatPart
from tocsin.nlp.threat_grammar import GrammarError, read_grammar
from tocsin.nlp.threat_tokens import rough_line, tokenise
from tocsin.nlp.threats import LANGUAGES, find_threats, grammar

SENTENCES = yaml.load(
    (Path(__file__).parent / "threats.yaml").read_text("utf-8"),
    yaml.BaseLoader,  # noqa: S506  # makes nothing but text
)
PLAIN = 0.5


def rows(table: str) -> list[tuple[str, str, str]]:
    return [
        (kind, language, text)
        for kind, languages in SENTENCES[table].items()
        for language, texts in languages.items()
        for text in texts
    ]


def own(text: str, **more: Any) -> list[Threat]:
    return [threat for threat in find_threats(text, **more) if threat.own_voice]


def strongest(text: str, **more: Any) -> Threat:
    return max(find_threats(text, **more), key=lambda threat: threat.score)


def words(text: str, threat: Threat, part: ThreatPart) -> list[str]:
    return [text[start:end] for start, end in threat.parts.get(part, ())]


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, _, text in rows("threats")])
def test_a_threat_is_found_with_its_kind(kind: str, text: str) -> None:
    plain = [threat for threat in own(text) if threat.score >= PLAIN]
    assert ThreatKind(kind) in {threat.kind for threat in plain}


@pytest.mark.parametrize(("language", "text"), [row[1:] for row in rows("threats")])
def test_a_threat_is_found_in_its_language_alone(language: str, text: str) -> None:
    assert max(threat.score for threat in own(text, languages=[language])) >= PLAIN


@pytest.mark.parametrize("text", [text for _, _, text in rows("harmless")])
def test_what_is_no_threat_of_the_author_is_not_plain(text: str) -> None:
    assert max((threat.score for threat in own(text)), default=0) < PLAIN


def test_the_tables_hold_enough_of_every_language() -> None:
    for table in SENTENCES.values():
        for languages in table.values():
            assert set(languages) == set(LANGUAGES)
            for language, texts in languages.items():
                assert len(texts) >= (8 if language in {"en", "ar"} else 3)


def test_every_part_that_is_named_is_a_span() -> None:
    text = "Tomorrow I will kill Mara Ellison at the harbour office with my knife. I have a gun."
    threat = strongest(text)
    assert words(text, threat, ThreatPart.ACT) == ["kill"]
    assert words(text, threat, ThreatPart.TARGET) == ["Mara Ellison"]
    assert words(text, threat, ThreatPart.TIME) == ["Tomorrow"]
    assert words(text, threat, ThreatPart.PLACE) == ["at the harbour office"]
    assert words(text, threat, ThreatPart.MEANS) == ["with my knife"]
    assert words(text, threat, ThreatPart.CAPABILITY) == ["my knife", "I have a gun"]


@pytest.mark.parametrize(
    ("text", "act", "target"),
    [
        ("We will shoot employees of Meridian Harbour", "shoot", "employees of Meridian Harbour"),
        ("these filthy Gralks should be gassed", "gassed", "these filthy Gralks"),
        ("Any Flonk who dares to come here must be hanged", "hanged", "Any Flonk"),
        ("سنقتل موظفي ميناء ميريديان", "سنقتل", "موظفي ميناء ميريديان"),
        ("Il faut tuer tous les gralks", "tuer", "tous les gralks"),
        ("Les gralks devraient être fusillés", "fusillés", "Les gralks"),
        ("I will K1LL\u200b all the Gralks!!", "K1LL", "all the Gralks"),
    ],
)
def test_act_and_target_stand_in_the_original(text: str, act: str, target: str) -> None:
    threat = strongest(text)
    assert words(text, threat, ThreatPart.ACT) == [act]
    assert words(text, threat, ThreatPart.TARGET) == [target]


def test_a_word_in_arabic_holds_act_and_speaker() -> None:
    text = "وَاللهِ سَـنَـقْتُلُـكُم غداً"
    threat = strongest(text)
    assert threat.kind is ThreatKind.DIRECT
    assert words(text, threat, ThreatPart.TIME) == ["غداً"]


def test_quoted_and_attributed_words_are_not_the_author_s() -> None:
    text = "They left a note: we will kill you"
    span = TextSpan(text.index("we"), len(text))
    assert own(text)
    assert not own(text, quoted=[span])
    assert not own(text, attributed=[span])
    assert find_threats(text, quoted=[span])


def test_what_another_part_of_the_text_quotes_changes_nothing() -> None:
    text = "Good morning, I will kill you"
    assert own(text, quoted=[TextSpan(0, 12)])


@pytest.mark.parametrize(
    ("plain", "less"),
    [
        ("I will kill you", "I will kill you lol"),
        ("I will kill all Gralks", "I will kill all terrorists"),
        ("Gralks should be shot", "Should we shoot all Gralks?"),
        ("I will kill you", "I will kill you in this game"),
        ("I will kill you if you come back", "I will kill you if you eat my fries"),
    ],
)
def test_surroundings_take_from_the_score(plain: str, less: str) -> None:
    assert strongest(plain).score > max((one.score for one in find_threats(less)), default=0)


def test_a_group_that_no_list_knows_is_a_target() -> None:
    for target in (
        "zorbles",
        "those zorbles",
        "any zorble",
        "every single zorble",
        "zorble people",
    ):
        assert own(f"I will murder {target}")[0].score >= PLAIN
        assert own(f"{target} deserve to be shot")[0].score >= PLAIN


def test_a_person_s_own_words_before_and_behind_a_threat_keep_it_theirs() -> None:
    assert own("I think all Gralks should be hanged")
    assert own("I say kill them all")
    assert not own('"Kill all Gralks", she shouted')


def test_lines_do_not_run_together() -> None:
    assert not find_threats("I will\n\nkill the lights\n\nyou")
    text = "Good morning\nI will kill you\nGood night"
    [threat] = find_threats(text)
    assert words(text, threat, ThreatPart.ACT) == ["kill"]


def test_a_language_that_is_not_asked_for_finds_nothing() -> None:
    assert not find_threats("I will kill you", languages=["ar", "fr"])


def test_the_rough_line_holds_the_words_of_the_exact_one() -> None:
    for _, _, text in rows("threats"):
        exact = {word for word in tokenise(text).words if word.isalpha()}
        rough = set(rough_line(text).decode().strip("<>").split("><"))
        assert exact <= rough | {"kill"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_expression_compiles(language: str) -> None:
    known = grammar(language)
    for rule in known.rules:
        assert rule.expression.compiled
        assert "act" in {name for name, _ in rule.expression.groups}
    for expression in (*known.context.values(), *known.parts.values(), known.anchors):
        assert expression.compiled


GIVEN: dict[str, Any] = {
    "language": "xx", "lists": {"a": ["b c", "(d|e)+~"], "loop": ["{loop}"]}, "anchors": ["{a}"],
    "words": {}, "context": {}, "parts": {},
}  # fmt: skip


def test_an_expression_reads_lists_gaps_and_parts_of_words() -> None:
    rule = {"kind": "call", "score": "0.5", "match": "x ..1 act={a} target={np} (in)?+{z}"}
    given = {**GIVEN, "rules": [rule], "lists": {**GIVEN["lists"], "z": ["q"]}}
    expression = read_grammar(given).rules[0].expression
    assert expression.compiled.search(b"<x><gap><b><c><them><inq>")
    assert expression.compiled.search(b"<x><dance><them><q>")
    assert not expression.compiled.search(b"<x><.><dance><them><q>")


@pytest.mark.parametrize("match", ["{nothing}", "(a|b", "{loop}"])
def test_a_mistake_in_a_cue_file_says_what_it_is(match: str) -> None:
    rule = {"kind": "call", "score": "0.5", "match": match}
    with pytest.raises(GrammarError, match="xx: "):
        read_grammar({**GIVEN, "rules": [rule]})


PIECES = [
    "I will kill", "you", "all Gralks", "should be shot", "سنقتلكم", "اقتلوا", "الموت للقرالق", "?",
    "\n", "“", "K\u0131ll", "he said", "je vais te tuer", "tot", "😂", "&#8220;", "&amp;", "<", ">",
    "\ud800", "é\u0301", "\u200b", "-", "'", "don't", "with a knife", "on Monday", "Я тебя убью",
    "\u064b", "ﷺ", "Die", "İ", "@someone", "#killallgralks", "öldür", "kubunuh", "https://a.b/kill",
]  # fmt: skip
texts = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join),
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    st.text(max_size=60),
)


@settings(max_examples=150, deadline=None)
@given(texts)
def test_spans_lie_inside_the_text_and_scores_between_0_and_1(text: str) -> None:
    for threat in find_threats(text):
        assert 0 < threat.score <= 1
        assert threat.parts[ThreatPart.ACT]
        for spans in threat.parts.values():
            for start, end in spans:
                assert 0 <= start < end <= len(text)


@settings(max_examples=60, deadline=None)
@given(texts, texts)
def test_a_text_gives_the_same_threats_whatever_came_before(first: str, second: str) -> None:
    alone = find_threats(second)
    find_threats(first)
    assert find_threats(second) == alone
