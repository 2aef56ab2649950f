"""What always holds of match keys, on text made to break it."""

from __future__ import annotations

import unicodedata

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tocsin.matching import Document, Part, documents, normalise, normalise_all
from tocsin.matching.normal import (
    _begins_cluster,
    _collapsed,
    _cut,
    _folded,
    _folded_word,
    _runs,
    key_of,
)
from tocsin.matching.tables import FOLDED, FROM_LATIN_TO_CYRILLIC, FROM_LATIN_TO_GREEK, TO_LATIN

_UNASSIGNED = {"Cn", "Cs", "Co"}
PIECES = (
    "iron", "dawn", "D\u0430wn", "r1ses", "4ttack", "4th", "hat3", "isis2017", "10k", "k1ll3r5",
    "a$$", "b@d", "ooo", "AAA", "888", "ß", "ﬁre", "ﷺ", "ﬀﬃ", "İ", "ŉ", "ǰ", "ΐ", "ͅ", "α\u0345",
    "ｶﾞ", "ㄱㅏ", "ᄀ", "ᅡ", "ᆨ", "한", "e\u0301", "\u0301", "\u0327", "q\u0301б", "Мo\u0441ква",
    "الفَجْر", "الحديـــدي", "أإآ", "ى", "ة", "ی", "ک", "\u0654", "\u0655ا", "\u200b", "\u200d",
    "\u202e", "\ufe0f", "😂😂😂", "٣٣٣", "½", "Ⅷ", "𝕴𝖗𝖔𝖓", "https://T.co/A1b2CCC", "http://", "://",
    ":", "//", "www.x.example", " ", "  ", "\n", "\t\r\n", "\u00a0", "\u2800", "\x1c", "\ufdd0",
    "\u3000", "。", "!!!", "@", "$", "0", "11", "a", "å", "Å", "\u212b", "\U000e0041", "ﾞ", "ﱠ",
)  # fmt: skip

texts = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    st.text(max_size=40),
    st.text(alphabet="ab01345@$ :/.\u0430\u043e\u03b1\u0301\u0661\u05d0", max_size=30),
)


@given(texts)
@settings(max_examples=400)
def test_a_key_is_its_own_key(text: str) -> None:
    key = normalise(text).text
    assert normalise(key).text == key


@given(st.lists(texts, max_size=8))
@example(["hat3", "3 x"])
@example(["A0000\u03b1", "\u03430000a", "q\u0301\u0431"])
@example(["https:", "//h4te/k1ll"])
@settings(max_examples=400)
def test_a_batch_gives_the_keys_of_its_texts(several: list[str]) -> None:
    assert [normal.text for normal in normalise_all(several)] == [key_of(text) for text in several]


@given(texts, st.data())
@settings(max_examples=400)
def test_every_span_lies_inside_the_original(text: str, data: st.DataObject) -> None:
    normal = normalise(text)
    start = data.draw(st.integers(0, len(normal.text)))
    end = data.draw(st.integers(start, len(normal.text)))
    first, last = normal.original_span(start, end)
    assert 0 <= first <= last <= len(text)
    assert start == end or first < last


@given(texts)
@settings(max_examples=400)
def test_the_original_of_whole_words_has_their_key(text: str) -> None:
    normal = normalise(text)
    start = 0
    for word in normal.text.split(" "):
        first, last = normal.original_span(start, start + len(word))
        assert word in normalise(text[first:last]).text
        start += len(word) + 1


@given(st.lists(st.lists(texts, max_size=3), max_size=4))
def test_a_document_locates_in_its_own_parts(rows: list[list[str]]) -> None:
    given_rows = [[Part("media", 7 * i, text) for i, text in enumerate(row)] for row in rows]
    for row, document in zip(rows, documents(given_rows), strict=True):
        assert (document is None) == (not row)
        if isinstance(document, Document):
            assert document.text == "\n".join(normalise(text).text for text in row)
            assert len(document.original) == sum(map(len, row)) + len(row) - 1


def test_every_character_has_a_stable_key() -> None:
    characters = [
        c for c in map(chr, range(0x110000)) if unicodedata.category(c) not in _UNASSIGNED
    ]
    keys = [normal.text for normal in normalise_all(characters)]
    again = [normal.text for normal in normalise_all(keys)]
    assert [c for c, one, two in zip(characters, keys, again, strict=True) if one != two] == []


def test_no_cut_between_characters_that_compose() -> None:
    wrong = []
    for code in range(0x20000):
        char = chr(code)
        decomposed = unicodedata.normalize("NFD", char)
        if len(decomposed) > 1 and unicodedata.normalize("NFC", decomposed) == char:
            wrong += [part for part in decomposed[1:] if _begins_cluster(part)]
    assert wrong == []


def test_no_target_of_a_fold_is_a_source() -> None:
    assert not {ord(target) for target in FOLDED.values() if target} & (FOLDED.keys() - {32})
    for table in (TO_LATIN, FROM_LATIN_TO_CYRILLIC, FROM_LATIN_TO_GREEK):
        assert not set(table.values()) & table.keys()


@given(st.text(alphabet="aAbä1٣لд :/.", max_size=40))
@example("aaaaaaaaaaabbccc")
@example("aaa http://aaa")
def test_the_short_ways_give_what_the_long_ways_give(text: str) -> None:
    assert _collapsed(text) == _cut(text, _runs(text))
    assert _folded(text) == " ".join(map(_folded_word, text.split(" ")))
