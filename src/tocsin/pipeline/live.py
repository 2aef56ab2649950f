"""The live path: a batch of events in, judged and stored in one transaction.

Comes in: batches and dead letters from `ingest`. Goes out: what became of them. Always holds:
an event is judged once, by id, whatever is sent twice and whenever the process dies; it is
judged under the policy and banks that stand before it in the log, and its windows hold the
events before it, committed ones only; when a new policy or bank cannot be used, the old one stays
and the caller hears of it.
"""

from __future__ import annotations

import gc
import logging
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import compress

import msgspec
import sqlalchemy as sa

from tocsin.errors import TocsinError
from tocsin.pipeline.checking import Checked, look, versions_of
from tocsin.pipeline.compiled import CompiledParts, in_background, set_aside
from tocsin.pipeline.engine import Engine, LookAhead
from tocsin.pipeline.labels import BatchLabels, load_labels
from tocsin.pipeline.packs import activate_first, compile_ahead, load_engine, load_gate
from tocsin.pipeline.windows import LiveWindows
from tocsin.policy import CompiledPolicy, PackSource
from tocsin.records import DeadLetter, Decision, EntryKind, EventBatch, Judgement
from tocsin.store import (
    Store,
    Transaction,
    automation,
    banks,
    deadletters,
    decisions,
    eventids,
    log,
)
from tocsin.store.compiled import CompiledFiles
from tocsin.store.settings import record_settings

__all__ = ["BatchResult", "Live", "RunSummary"]

