"""Local media files for events from the command line.

Comes in: objects whose media name a file by a relative path in `url`, and the folder that the
person at the command line allowed. Goes out: the same events with the SHA-256 of the file,
which is kept in the media store. Always holds: no path leads out of the folder, links
included. Refused: such paths, and files that are not there; the event lands in the dead letters.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tocsin.errors import InputError
from tocsin.ingest import Redacting
from tocsin.plugins import Adapter
from tocsin.records import Refusal, RefusedEvent
from tocsin.store.media import MediaStore

__all__ = ["MediaRootAdapter"]

_CHUNK_BYTES = 1 << 20


class MediaRootAdapter:
    """Another adapter, with local media taken in."""

    def __init__(self, inner: Adapter, root: Path, media: MediaStore, max_bytes: int) -> None:
        self.name = f"{inner.name}+media"
        self._inner = inner
        self._root = root.resolve()
        self._media = media
        self._max_bytes = max_bytes
        if isinstance(inner, Redacting):
            self.redacted = inner.redacted

    def events(self, obj: Any) -> Iterable[Mapping[str, Any]]:
        """The inner adapter's events, their local media kept and hashed."""
        for event in self._inner.events(obj):
            yield self._with_media(event)

    def _with_media(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        post = event.get("post")
        if isinstance(post, dict) and isinstance(post.get("media"), list):
            return {**event, "post": {**post, "media": [self._kept(m) for m in post["media"]]}}
        if isinstance(event.get("media"), dict):
            return {**event, "media": self._kept(event["media"])}
        return event

    def _kept(self, media: Any) -> Any:
        url = media.get("url") if isinstance(media, dict) else None
        if not isinstance(url, str) or "://" in url or media.get("sha256"):
            return media
        path = (self._root / url).resolve()
        if not path.is_relative_to(self._root) or not path.is_file():
            message = "a media file is not in the folder that --media-root names"
            raise RefusedEvent(Refusal.UNSUPPORTED, message)
        digest = hashlib.sha256()
        for chunk in _chunks(path):
            digest.update(chunk)
        try:
            self._media.put(digest.hexdigest(), _chunks(path), max_bytes=self._max_bytes)
        except InputError as error:
            raise RefusedEvent(Refusal.LIMIT, error.message) from None
        return {**media, "sha256": digest.hexdigest()}


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
