"""HTML of a post in, its text and links out.

Comes in: HTML as other servers send it, well formed or not. Goes out: the text as its readers
see it, and the targets of its links. Always holds: paragraphs and line breaks become newlines;
scripts and styles are left out. Refused: nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser

__all__ = ["Markup", "read_markup"]

_SILENT = frozenset({"script", "style", "template"})
_BLOCKS = frozenset({"p", "div", "li", "ul", "ol", "blockquote", "pre", "h1", "h2", "h3", "h4"})
_NOT_A_LINK = frozenset({"mention", "hashtag"})


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
    reader = _Reader()
    reader.feed(html or "")
    reader.close()
    return Markup(text="".join(reader.pieces).strip(), links=tuple(dict.fromkeys(reader.links)))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.links: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag == "br":
            self.pieces.append("\n")
        elif tag in _BLOCKS and self.pieces:
            self.pieces.append("\n\n" if tag == "p" else "\n")
        elif tag == "a":
            values = dict(attrs)
            href = values.get("href")
            if href and not _NOT_A_LINK & set((values.get("class") or "").split()):
                self.links.append(href)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT and self._silent:
            self._silent -= 1

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.pieces.append(data)
