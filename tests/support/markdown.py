"""Just enough Markdown for the contract of the documentation: headings, links, code blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["Fence", "anchors", "fences", "links", "sections", "table_rows"]

LINK: Final = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
HEADING: Final = re.compile(r"^(#{1,6})\s+(.*?)\s*$")
INLINE_CODE: Final = re.compile(r"`[^`\n]*`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """A fenced code block: its language, its text and the line on which it starts."""

    language: str
    text: str
    line: int


def fences(page: Path) -> list[Fence]:
    """The fenced code blocks of a page, in order."""
    found: list[Fence] = []
    opened: tuple[str, int, list[str]] | None = None
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if line.lstrip().startswith("```"):
            if opened is None:
                opened = (line.lstrip()[3:].strip(), number, [])
            else:
                language, start, body = opened
                found.append(Fence(language=language, text="\n".join(body), line=start))
                opened = None
        elif opened is not None:
            opened[2].append(line)
    assert opened is None, f"{page}: the last code block has no end"
    return found


def prose(page: Path) -> list[str]:
    """The lines of a page outside code blocks; lines inside are empty."""
    lines: list[str] = []
    inside = False
    for line in page.read_text().splitlines():
        is_fence = line.lstrip().startswith("```")
        lines.append("" if inside or is_fence else line)
        inside = inside != is_fence
    return lines


def links(page: Path) -> list[str]:
    """Where the links and pictures of a page lead."""
    text = INLINE_CODE.sub("", "\n".join(prose(page)))
    return [match.group(1) for match in LINK.finditer(text)]


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings give, as the usual renderers make them."""
    return {_slug(title) for title, _ in sections(page)}


def sections(page: Path) -> list[tuple[str, str]]:
    """Each heading of a page with the text below it, up to the next heading."""
    found: list[tuple[str, list[str]]] = []
    raw = page.read_text().splitlines()
    for line, outside in zip(raw, prose(page), strict=True):
        heading = HEADING.match(outside)
        if heading is not None:
            found.append((heading.group(2), []))
        elif found:
            found[-1][1].append(line)
    return [(title, "\n".join(body)) for title, body in found]


def table_rows(text: str) -> list[list[str]]:
    """The cells of each row of the tables in a text, header and ruler rows left out."""
    rows: list[list[str]] = []
    previous_is_table = False
    for line in text.splitlines():
        is_table = line.startswith("|")
        if is_table and previous_is_table and not set(line) <= set("|-: "):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        previous_is_table = is_table
    return rows


def _slug(title: str) -> str:
    kept = re.sub(r"[^\w\- ]", "", title.replace("`", "").lower())
    return kept.replace(" ", "-")
