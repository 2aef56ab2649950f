"""What is looked for once a batch is found as it is text by text."""

from __future__ import annotations

import numpy as np
import re2
from hypothesis import given
from hypothesis import strategies as st

from tests.support.seedtexts import seed_texts
from tocsin.nlp.addresses import addresses, host_names
from tocsin.nlp.clean import all_plain_words, plain_words
from tocsin.nlp.features import read_batch
from tocsin.nlp.quotes import may_quote, rows_with_marks
from tocsin.nlp.reading import Reader
from tocsin.nlp.threats import find_threats
from tocsin.nlp.types import PostText
from tocsin.nlp.vector import CUE_FEATURES, cue_matrix, cue_vector

READER = Reader()
PARTS = (
    "RT @ann: ", "MT", "#dawn", "#a#b", "##x", "＃夜", "_", " ", "\n", "\t", "\xa0", "&amp;", "'x",
    "''", "“a b c”", ">", "www.e.org", "https://e.org/ä?x=1", "pic.twitter.com/a", "[URL]", "[",
    "@ann@e.org", "word", "الفجر", "é", "…",
)  # fmt: skip
TEXTS = st.lists(st.lists(st.sampled_from(PARTS), max_size=8).map("".join), max_size=6)

AWAY = re2.compile(
    r"(?i:https?://|www\.)\S+|\[(?:URL|USER|MENTION)\]|pic\.twitter\.com/\S+"
    r"|@[\pL\pM\pN_]+(?:@[\pL\pM\pN_.-]*[\pL\pN])?"
)
REPOST = re2.compile(r"^\s*(?:RT|MT)\s+@\w+\s*:?\s*")
CLOSING_TAGS = re2.compile(r"(?:\s*[#＃][^\s#＃]+){2,}\s*$")
TAG = re2.compile(r"[#＃](\S)")
LINK = re2.compile(r"(?:https?://|www\.)[^\s<>\"“”«»]+")


def plainly(text: str) -> str:
    """What `plain_words` gives, one expression after the other; without entities."""
    if text.startswith(("RT", "MT", " RT")):
        text = REPOST.sub("", text, 1)
    text = AWAY.sub(" ", text)
    if "#" in text or "＃" in text:
        shorter = CLOSING_TAGS.sub(" ", text)
        text = shorter if shorter.strip() else text
        text = TAG.sub(r" \1", text).replace("_", " ")
    return " ".join(text.split())


@given(TEXTS)
def test_words_are_cleaned_in_a_batch_as_alone(texts: list[str]) -> None:
    assert all_plain_words(texts) == [plain_words(text) for text in texts]


@given(TEXTS)
def test_words_are_cleaned_as_one_expression_after_the_other_does(texts: list[str]) -> None:
    texts = [text.replace("&", "+") for text in texts]
    assert all_plain_words(texts) == [plainly(text) for text in texts]


def test_seed_sentences_are_cleaned_as_one_expression_after_the_other_does() -> None:
    texts = [text.replace("&", "+") for text in seed_texts()]
    assert all_plain_words(texts) == [plainly(text) for text in texts]


@given(TEXTS)
def test_marks_are_found_in_a_batch_as_alone(texts: list[str]) -> None:
    assert rows_with_marks(texts) == {row for row, text in enumerate(texts) if may_quote(text)}


@given(TEXTS)
def test_addresses_are_found_in_a_batch_as_alone(texts: list[str]) -> None:
    alone = {
        row: tuple(match.span() for match in LINK.finditer(text)) for row, text in enumerate(texts)
    }
    assert addresses(texts) == {row: spans for row, spans in alone.items() if spans}


def test_the_hosts_of_an_address() -> None:
    assert host_names("https://News.E.org:80/a?b#c") == {"news.e.org", "e.org"}
    assert host_names("www.e.org") == {"www.e.org", "e.org"}
    assert host_names("http://") == {""}


def test_a_batch_has_the_cues_of_each_reading() -> None:
    posts = [PostText(id="x", text=text) for text in seed_texts(every=3)]
    readings = READER.read(posts)
    matrix = cue_matrix(readings)
    assert matrix.shape == (len(posts), len(CUE_FEATURES))
    assert matrix.any(axis=1).all()
    for row, reading in enumerate(readings):
        assert np.array_equal(matrix[row], cue_vector(reading))
        for name, count in reading.cues.items():
            place = CUE_FEATURES.index(name) if name in CUE_FEATURES else None
            if place is not None:
                assert (matrix[row, place] > 0) == (count > 0)
        for role, score in reading.roles.items():
            assert matrix[row, CUE_FEATURES.index(f"role:{role}")] == np.float32(score)


def test_no_readings_have_no_rows() -> None:
    assert cue_matrix([]).shape == (0, len(CUE_FEATURES))


def test_a_batch_holds_the_threats_that_the_grammar_finds() -> None:
    posts = [PostText(id="x", text=text) for text in seed_texts(every=2)]
    for reading in read_batch(posts, READER).readings:
        attributed = reading.marks.get("attributed", ())
        assert reading.threats == find_threats(reading.text, reading.quoted, attributed)
