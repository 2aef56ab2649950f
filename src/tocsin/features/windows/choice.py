"""The implementation of windows that this installation has.

Comes in: a shape. Goes out: an empty window. Always holds: either choice gives the same answers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from tocsin.features.windows.plain import PlainWindow
from tocsin.features.windows.steps import Shape, Window

__all__ = ["fastest", "new_window"]


def new_window(shape: Shape) -> Window:
    """An empty window of the fastest implementation that is installed."""
    return fastest()(shape)


@cache
def fastest() -> Callable[[Shape], Window]:
    """The ring where numba is installed (`tocsin[fast]`), else plain Python."""
    try:
        from tocsin.features.windows.ring import RingWindow  # noqa: PLC0415  # numba is an extra
    except ImportError:
        return PlainWindow
    return RingWindow
