"""Labels while a batch is judged: rules read what stands, and set what later events read.

Comes in: a batch with the labels that stand before it in the log, and a way to judge some of its
rows. Goes out: decisions in the order of the events. Always holds: each event reads the labels as
the event before it left them, so that the decisions are those of any other cut into batches; what
is loaded is of one transaction and forgotten with it, so that neither a failed one nor another
writer leaves anything behind. Refused: nothing.

The whole batch is judged once with the labels as they stand. Where a decision then changes what a
later event of the batch reads, that event is judged again: at most once, in order, and no other.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import sqlalchemy as sa

from tocsin.records import (
    Decision,
    EventBatch,
    LabelHolder,
    LabelStanding,
    LabelTable,
    after_rule,
    folded_handle,
)
from tocsin.store.labelrows import LabelKey, moment_of, said_by_rule, standings

__all__ = ["Ask", "BatchKeys", "BatchLabels", "LabelRead", "judge_in_order", "load_labels"]

LabelRead = tuple[LabelHolder, str]
"""What rules ask for: a label's holder and name."""

Ask = Callable[[LabelTable, Collection[int] | None], list[tuple[int, Decision]]]
"""Judges these rows (None: all) with these labels."""

_NOTHING = LabelStanding()


@dataclass(slots=True, kw_only=True)
class BatchLabels:
    """The labels of one batch: a `LabelTable` that moves on from event to event.

    `standing` is what was said of the labels of its accounts and handles, `before` what was said
    before the batch of those that it changed; `reads` is what rules ask for.
    """

    batch: EventBatch
    reads: frozenset[LabelRead]
    standing: dict[LabelKey, LabelStanding] = field(default_factory=dict)
    keys: BatchKeys
    before: dict[tuple[LabelHolder, str], dict[str, LabelStanding]] = field(default_factory=dict)

    def has(self, row: int, holder: LabelHolder, name: str) -> bool | None:
        """Whether the row's account or handle has a label; None where the event names none."""
        key = self.keys.of(holder)[row]
        if key is None:
            return None
        standing = self.standing.get((holder, key, name))
        return standing is not None and standing.is_on(self.moment(row))

    def moment(self, row: int) -> datetime:
        """When the row's event asks for labels."""
        return moment_of(self.batch.columns.cell("at", row), self.batch.arrived(row))

    def take(self, row: int, decisions: Iterable[Decision]) -> Iterator[int]:
        """Move on behind a row: the later rows of whom it changed for the first time."""
        moment = self.moment(row)
        for decision in decisions:
            for change in decision.labels:
                if change.key is None or (change.holder, change.name) not in self.reads:
                    continue
                label = (change.holder, change.key, change.name)
                standing = self.standing.get(label, _NOTHING)
                self.standing[label] = after_rule(standing, said_by_rule(decision, change, moment))
                owner = (change.holder, change.key)
                if owner not in self.before:
                    self.before[owner] = {}
                    rows = self.keys.rows(change.holder).get(change.key, ())
                    yield from rows[bisect_right(rows, row) :]
                self.before[owner].setdefault(change.name, standing)

    def is_outdated(self, row: int) -> bool:
        """Whether the row reads something else now than before the batch."""
        moment = self.moment(row)
        for holder in LabelHolder:
            key = self.keys.of(holder)[row]
            for name, old in self.before.get((holder, key or ""), {}).items():
                if old.is_on(moment) != self.has(row, holder, name):
                    return True
        return False


@dataclass(frozen=True)
class BatchKeys:
    """Whose labels the events of a batch read: those of their actor, or of its handle."""

    batch: EventBatch

    def of(self, holder: LabelHolder) -> Sequence[str | None]:
        """The key of each row."""
        return self._accounts if holder is LabelHolder.ACCOUNT else self._handles

    def rows(self, holder: LabelHolder) -> dict[str, list[int]]:
        """The rows of each key, in order."""
        return self._account_rows if holder is LabelHolder.ACCOUNT else self._handle_rows

    @cached_property
    def _accounts(self) -> Sequence[str | None]:
        columns = self.batch.columns
        pairs = zip(columns.values("actor.id"), columns.values("actor.handle"), strict=True)
        return [own or handle for own, handle in pairs]

    @cached_property
    def _handles(self) -> Sequence[str | None]:
        handles = self.batch.columns.values("actor.handle")
        return [folded_handle(handle) if handle else None for handle in handles]

    @cached_property
    def _account_rows(self) -> dict[str, list[int]]:
        return _by_key(self._accounts)

    @cached_property
    def _handle_rows(self) -> dict[str, list[int]]:
        return _by_key(self._handles)


def load_labels(
    connection: sa.Connection, batch: EventBatch, reads: frozenset[LabelRead]
) -> BatchLabels:
    """The labels of a batch's accounts and handles, as they stand in the store.

    One statement for each kind of holder that rules ask for.
    """
    keys = BatchKeys(batch)
    standing: dict[LabelKey, LabelStanding] = {}
    for holder in sorted({holder for holder, _ in reads}):
        wanted = {key for key in keys.of(holder) if key is not None}
        if wanted:
            standing |= standings(connection, holder, wanted)
    return BatchLabels(batch=batch, reads=reads, standing=standing, keys=keys)


def judge_in_order(labels: BatchLabels, ask: Ask) -> list[tuple[int, Decision]]:
    """The decisions of a batch in which each event reads the labels that stand before it.

    At first all read what stood before the batch. Behind the first change of somebody's labels,
    their events are looked at again, in order: one that would read something else now is judged
    again, with what stands before it; the others keep their decisions.
    """
    found: dict[int, list[Decision]] = {}
    for row, decision in ask(labels, None):
        found.setdefault(row, []).append(decision)
    waiting = [row for row in sorted(found) if any(one.labels for one in found[row])]
    queued = set(waiting)
    while waiting:
        row = heapq.heappop(waiting)
        if labels.is_outdated(row):
            found[row] = [decision for _, decision in ask(labels, [row])]
        for later in labels.take(row, found.get(row, ())):
            if later not in queued:
                queued.add(later)
                heapq.heappush(waiting, later)
    return [(row, decision) for row in sorted(found) for decision in found[row]]


def _by_key(keys: Sequence[str | None]) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for row, key in enumerate(keys):
        if key is not None:
            rows.setdefault(key, []).append(row)
    return rows
