"""Features: named, typed values computed from events.

Comes in: a batch of events. Goes out: `compute` gives a table of features and normal texts,
`FEATURES` says which there are. Always holds: a feature is missing (None) rather than guessed; it
depends on its own event only; nothing is computed that nobody asks for, except the normal forms
of texts.
"""

from tocsin.features.reference import render_reference
from tocsin.features.run import FEATURES, compute
from tocsin.features.table import Features, media_of, parts_of
from tocsin.features.windows import Observation, WindowKey, WindowKind, Windows

__all__ = [
    "FEATURES",
    "Features",
    "Observation",
    "WindowKey",
    "WindowKind",
    "Windows",
    "compute",
    "media_of",
    "parts_of",
    "render_reference",
]
