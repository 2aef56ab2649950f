"""Other people's words in a text: in quotation marks, in quoted lines.

Comes in: a text. Goes out: `Marked`: spans between marks or behind `>`, and short ones (one or two
words), which are names and scare quotes. Always holds: spans lie inside the text, do not overlap,
and are in order; marks themselves are in none. Refused: nothing; a mark that nothing closes quotes
to the end of its line where its shape says that it opens, and is ignored where it may be an inch
or an apostrophe. A repost (`RT @name:`) is no quotation by itself.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

import re2

from tocsin.nlp.spans import merged, touches
from tocsin.nlp.types import TextSpan

__all__ = ["Marked", "marked", "may_quote", "n_words", "rows_with_marks"]

MIN_WORDS: Final = 3
"""Fewer words in quotation marks are a name or a scare quote, not a message."""

_PAIRS: Final = {
    "“": "”“", "„": "“”‟", "‟": "”", "«": "»", "»": "«»", "‹": "›", "›": "‹›", "‘": "’", "‚": "‘’",
    "「": "」", "『": "』", "《": "》", "〈": "〉", "”": "”", "〝": "〞〟", "❝": "❞",
    '"': '"', "＂": "＂", "״": "״", "'": "'", "''": "''", "``": "''",
}  # fmt: skip
_ENTITIES: Final = {
    "&quot;": '"', "&#34;": '"', "&ldquo;": "“", "&rdquo;": "”", "&#8220;": "“", "&#8221;": "”",
    "&laquo;": "«", "&raquo;": "»", "&#8216;": "‘", "&#8217;": "’",
}  # fmt: skip
_OPENS_ONLY: Final = frozenset("“„‟«‹「『《〈〝❝‚") | {"``"}
_SINGLE: Final = frozenset("'‘’‚‹›")
_APOSTROPHES: Final = frozenset("'’‘")
_AMBIGUOUS: Final = frozenset("\"＂״'»›”") | {"''"}
_MARK: Final = re2.compile(
    "&(?:quot|#34|ldquo|rdquo|#8220|#8221|laquo|raquo|#8216|#8217);|''|``"
    "|[\"'“”„‟«»‹›‘’‚「」『』《》〈〉〝〞〟❝❞＂״]"
)
_SOME_MARK: Final = re2.compile(
    "[\"“”„‟«»‹›‘‚「」『』《》〈〉〝〞〟❝❞＂״]|&(?:quot|#34|ldquo|#8220|laquo|#8216);|''|``"
    r"|(?:^|[^\pL\pN])'[\pL\pN]|(?m:^[ \t]*(?:>|＞|&gt;))"
)
"""What a text with a quotation holds; an apostrophe inside a word is none."""
_SOME_MARK_IN_BYTES: Final = re2.compile(_SOME_MARK.pattern.encode())
_QUOTED_LINE: Final = re2.compile(
    r"(?m)^[ \t]*(?:>|＞|&gt;)+(?:[ \t]*(?:>|＞|&gt;))*[ \t]*([\pL\pN\pM\"'“„«‘#@*\[¡¿][^\n]*)"
)
_LONG_SCRIPTS: Final = re2.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}]")
_LETTERS_A_WORD: Final = 2
_NEAR: Final = 8  # characters, blanks among them
_DEEPEST: Final = 8
"""Quotations in quotations that are kept track of."""
_TRUNCATED: Final = ("…", "...", "[…]")


_MARK_CHARACTERS: Final = frozenset("\"'“”„‟«»‹›‘’‚「」『』《》〈〉〝〞〟❝❞＂״`")
_DOUBLED: Final = frozenset("'`")
_FIRST_LONG: Final = "\u0e00"
"""Scripts without blanks begin here."""


class Marked(NamedTuple):
    """Quotations, the short ones among what stands in marks, and the quoted lines."""

    quotations: tuple[TextSpan, ...]
    short: tuple[TextSpan, ...]
    lines: tuple[TextSpan, ...]


class _Token(NamedTuple):
    start: int
    end: int
    mark: str


def may_quote(text: str) -> bool:
    """Whether the text holds a mark at all; most do not."""
    return _SOME_MARK.search(text) is not None


def rows_with_marks(texts: Sequence[str]) -> set[int]:
    """`may_quote` of many texts in one search: which of them hold a mark."""
    pieces = [text.encode("utf-8", "surrogatepass") for text in texts]
    starts = list(accumulate((len(piece) + 1 for piece in pieces), initial=0))
    ends = (match.end() - 1 for match in _SOME_MARK_IN_BYTES.finditer(b"\n".join(pieces)))
    return {bisect_right(starts, end) - 1 for end in ends}


def marked(text: str) -> Marked:
    r"""What stands in quotation marks of any script, and in quoted lines.

    >>> marked('They wrote “we will burn the harbour” and it\'s "great".')
    Marked(quotations=(TextSpan(start=12, end=36),), short=(TextSpan(start=48, end=53),), lines=())
    """
    lines = _quoted_lines(text)
    outer = merged(_between_marks(text))
    long: list[TextSpan] = []
    short: list[TextSpan] = []
    for span in outer:
        (long if n_words(text[span.start : span.end]) >= MIN_WORDS else short).append(span)
    apart = tuple(span for span in long if not touches(span, lines))
    return Marked(
        merged((*apart, *lines)),
        tuple(span for span in short if not touches(span, lines)),
        lines,
    )


def _quoted_lines(text: str) -> tuple[TextSpan, ...]:
    if ">" not in text and "＞" not in text and "&gt;" not in text:
        return ()
    return tuple(TextSpan(*match.span(1)) for match in _QUOTED_LINE.finditer(text))


def n_words(text: str) -> int:
    """Words; two letters of a script without blanks count as one.

    >>> n_words("don't burn it"), n_words("我们要烧毁港口")
    (3, 3)
    """
    words = sum(map(_is_wordy, text.split()))
    if text.isascii() or max(text) < _FIRST_LONG:
        return words
    return max(words, len(_LONG_SCRIPTS.findall(text)) // _LETTERS_A_WORD)


def _is_wordy(token: str) -> bool:
    return token.isalnum() or any(map(str.isalnum, token))


def _between_marks(text: str) -> list[TextSpan]:
    """Spans between marks that belong together; inner ones too."""
    found: list[TextSpan] = []
    for first, last in _paragraphs(text):
        opened: list[_Token] = []
        for token in _tokens(text, first, last):
            place = _opener(opened, token) if _may_close(text, token) else None
            if place is not None:
                found.append(TextSpan(opened[place].end, token.start))
                del opened[place:]
            elif _may_open(text, token):
                opened.append(token)
                del opened[:-_DEEPEST]
        found += _left_open(text, opened, last)
    return found


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Texts between blank lines: no quotation runs on over one without a new mark."""
    start = 0
    while (end := text.find("\n\n", start)) >= 0:
        yield start, end
        start = end + 2
    yield start, len(text)


