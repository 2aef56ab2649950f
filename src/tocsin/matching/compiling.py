"""How inner loops are compiled. Needs the extra `tocsin[fast]`.

Comes in: a function that numba knows how to compile. Goes out: the same, compiled when it is first
called. Always holds: the machine code is kept on disk where the disk lets it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

__all__ = ["compiled", "inlined"]

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function) -> _Function:
    """Compiled on first use; kept on disk where the disk lets it."""
    try:
        return cast("_Function", numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:  # no folder that can be written to
        return cast("_Function", numba.njit(nogil=True)(function))


def inlined(function: _Function) -> _Function:
    """Compiled into each compiled function that calls it: a call counts references to arrays."""
    return cast("_Function", numba.njit(inline="always")(function))
