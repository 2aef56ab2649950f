"""What counts as a hit: borders of words, rows and parts; threads; sizes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tocsin.matching import Part, documents, normalise
from tocsin.matching.scan import Pattern, PatternSet


def found(pattern: str, text: str, *, is_word: bool = True) -> list[str]:
    normal = normalise(text)
    hits = PatternSet.compile([Pattern(1, pattern, is_word=is_word)]).scan([normal])
    spans = [normal.original_span(hit.start, hit.end) for hit in hits]
    return [text[start:end] for start, end in spans]


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("iron dawn", "The IRON  D\u0430wn, again", ["IRON  D\u0430wn"]),
        ("iron dawn", "the irondawn", []),
        ("iron dawn", "an environ dawns", []),
        ("iron dawn", "#Iron Dawn_ers", []),
        ("iron dawn", "the 1r0n d4wn rises", ["1r0n d4wn"]),
        ("iron dawn", "irrrron dawwwn", ["irrrron dawwwn"]),
        ("dawn of iron rises", "d\u200bawn of iron rises", ["d\u200bawn of iron rises"]),
        ("#irondawnrising", "see #IronDawnRising!", ["#IronDawnRising"]),
        ("الفجر الحديدي", "مع والفَجْر الحديديّ اليوم", ["الفَجْر الحديديّ"]),
        ("الفجر الحديدي", "دعاية للفجر الحديدي", ["للفجر الحديدي"]),
        ("فجر", "وبالفجر", ["فجر"]),
        ("فجر", "انفجر", []),
        ("فجر", "فجرت", []),
        ("夜明け", "鉄の夜明けが来る", ["夜明け"]),
        ("रात", "बरात", []),
        ("रा", "रात", []),
        ("stra\u00dfe", "STRASSE", ["STRASSE"]),
    ],
)
def test_words_need_borders(pattern: str, text: str, expected: list[str]) -> None:
    assert found(pattern, text) == expected


def test_a_substring_needs_none() -> None:
    assert found("irondawn", "xxIronDawnxx", is_word=False) == ["IronDawn"]


def test_no_hit_crosses_rows_or_parts() -> None:
    patterns = PatternSet.compile([Pattern(1, "iron dawn", is_word=False)])
    texts = documents([[Part("post.title", 0, "iron"), Part("post.text", 0, "dawn")]])
    assert patterns.scan([*texts, "iron", "dawn", None, "iron dawn"]) == [(4, 1, 0, 9)]


def test_equal_patterns_each_report_under_their_key() -> None:
    patterns = PatternSet.compile([Pattern(1, "Dawn"), Pattern(2, "dawn"), Pattern(3, "awn")])
    assert [hit.key for hit in patterns.scan(["at dawn"])] == [1, 2]


def test_an_empty_set_and_an_empty_batch_find_nothing() -> None:
    assert PatternSet.compile([]).scan(["text"]) == []
    assert PatternSet.compile([Pattern(1, "x")]).scan([]) == []


def test_an_empty_pattern_is_refused_without_its_text() -> None:
    with pytest.raises(ValueError, match="pattern 9 is empty"):
        PatternSet.compile([Pattern(9, "\u200b ")])


def test_threads_share_one_database() -> None:
    patterns = PatternSet.compile([Pattern(key, f"word{chr(97 + key)}z") for key in range(26)])
    texts = ["wordaz and wordbz", "nothing"] * 200
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: patterns.scan(texts), range(16)))
    assert all(result == results[0] for result in results)
    assert len(results[0]) == 400


def test_a_hit_in_part_of_a_document_names_its_field() -> None:
    (text,) = documents(
        [
            [
                Part("post.title", 0, "A title"),
                Part("media", 4, "ﬁne iron dawn"),
                Part("media", 30, ""),
            ]
        ]
    )
    assert text is not None
    (hit,) = PatternSet.compile([Pattern(1, "iron dawn")]).scan([text])
    span = text.locate(hit.start, hit.end)
    assert (span.field, span.start, span.end) == ("media", 8, 17)
    with pytest.raises(ValueError, match="one part"):
        text.locate(0, hit.end)
