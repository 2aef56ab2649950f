"""Features of the media of an event.

Comes in: a row of the table. Goes out: hashes with the name of their kind in front, and a count.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tocsin.features.table import Feature, Features, media_of
from tocsin.records import FeatureSpec, Media, MediaUploaded, ValueType

__all__ = ["FEATURES"]


def _hashes(item: Media) -> Iterator[str]:
    for kind, value in (("sha256", item.sha256), ("md5", item.md5), ("pdq", item.pdq)):
        if value:
            yield f"{kind}:{value.lower()}"


def _has_media_part(table: Features, row: int) -> bool:
    return table.post(row) is not None or isinstance(table.event(row), MediaUploaded)


def _media(table: Features, row: int) -> tuple[str, ...] | None:
    if not _has_media_part(table, row):
        return None
    items = media_of(table.event(row))
    return tuple(dict.fromkeys(found for item in items for found in _hashes(item)))


def _count(table: Features, row: int) -> int | None:
    return len(media_of(table.event(row))) if _has_media_part(table, row) else None


FEATURES: Final = (
    Feature(
        FeatureSpec(
            name="media",
            type=ValueType.TEXTS,
            doc="Hashes of the media as `sha256:…`, `md5:…` and `pdq:…`, lower-case.",
            example='["md5:0cc175b9c0f1b6a831c399e269772661"]',
        ),
        _media,
    ),
    Feature(
        FeatureSpec(
            name="media.count",
            type=ValueType.INT,
            doc="How many media the event carries.",
            example="1",
        ),
        _count,
    ),
)
