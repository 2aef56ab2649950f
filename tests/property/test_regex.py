"""Looking for literals first changes no answer of a regular expression."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tocsin.matching import RegexError, compile_regex, normalise

ATOMS = st.sampled_from(
    [*"abAB sŞßσςΣéif日ا1.", r"\.", r"\x41", r"\x{3c3}", r"\pL", r"\p{Greek}", r"\w", "[ab]",
     "[^a]", "(?i:aB)", "(?-i:aB)", r"\Qa.b\E", "^", "$"]
)  # fmt: skip
REPEATED = st.tuples(ATOMS, st.sampled_from(["", "", "", "*", "+", "?", "{0,2}", "{2}", "+?"]))
RUNS = st.lists(REPEATED.map("".join), min_size=1, max_size=8).map("".join)


def _grouped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    branches = st.lists(inner, min_size=1, max_size=3).map("|".join)
    return st.one_of(
        branches,
        st.tuples(branches, st.sampled_from(["", "?", "*", "+"])).map(
            lambda made: f"({made[0]}){made[1]}"
        ),
        st.tuples(inner, inner).map("".join),
    )


PATTERNS = st.recursive(RUNS, _grouped, max_leaves=5)
TEXTS = st.text("abAB sŞßſσςΣéif日اK1.\n", max_size=30)


@given(PATTERNS, st.lists(TEXTS, max_size=5))
@example("abc|(ab)+bab", ["ABAB bab", "abc", "ab"])
@settings(max_examples=400, deadline=None)
def test_literals_lose_no_match(pattern: str, texts: list[str]) -> None:
    try:
        regex = compile_regex(pattern)
    except RegexError:
        return
    for text in texts:
        key = normalise(text).text
        assert regex.is_in_key(key) is regex.is_in(key)
        for start, end in regex.spans(key, 10):
            assert regex.is_in(key[start:end]) or "^" in pattern or "$" in pattern


@given(st.text(r"ab()[]{}*+?|\^$.,:=!<>PQExpk1-2 é", max_size=14))
@settings(max_examples=500, deadline=None)
def test_every_pattern_compiles_or_is_refused_at_a_place_inside(pattern: str) -> None:
    try:
        compile_regex(pattern).is_in_key("ab a.b é 12")
    except RegexError as error:
        place = (error.start, error.end)
    else:
        place = (0, 1)
    assert 0 <= place[0] < place[1] <= max(len(pattern), 1)
