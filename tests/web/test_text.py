from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tocsin.web.text import Mark, cut, find_links, hidden_in, initial, visible


def mark(start: int, end: int) -> Mark:
    return Mark(start=start, end=end, number=1, title="")


@given(st.text(), st.lists(st.tuples(st.integers(-5, 50), st.integers(-5, 50))))
def test_pieces_put_together_are_the_text(text: str, spans: list[tuple[int, int]]) -> None:
    pieces = cut(text, [mark(*span) for span in spans])
    assert "".join(piece.text for piece in pieces) == text


def test_marks_may_overlap_and_touch() -> None:
    pieces = cut("abcdef", [mark(0, 4), mark(2, 6)])
    assert [(piece.text, len(piece.marks)) for piece in pieces] == [("ab", 1), ("cd", 2), ("ef", 1)]


def test_a_span_outside_the_text_marks_nothing() -> None:
    assert [piece.marks for piece in cut("abc", [mark(1, 9), mark(2, 2)])] == [()]


@given(st.text())
def test_nothing_of_a_name_is_lost(text: str) -> None:
    shown = "".join(
        chr(int(piece.removeprefix("U+"), 16)) if name else piece for piece, name in visible(text)
    )
    assert shown == text


def test_what_cannot_be_seen_is_named() -> None:
    assert visible("a\0b\u202e") == [("a", None), ("U+0000", "null"), ("b", None),
                                     ("U+202E", "right-to-left override")]  # fmt: skip
    assert hidden_in("ok\n\u200b\u200b\u202e") == [
        ("U+200B", "zero width space", 2),
        ("U+202E", "right-to-left override", 1),
    ]
    assert hidden_in("سلام می\u200cخواهم 👩\u200d🚀") == []


def test_links_are_found_once_with_their_hosts() -> None:
    text = "see https://a.example/x. and (http://b.example:80/y) and https://a.example/x"
    found = find_links(text, ["https://a.example/x", "javascript:alert(1)", "http://[broken"])
    assert [(link.host, link.url) for link in found] == [
        ("a.example", "https://a.example/x"),
        ("no host", "javascript:alert(1)"),
        ("no host", "http://[broken"),
        ("b.example", "http://b.example:80/y"),
    ]


def test_the_initial_is_the_first_letter() -> None:
    assert [initial(name) for name in ("\u202e_mo", "فجر", "", "!?")] == ["M", "ف", "?", "?"]
