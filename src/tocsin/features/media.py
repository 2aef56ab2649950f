"""Features of the media of an event.

Comes in: columns of the batch. Goes out: hashes with the name of their kind in front, and a count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tocsin.features.table import Feature
from tocsin.records import FeatureSpec, Media, ValueType

__all__ = ["FEATURES"]


def _hashes(item: Media) -> Iterator[str]:
    for kind, value in (("sha256", item.sha256), ("md5", item.md5), ("pdq", item.pdq)):
        if value:
            yield f"{kind}:{value.lower()}"


def _items(of_post: tuple[Media, ...] | None, uploaded: Media | None) -> Sequence[Media] | None:
    """The media of an event; None where its type has none."""
    if of_post is not None:
        return of_post
    return None if uploaded is None else (uploaded,)


def _media(of_post: tuple[Media, ...] | None, uploaded: Media | None) -> tuple[str, ...] | None:
    items = _items(of_post, uploaded)
    if items is None:
        return None
    return tuple(dict.fromkeys(found for item in items for found in _hashes(item)))


def _count(of_post: tuple[Media, ...] | None, uploaded: Media | None) -> int | None:
    items = _items(of_post, uploaded)
    return None if items is None else len(items)


FEATURES: Final = (
    Feature(
        spec=FeatureSpec(
            name="media",
            type=ValueType.TEXTS,
            doc="Hashes of the media as `sha256:…`, `md5:…` and `pdq:…`, lower-case.",
            example='["md5:0cc175b9c0f1b6a831c399e269772661"]',
        ),
        reads=("post.media", "media"),
        of=_media,
    ),
    Feature(
        spec=FeatureSpec(
            name="media.count",
            type=ValueType.INT,
            doc="How many media the event carries.",
            example="1",
        ),
        reads=("post.media", "media"),
        of=_count,
    ),
)
