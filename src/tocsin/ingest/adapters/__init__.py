"""Foreign formats: one file per format, one adapter each.

Comes in: a decoded foreign object. Goes out: events of the wire format, as dictionaries. Always
holds: event ids are stable; nothing reads a file or the network. Refused: `RefusedEvent` with
the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tocsin.ingest.adapters.jetstream import JetstreamAdapter
from tocsin.ingest.adapters.mastodon import MastodonAdapter
from tocsin.ingest.adapters.twitter import TwitterAdapter
from tocsin.ingest.adapters.wire import WireAdapter
from tocsin.plugins import Adapter

__all__ = ["ADAPTERS", "JetstreamAdapter", "MastodonAdapter", "TwitterAdapter", "WireAdapter"]

ADAPTERS: Mapping[str, Adapter] = MappingProxyType(
    {
        adapter.name: adapter
        for adapter in (WireAdapter(), TwitterAdapter(), MastodonAdapter(), JetstreamAdapter())
    }
)
"""The adapters by name, as `--format` takes them."""
