"""HTML of a post in, its text and links out.

Comes in: HTML as other servers send it, well formed or not. Goes out: the text as its readers
see it, and the targets of its links. Always holds: time grows with the length only (the
standard library's parser takes minutes for some 100 KB, which a stranger could send);
paragraphs and line breaks become newlines; scripts, styles and comments are left out, and so is
a tag that never ends, as browsers do. Refused: nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

__all__ = ["Markup", "read_markup"]

_SILENT = frozenset({"script", "style", "template"})
_BLOCKS = frozenset({"p", "div", "li", "ul", "ol", "blockquote", "pre", "h1", "h2", "h3", "h4"})
_NOT_A_LINK = frozenset({"mention", "hashtag"})
_COMMENT, _COMMENT_END = "<!--", "-->"


@dataclass(frozen=True, slots=True, kw_only=True)
class Markup:
    """What a reader sees, and where its links lead (mentions and hashtags are none)."""

    text: str
    links: tuple[str, ...]


def read_markup(html: str | None) -> Markup:
    r"""Read a fragment of HTML.

    >>> read_markup('<p>See <a href="https://a.example/x">a.example</a></p><p>Bye</p>')
    Markup(text='See a.example\n\nBye', links=('https://a.example/x',))
    """
    pieces: list[str] = []
    links: list[str] = []
    n_silent = 0
    for is_tag, part in _parts(html or ""):
        if not is_tag:
            if not n_silent:
                pieces.append(_unescaped(part))
            continue
        name = _name_of(part)
        if name.removeprefix("/") in _SILENT:
            n_silent = max(0, n_silent + (-1 if name.startswith("/") else 1))
        elif name == "br":
            pieces.append("\n")
        elif name in _BLOCKS and pieces:
            pieces.append("\n\n" if name == "p" else "\n")
        elif name == "a" and (link := _link_of(part)):
            links.append(link)
    return Markup(text="".join(pieces).strip(), links=tuple(dict.fromkeys(links)))


def _parts(html: str) -> Iterator[tuple[bool, str]]:
    """The texts (False) and the insides of tags (True), in order."""
    place = 0
    while (start := html.find("<", place)) >= 0:
        yield False, html[place:start]
        if html.startswith(_COMMENT, start):
            end = html.find(_COMMENT_END, start + len(_COMMENT))
            if end < 0:
                return
            place = end + len(_COMMENT_END)
        elif _begins_tag(html[start + 1 : start + 2]):
            end = _end_of_tag(html, start + 1)
            if end < 0:
                return
            yield True, html[start + 1 : end]
            place = end + 1
        else:
            yield False, "<"
            place = start + 1
    yield False, html[place:]


def _begins_tag(char: str) -> bool:
    return char in {"/", "!", "?"} or (char.isascii() and char.isalpha())


def _end_of_tag(html: str, place: int) -> int:
    """Where the tag's `>` stands, outside of quoted values; -1 if it never ends."""
    quote = before = ""
    for end in range(place, len(html)):
        char = html[end]
        if quote:
            quote = "" if char == quote else quote
        elif char == ">":
            return end
        elif char in {'"', "'"} and before == "=":
            quote = char
        if not char.isspace():
            before = char
    return -1


def _name_of(tag: str) -> str:
    words = tag.split(None, 1)
    name = words[0].lower() if words else ""
    return name[:1] + name[1:].partition("/")[0]


def _link_of(tag: str) -> str | None:
    values = _attributes(tag)
    if _NOT_A_LINK & set(values.get("class", "").split()):
        return None
    return values.get("href") or None


def _attributes(tag: str) -> dict[str, str]:
    found: dict[str, str] = {}
    place = 0
    while (equals := tag.find("=", place)) >= 0:
        words = tag[place:equals].split()
        start = equals + 1
        while start < len(tag) and tag[start].isspace():
            start += 1
        quote = tag[start : start + 1]
        if quote in {'"', "'"}:
            start += 1
            end = tag.find(quote, start)
            end = len(tag) if end < 0 else end
        else:
            end = start
            while end < len(tag) and not tag[end].isspace():
                end += 1
        if words:
            found.setdefault(words[-1].lower(), _unescaped(tag[start:end]))
        place = end + 1
    return found


def _unescaped(text: str) -> str:
    try:
        return unescape(text)
    except ValueError:  # a number of thousands of digits, which names no character
        return text
