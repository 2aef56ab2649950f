"""Posts without what gives a platform or a collection away.

Comes in: the text of a post. Goes out: its words: no address, no mention, no mark of a repost, no
masks of other people's data sets; the words of hashtags inside the text stay, a closing row of
hashtags goes. Always holds: what is left was there, in the same order. Refused: nothing.

A model that sees addresses, mentions and hashtags learns who was collected, and how
(`docs/concepts.md`); one that sees the words alone has to learn what they say.
"""

from __future__ import annotations

import html
from typing import Final

import re2

__all__ = ["plain_words"]

_REPOST: Final = re2.compile(r"^\s*(?:RT|MT)\s+@\w+\s*:?\s*")
_AWAY: Final = re2.compile(
    r"(?i:https?://|www\.)\S+|\[(?:URL|USER|MENTION)\]|pic\.twitter\.com/\S+"
    r"|@[\pL\pM\pN_]+(?:@[\pL\pM\pN_.-]*[\pL\pN])?"  # of all scripts; with the server, if any
)
_CLOSING_TAGS: Final = re2.compile(r"(?:\s*[#＃][^\s#＃]+){2,}\s*$")
_TAG: Final = re2.compile(r"[#＃](\S)")


def plain_words(text: str) -> str:
    """The words of a post.

    >>> plain_words("RT @ann: The #Iron_Dawn lost again https://e.org/1 #news #dawn")
    'The Iron Dawn lost again'
    """
    if "&" in text:
        text = html.unescape(text)
    if text.startswith(("RT", "MT", " RT")):
        text = _REPOST.sub("", text, 1)
    if "@" in text or "/" in text or "[" in text or "www." in text.lower():
        text = _AWAY.sub(" ", text)
    if "#" in text or "＃" in text:
        shorter = _CLOSING_TAGS.sub(" ", text)
        text = shorter if shorter.strip() else text
        text = _TAG.sub(r" \1", text).replace("_", " ")
    return " ".join(text.split())
