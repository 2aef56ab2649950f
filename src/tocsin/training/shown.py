"""A model card as tables for people.

Comes in: the card, as `card.json` holds it. Goes out: titled tables of cells. Always holds: every
figure is the card's own, written as JSON writes it: nothing is computed or rounded here. Refused:
nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

__all__ = ["CardTable", "card_tables"]


class CardTable(NamedTuple):
    """A title, headings and rows."""

    title: str
    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def card_tables(card: Mapping[str, Any]) -> Iterator[CardTable]:
    """What was trained on, what it reached on posts that it had not seen, and the thresholds."""
    data = card["data"]
    yield _by_name("trained on", "set", data["sets"])
    for name, one in (("languages", "language"), ("codes", "code")):
        if data.get(name):
            rows = [(str(key), _cell(count)) for key, count in data[name].items()]
            yield CardTable(f"posts by {one}", (one, "posts"), rows)
    figures = card["cross_validated"]
    harms = {name: one for name, one in figures.items() if "positives" in one}
    rest = {name: one for name, one in figures.items() if name not in harms}
    yield _by_name("reached, cross-validated", "harm", harms)
    yield CardTable("also", ("what", "number"), list(_lines("", rest)))
    yield CardTable("thresholds", ("threshold", "value"), list(_lines("", card["thresholds"])))


def _by_name(title: str, heading: str, given: Mapping[str, Mapping[str, Any]]) -> CardTable:
    """One row for each name, one column for each value that any of them has."""
    rows = {name: dict(_lines("", values)) for name, values in given.items()}
    columns = tuple(dict.fromkeys(column for row in rows.values() for column in row))
    cells = [(name, *(row.get(column, "-") for column in columns)) for name, row in rows.items()]
    return CardTable(title, (heading, *columns), cells)


def _lines(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Nested values as pairs of a name and a cell, plain ones first."""
    if not isinstance(value, Mapping):
        yield name, _cell(value)
        return
    for key, inner in sorted(value.items(), key=lambda pair: isinstance(pair[1], Mapping)):
        yield from _lines(f"{name} {key.replace('_', ' ')}".strip(), inner)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value)
