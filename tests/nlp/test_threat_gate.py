"""The gate spares texts the grammar, and changes nothing that the grammar finds."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.seedtexts import seed_texts
from tocsin.nlp.arabizi import arabizi_rows, is_arabizi
from tocsin.nlp.threat_gate import ThreatGate, shipped_gate
from tocsin.nlp.threat_needs import runs_needed, words_needed
from tocsin.nlp.threat_tokens import rough_line, rough_lines, tokenise
from tocsin.nlp.threats import LANGUAGES, find_threats, grammar

DATA = Path(__file__).parents[2].parent / "shared" / "data"
SETS = ("davidson/posts.jsonl.gz", "mlma/posts_ar.jsonl.gz", "isis_hashtag_2017/ordinary.jsonl.gz")
BATCH = 256
PARTS = (
    "we know where you live", "ra7 nedba7kom", "wallah", "or else", "k1ll", "don`t", "I'll", "kill",
    "you", "سنقتلكم", "tuer", "ʼ", "’", "\n", " ", "#", "@ann", "https://e.org/a7b", "ı", "ß", "é",
)  # fmt: skip


def different(texts: list[str]) -> int:
    """In how many texts the gate changes what is found."""
    found = 0
    for start in range(0, len(texts), BATCH):
        batch = texts[start : start + BATCH]
        languages = shipped_gate().languages(batch)
        for row, text in enumerate(batch):
            gated = find_threats(text, languages=languages[row]) if row in languages else ()
            found += gated != find_threats(text)
    return found


def test_threats_of_seed_sentences_are_the_same_with_and_without_the_gate() -> None:
    texts = seed_texts()
    assert sum(bool(find_threats(text)) for text in texts[:1_000]) > 10
    assert different(texts) == 0


@pytest.mark.skipif(not DATA.is_dir(), reason="the labelled sets are not beside this checkout")
@pytest.mark.parametrize("name", SETS)
def test_threats_of_posts_are_the_same_with_and_without_the_gate(name: str) -> None:
    path = DATA / name
    if not path.is_file():
        pytest.skip("this set is not there")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["post"]["text"] or "" for line in lines]
    assert different(texts[::5]) == 0


@given(st.lists(st.lists(st.sampled_from(PARTS), max_size=6).map(" ".join), max_size=5))
def test_threats_of_any_text_are_the_same_with_and_without_the_gate(texts: list[str]) -> None:
    assert different(texts) == 0


@given(st.lists(st.lists(st.sampled_from(PARTS) | st.text(max_size=5), max_size=5).map("".join)))
def test_rough_lines_hold_the_words_of_each_rough_line(texts: list[str]) -> None:
    buffer, owners = rough_lines(texts)
    words: dict[int, list[bytes]] = {row: [] for row in range(len(texts))}
    for row, line in zip(owners, buffer.split(b"\n"), strict=True) if owners else ():
        words[row] += line.split()
    for row, text in enumerate(texts):
        assert rough_line(text) == (b"<" + b"><".join(words[row]) + b">" if words[row] else b"")


@given(st.lists(st.lists(st.sampled_from(PARTS) | st.text(max_size=5), max_size=6).map(" ".join)))
def test_arabizi_is_told_in_a_batch_as_alone(texts: list[str]) -> None:
    assert arabizi_rows(texts) == [row for row, text in enumerate(texts) if is_arabizi(text)]


def test_most_plain_sentences_are_spared() -> None:
    plain = ["The market opens at noon.", "السوق يفتح ظهرا", "Der Zug kommt.", "Bonne soirée !"]
    assert set(shipped_gate().languages(plain)) <= {2}


def test_a_grammar_whose_letters_cannot_be_told_lets_all_pass() -> None:
    gate = ThreatGate({"en": "<[^<>]+>"})
    assert gate.languages(["anything", ""]) == {0: ["en"], 1: ["en"]}


@pytest.mark.parametrize(
    ("source", "needed"),
    [
        ("<kill>", {"<kill>"}),
        ("<(?:kill|burn)(?:s|ed)?>", {f"<{verb}{end}>" for verb in ("kill", "burn")
                                       for end in ("", "s", "ed")}),
        ("<threat[^<>.?]*>", {"<threat"}),
        ("<or><else>", {"<or else>"}),
        ("(?:<a>)?(?:<[^<>.?]+>){0,3}<burn>", {"<burn>"}),
        ("(?:<kill>|<hang>){1,3}", {"<kill>", "<hang>"}),
        ("(?P<n0_act><k\\*ll>)", {"<k*ll>"}),
    ],
)  # fmt: skip
def test_what_an_expression_needs(source: str, needed: set[str]) -> None:
    assert set(runs_needed(source) or ()) == needed


@pytest.mark.parametrize("source", ["(?:<kill>)?", "<[^<>]+>", "(?:<kill>|<[^<>]+>)", "<.>"])
def test_an_expression_that_needs_nothing(source: str) -> None:
    assert runs_needed(source) is None
    assert words_needed(source) is None


def test_a_rule_matches_no_text_without_its_words() -> None:
    n_matches = 0
    for text in seed_texts(every=4):
        tokens = tokenise(text)
        for language in LANGUAGES:
            for rule in grammar(language).rules:
                words = rule.expression.words
                if words is not None and rule.expression.compiled.search(tokens.line):
                    n_matches += 1
                    assert not words.isdisjoint(tokens.words), rule.name
    assert n_matches > 10
