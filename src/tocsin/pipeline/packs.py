"""Packs in force: checked, imported into the banks, activated, compiled.

Comes in: a pack's source. Goes out: entries of the log, and the engine that they describe.
Always holds: a pack that does not pass its check, or fails one of its own examples, is never
activated; what a person changed in a bank is not changed back by a pack.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import sqlalchemy as sa

from tocsin import __version__
from tocsin.clock import Clock, stable_id
from tocsin.detectors import detect
from tocsin.errors import CheckFailedError
from tocsin.features import compute
from tocsin.features.windows import GroupedWindows
from tocsin.pipeline import registry
from tocsin.pipeline.compiled import BankState, CompiledParts, last_edit, uncollected
from tocsin.pipeline.engine import Engine
from tocsin.plugins import Detector, DetectorInput
from tocsin.policy import (
    CheckReport,
    CompiledPolicy,
    EarnedGate,
    PackSource,
    RuleExample,
    check_pack,
    load_pack,
    with_states,
)
from tocsin.records import (
    BankEntry,
    EntryState,
    Event,
    EventBatch,
    EventPolicy,
    LabelHolder,
    LogEntry,
    RuleState,
    WrittenRule,
    account_key,
    check_entry,
    convert_event,
    encode_event,
)
from tocsin.store import Store, Transaction, automation, banks, policies, prepared, rulestates

__all__ = [
    "ExampleResult",
    "ImportPlan",
    "activate",
    "activate_first",
    "banks_under",
    "check",
    "checked",
    "compile_ahead",
    "in_force",
    "load_engine",
    "load_gate",
    "load_policy",
    "planned_import",
    "prepare",
    "put_in_force",
    "run_examples",
    "standing_rules",
]

PACK_SOURCE = "pack"
"""`source` of bank entries that a pack brought, and the name under which it edits."""


class ExampleResult(msgspec.Struct, frozen=True, kw_only=True):
    """One example of a rule: what it demands and what happened."""

    rule: str
    where: str
    should_hit: bool
    did_hit: bool
    hits: tuple[str, ...]

    @property
    def is_kept(self) -> bool:
        """Whether the rule did what its example demands."""
        return self.should_hit == self.did_hit


def check(source: PackSource, stored: Sequence[BankEntry] = ()) -> CheckReport:
    """Check a pack against what is installed and what the store's banks hold."""
    with uncollected():
        return check_pack(source, registry.catalogue(stored))


