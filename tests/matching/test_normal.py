"""What the match key makes equal, what it leaves alone, and where it leads back to."""

from __future__ import annotations

import pytest

from tocsin.matching import Document, Part, documents, normalise


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("The IRON\tDawn\n\nrises", "the iron dawn rises"),
        ("ＩＲＯＮ 𝕯𝖆𝖜𝖓", "iron dawn"),
        ("Straße ﬁre", "strasse fire"),
        ("d\u200baw\u00adn \u202edawn", "dawn dawn"),
        ("الفَجْـــر الحديديّ", "الفجر الحديدي"),
        ("إلى أمّة آسيا", "الي امه اسيا"),
        ("کیف", "كيف"),
        ("D\u0430wn", "dawn"),
        ("Мoсква", "москва"),
        ("сорока", "сорока"),
        ("1r0n d4wn r1ses", "iron dawn rises"),
        ("b@d p@$$word", "bad password"),
        ("4ttack hat3", "attack hate"),
        (
            "4th 5pm mp3 10k covid19 club2024 3000 12:30",
            "4th 5pm mp3 10k covid19 club2024 3000 12:30",
        ),
        ("goooo!!! 1000", "go!!! 1000"),
        ("good", "good"),
        ("see https://Harbour.example/a1BBB", "see https://harbour.example/a1bbb"),
        ("٣٣٣ ½", "٣٣٣ 1⁄2"),
        ("ﷺ", "صلي الله عليه وسلم"),
        ("ㄱㅏ 한", "가 한"),
        ("cafe\u0301", "café"),
        ("", ""),
    ],
)
def test_keys(text: str, key: str) -> None:
    assert normalise(text).text == key


@pytest.mark.parametrize(
    ("text", "word", "original"),
    [
        ("oﬃce ok", "office", "oﬃce"),
        ("e\u0301te\u0301 x", "été", "e\u0301te\u0301"),
        ("x d\u200bawn\u200b y", "dawn", "d\u200bawn"),
        ("go  goooo  ok", "ok", "ok"),
        ("the daaaawn is", "dawn", "daaaawn"),
        ("قال ﷺ نعم", "صلي الله عليه وسلم", "ﷺ"),
        ("مع الفَجْر", "الفجر", "الفَجْر"),
    ],
)
def test_spans_lead_back(text: str, word: str, original: str) -> None:
    normal = normalise(text)
    start = normal.text.rindex(word)
    first, last = normal.original_span(start, start + len(word))
    assert text[first:last] == original


def test_a_span_outside_the_key_is_refused() -> None:
    with pytest.raises(ValueError, match="inside the key"):
        normalise("abc").original_span(1, 4)


def test_a_document_names_fields_and_its_own_original() -> None:
    (text, none) = documents(
        [[Part("actor.name", 0, "Ｍara"), Part("actor.bio", 0, "I saaail")], []]
    )
    assert isinstance(text, Document)
    assert none is None
    assert text.text == "mara\ni sail"
    span = text.locate(7, 11)
    assert (span.field, span.start, span.end) == ("actor.bio", 2, 8)
    first, last = text.original_span(7, 11)
    assert text.original[first:last] == "saaail"
    assert "mara" not in repr(text)
