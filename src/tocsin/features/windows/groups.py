"""Windows of groups of rows that know nothing of each other: the examples of rules.

Comes in: a batch, its features, and which rows belong together. Goes out: answers. Always holds:
each group starts with empty windows, at its own time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from tocsin.features.table import Features
from tocsin.features.windows.keys import Conditions
from tocsin.features.windows.plain import PlainWindow
from tocsin.features.windows.state import WindowState
from tocsin.records import EventBatch, WindowSpec, WindowTable

__all__ = ["GroupedWindows"]


class GroupedWindows:
    """The answers for each row, of its own group's windows."""

    def __init__(
        self,
        specs: Sequence[WindowSpec],
        conditions: Conditions,
        batch: EventBatch,
        features: Features,
        groups: Sequence[range],
    ) -> None:
        self._by_row: dict[int, WindowTable] = {}
        if not specs:
            return
        keys = WindowState((), conditions, timedelta(0)).keys_of(batch, features)
        for rows in groups:
            state = WindowState(specs, conditions, timedelta(0), make=PlainWindow)
            answers = state.advance(batch, features, rows, keys)
            self._by_row.update(dict.fromkeys(rows, answers))

    def window(self, spec: WindowSpec, row: int) -> int | timedelta | None:
        """A count, a sum, or (of `AGE`) a duration; None where it is missing."""
        table = self._by_row.get(row)
        return None if table is None else table.window(spec, row)
