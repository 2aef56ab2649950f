"""What windows need of a batch, as columns, each made once however many windows ask for it.

Comes in: a batch with its features. Goes out: times, the hashed keys of each kind, which rows
meet a condition, amounts. Always holds: one row never looks at another. Refused: nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any, Final

import numpy as np

from tocsin.features.table import Features
from tocsin.features.windows.hashing import Hasher, joined
from tocsin.features.windows.steps import Bools, Hashes, Ints
from tocsin.records import MAX_AMOUNT, EventBatch, FeatureTable, WindowKey

__all__ = ["BatchKeys", "Conditions", "KeyColumn"]

Conditions = Mapping[str, Callable[[FeatureTable, int], Bools]]
"""`WindowSpec.where` -> which of the rows, of which there are so many, meet it."""


class KeyColumn:
    """The keys of one kind, in order of the rows: key `i` is one of row `rows[i]`."""

    def __init__(self, rows: Ints, hashes: Hashes, n_rows: int) -> None:
        self.rows = rows
        self.hashes = hashes
        self.n_rows = n_rows

    @cached_property
    def counts(self) -> Ints:
        """How many keys each row has."""
        return np.bincount(self.rows, minlength=self.n_rows)

    @cached_property
    def starts(self) -> Ints:
        """Where the keys of each row begin."""
        return np.cumsum(self.counts) - self.counts

    @cached_property
    def is_single(self) -> bool:
        """Whether no row has more than one key."""
        return len(self.rows) < 2 or bool((self.rows[1:] > self.rows[:-1]).all())  # noqa: PLR2004

    @cached_property
    def is_whole(self) -> bool:
        """Whether each row has one key."""
        return len(self.rows) == self.n_rows and self.is_single

    @cached_property
    def by_row(self) -> Hashes:
        """The key of each row where none has more than one; zeros where it has none."""
        if self.is_whole:
            return self.hashes
        spread = np.zeros((self.n_rows, 2), np.int64)
        spread[self.rows] = self.hashes
        return spread


class BatchKeys:
    """The columns of one batch."""

    def __init__(
        self, batch: EventBatch, features: Features, conditions: Conditions, hasher: Hasher
    ) -> None:
        self.n_rows = len(batch)
        self._batch = batch
        self._features = features
        self._conditions = conditions
        self._hasher = hasher
        self._columns: dict[WindowKey, KeyColumn] = {}
        self._counted: dict[tuple[frozenset[str], str], Bools] = {}

    @cached_property
    def times(self) -> Ints:
        """When each event counts: at its own time, but never ahead of its arrival."""
        return np.minimum(self._batch.at_us, self._batch.arrived_us)

    def column(self, kind: WindowKey) -> KeyColumn:
        """The keys of one kind."""
        found = self._columns.get(kind)
        if found is None:
            make = self._texts if kind is WindowKey.TEXT else self._of_values
            found = self._columns[kind] = make(kind)
        return found

    def counted(self, events: frozenset[str], where: str) -> Bools:
        """Which events are of these types and meet the condition."""
        key = (events, where)
        found = self._counted.get(key)
        if found is None:
            if where:
                found = self.counted(events, "")
                found = found & self._conditions[where](self._features, self.n_rows)
            else:
                types = self._batch.columns.values("type")
                found = np.ones(self.n_rows, np.bool_)
                if not events.issuperset(types):
                    found = np.fromiter(map(events.__contains__, types), np.bool_, self.n_rows)
            self._counted[key] = found
        return found

    def amounts(self, feature: str) -> Ints:
        """A whole number of each row, cut to its limits; -1 where it is missing."""
        values, known = self._features.numbers(feature)
        cut = np.minimum(np.maximum(values, 0), MAX_AMOUNT)
        return cut if known is None else np.where(known, cut, -1)

    def _texts(self, _kind: WindowKey) -> KeyColumn:
        """The searchable texts, hashed where they stand."""
        texts = self._features.normals()
        hashes = self._hasher.of_slices(texts.buffer, texts.starts, texts.ends)
        order = np.argsort(texts.rows, kind="stable")
        order = order[texts.ends[order] > texts.starts[order]]
        return KeyColumn(texts.rows[order], hashes[order], self.n_rows)

    def _of_values(self, kind: WindowKey) -> KeyColumn:
        values = self._values(kind)
        rows = np.arange(self.n_rows)
        texts = list(filter(None, values))
        if len(texts) < self.n_rows:
            rows = rows[np.fromiter(map(bool, values), np.bool_, self.n_rows)]
        if kind in _SEVERAL:
            n_texts = np.fromiter(map(len, texts), np.int64, len(texts))
            rows, texts = np.repeat(rows, n_texts), list(chain.from_iterable(texts))
        return KeyColumn(rows, self._hasher.of_slices(*joined(texts)), self.n_rows)

    def _values(self, kind: WindowKey) -> Sequence[Any]:
        feature = _FEATURES.get(kind)
        if feature is not None:
            return self._features.column(feature)
        return self._batch.columns.values(_PATHS[kind])


_FEATURES: Final = {
    WindowKey.ACCOUNT: "account.id",
    WindowKey.HASHTAG: "hashtags",
    WindowKey.HOST: "links.hosts",
    WindowKey.SKELETON: "account.skeleton",
}
_PATHS: Final = {
    WindowKey.IP_HASH: "actor.ip_hash",
    WindowKey.DEVICE_HASH: "actor.device_hash",
}
_SEVERAL: Final = frozenset({WindowKey.HASHTAG, WindowKey.HOST})
