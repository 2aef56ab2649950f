"""Features: named, typed values computed from events.

Comes in: a batch of events. Goes out: `compute` gives a table of features and normal texts,
`FEATURES` says which there are; `WindowState` counts over the time before each event. Always
holds: a feature is missing (None) rather than guessed; it depends on its own event only; nothing
is computed that nobody asks for, except the normal forms of texts.
"""

from tocsin.features.reference import render_reference
from tocsin.features.run import FEATURES, compute
from tocsin.features.table import Features, media_of, parts_of
from tocsin.features.windows import WindowState, WindowStats

__all__ = [
    "FEATURES",
    "Features",
    "WindowState",
    "WindowStats",
    "compute",
    "media_of",
    "parts_of",
    "render_reference",
]
