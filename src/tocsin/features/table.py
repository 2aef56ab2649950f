"""The features of one batch, computed when asked for and then remembered.

Comes in: a batch and the registry of features. Goes out: `records.FeatureTable`,
`records.FeatureColumns`, `records.FeatureNumbers` and `plugins.TextTable`. Always holds: the normal
form of every text is made once, for the whole batch at once; a feature of a row depends on that
row's event (and its arrival time where the event has none), never on other rows; a feature reads
columns of the batch only, so that it is the same for a batch of structs and one from Arrow; what
is computed for all rows at once equals what is computed row by row
(`tests/property/test_features.py`). Refused: a name that is no feature (`KeyError`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tocsin.matching import NormalText, NormalTexts, Part, documents
from tocsin.records import (
    AccountCreated,
    AccountRestored,
    AccountSuspended,
    AccountUpdated,
    Event,
    EventBatch,
    FeatureSpec,
    FeatureValue,
    Media,
    MediaUploaded,
    Numbers,
    PostCreated,
    PostDeleted,
    PostUpdated,
    TextField,
    as_numbers,
)

__all__ = [
    "ACCOUNT_TYPES",
    "KEY",
    "MOMENT",
    "ORIGINAL",
    "Feature",
    "Features",
    "media_of",
    "parts_of",
]

_POST_EVENTS = (PostCreated, PostUpdated, PostDeleted)
_ACCOUNT_EVENTS = (AccountCreated, AccountUpdated, AccountSuspended, AccountRestored)
_POST_TYPES = frozenset(str(event.__struct_config__.tag) for event in _POST_EVENTS)
ACCOUNT_TYPES = frozenset(str(event.__struct_config__.tag) for event in _ACCOUNT_EVENTS)
"""Types of events that are about the account itself."""

_MISSING = object()
_MICROSECOND = timedelta(microseconds=1)

KEY = "(key)"
ORIGINAL = "(original)"
MOMENT = "(moment)"
"""What a feature may read besides the batch's columns: the searchable text in normal form and as
sent, and when the event happened or else arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """What a feature is, and how it is computed.

    `of` makes the value of a row from the values of what it reads; None: the one value as it is.
    `whole` and `numbers` make all rows at once where that is quicker; the values are the same.
    """

    spec: FeatureSpec
    reads: tuple[str, ...]
    of: Callable[..., FeatureValue | None] | None = None
    whole: Callable[[Features], Sequence[FeatureValue | None]] | None = None
    numbers: Callable[[Features], Numbers] | None = None


