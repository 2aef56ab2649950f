"""The keys of one event as text: what windows keep as hashes, for people to read.

Comes in: a row of a table of features. Goes out: the values under which windows keep it. Always
holds: two rows share a value here where they share a key in `state` (compared for every kind of
key in `tests/pipeline/test_contents.py`).
"""

from __future__ import annotations

from typing import Final

from tocsin.records import Event, FeatureTable, WindowKey

__all__ = ["named_keys"]

_FEATURES: Final = {
    WindowKey.ACCOUNT: "account.id",
    WindowKey.HASHTAG: "hashtags",
    WindowKey.HOST: "links.hosts",
    WindowKey.TEXT: "text",
    WindowKey.SKELETON: "account.skeleton",
}


def named_keys(features: FeatureTable, row: int, event: Event, kind: WindowKey) -> tuple[str, ...]:
    """The keys of one kind that the event of a row has; none where it has none."""
    if kind in (WindowKey.IP_HASH, WindowKey.DEVICE_HASH):
        value: object = None if event.actor is None else getattr(event.actor, kind.value)
    else:
        value = features.value(_FEATURES[kind], row)
    if isinstance(value, str):
        return (value,) if value else ()
    return value if isinstance(value, tuple) else ()
