"""Posts without what gives a collection away: hashtags, links, mentions and marks of a repost.

Comes in: a text, a post. Goes out: the same without surface cues. Always holds: what is left keeps
its order; in linear time, whatever comes. The word behind a hashtag goes too: sets are collected
by hashtags, and the word alone tells the set.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import re2

from tocsin.nlp import PostText

__all__ = ["plain_post", "without_surface"]

_SURFACE: Final = re2.compile(
    r"(?i)(?:https?|hxxps?)://\S+|\bwww\.\S+|\bpic\.twitter\.com/\S+|\bt\.co/\S+|\[URL\]|\[USER\]"
    r"|[@＠][\pL\pN_]+|[#＃][\pL\pM\pN_]+|(?:^|\s)RT\b:?|(?:^|\s)via\s+[@＠]"
)


def without_surface(text: str) -> str:
    """A text without hashtags, links, mentions and marks of a repost.

    >>> without_surface("RT @mo: Boats are in! #harbour https://t.co/x  See you")
    'Boats are in! See you'
    """
    rest = _SURFACE.sub(" ", text)
    return " ".join(rest.split()).lstrip(":,-–— ")


def plain_post(post: PostText) -> PostText:
    """A post whose text has no surface cues, and which has no links."""
    return replace(post, text=without_surface(post.text), hosts=())
