"""Regular expressions: what they find, what they refuse, and how long they take."""

from __future__ import annotations

import pytest

from tocsin.matching import Regex, RegexError, compile_regex


@pytest.mark.parametrize(
    ("pattern", "shown", "message"),
    [
        (r"x(?=a)", "(?=", "a look ahead needs backtracking"),
        (r"(?<!a)b", "(?<!", "a look behind needs backtracking"),
        (r"(a)\1", r"\1", "a reference back to a group needs backtracking"),
        (r"(?P<n>a)(?P=n)", "(?P=", "a reference back to a group needs backtracking"),
        (r"a*+b", "*+", "a possessive repetition needs backtracking"),
        (r"a{2,3}+", "{2,3}+", "a possessive repetition needs backtracking"),
        (r"(?>ab)c", "(?>", "an atomic group needs backtracking"),
        (r"(a)(?(1)b|c)", "(?(", "a conditional group needs backtracking"),
        (r"(a(?R)?b)", "(?R", "a recursion needs backtracking"),
        (r"(a|(b", "(", "a bracket is not closed"),
        (r"(a))b", ")", "there is no opening bracket for `)`"),
        (r"ab[c", "[", "a class is not closed"),
        (r"ab[z-a]", "z-a", "there is no such class of characters"),
        (r"\pQ", r"\pQ", "there is no such class of characters"),
        (r"a\y", r"\y", "there is no such escape"),
        (r"*a", "*", "there is nothing to repeat"),
        (r"a**", "**", "a repetition is repeated"),
        (r"a{1001}", "{1001}", "repetitions go up to 1,000, nested ones together"),
        (r"a(?#b)", "(?#", "there is no such group"),
        (r"b(?<a", "(?<a", "there is no such name of a group"),
        ("a\\", "a\\", "nothing follows the `\\`"),
        (r"(\pL{1,50}\s){1,20}", r"(\pL{1,50}\s){1,20}", "the expression is too large"),
    ],
)
def test_what_is_refused_is_shown_at_its_own_characters(
    pattern: str, shown: str, message: str
) -> None:
    with pytest.raises(RegexError) as refused:
        compile_regex(pattern)
    error = refused.value
    assert (pattern[error.start : error.end], error.message) == (shown, message)


@pytest.mark.parametrize(
    "pattern",
    [r"[(?=]", r"\(?=", r"[\]+]+x", r"a\++", r"[[:alpha:]+]+", r"a{,2}+", r"\Q(?=\E", "x{2}?y"],
)
def test_what_only_looks_like_backtracking_is_accepted(pattern: str) -> None:
    assert isinstance(compile_regex(pattern), Regex)


@pytest.mark.parametrize(
    ("pattern", "literals"),
    [
        ("iron +dawn", ("iron ",)),
        ("(iron|steel) d.wn?", ("iron", "steel")),
        ("abc|def+g|xyz", ("abc", "def", "xyz")),
        ("abc|de", ()),
        ("IRON{0,2}", ("iro",)),
        ("(?:iron)?dawn", ("dawn",)),
        ("(?:iron)+", ("iron",)),
        (r"iron\.dawn", ("iron.dawn",)),
        (r"\x41bcd", ("bcd",)),
        (r"\pLbcd\p{Lu}", ("bcd",)),
        ("ß", ()),
        ("Σίσυφος", ("σίσυφοσ",)),
        ("[abc]+", ()),
        ("", ()),
    ],
)
def test_literals_that_a_match_must_hold(pattern: str, literals: tuple[str, ...]) -> None:
    assert compile_regex(pattern).literals == literals


def test_matches_are_spans_of_characters_in_either_case() -> None:
    regex = compile_regex("الفجر|d.wn")
    assert list(regex.spans("ب الفجر 日 DOWN", 5)) == [(2, 7), (10, 14)]
    assert list(regex.spans("dawn dawn dawn", 2)) == [(0, 4), (5, 9)]
    assert list(compile_regex("a*").spans("baab", 5)) == [(1, 3)]


def test_a_match_stays_in_its_line_and_borders_are_those_of_lines() -> None:
    assert not compile_regex(r"iron\s+dawn").is_in("iron\ndawn")
    assert not compile_regex("iron[^x]dawn").is_in("iron\ndawn")
    assert not compile_regex("(?s)iron.dawn").is_in("iron\ndawn")
    assert compile_regex("^dawn$").is_in("iron\ndawn\nrises")


def test_a_text_that_is_no_unicode_is_looked_through() -> None:
    assert compile_regex("dawn").is_in("\ud800 dawn")


def test_the_work_grows_with_the_text_and_no_faster() -> None:
    # A backtracking engine needs 2^n steps for the first and n^3 for the second.
    assert not compile_regex("(a|aa)+$").is_in("a" * 200_000 + "b")
    assert not compile_regex("a*a*a*b$").is_in("a" * 200_000 + "c")
