"""What the tests of all adapters share: run an object through an adapter and the codec."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from tocsin.ingest import ADAPTERS, Line, Parsed, parse_lines
from tocsin.records import EventPolicy, Refusal

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def adapt(name: str, obj: Any, *, accept_non_public: bool = False) -> Parsed:
    policy = EventPolicy(accept_non_public=accept_non_public)
    items = [Line("test", 0, 1, json.dumps(obj).encode())]
    return parse_lines(items, adapter=ADAPTERS[name], policy=policy, now=NOW)


def wires(name: str, obj: Any) -> list[dict[str, Any]]:
    """The events as plain values; fails where the object is refused."""
    found = adapt(name, obj)
    assert [letter.message for letter in found.dead_letters] == []
    return [json.loads(line) for line in found.lines]


def wire(name: str, obj: Any) -> dict[str, Any]:
    """The one event."""
    (found,) = wires(name, obj)
    return found


def refusal(name: str, obj: Any) -> Refusal:
    """The reason for which the object is refused."""
    found = adapt(name, obj)
    assert found.events == []
    (letter,) = found.dead_letters
    return letter.reason
