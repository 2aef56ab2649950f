"""The reference page of features, made from their definitions.

Comes in: `FEATURES`. Goes out: Markdown; a test keeps `docs/reference/features.md` equal to it.
"""

from __future__ import annotations

from tocsin.features.run import FEATURES

__all__ = ["render_reference"]

_HEAD = """# Features

What rules may read about an event. A feature is *missing* where the event does not have it; a
comparison with a missing value is false, and `tocsin explain` says that it was missing. How the
normal form of a text is made: [text matching](../concepts/text-matching.md).

This page is generated from the code: `tocsin.features.render_reference()`.

| name | type | what it is | example |
|---|---|---|---|
"""


def render_reference() -> str:
    """The page, with a line break at its end."""
    rows = [
        f"| `{spec.name}` | {spec.type} | {spec.doc} | `{spec.example}` |\n" for spec in FEATURES
    ]
    return _HEAD + "".join(rows)