def _tokens(text: str, first: int, last: int) -> Iterator[_Token]:
    has_entities = text.find("&", first, last) >= 0
    for token in (_all_tokens if has_entities else _plain_tokens)(text, first, last):
        if not (token.mark in _APOSTROPHES and _is_apostrophe(text, token)):
            yield token


def _all_tokens(text: str, first: int, last: int) -> Iterator[_Token]:
    for match in _MARK.finditer(text[first:last]):
        start, end = first + match.start(), first + match.end()
        yield _Token(start, end, _ENTITIES.get(match.group(), match.group()))


def _plain_tokens(text: str, first: int, last: int) -> Iterator[_Token]:
    """The same where no entity stands, without an expression: most texts hold few marks."""
    start = first
    while start < last:
        char = text[start]
        if char not in _MARK_CHARACTERS:
            start += 1
            continue
        end = start + 1
        if char in _DOUBLED and text.startswith(char + char, start, last):
            end += 1
        if char != "`" or end > start + 1:
            yield _Token(start, end, text[start:end])
        start = end


def _is_apostrophe(text: str, token: _Token) -> bool:
    """Whether letters stand on both sides, or the end of a plural or a short form is near."""
    return _is_letter(text, token.start - 1) and _is_letter(text, token.end)


def _may_open(text: str, token: _Token) -> bool:
    if token.mark not in _PAIRS:
        return False
    if token.mark in _OPENS_ONLY:
        return True
    is_followed = token.end < len(text) and not text[token.end].isspace()
    return is_followed and not _is_letter(text, token.start - 1)


def _may_close(text: str, token: _Token) -> bool:
    if token.mark in _AMBIGUOUS:
        is_after_blank = token.start == 0 or text[token.start - 1].isspace()
        if is_after_blank and _is_letter(text, token.end):
            return False
    return not (token.mark in _APOSTROPHES and _is_letter(text, token.end))


def _opener(opened: Sequence[_Token], token: _Token) -> int | None:
    for place in range(len(opened) - 1, -1, -1):
        if token.mark in _PAIRS[opened[place].mark]:
            return place
    return None


def _left_open(text: str, opened: Sequence[_Token], last: int) -> Iterator[TextSpan]:
    """Quotations that nothing closes: cut off, or taken up by the next paragraph."""
    for token in opened:
        if token.mark in _SINGLE:
            continue
        line_end = text.find("\n", token.end, last)
        end = last if line_end < 0 else line_end
        is_plain = token.mark in _OPENS_ONLY
        is_cut_off = text[max(end - _NEAR, 0) : end].rstrip().endswith(_TRUNCATED)
        if is_plain or is_cut_off or _is_introduced(text, token):
            yield TextSpan(token.end, end)


def _is_introduced(text: str, token: _Token) -> bool:
    return text[max(token.start - _NEAR, 0) : token.start].rstrip()[-1:] in {":", "："}


def _is_letter(text: str, place: int) -> bool:
    return 0 <= place < len(text) and (text[place].isalnum() or text[place] == "_")
