"""What a process compiled, kept while it can be used again: policies, detectors, bank entries.

Comes in: the log, and packs that may be put in force soon. Goes out: the parts of an engine.
Always holds: a part is the same as if it was compiled anew from the log (it is found by the
version of the pack and the kinds of all banks, or by what its bank entries decide); entries
follow the log edit by edit. What was read in a transaction that failed must be forgotten.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

import msgspec
import sqlalchemy as sa

from tocsin.detectors import BankDetectors
from tocsin.matching import DatabaseCache
from tocsin.pipeline import registry
from tocsin.plugins import Detector
from tocsin.policy import CompiledPolicy
from tocsin.records import BankEntry, EntryKind, EntryState
from tocsin.store import banks, log, policies, schema

__all__ = ["BankState", "CompiledParts", "in_background", "last_edit", "set_aside", "uncollected"]

REMEMBERED = 2
"""Policies: the one in force, and the one that is being prepared."""

SWITCH_S = 0.0005
"""How long a compiling thread keeps others waiting for the interpreter. Python's own 5 ms come
to 100 ms for a batch, which lets go of it some twenty times."""

_ENTRY = msgspec.json.Decoder(BankEntry)
_Key = tuple[str, frozenset[tuple[str, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BankState:
    """The banks at one moment.

    `of` is all entries, as they were read; `digest` is over what their active ones decide.
    """

    of: Sequence[BankEntry]
    active: Sequence[BankEntry]
    digest: str
    next_expiry: datetime | None


class CompiledParts:
    """The parts of one process's engines; safe to use from several threads.

    `text_model` is the folder of the weights of text models ("": those that ship).
    """

    def __init__(self, cache: DatabaseCache | None = None, text_model: str = "") -> None:
        self._text_model = text_model
        self._builder = BankDetectors(cache)
        self._entries = _Entries()
        self._state: BankState | None = None
        self._found: tuple[Sequence[BankEntry], frozenset[str], Sequence[Detector]] | None = None
        self._policies: dict[_Key, CompiledPolicy] = {}
        self._lock = Lock()

    def forget(self) -> None:
        """What was read last may not be in the log."""
        with self._lock:
            self._entries = _Entries()

    def banks(self, connection: sa.Connection) -> BankState:
        """The active entries of all banks."""
        entries = self._all(connection)
        state = self._state
        if state is None or state.of is not entries:
            active = [entry for entry in entries if entry.state is EntryState.ACTIVE]
            expiring = (entry.expires_at for entry in active)
            state = self._state = BankState(
                of=entries,
                active=active,
                digest=banks.bank_digest(active),
                next_expiry=min((at for at in expiring if at is not None), default=None),
            )
        return state

    def detectors(self, active: Sequence[BankEntry], reads: Collection[str]) -> Sequence[Detector]:
        """Every detector over these entries, for rules that read these signals."""
        wanted = frozenset(reads)
        with self._lock:
            found = self._found
        if found is None or found[0] is not active or found[1] != wanted:
            detectors = registry.detectors(active, self._builder, wanted, self._text_model)
            found = (active, wanted, detectors)
            with self._lock:
                self._found = found
        return found[2]

    def policy(
        self, connection: sa.Connection, load: Callable[[sa.Connection], CompiledPolicy]
    ) -> CompiledPolicy:
        """The policy in force; `load` compiles it where that was not done before."""
        version = policies.active_version(connection)
        if version is None:
            return load(connection)
        key = (version, _kinds(self._all(connection)))
        found = self._policies.get(key)
        return self._remember(key, load(connection) if found is None else found)

    def prepare(self, connection: sa.Connection, policy: CompiledPolicy) -> None:
        """Keep a policy that may be put in force soon; its entries need not be in the log yet."""
        kinds = _kinds(self._all(connection)) | _kinds(policy.entries)
        self._remember((policy.version, kinds), policy)

    def _remember(self, key: _Key, policy: CompiledPolicy) -> CompiledPolicy:
        with self._lock:
            self._policies.pop(key, None)
            self._policies[key] = policy
            while len(self._policies) > REMEMBERED:
                del self._policies[next(iter(self._policies))]
        return policy

    def _all(self, connection: sa.Connection) -> list[BankEntry]:
        with self._lock:
            return self._entries.at(connection)


class _Entries:
    """The entries of all banks, in the order of `banks.list_entries`, up to an entry of the log."""

    def __init__(self) -> None:
        self._position = -1
        self._by_id: dict[str, BankEntry] = {}
        self._ordered: list[BankEntry] = []

    def at(self, connection: sa.Connection) -> list[BankEntry]:
        """The entries as this connection sees them."""
        newest = last_edit(connection)
        if newest == self._position:
            return self._ordered
        changed = self._since(connection) if 0 <= self._position < newest else None
        if changed is None:
            self._by_id = {entry.id: entry for entry in banks.list_entries(connection)}
        else:
            self._by_id.update(changed)
        self._position = newest
        self._ordered = sorted(self._by_id.values(), key=lambda entry: (entry.bank, entry.id))
        return self._ordered

    def _since(self, connection: sa.Connection) -> dict[str, BankEntry] | None:
        """What edits wrote since; None where content of one was erased."""
        found: dict[str, BankEntry] = {}
        for edit in log.entries(connection, after=self._position, kinds=(EntryKind.BANK,)):
            items = log.content_of(connection, edit.position, "entries")
            if items is None or not all(items):
                return None
            for item in items:
                entry = _ENTRY.decode(item)
                found[entry.id] = entry
        return found


_LAST_EDIT = sa.select(sa.func.max(schema.log_entries.c.position)).where(
    schema.log_entries.c.kind == EntryKind.BANK.value
)


def last_edit(connection: sa.Connection) -> int:
    """The position of the last edit of a bank; 0 before the first."""
    position: int | None = connection.execute(_LAST_EDIT).scalar_one()
    return position or 0


def _kinds(entries: Iterable[BankEntry]) -> frozenset[tuple[str, str]]:
    return frozenset({(entry.bank, entry.kind.value) for entry in entries})


@contextmanager
def uncollected() -> Iterator[None]:
    """Without rounds of the garbage collector.

    An engine is hundreds of thousands of objects that live long: walking them again and again
    while they are made takes a fifth of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def set_aside() -> Iterator[None]:
    """As `uncollected`; what was made is left out of later rounds too.

    There it would be the long tail of a batch's time. It is freed like everything else when
    nothing refers to it any more.
    """
    with uncollected():
        try:
            yield
        finally:
            gc.freeze()


@contextmanager
def in_background() -> Iterator[None]:
    """For a thread that compiles beside a stream: others get the interpreter at once."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, SWITCH_S))
    try:
        yield
    finally:
        sys.setswitchinterval(before)
