"""One thread for the arithmetic of training.

Comes in: nothing. Goes out: a context in which the libraries of linear algebra use one thread.
Always holds: sums of floating point numbers are then added in the same order every time, so that
the same input gives the same bytes however many cores a machine has. Refused: a machine without
scikit-learn, with the command that installs it.
"""

from __future__ import annotations

import importlib
from contextlib import AbstractContextManager
from typing import Any

from tocsin.errors import InputError

__all__ = ["one_thread"]


def one_thread() -> AbstractContextManager[Any]:
    """Use one thread while the block runs.

    Raises:
        InputError: the `train` extra is not installed.
    """
    try:
        importlib.import_module("sklearn")  # loads the libraries whose threads are counted
        pools = importlib.import_module("threadpoolctl")
    except ImportError:
        raise InputError(
            "training needs the package scikit-learn", hint="pip install 'tocsin[train]'"
        ) from None
    limit: AbstractContextManager[Any] = pools.threadpool_limits(limits=1)
    return limit
