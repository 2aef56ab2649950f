"""Windows: exact counts over the time before an event, per account, hashtag, host, text ...

Comes in: a batch, its features, and what rules ask for. Goes out: an answer for each row and
question. `state` says what always holds for events, `steps` for the columns behind them. Two
implementations give the same answers: `plain` needs nothing, `ring` needs `tocsin[fast]`.
"""

from tocsin.features.windows.choice import fastest, new_window
from tocsin.features.windows.groups import GroupedWindows
from tocsin.features.windows.hashing import SECRET_BYTES, Hasher, new_hasher
from tocsin.features.windows.keys import Conditions
from tocsin.features.windows.plain import PlainWindow
from tocsin.features.windows.state import WindowState
from tocsin.features.windows.steps import (
    ADD,
    ASK,
    NOTHING,
    Entries,
    Shape,
    Steps,
    Window,
    WindowStats,
)

__all__ = [
    "ADD",
    "ASK",
    "NOTHING",
    "SECRET_BYTES",
    "Conditions",
    "Entries",
    "GroupedWindows",
    "Hasher",
    "PlainWindow",
    "Shape",
    "Steps",
    "Window",
    "WindowState",
    "WindowStats",
    "fastest",
    "new_hasher",
    "new_window",
]
