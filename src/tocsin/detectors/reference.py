"""The reference page of signals, made from their specifications.

Comes in: the specifications of the text models. Goes out: Markdown; a test keeps
`docs/reference/signals.md` equal to it.
"""

from __future__ import annotations

from tocsin.detectors.text_models import SPECS

__all__ = ["render_signals"]

_HEAD = """# Signals

What rules may read of detectors beside banks, as `signal("name").score` and
`signal("name").abstained`. A score is missing where there is no such signal and where the detector
abstained; a comparison with a missing value is false. How they come about:
[text models](../concepts/text-models.md). Banks are read through `in bank("…")`
([policy language](../concepts/policy-language.md)).

This page is generated from the code: `tocsin.detectors.reference.render_signals()`.

| name | what it is |
|---|---|
"""


def render_signals() -> str:
    """The page, with a line break at its end."""
    return _HEAD + "".join(f"| `{spec.name}` | {spec.doc} |\n" for spec in SPECS)
