"""Features of the text of a post: its key, hashtags, mentions, whether it quotes.

Comes in: columns of the batch. Goes out: values. Always holds: what the platform sends wins over
what is found in the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

import re2

from tocsin.features.table import KEY, Feature, Features
from tocsin.matching import match_keys, normalise
from tocsin.records import FeatureSpec, ValueType

__all__ = ["FEATURES", "has_quotation", "hashtags_in", "mentions_in"]

_MIN_QUOTED_LETTERS = 12  # shorter ones are names and scare quotes
_QUOTES: Final = (
    ("“", "”"), ("„", "“"), ("„", "”"), ("«", "»"), ("»", "«"), ("‹", "›"), ("「", "」"),
    ("『", "』"), ("《", "》"), ("‘", "’"), ("‚", "‘"), ("＂", "＂"), ('"', '"'), ("״", "״"),
)  # fmt: skip
_OPENING: Final = frozenset(opening for opening, _ in _QUOTES)
_HASHTAG: Final = re2.compile(r"[#＃]([\pL\pN\pM_\x{200c}\x{200d}]+)")
_MENTION: Final = re2.compile(r"[@＠]([\pL\pN_][\pL\pN_.-]*(?:@[\pL\pN][\pL\pN.-]*)?)")
_RETWEET: Final = re2.compile(r"^\s*RT @[\pL\pN_.@-]+:")


def hashtags_in(text: str) -> list[str]:
    """Hashtags as written, without their sign; a number is none.

    >>> hashtags_in("#IronDawnRising and #1, &#39;")
    ['IronDawnRising']
    """
    if "#" not in text and "＃" not in text:
        return []
    return [tag for tag in _after_border(_HASHTAG.finditer(text), text) if not tag.isdigit()]


def mentions_in(text: str) -> list[str]:
    """Handles as written, without their sign.

    >>> mentions_in("hi @mara and @news@harbour.example. mail me@x.example")
    ['mara', 'news@harbour.example']
    """
    if "@" not in text and "＠" not in text:
        return []
    return [name.rstrip(".-") for name in _after_border(_MENTION.finditer(text), text)]


def _after_border(matches: Iterable[re2._Match], text: str) -> Iterator[str]:
    for match in matches:
        start = match.start()
        if start == 0 or not (text[start - 1].isalnum() or text[start - 1] in "_&/@.-"):
            yield match.group(1)


def has_quotation(text: str) -> bool:
    """Whether a substantial part stands in quotation marks or in quoted lines.

    >>> has_quotation('They wrote: "the harbour shall be ours"')
    True
    >>> has_quotation('so "great"')
    False
    """
    if not _OPENING.isdisjoint(text) and any(
        _is_substantial(text, *pair) for pair in _QUOTES if pair[0] in text
    ):
        return True
    if ">" in text or "＞" in text:
        quoted = [
            line[1:] for line in map(str.lstrip, text.splitlines()) if line[:1] in {">", "＞"}
        ]
        if _weight("".join(quoted)) >= _MIN_QUOTED_LETTERS:
            return True
    return "RT @" in text and _RETWEET.search(text) is not None


def _is_substantial(text: str, opening: str, closing: str) -> bool:
    start = text.find(opening)
    while start >= 0:
        end = text.find(closing, start + 1)
        if end < 0:
            return False
        if _weight(text[start + 1 : end]) >= _MIN_QUOTED_LETTERS:
            return True
        start = text.find(opening, end + (opening == closing))
    return False


def _weight(text: str) -> int:
    """Letters and digits; one of a script without letters (Han, Kana, Hangul) counts twice."""
    return sum(1 + ("\u3040" <= char <= "\ud7a3") for char in text if char.isalnum())


def _has_quotation(text: str | None) -> bool | None:
    return None if text is None else has_quotation(text)


def _length(text: str | None) -> int | None:
    return None if text is None else len(text)


def _title(title: str | None) -> str | None:
    return normalise(title).text if title else None


def _titles(table: Features) -> list[str | None]:
    titles = table.read("post.title")
    keys = iter(match_keys([title for title in titles if title]))
    return [next(keys) if title else None for title in titles]


def _hashtags(sent: tuple[str, ...] | None, text: str | None) -> tuple[str, ...] | None:
    """`sent` is None where there is no post."""
    if sent:
        return _tag_keys(sent)
    if sent is None:
        return None
    return _unique(map(_tag_key, hashtags_in(text or "")))


def _all_hashtags(table: Features) -> list[tuple[str, ...] | None]:
    """The same for all rows: most have none."""
    all_sent, texts = table.read("post.hashtags"), table.read("post.text")
    found: list[tuple[str, ...] | None] = [()] * len(all_sent)
    for row, sent in enumerate(all_sent):
        if sent:
            found[row] = _tag_keys(sent)
        elif sent is None:
            found[row] = None
        elif (text := texts[row]) and ("#" in text or "＃" in text):
            found[row] = _hashtags(sent, text)
    return found


@lru_cache(maxsize=4_096)  # the same few come together again
def _tag_keys(sent: tuple[str, ...]) -> tuple[str, ...]:
    return _unique([_tag_key(tag) for tag in sent])


@lru_cache(maxsize=16_384)  # the same hashtags come again
def _tag_key(tag: str) -> str:
    return normalise(tag.lstrip("#＃")).text


def _mentions(sent: tuple[str, ...] | None, text: str | None) -> tuple[str, ...] | None:
    if sent is None:
        return None
    names = sent or mentions_in(text or "")
    return _unique(name.lstrip("@＠").casefold() for name in names)


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, values)))


FEATURES: Final = (
    Feature(
        spec=FeatureSpec(
            name="text",
            type=ValueType.TEXT,
            doc="The searchable text: title, text, and descriptions and text of media, each in "
            "normal form on its own line; for account events, name and bio.",
            example='"the iron dawn rises"',
        ),
        reads=(KEY,),
    ),
    Feature(
        spec=FeatureSpec(
            name="title",
            type=ValueType.TEXT,
            doc="The post's title in normal form; missing where it has none.",
            example='"a title"',
        ),
        reads=("post.title",),
        of=_title,
        whole=_titles,
    ),
    Feature(
        spec=FeatureSpec(
            name="text.length",
            type=ValueType.INT,
            doc="Characters in the post's own text, as sent.",
            example="132",
        ),
        reads=("post.text",),
        of=_length,
    ),
    Feature(
        spec=FeatureSpec(
            name="text.has_quotation",
            type=ValueType.BOOL,
            doc="Whether a substantial part of the text (12 letters or more) stands in quotation "
            "marks of any script or in lines that begin with `>`, or the text repeats "
            "another's post (`RT @name:`).",
            example="true",
        ),
        reads=("post.text",),
        of=_has_quotation,
    ),
    Feature(
        spec=FeatureSpec(
            name="hashtags",
            type=ValueType.TEXTS,
            doc="Hashtags in normal form without `#`, as the platform lists them or, where it "
            "lists none, as found in the text.",
            example='["irondawnrising"]',
        ),
        reads=("post.hashtags", "post.text"),
        of=_hashtags,
        whole=_all_hashtags,
    ),
    Feature(
        spec=FeatureSpec(
            name="mentions",
            type=ValueType.TEXTS,
            doc="Handles mentioned, in lower case without `@`, as the platform lists them or, "
            "where it lists none, as found in the text.",
            example='["mara.ellison"]',
        ),
        reads=("post.mentions", "post.text"),
        of=_mentions,
    ),
)
