"""The features of one batch, computed when asked for and then remembered.

Comes in: a batch and the registry of features. Goes out: `records.FeatureTable` and
`plugins.TextTable`. Always holds: the normal form of every text is made once, for the whole
batch at once; a feature of a row depends on that row's event (and the batch's arrival time where
the event has none), never on other rows. Refused: a name that is no feature (`KeyError`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tocsin.matching import NormalText, Part, documents
from tocsin.records import (
    AccountCreated,
    AccountRestored,
    AccountSuspended,
    AccountUpdated,
    Actor,
    Event,
    EventBatch,
    FeatureSpec,
    FeatureValue,
    Media,
    MediaUploaded,
    Post,
    PostCreated,
    PostDeleted,
    PostUpdated,
    TextField,
)

__all__ = ["Feature", "Features", "Getter", "media_of", "parts_of"]

_POST_TYPES = (PostCreated, PostUpdated, PostDeleted)
_ACCOUNT_TYPES = (AccountCreated, AccountUpdated, AccountSuspended, AccountRestored)
_MISSING = object()


class Features:
    """Features and normal texts of one batch."""

    def __init__(self, batch: EventBatch, registry: Mapping[str, Feature]) -> None:
        self.batch = batch
        self._registry = registry
        self._normals = documents([parts_of(event) for event in batch.events])
        self._values: dict[tuple[str, int], FeatureValue | None] = {}
        self._columns: dict[str, list[FeatureValue | None]] = {}

    def normal(self, row: int) -> NormalText | None:
        """The searchable text of one event; None if it has none."""
        return self._normals[row]

    def normals(self) -> Sequence[NormalText | None]:
        """All rows, in order."""
        return self._normals

    def value(self, name: str, row: int) -> FeatureValue | None:
        """The value of a feature for one row; None where it is missing."""
        key = (name, row)
        found = self._values.get(key, _MISSING)
        if found is _MISSING:
            found = self._values[key] = self._registry[name].get(self, row)
        return found  # type: ignore[return-value]  # the sentinel never leaves

    def column(self, name: str) -> Sequence[FeatureValue | None]:
        """The values of a feature for all rows; None where one is missing."""
        column = self._columns.get(name)
        if column is None:
            get = self._registry[name].get
            column = self._columns[name] = [get(self, row) for row in range(len(self.batch))]
        return column

    def event(self, row: int) -> Event:
        """The event of one row."""
        return self.batch.events[row]

    def post(self, row: int) -> Post | None:
        """The post of one row, if its event carries one."""
        event = self.batch.events[row]
        return event.post if isinstance(event, _POST_TYPES) else None

    def profile(self, row: int) -> Actor | None:
        """The actor of one row, if the event is about the account itself."""
        event = self.batch.events[row]
        return event.actor if isinstance(event, _ACCOUNT_TYPES) else None


Getter = Callable[[Features, int], FeatureValue | None]


@dataclass(frozen=True, slots=True)
class Feature:
    """What a feature is, and how it is computed."""

    spec: FeatureSpec
    get: Getter


def media_of(event: Event) -> Sequence[Media]:
    """The media that an event carries."""
    if isinstance(event, _POST_TYPES):
        return event.post.media
    return (event.media,) if isinstance(event, MediaUploaded) else ()


def parts_of(event: Event) -> list[Part]:
    """The searchable texts of an event.

    Title, text, and of each of its media the description and the text in the picture; for what
    happened to an account, its name and bio. Offsets of the field `media` count through all
    descriptions and texts of the media in order, one per line.
    """
    if isinstance(event, _POST_TYPES):
        post = event.post
        parts = [Part("post.title", 0, post.title)] if post.title else []
        if post.text:
            parts.append(Part("post.text", 0, post.text))
        return parts + _media_parts(post.media) if post.media else parts
    if isinstance(event, _ACCOUNT_TYPES):
        named: Sequence[tuple[TextField, str | None]] = (
            ("actor.name", event.actor.name),
            ("actor.bio", event.actor.bio),
        )
        return [Part(field, 0, text) for field, text in named if text]
    return _media_parts((event.media,)) if isinstance(event, MediaUploaded) else []


def _media_parts(media: Sequence[Media]) -> list[Part]:
    parts: list[Part] = []
    base = 0
    for item in media:
        for text in (item.alt, item.ocr_text):
            if text:
                parts.append(Part("media", base, text))
                base += len(text) + 1
    return parts
