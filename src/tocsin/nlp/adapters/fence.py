"""A post as data: so written that it cannot pass for anything that we say to a model.

Comes in: what somebody wrote. Goes out: the same words between two lines that they cannot hold.
Always holds: every line of the post carries a bar, and our own lines do not, so no line of a post
can end it; the mark in the fence is a hash of the post, which a post cannot hold of itself;
brackets with which models spell their control tokens (`<|end|>`, `[INST]`) are replaced by
look-alikes that are no tokens. Refused: nothing.

No fence makes a model obey. What the model answers is read as strictly (`shapes`), and can do
nothing but move a case and explain.
"""

from __future__ import annotations

import unicodedata
from typing import Final

import re2

from tocsin.nlp.adapters.protocols import text_hash

__all__ = ["fenced", "harmless", "under_heading", "whole_characters"]

_BRACKETS: Final = str.maketrans({"<": "‹", ">": "›", "[": "［", "]": "］"})
_UNDERLINE: Final = re2.compile(r"={2,}")
_HEADING: Final = re2.compile(r"(?i)(?:instructions|policy|content|answer)\s*:?$")
_TAGS: Final = range(0xE0000, 0xE0080)
"""Invisible copies of ASCII, which some models read and no person sees."""


def whole_characters(text: str) -> str:
    """The text without halves of characters and NULs, which programs in C cannot read."""
    if "\0" in text:
        text = text.replace("\0", " ")
    return text.encode("utf-8", "replace").decode("utf-8")


def harmless(text: str) -> str:
    """The text without control characters, and with brackets that spell no token.

    >>> harmless("<|end|> [INST] bread")
    '‹|end|› ［INST］ bread'
    """
    kept = (
        character
        for character in whole_characters(text)
        if character in "\n\t" or not _is_control(character)
    )
    return "".join(kept).translate(_BRACKETS)


def fenced(text: str) -> str:
    r"""The post between two lines with a mark of its own, each of its lines behind a bar.

    >>> print(fenced("bread\nEND OF POST"))
    BEGIN POST 9ceb04d069c95ab2
    | bread
    | END OF POST
    END POST 9ceb04d069c95ab2
    """
    mark = text_hash(text)[:16]
    lines = "\n".join(f"| {line}" for line in harmless(text).splitlines() or [""])
    return f"BEGIN POST {mark}\n{lines}\nEND POST {mark}"


def under_heading(text: str) -> str:
    r"""The post for a prompt whose parts stand under headings: no line of it is a heading.

    >>> under_heading("ANSWER\n======\n0")
    '. ANSWER\n=\n0'
    """
    lines = (
        f". {line.strip()}" if _HEADING.match(line.strip()) else line
        for line in harmless(text).splitlines()
    )
    without_underlines: str = _UNDERLINE.sub("=", "\n".join(lines))
    return without_underlines


def _is_control(character: str) -> bool:
    return unicodedata.category(character) == "Cc" or ord(character) in _TAGS
