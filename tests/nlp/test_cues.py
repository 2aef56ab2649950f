"""Cues of all languages, found at once and led back to the original text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.nlp.cues import (
    DANGER,
    FUNCTION,
    KINDS,
    CueFileError,
    Cues,
    load_cues,
    read_cues,
    scan_cues,
    shipped_cues,
)

LANGUAGES = {"ar", "de", "en", "es", "fr", "id", "ru", "tr"}
PIECES = [
    "we condemn", "They said", "“kill them all”", "isn't", "الفجر الحديدي", "لا أؤيد", "قال", "die",
    "Ich verurteile", "İslam devleti", "осуждаю", "ﬁghting", "ki\u200bll", "k1ll", "KINIYORUM",
    "😂", "…", "\n", "é", "\u0301", "https://bbc.co.uk/a",
]  # fmt: skip
texts_of_pieces = st.lists(st.sampled_from(PIECES), max_size=8).map(" ".join)


def kinds(text: str) -> set[str]:
    return {hit.kind for hit in scan_cues([text])[0]}


def test_every_language_lists_every_kind() -> None:
    lists = load_cues()
    assert set(lists) == LANGUAGES
    for by_kind in lists.values():
        assert set(by_kind) - {FUNCTION} == set(KINDS)
        assert all(by_kind.values())


def test_the_kinds_of_danger_are_kinds() -> None:
    assert set(KINDS) >= DANGER


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("They CONDEMNED it", "condemnation"),
        ("they isn’t", "negation"),
        ("the Irоn Dаwn", "group_full_name"),  # two Cyrillic letters
        ("k1ll", "violence"),
        ("والفجر الحديدي", "group_full_name"),
        ("الفَجْـــر الحديديّ", "group_full_name"),
        ("داعش", "group_dismissive"),
        ("الدولة الإسلامية", "group_full_name"),
        ("#الدولة_الإسلامية", "group_full_name"),
        ("#IronDawn", "group_full_name"),
        ("#NotInOurName", "condemnation"),
        ("so-called state", "group_dismissive"),
        ("selon la police", "report"),
        ("segun", "source"),
        ("KINIYORUM", "condemnation"),
        ("İslam devleti", "group_full_name"),
        ("взрывом", "violence"),
        ("взорвём", "intent"),
        ("взорвем", "intent"),
        ("menyerang pelabuhan", "violence"),
    ],
)
def test_spellings_and_inflections_are_found(text: str, kind: str) -> None:
    assert kind in kinds(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("skillet", "violence"), ("the knot", "negation"), ("brawl", "violence"), ("", "negation")],
)
def test_a_cue_inside_another_word_is_none(text: str, kind: str) -> None:
    assert kind not in kinds(text)


def test_a_stem_runs_to_the_end_of_its_word() -> None:
    text = "all CONDEMNING it"
    [hit] = [hit for hit in scan_cues([text])[0] if hit.kind == "condemnation"]
    assert text[hit.start : hit.end] == "CONDEMNING"


def test_short_words_of_another_language_are_left_out() -> None:
    assert "violence" not in kinds("Die Leute sind nicht mit der Polizei gegangen und das ist gut")
    assert "violence" in kinds("You will die and that is good")


def test_places_lead_back_to_the_original() -> None:
    text = "x \u200b we  CON\u200bDEMN ﬁrst"
    [hit] = [hit for hit in scan_cues([text])[0] if hit.kind == "condemnation"]
    assert text[hit.start : hit.end] == "CON\u200bDEMN"
    assert (hit.key_start, hit.key_end) == (5, 12)


def test_counts_count_a_cue_inside_a_longer_one_once() -> None:
    scan = Cues({"en": {"negation": ["not", "not in my name", "never"]}}).scan(
        ["not in my name, never", "", "not not"]
    )
    assert scan.counts()[:, KINDS.index("negation")].tolist() == [2, 0, 2]


@given(st.lists(texts_of_pieces, max_size=6))
@settings(deadline=None, max_examples=60)
def test_hits_are_the_same_alone_and_in_a_batch(texts: list[str]) -> None:
    together = scan_cues(texts)
    assert together == [scan_cues([text])[0] for text in texts]
    for text, hits in zip(texts, together, strict=True):
        assert hits == sorted(hits, key=lambda hit: (hit.start, -hit.end, hit.kind, hit.lang))
        assert all(0 <= hit.start < hit.end <= len(text) for hit in hits)


@given(st.lists(texts_of_pieces, max_size=6))
@settings(deadline=None, max_examples=60)
def test_counts_are_the_same_alone_and_in_a_batch(texts: list[str]) -> None:
    cues = shipped_cues()
    together = cues.scan(texts).counts().tolist()
    assert together == [cues.scan([text]).counts()[0].tolist() for text in texts]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("- a\n", "xx.yaml: expected kinds of cues with lists of words"),
        ("negation: no\n", "xx.yaml: negation: expected a list of words"),
        ("negation: [no]\n", "xx.yaml: negation: entry 0 is no word; put it in quotes"),
        ('negation: ["*"]\n', "xx.yaml: negation: entry 0 is no word; put it in quotes"),
        ("unheard_of: [a]\n", "xx.yaml: expected one of the kinds attribution"),
        ("negation: [", "xx.yaml: expected YAML, ParserError"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(source: str, message: str) -> None:
    with pytest.raises(CueFileError) as caught:
        read_cues(source, "xx.yaml")
    assert str(caught.value).startswith(message)