class Features:
    """Features and normal texts of one batch."""

    def __init__(self, batch: EventBatch, registry: Mapping[str, Feature]) -> None:
        self.batch = batch
        self._registry = registry
        self._columns_read = batch.columns
        self._normals = documents(_texts_of(batch))
        self._values: dict[tuple[str, int], FeatureValue | None] = {}
        self._columns: dict[str, Sequence[FeatureValue | None]] = {}

    def normal(self, row: int) -> NormalText | None:
        """The searchable text of one event; None if it has none."""
        return self._normals[row]

    def normals(self) -> NormalTexts:
        """All rows, in order."""
        return self._normals

    def value(self, name: str, row: int) -> FeatureValue | None:
        """The value of a feature for one row; None where it is missing."""
        column = self._columns.get(name)
        if column is not None:
            return column[row]
        key = (name, row)
        found = self._values.get(key, _MISSING)
        if found is _MISSING:
            feature = self._registry[name]
            read = [self.cell(path, row) for path in feature.reads]
            found = read[0] if feature.of is None else feature.of(*read)
            self._values[key] = found
        return found  # type: ignore[return-value]  # the sentinel never leaves

    def column(self, name: str) -> Sequence[FeatureValue | None]:
        """The values of a feature for all rows; None where one is missing."""
        column = self._columns.get(name)
        if column is None:
            column = self._columns[name] = self._column(self._registry[name])
        return column

    def numbers(self, name: str) -> Numbers:
        """A feature that is a whole number, a truth value or a duration (in microseconds)."""
        feature = self._registry[name]
        if feature.numbers is not None:
            return feature.numbers(self)
        if feature.of is None:
            return self._columns_read.numbers(feature.reads[0])
        values = self.column(name)
        return as_numbers(
            [value // _MICROSECOND if isinstance(value, timedelta) else value for value in values]
        )

    def read(self, path: str) -> Sequence[Any]:
        """What features read, for all rows."""
        rows = range(len(self.batch))
        if path == KEY:
            return [self._normals.key(row) if self._has_text(row) else None for row in rows]
        if path == ORIGINAL:
            return [self._normals.original(row) for row in rows]
        if path == MOMENT:
            return [self.batch.at(row) for row in rows]
        return self._columns_read.values(path)

    def cell(self, path: str, row: int) -> Any:
        """What features read, of one row."""
        if path == KEY:
            return self._normals.key(row) if self._has_text(row) else None
        if path == ORIGINAL:
            return self._normals.original(row)
        return self.batch.at(row) if path == MOMENT else self._columns_read.cell(path, row)

    def _has_text(self, row: int) -> bool:
        return self._normals.original(row) is not None

    def _column(self, feature: Feature) -> Sequence[FeatureValue | None]:
        if feature.whole is not None:
            return feature.whole(self)
        columns = [self.read(path) for path in feature.reads]
        if feature.of is None:
            return columns[0]
        return list(map(feature.of, *columns))


def _texts_of(batch: EventBatch) -> list[str | list[Part] | None]:
    """The searchable texts of all events, as `parts_of` names them."""
    columns = batch.columns
    types = columns.values("type")
    texts = columns.values("post.text")
    media, titles = columns.values("post.media"), columns.values("post.title")
    if _POST_TYPES.issuperset(types) and not any(titles) and not any(media):
        return [text or None for text in texts]
    return [
        text or None
        if kind in _POST_TYPES and not title and not items
        else _parts(batch, kind, row) or None
        for row, (kind, title, text, items) in enumerate(
            zip(types, titles, texts, media, strict=True)
        )
    ]


def _parts(batch: EventBatch, kind: str, row: int) -> list[Part]:
    """The searchable texts of one event, from columns."""
    cell = batch.columns.cell
    if kind in _POST_TYPES:
        named = _named(
            ("post.title", cell("post.title", row)), ("post.text", cell("post.text", row))
        )
        return named + _media_parts(cell("post.media", row))
    if kind in ACCOUNT_TYPES:
        return _named(
            ("actor.name", cell("actor.name", row)), ("actor.bio", cell("actor.bio", row))
        )
    media = cell("media", row)
    return [] if media is None else _media_parts((media,))


def media_of(event: Event) -> Sequence[Media]:
    """The media that an event carries."""
    if isinstance(event, _POST_EVENTS):
        return event.post.media
    return (event.media,) if isinstance(event, MediaUploaded) else ()


def parts_of(event: Event) -> list[Part]:
    """The searchable texts of an event.

    Title, text, and of each of its media the description and the text in the picture; for what
    happened to an account, its name and bio. Offsets of the field `media` count through all
    descriptions and texts of the media in order, one per line.
    """
    if isinstance(event, _POST_EVENTS):
        post = event.post
        named = _named(("post.title", post.title), ("post.text", post.text))
        return named + _media_parts(post.media)
    if isinstance(event, _ACCOUNT_EVENTS):
        return _named(("actor.name", event.actor.name), ("actor.bio", event.actor.bio))
    return _media_parts((event.media,)) if isinstance(event, MediaUploaded) else []


def _named(*texts: tuple[TextField, str | None]) -> list[Part]:
    return [Part(field, 0, text) for field, text in texts if text]


def _media_parts(media: Sequence[Media]) -> list[Part]:
    parts: list[Part] = []
    base = 0
    for item in media:
        for text in (item.alt, item.ocr_text):
            if text:
                parts.append(Part("media", base, text))
                base += len(text) + 1
    return parts