TRIES = 3
"""How often a batch goes back to let a changed policy be compiled outside its transaction."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """What became of one batch: per event whether it was new, and what was decided.

    `decisions` are new; `known` counts by (clause, outcome) what stands about the events that
    came again, each time that they came.
    """

    is_new: tuple[bool, ...] = ()
    n_dead_letters: int = 0
    decisions: tuple[Decision, ...] = ()
    known: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def n_accepted(self) -> int:
        """How many events were new."""
        return sum(self.is_new)

    @property
    def n_duplicates(self) -> int:
        """How many events the log already had."""
        return len(self.is_new) - self.n_accepted


class Live:
    """The pipeline of one process, at the newest policy and banks."""

    def __init__(self, store: Store, connection: sa.Connection) -> None:
        self.store = store
        self._lock = threading.Lock()
        self._taking_over = threading.Lock()
        self.problem: TocsinError | None = None
        self._parts = CompiledParts(CompiledFiles(store.folder), store.settings.text_model_dir)
        self._position = _edit_position(connection)
        self._seen = -1
        self._next_expiry = self._parts.banks(connection).next_expiry
        self._automation_position = automation.last_change(connection)
        self._engine = self._loaded(connection)
        self.windows = LiveWindows(store)
        if self._engine.policy.windows:
            self.windows.prepare(connection, self._engine.policy)

    @classmethod
    def open(cls, store: Store) -> Live:
        """The pipeline over a store; activates the configured pack where none is active yet.

        Raises:
            CheckFailedError: the active pack cannot be compiled.
        """
        record_settings(store)
        activate_first(store)
        with store.read() as connection:
            live = cls(store, connection)
        _collect_once()
        return live

    @classmethod
    def reading(cls, store: Store) -> Live:
        """The pipeline over a store in which a pack was activated; writes nothing by itself.

        Raises:
            CheckFailedError: no pack is active, or it cannot be compiled.
        """
        with store.read() as connection:
            return cls(store, connection)

    @property
    def policy(self) -> CompiledPolicy:
        """The policy in force."""
        return self._engine.policy

    @property
    def engine(self) -> Engine:
        """The policy and detectors in force."""
        return self._engine

    def take(self, batch: EventBatch, dead_letters: Sequence[DeadLetter] = ()) -> BatchResult:
        """Judge a batch and store everything about it; durable when this returns."""
        with self._lock:  # what is held in memory moves on with the log, batch by batch
            try:
                result = self._taken(batch, dead_letters)
            except BaseException:
                self._look_again()
                raise
            self.windows.save_if_due()
        return result

    def look(self, batch: EventBatch) -> Checked:
        """What would be decided about a batch of one if it came next; stores nothing about it."""
        with self._lock:
            return self._look_if_current(batch) or self._look_after(batch)

    def look_at_once(self, batch: EventBatch) -> Checked | None:
        """As `look`; None where that would have to wait.

        For a batch that is being judged, for another process's entries to be read, or for the
        server of a database to answer.
        """
        if not self.store.database.is_sqlite or not self._lock.acquire(blocking=False):
            return None
        try:
            return self._look_if_current(batch)
        finally:
            self._lock.release()

    def _look_if_current(self, batch: EventBatch) -> Checked | None:
        """The answer, if engine and windows are at the end of the log, and nothing expired."""
        if self._has_expired(batch):
            return None
        with self.store.read() as connection:
            is_current = log.last_position(connection) == self._seen
            return self._look(connection, batch) if is_current else None

    def _look_after(self, batch: EventBatch) -> Checked:
        """The answer after what happened since: a policy, a bank, events, what expired."""
        with self.store.read() as connection:
            self.reload(connection)
        if self._has_expired(batch):
            with self.store.write() as transaction:
                banks.retire_expired(transaction, batch.received_at)
        with self.store.read() as connection:
            self.reload(connection)
            self._windows(connection)
            self._seen = log.last_position(connection)
            return self._look(connection, batch)

    def _look(self, connection: sa.Connection, batch: EventBatch) -> Checked:
        policy = self._engine.policy
        return look(
            self._engine,
            batch,
            self._seen,
            windows=self.windows if policy.windows else None,
            labels=self._labels(connection, batch),
        )

    def _has_expired(self, batch: EventBatch) -> bool:
        return self._next_expiry is not None and self._next_expiry <= batch.received_at

    def recorded(self, event_id: str) -> Checked:
        """What was decided about an event that is in the log."""
        where = decisions.DecisionFilter(event=event_id)
        with self.store.read() as connection:
            rows = decisions.list_rows(connection, where)
            found = [decisions.get(connection, row.id) for row in reversed(rows)]
            position = log.last_position(connection)
        made = tuple(decision for decision in found if decision is not None)
        return Checked(
            event=event_id,
            position=position,
            decisions=made,
            missing=tuple(sorted({name for d in made for r in d.reasons for name in r.missing})),
            versions=versions_of(self._engine),
            is_recorded=True,
        )

    def close(self) -> None:
        """Write down what is held in memory, so that the next start need not count it again.

        What was set aside from the collector comes back: at the end of the process libraries
        look for what was never released, and would name it.
        """
        with self._lock:
            self.windows.save()
        gc.unfreeze()

    def _look_again(self) -> None:
        """Forget what was taken over in a transaction that may have been rolled back."""
        self._position = self._automation_position = self._seen = -1
        self._parts.forget()
        self.windows.forget()

    def prepare(self, source: PackSource) -> CompiledPolicy:
        """Compile a pack that may be put in force soon, while the stream goes on.

        Raises:
            CheckFailedError: it does not pass its check.
        """
        with in_background(), set_aside(), self.store.read() as connection:
            return compile_ahead(connection, source, self._parts, self.store.clock)

    def _taken(self, batch: EventBatch, dead_letters: Sequence[DeadLetter]) -> BatchResult:
        """Take a batch; what takes long is done before, while others may write.

        That is compiling, and asking detectors that are dear.
        """
        for _ in range(TRIES):
            ahead = self._look_ahead(batch)
            try:
                return self._take(batch, dead_letters, ahead, may_compile=False)
            except _ChangedError:
                with self.store.read() as connection:
                    self.reload(connection)
        return self._take(batch, dead_letters, self._look_ahead(batch), may_compile=True)

    def _look_ahead(self, batch: EventBatch) -> LookAhead | None:
        """What dear detectors say of a batch; None where there are none, or nothing is new."""
        if not batch.events or not self._engine.has_dear:
            return None
        ids = set(batch.columns.values("id"))
        with self.store.read() as connection:
            if len(eventids.known(connection, sorted(ids))) == len(ids):
                return None
        return self._engine.look_ahead(batch)

    def _take(
        self,
        batch: EventBatch,
        dead_letters: Sequence[DeadLetter],
        ahead: LookAhead | None,
        *,
        may_compile: bool,
    ) -> BatchResult:
        with self.store.write() as transaction:
            n_dead_letters = deadletters.add(transaction, dead_letters)
            if batch.events:
                if not may_compile and _edit_position(transaction.connection) != self._position:
                    raise _ChangedError
                self.reload(transaction.connection)
                self._retire_expired(transaction, batch)
            new, is_new = _split(transaction, batch)
            made = Judgement()
            position = 0
            if new.events:
                if ahead is not None and new is not batch:
                    ahead = ahead.only(is_new, new)
                made = self._judge(transaction.connection, new, ahead)
                position = transaction.record_events(new, made, is_claimed=True).position
            known = _decisions_known(transaction.connection, batch, is_new, made.decisions)
        if position:
            self.windows.commit(position)
            self._seen = position
        return BatchResult(
            is_new=is_new,
            n_dead_letters=n_dead_letters,
            decisions=made.decisions,
            known=known,
        )

    def _retire_expired(self, transaction: Transaction, batch: EventBatch) -> None:
        """Let what expires before a new event arrives go first: an entry of the log of its own."""
        if self._next_expiry is None or self._next_expiry > batch.received_at:
            return
        connection = transaction.connection
        ids = set(batch.columns.values("id"))
        if len(eventids.known(connection, sorted(ids))) < len(ids):
            banks.retire_expired(transaction, batch.received_at)
            self.reload(connection)

    def _judge(
        self, connection: sa.Connection, batch: EventBatch, ahead: LookAhead | None
    ) -> Judgement:
        """What the engine says of a batch that comes next in the log."""
        labels = self._labels(connection, batch)
        return self._engine.judge(batch, self._windows(connection), labels, ahead)

    def _labels(self, connection: sa.Connection, batch: EventBatch) -> BatchLabels | None:
        """The labels at the end of the log; None where no rule reads any."""
        reads = self._engine.policy.label_reads
        return load_labels(connection, batch, reads) if reads else None

    def _windows(self, connection: sa.Connection) -> LiveWindows | None:
        """The windows at the end of the log; None where no rule reads any."""
        policy = self._engine.policy
        if not policy.windows:
            self.windows.forget()
            return None
        self.windows.prepare(connection, policy)
        return self.windows

    def reload(self, connection: sa.Connection) -> bool:
        """Take over a policy or bank that changed since; False if nothing did.

        What cannot be compiled is not taken over: the old engine stays, `problem` says why.
        """
        with self._taking_over:  # pages and batches ask at the same time
            self._follow_automation(connection)
            return self._follow_edits(connection)

    def _follow_edits(self, connection: sa.Connection) -> bool:
        position = _edit_position(connection)
        if position == self._position:
            return False
        self._position = position
        self._next_expiry = self._parts.banks(connection).next_expiry
        try:
            with set_aside():
                self._engine = self._loaded(connection)
        except TocsinError as error:
            self.problem = error
            _LOG.error("the new policy or bank is not used: %s", error.code)
            return False
        self.problem = None
        return True

    def _loaded(self, connection: sa.Connection) -> Engine:
        settings = self.store.settings
        return load_engine(connection, self._parts, settings.window_lateness_s, solo=settings.solo)

    def _follow_automation(self, connection: sa.Connection) -> None:
        """Take over what rules earned or lost since; nothing needs to be compiled for that."""
        position = automation.last_change(connection)
        if position != self._automation_position:
            self._automation_position = position
            gate = load_gate(connection, solo=self.store.settings.solo)
            self._engine = self._engine.under(gate)


class _ChangedError(Exception):
    """A policy or bank changed since it was compiled; nothing was done yet."""


def _collect_once() -> None:
    """Take what now lives out of the garbage collector's rounds.

    An engine is hundreds of thousands of objects (entries, rules, closures) that live as long as
    the process or until the next one. Python's collector would walk them again and again while
    batches come and go: that is the long tail of a batch's time. Collected once, at the start;
    what is compiled later is set aside as it is made (`set_aside`), as no batch may pause.
    """
    gc.collect()
    gc.freeze()


def _edit_position(connection: sa.Connection) -> int:
    """Where the log last changed what decides: a policy, a bank, or the state of a rule."""
    return log.newest(connection, EntryKind.POLICY, EntryKind.BANK, EntryKind.RULE)


def _split(transaction: Transaction, batch: EventBatch) -> tuple[EventBatch, tuple[bool, ...]]:
    """The events that the log does not have, and for each event whether it is one of them."""
    if not batch.events:
        return batch, ()
    is_new = transaction.claim(batch.columns.values("id"))
    if all(is_new):
        return batch, is_new
    return batch.only(is_new), is_new


def _decisions_known(
    connection: sa.Connection,
    batch: EventBatch,
    is_new: Sequence[bool],
    made: Sequence[Decision],
) -> Counter[tuple[str, str]]:
    """What stands about the events that came again, counted each time that one came."""
    if all(is_new):
        return Counter()
    ids = batch.columns.values("id")
    again = Counter(event_id for event_id, new in zip(ids, is_new, strict=True) if not new)
    found: Counter[tuple[str, str]] = Counter()
    for decision in made:
        found[decision.clause, decision.outcome.value] += again.get(decision.event, 0)
    earlier = again.keys() - set(compress(ids, is_new))
    for event_id, clause, outcome in decisions.about_events(connection, sorted(earlier)):
        found[clause, outcome] += again[event_id]
    return +found


class RunSummary(msgspec.Struct, kw_only=True):
    """The totals of one `tocsin run`; the shape of its last line with `--json`."""

    events: int = 0
    accepted: int = 0
    duplicates: int = 0
    dead_letters: int = 0
    decisions: int = 0
    new_decisions: int = 0
    by_clause: dict[str, int] = {}
    by_outcome: dict[str, int] = {}
    seconds: float = 0.0

    def add(self, result: BatchResult, n_refused: int) -> None:
        """Count one batch in; `n_refused` lines of it were refused, new or known."""
        self.accepted += result.n_accepted
        self.duplicates += result.n_duplicates
        self.dead_letters += n_refused
        self.events += result.n_accepted + result.n_duplicates + n_refused
        self.new_decisions += len(result.decisions)
        made = Counter((decision.clause, decision.outcome.value) for decision in result.decisions)
        for (clause, outcome), n in (made + result.known).items():
            self.decisions += n
            self.by_clause[clause] = self.by_clause.get(clause, 0) + n
            self.by_outcome[outcome] = self.by_outcome.get(outcome, 0) + n
