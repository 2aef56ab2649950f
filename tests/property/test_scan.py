"""The scan finds what a plain search finds."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.matching import Part, documents, normalise_all
from tocsin.matching.scan import Hit, Pattern, PatternSet, scan_one_by_one

ALPHABET = "ab \nفالجولb_1é日"
words = st.text(ALPHABET, min_size=1, max_size=5)


@given(
    st.lists(st.tuples(words, st.booleans(), st.booleans()), max_size=6),
    st.lists(st.one_of(st.none(), st.text(ALPHABET, max_size=20)), max_size=6),
)
@settings(max_examples=150, deadline=None)
def test_the_scan_and_a_plain_search_agree(
    wanted: list[tuple[str, bool, bool]], texts: list[str | None]
) -> None:
    patterns = [
        Pattern(index, text, is_word=is_word, is_stem=is_stem)
        for index, (text, is_word, is_stem) in enumerate(wanted)
        if text.strip()
    ]
    keys = [None if text is None else normalise_all([text])[0] for text in texts]
    assert PatternSet.compile(patterns).scan(keys) == scan_one_by_one(patterns, keys)


@given(st.lists(st.text(ALPHABET, max_size=12), min_size=2, max_size=6), st.data())
@settings(deadline=None)
def test_the_cut_into_batches_does_not_matter(texts: list[str], data: st.DataObject) -> None:
    patterns = [Pattern(1, "ab", is_word=False), Pattern(2, "الفج"), Pattern(3, "b 1")]
    compiled = PatternSet.compile(patterns)
    keys = normalise_all(texts)
    cut = data.draw(st.integers(1, len(texts) - 1))
    parts = [(0, compiled.scan(keys[:cut])), (cut, compiled.scan(keys[cut:]))]
    moved = [hit._replace(row=hit.row + base) for base, hits in parts for hit in hits]
    assert moved == compiled.scan(keys)


@given(
    st.lists(st.tuples(words, st.booleans(), st.booleans()), max_size=6),
    st.lists(st.none() | st.lists(st.text(ALPHABET, max_size=12), max_size=3), max_size=6),
)
@settings(max_examples=150, deadline=None)
def test_texts_that_stand_joined_give_the_same_hits(
    wanted: list[tuple[str, bool, bool]], rows: list[list[str] | None]
) -> None:
    patterns = [
        Pattern(index, text, is_word=is_word, is_stem=is_stem)
        for index, (text, is_word, is_stem) in enumerate(wanted)
        if text.strip()
    ]
    texts = documents([_row(row or []) for row in rows])
    compiled = PatternSet.compile(patterns)
    assert compiled.scan(texts) == compiled.scan(list(texts)) == scan_one_by_one(patterns, texts)
    columns = [each.tolist() for each in compiled.scan_joined(texts)]
    assert [Hit(*hit) for hit in zip(*columns, strict=True)] == compiled.scan(texts)


def _row(texts: list[str]) -> str | list[Part]:
    return texts[0] if len(texts) == 1 else [Part("media", 0, text) for text in texts]
