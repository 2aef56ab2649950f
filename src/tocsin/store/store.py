"""The store: transactions that append to the log and keep the derived tables in step.

Comes in: settings and a clock. Goes out: read connections, and write transactions through which
alone the truth changes. Always holds: an entry, its content and everything derived from it are
committed together or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from tocsin.clock import Clock, SystemClock
from tocsin.config import Settings
from tocsin.errors import TocsinError
from tocsin.records import (
    EntryKind,
    EventBatch,
    Judgement,
    LogEntry,
    encode_decision,
    encode_shadow_hit,
)
from tocsin.store import derived, draws, eventids, log
from tocsin.store.database import Database

__all__ = ["Store", "Transaction"]


@dataclass(frozen=True, slots=True)
class Transaction:
    """An open write transaction: the connection, and the two ways to append to the log."""

    connection: sa.Connection
    writer: str
    clock: Clock

    def record(
        self,
        kind: EntryKind,
        body: Mapping[str, Any],
        content: Mapping[str, Sequence[bytes]] | None = None,
    ) -> LogEntry:
        """Append an entry without events and apply it."""
        entry = log.append(
            self.connection,
            writer=self.writer,
            kind=kind,
            at=self.clock.now(),
            body=body,
            content=content,
        )
        derived.apply_entry(self.connection, entry, content or {})
        return entry

    def claim(self, ids: Sequence[str]) -> tuple[bool, ...]:
        """Which of these events the log does not have; these are noted as the next entry's.

        If any is new, `record_events` must follow with the new ones, before any other entry.
        """
        return eventids.claim(self.connection, log.last_position(self.connection) + 1, ids)

    def record_events(
        self, batch: EventBatch, judgement: Judgement, *, is_claimed: bool = False
    ) -> LogEntry:
        """Append one batch of new events with what was judged about them, and apply it.

        The caller has removed events that the log already has, by `claim` or in another way.
        """
        drawn = draws.draw(self.connection, judgement)
        body = {
            "source": batch.source,
            "ids": list(batch.columns.values("id")),
            "decisions": [decision.id for decision in judgement.decisions],
        }
        if drawn:
            body["samples"] = msgspec.to_builtins(drawn)
        entry = log.append(
            self.connection,
            writer=self.writer,
            kind=EntryKind.EVENTS,
            at=batch.received_at,
            body=body,
            content={
                "events": batch.lines,
                "decisions": [encode_decision(decision) for decision in judgement.decisions],
                "shadow": [encode_shadow_hit(hit) for hit in judgement.shadow],
            },
        )
        if not is_claimed:
            eventids.insert(self.connection, entry.position, body["ids"])
        derived.apply_events(
            self.connection,
            entry,
            derived.with_effect(batch),
            batch.lines,
            judgement.decisions,
            judgement.shadow,
        )
        return entry


class Store:
    """One deployment's truth: the database and the data folder beside it."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self.database = Database(settings.database_url)
        self.folder: Path = settings.folder

    @classmethod
    def open(cls, settings: Settings, clock: Clock | None = None, *, create: bool = True) -> Store:
        """Connect, create (unless told not to) or migrate the schema, and make the data folder.

        Raises:
            OutsideServiceError: the database cannot be reached.
            NotFoundError: there is none, and none was to be made; nothing was left behind.
            InputError: it belongs to a newer Tocsin.
        """
        store = cls(settings, clock)
        try:
            store.database.migrate(create=create)
        except TocsinError:
            store.close()
            raise
        store.folder.mkdir(parents=True, exist_ok=True)
        return store

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection that sees one state of the store."""
        with self.database.read() as connection:
            yield connection

    @contextmanager
    def write(self, writer: str | None = None) -> Iterator[Transaction]:
        """The only write transaction of its moment; commits when the block ends well."""
        with self.database.write() as connection:
            yield Transaction(connection, writer or self.settings.writer, self.clock)

    def close(self) -> None:
        """Release the database."""
        self.database.close()