def run_examples(
    policy: CompiledPolicy,
    clock: Clock,
    stored: Sequence[BankEntry] = (),
    text_model: str = "",
) -> list[ExampleResult]:
    """Run the rules' own examples through features, detectors and rules.

    They are held against the pack's entries as it brings them, whatever an earlier version of
    it brought, or a person disputed since; and against what people added to the banks.
    """
    examples = policy.examples()
    if not examples:
        return []
    added = (entry for entry in stored if entry.source != PACK_SOURCE)
    entries = {entry.id: entry for entry in (*added, *policy.entries)}
    batch, rows = _batch_of(examples, clock)
    features = compute(batch)
    given = DetectorInput(batch=batch, features=features, texts=features)
    found = registry.detectors(entries.values(), reads=policy.signals, text_model=text_model)
    signals = detect(given, found)
    windows = GroupedWindows(policy.windows, policy.window_conditions, batch, features, rows)
    hits: dict[int, list[str]] = {}
    last_rows = [own[-1] for own in rows]
    labels = _ExampleLabels(batch, dict(zip(last_rows, examples, strict=True)))
    for row, rule in policy.effective_hits(batch, features, signals, windows, labels):
        hits.setdefault(row, []).append(rule)
    return [
        ExampleResult(
            rule=example.rule,
            where=example.where,
            should_hit=example.should_hit,
            did_hit=example.rule in hits.get(row, ()),
            hits=tuple(hits.get(row, ())),
        )
        for row, example in zip(last_rows, examples, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _ExampleLabels:
    """The labels that examples say stand."""

    batch: EventBatch
    examples: Mapping[int, RuleExample]

    def has(self, row: int, holder: LabelHolder, name: str) -> bool | None:
        """Whether the row's account or handle has a label; None where the event names none."""
        actor = self.batch.events[row].actor
        of_handle = None if actor is None else actor.handle
        held_by = of_handle if holder is LabelHolder.HANDLE else account_key(actor)
        if held_by is None:
            return None
        example = self.examples.get(row)
        return example is not None and (holder, name) in example.labels


def activate(
    store: Store, source: PackSource, *, by: str, reason: str, only_first: bool = False
) -> CompiledPolicy:
    """Check a pack, run its examples, import its banks and make it the one in force.

    With `only_first` nothing happens where a pack was ever in force.

    Raises:
        CheckFailedError: it does not pass; the pack in force stays.
    """
    if not only_first:
        prepare(store, source)  # servers compile it while it is checked here
    policy = checked(store, source)
    plan = planned_import(store, policy)
    with store.write() as transaction:
        if only_first and policies.active_version(transaction.connection) is not None:
            return policy  # another process was quicker
        put_in_force(transaction, policy, by=by, reason=reason, plan=plan)
    return policy


def checked(store: Store, source: PackSource) -> CompiledPolicy:
    """The pack, compiled, where it passes its check and keeps its examples.

    Raises:
        CheckFailedError: it does not.
    """
    with store.read() as connection:
        stored = banks.list_entries(connection)
    report = check(source, stored)
    if report.policy is None:
        raise CheckFailedError(
            f"the pack has {len(report.problems)} mistakes and is not activated",
            hint="tocsin policy check shows them all",
        )
    text_model = store.settings.text_model_dir
    results = run_examples(report.policy, store.clock, stored, text_model)
    broken = [result for result in results if not result.is_kept]
    if broken:
        raise CheckFailedError(
            f"{len(broken)} examples of rules are not kept; the pack is not activated",
            where=broken[0].where,
            hint="tocsin policy test shows them all",
        )
    return report.policy


def planned_import(store: Store, policy: CompiledPolicy) -> ImportPlan:
    """What putting a pack in force changes in the banks, found before anybody has to wait."""
    with store.read() as connection:
        return ImportPlan.of(connection, policy.entries, store.clock)


def put_in_force(
    transaction: Transaction,
    policy: CompiledPolicy,
    *,
    by: str,
    reason: str,
    plan: ImportPlan | None = None,
) -> LogEntry:
    """Import the banks of a pack that was checked, and make it the one in force."""
    _import_banks(transaction, policy.entries, reason=reason, plan=plan)
    return policies.activate(
        transaction,
        policy.version,
        policy.source.files,
        by=by,
        reason=reason,
        rules=[rule.written for rule in policy.rules],
    )


def prepare(store: Store, source: PackSource) -> None:
    """Let running servers compile a pack that may be put in force soon."""
    with store.write() as transaction:
        prepared.put(transaction.connection, source.version, source.files)


def compile_ahead(
    connection: sa.Connection, source: PackSource, parts: CompiledParts, clock: Clock
) -> CompiledPolicy:
    """Compile a pack and the detectors over its banks as they would stand, and keep both.

    Raises:
        CheckFailedError: it does not pass its check.
    """
    stored = banks.list_entries(connection)
    report = check(source, stored)
    if report.policy is None:
        raise CheckFailedError("the pack does not pass its check", where=source.version)
    parts.prepare(connection, report.policy)
    imported = {entry.id: entry for entry in stored}
    changes = _changes(connection, report.policy.entries, clock)
    imported.update({entry.id: entry for entry in changes})
    active = [one for one in imported.values() if one.state is EntryState.ACTIVE]
    parts.detectors(active, report.policy.signals)
    return report.policy


def activate_first(store: Store) -> None:
    """Activate the configured pack, or the one that ships, where none was ever activated."""
    with store.read() as connection:
        if policies.active_version(connection) is not None:
            return
    folder = store.settings.policy_dir
    source = load_pack(Path(folder) if folder else None)
    reason = "the first pack of this deployment"
    activate(store, source, by=PACK_SOURCE, reason=reason, only_first=True)


def load_policy(
    connection: sa.Connection,
    version: str | None = None,
    *,
    files: Mapping[str, str] | None = None,
) -> CompiledPolicy:
    """The policy in force, an earlier version, or one of these files, in the states of its files.

    Raises:
        CheckFailedError: it does not pass the check of this program.
    """
    version = version or policies.active_version(connection)
    if files is None and version is not None:
        files = policies.files_of(connection, version)
    if files is None:
        raise CheckFailedError("the log holds no such policy", where=version)
    report = check(PackSource.from_files(files), banks.list_entries(connection))
    if report.policy is None:
        raise CheckFailedError(
            f"the active pack has {len(report.problems)} mistakes for this program",
            where=f"policy {version}",
            hint="tocsin policy check names them; then activate a mended pack",
        )
    return report.policy


def load_engine(
    connection: sa.Connection,
    parts: CompiledParts | None = None,
    lateness_s: int = 0,
    *,
    solo: bool = False,
) -> Engine:
    """The engine that the log describes: the policy in force over the banks as they stand.

    `lateness_s` is how late events may come and still be counted in windows; `parts` is what
    this process compiled before; `solo` is whether one person runs all.
    """
    parts = parts or CompiledParts()
    stored = parts.banks(connection)
    written = parts.policy(connection, load_policy)
    overriding = _overriding(written, rulestates.states(connection))
    policy = with_states(written, overriding)
    found = parts.detectors(stored.active, policy.signals)
    versions = _versions(stored, found)
    if overriding:
        versions["rules"] = rulestates.states_digest(overriding)
    if policy.windows:
        versions["windows"] = f"{lateness_s} s late"
    engine = Engine(policy=policy, detectors=found, versions=versions)
    return engine.under(load_gate(connection, solo=solo))


def load_gate(connection: sa.Connection, *, solo: bool = False) -> EarnedGate:
    """What rules may do without a person, as the log describes it."""
    rows = automation.list_rows(connection)
    return EarnedGate((row.standing for row in rows), solo=solo)


def _versions(stored: BankState, found: Sequence[Detector]) -> dict[str, str]:
    """What a decision depends on besides its event and the policy."""
    return {
        "banks": stored.digest,
        "detectors": stable_id("det", *(f"{d.name}={d.version}" for d in found)),
        "tocsin": __version__,
    }


def _overriding(
    policy: CompiledPolicy, states: Mapping[tuple[str, str], RuleState]
) -> dict[tuple[str, str], RuleState]:
    """Of the states that the log gave, those that differ from what the pack itself says."""
    known = ((rule, states.get((rule.id, rule.version))) for rule in policy.rules)
    return {
        (rule.id, rule.version): state
        for rule, state in known
        if state is not None and state is not rule.state
    }


def in_force(connection: sa.Connection) -> CompiledPolicy:
    """The policy in force, its rules in the states that stand now."""
    policy = load_policy(connection)
    return with_states(policy, rulestates.states(connection))


def standing_rules(connection: sa.Connection) -> list[WrittenRule]:
    """The rules of the pack in force as records, in the states that stand now; nothing compiled."""
    activations = policies.list_activations(connection)
    written = policies.rules_of(connection, activations[0].position) if activations else []
    states = rulestates.states(connection)
    return [
        msgspec.structs.replace(rule, state=states.get((rule.id, rule.version), rule.state))
        for rule in written
    ]


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What importing a pack's entries changes, where `position` is the last edit of a bank."""

    position: int
    changes: Sequence[BankEntry]

    @classmethod
    def of(
        cls, connection: sa.Connection, entries: Sequence[BankEntry], clock: Clock
    ) -> ImportPlan:
        """The changes, from the banks as this connection sees them."""
        stored = {entry.id: entry for entry in banks.list_entries(connection)}
        changes = _changes(connection, entries, clock)
        changed = [entry for entry in changes if entry != stored.get(entry.id)]
        return cls(last_edit(connection), changed)


def banks_under(
    connection: sa.Connection, entries: Sequence[BankEntry], clock: Clock
) -> list[BankEntry]:
    """All banks as they would stand if a pack with these entries were activated.

    Raises:
        InputError: an entry may not enter its bank.
    """
    merged = {entry.id: entry for entry in banks.list_entries(connection)}
    merged |= {entry.id: check_entry(entry) for entry in _changes(connection, entries, clock)}
    return sorted(merged.values(), key=lambda entry: (entry.bank, entry.id))


def _import_banks(
    transaction: Transaction,
    entries: Sequence[BankEntry],
    *,
    reason: str,
    plan: ImportPlan | None = None,
) -> None:
    """Bring the banks to what the pack says, except where a person decided otherwise.

    A plan that was made before saves everybody the wait, where no bank was edited since.
    """
    connection, clock = transaction.connection, transaction.clock
    if plan is None or plan.position != last_edit(connection):
        plan = ImportPlan.of(connection, entries, clock)
    banks.edit(transaction, plan.changes, by=PACK_SOURCE, reason=reason)


def _changes(
    connection: sa.Connection, entries: Sequence[BankEntry], clock: Clock
) -> list[BankEntry]:
    """The entries that importing these would write; some may stand so already."""
    stored = {entry.id: entry for entry in banks.list_entries(connection)}
    wanted = {entry.id: msgspec.structs.replace(entry, source=PACK_SOURCE) for entry in entries}
    by_people = banks.edited_by_others(connection, PACK_SOURCE)
    now = clock.now()
    changes = [
        entry
        for entry in wanted.values()
        if entry.id not in by_people and (entry.expires_at is None or entry.expires_at > now)
    ]
    return changes + [
        msgspec.structs.replace(entry, state=EntryState.RETIRED)
        for entry in stored.values()
        if entry.source == PACK_SOURCE and entry.id not in wanted and entry.id not in by_people
    ]


def _batch_of(examples: Sequence[RuleExample], clock: Clock) -> tuple[EventBatch, list[range]]:
    """All events of all examples, and for each example its rows: its own event is the last."""
    now = clock.now()
    events: list[Event] = []
    rows: list[range] = []
    for example in examples:
        start = len(events)
        wire = (*example.before, example.event)
        events += [convert_event(event, now=now, policy=EventPolicy()) for event in wire]
        rows.append(range(start, len(events)))
    batch = EventBatch(
        events=events,
        lines=[encode_event(event) for event in events],
        received_at=now,
        source="examples",
    )
    return batch, rows
