"""Whose object this seems to be, where nobody said its format.

Comes in: decoded JSON that has no `type`. Goes out: the adapter whose format it looks like, or
None. Always holds: only the names of fields are looked at. Refused: nothing.
"""

from __future__ import annotations

from typing import Any

from tocsin.ingest.adapters import ADAPTERS
from tocsin.plugins import Adapter

__all__ = ["guess"]


def guess(obj: Any) -> Adapter | None:
    """The adapter that reads such objects.

    >>> guess({"event": "status.created", "object": {}}).name
    'mastodon'
    >>> guess({"type": "post.created"}) is None
    True
    """
    if not isinstance(obj, dict) or "type" in obj:
        return None
    for name, is_such in (
        ("mastodon", _is_mastodon),
        ("jetstream", _is_jetstream),
        ("twitter", _is_twitter),
    ):
        if is_such(obj):
            return ADAPTERS[name]
    return None


def _is_mastodon(obj: dict[str, Any]) -> bool:
    return obj.keys() >= {"event", "object"} or obj.keys() >= {"visibility", "account"}


def _is_jetstream(obj: dict[str, Any]) -> bool:
    message = obj.get("payload", obj)
    return isinstance(message, dict) and ("$type" in message or message.keys() >= {"did", "kind"})


def _is_twitter(obj: dict[str, Any]) -> bool:
    data = obj.get("data", obj)
    if isinstance(data, list) and data:
        data = data[0]
    names = ("id_str", "author_id", "edit_history_tweet_ids")
    return isinstance(data, dict) and any(name in data for name in names)
