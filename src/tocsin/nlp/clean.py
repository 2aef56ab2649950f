"""Posts without what gives a platform or a collection away.

Comes in: the text of a post. Goes out: its words: no address, no mention, no mark of a repost, no
masks of other people's data sets; the words of hashtags inside the text stay, a closing row of
hashtags goes. Always holds: what is left was there, in the same order. Refused: nothing.

A model that sees addresses, mentions and hashtags learns who was collected, and how
(`docs/concepts.md`); one that sees the words alone has to learn what they say.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any, Final

import re2

__all__ = ["all_plain_words", "plain_words"]

_REPOST: Final = re2.compile(rb"^\s*(?:RT|MT)\s+@\w+\s*:?\s*")
_AWAY: Final = re2.compile(
    rb"(?i:https?://|www\.)\S+|\[(?:URL|USER|MENTION)\]|pic\.twitter\.com/\S+"
    rb"|@[\pL\pM\pN_]+(?:@[\pL\pM\pN_.-]*[\pL\pN])?"  # all scripts; with the server, if any
)
_TAG: Final = re2.compile("[#＃](\\S)".encode())
_TAG_SIGNS: Final = ("#", "＃")
_MIN_CLOSING: Final = 2
_BLANKS: Final = "\t\n\f\r "  # what an expression takes for blank
_BREAK: Final = b"\n"


def plain_words(text: str) -> str:
    """The words of a post.

    >>> plain_words("RT @ann: The #Iron_Dawn lost again https://e.org/1 #news #dawn")
    'The Iron Dawn lost again'
    """
    return all_plain_words([text])[0]


def all_plain_words(texts: Sequence[str]) -> list[str]:
    """`plain_words` of many texts, with one search for all of them."""
    found = [_without_repost(html.unescape(text) if "&" in text else text) for text in texts]
    _blank(_AWAY, 0, found, [row for row, text in enumerate(found) if _may_hold_away(text)])
    tagged = [row for row, text in enumerate(found) if "#" in text or "＃" in text]
    for row in tagged:
        found[row] = _without_closing_tags(found[row])
    _blank(_TAG, 1, found, tagged)
    for row in tagged:
        found[row] = found[row].replace("_", " ")
    return [" ".join(text.split()) for text in found]


def _blank(expression: Any, kept: int, texts: list[str], rows: Sequence[int]) -> None:
    """Put a blank in the place of what matches in these rows of `texts`, but for a kept group.

    `kept`: the number of the last group, which stays; 0 for none. An expression that matches no
    line end.
    """
    if not rows:
        return
    lines = [texts[row].replace("\n", " ").encode("utf-8", "surrogatepass") for row in rows]
    joined = _BREAK.join(lines)
    pieces: list[bytes] = []
    at = 0
    for match in expression.finditer(joined):
        start, end = match.span()
        pieces.append(joined[at:start])
        at = match.start(kept) if kept else end
    pieces.append(joined[at:])
    changed = b" ".join(pieces).decode("utf-8", "surrogatepass").split("\n")
    for row, line in zip(rows, changed, strict=True):
        texts[row] = line


def _may_hold_away(text: str) -> bool:
    return "@" in text or "/" in text or "[" in text or "www." in text.lower()


def _without_repost(text: str) -> str:
    if not text.startswith(("RT", "MT", " RT")):
        return text
    found = _REPOST.match(text.encode("utf-8", "surrogatepass"))
    return text if found is None else text[found.end() :]  # a repost's mark is ASCII


def _without_closing_tags(text: str) -> str:
    """Without a closing row of hashtags, unless there is nothing else."""
    end = len(text.rstrip(_BLANKS))
    n_tags = 0
    while True:
        begin = max(text.rfind(sign, 0, end) for sign in _TAG_SIGNS)
        tag = text[begin + 1 : end]
        if begin < 0 or not tag or any(blank in tag for blank in _BLANKS):
            break
        n_tags += 1
        end = len(text[:begin].rstrip(_BLANKS))
    is_all = not text[:end].strip()
    return text if n_tags < _MIN_CLOSING or is_all else text[:end]
