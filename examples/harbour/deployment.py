"""The demo's deployment of Tocsin: set up, fed with a week of Harbour, and asked what is in it.

Comes in: an empty folder, and the lines of the week as they come over the wire. Goes out: a
database in which everything was judged by the real pipeline, and what is worth looking at first.
Always holds: the account that Harbour suspends enters the bank of suspended handles when that is
heard of, so that what comes later is judged with it. Refused: nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from time import perf_counter

import msgspec

from examples.harbour.world import KNOWN_MATERIAL
from tocsin.config import load_settings
from tocsin.ingest import ADAPTERS, Batcher, file_batches, open_lines
from tocsin.pipeline import Live, RunSummary, activate_first, event_policy
from tocsin.records import AccountSuspended, BankEntry, BankKind, Decision, entry_id
from tocsin.review import Passwords, Role, Scope, add_user, create_token
from tocsin.store import Store, anchors, archive_events, banks, cases, decisions, keys

__all__ = ["LOGINS", "Sights", "find_sights", "judge_week", "open_deployment"]

EVENTS_PER_BATCH = 64
"""Small, so that the bar moves and a bank's edit counts soon."""
UNDO_WINDOW_S = 10
"""Long enough to see that a verdict can be taken back, short enough to wait for."""
SET_UP_BY = "demo"

LOGINS = {
    "ana": Role.ANALYST,
    "mo": Role.MODERATOR,
    "ines": Role.INVESTIGATOR,
    "ada": Role.APPEALS,
    "lee": Role.LEAD,
    "admin": Role.ADMIN,
}
"""One person for each role."""

SETTINGS = """\
# A demonstration; `tocsin init` writes such a file for a real deployment.
webhook_url = "{webhook_url}"
undo_window_s = {undo_window_s}
"""


class Sights(msgspec.Struct, frozen=True, kw_only=True):
    """Ids of what to look at first; None where the week had no such thing."""

    threat_case: str | None = None
    left_alone: str | None = None
    push_case: str | None = None
    return_case: str | None = None
    hidden_post: str | None = None


def open_deployment(folder: Path, *, webhook_url: str, password: str) -> tuple[Store, str]:
    """A new deployment in the folder, and the token with which Harbour sends events.

    What `tocsin init`, `tocsin user add` and `tocsin token add` do, and the import of the known
    material of a bank of hashes.
    """
    url = f"sqlite:///{folder / 'tocsin.db'}"
    data = load_settings({"database_url": url}).folder
    data.mkdir(parents=True)
    settings = SETTINGS.format(webhook_url=webhook_url, undo_window_s=UNDO_WINDOW_S)
    (data / "tocsin.toml").write_text(settings, encoding="utf-8")
    store = Store.open(load_settings({"database_url": url}))
    keys.anchor_key(store.folder)
    activate_first(store)
    passwords = Passwords()
    for name, role in LOGINS.items():
        add_user(store, passwords, name, role, password, by=SET_UP_BY)
    _add_entries(store, _known_material(), reason="material that Harbour has judged before")
    token = create_token(store, "harbour", (Scope.EVENTS_WRITE,), by=SET_UP_BY)
    return store, token.secret


def judge_week(store: Store, week: Path, progress: Callable[[int], None]) -> RunSummary:
    """Judge the lines of a file as `tocsin run` does; `progress` gets the bytes read so far."""
    started, summary = perf_counter(), RunSummary()
    live = Live.open(store)
    with open_lines(str(week)) as reader:
        batcher = Batcher(
            source="harbour",
            adapter=ADAPTERS["tocsin"],
            policy=event_policy(store),
            clock=store.clock,
            max_events=EVENTS_PER_BATCH,
        )
        for batch in file_batches(reader, batcher):
            summary.add(live.take(batch.events, batch.dead_letters), len(batch.dead_letters))
            suspended = [e for e in batch.events.events if isinstance(e, AccountSuspended)]
            _add_entries(store, _handles(suspended), reason="Harbour suspended the account")
            progress(summary.events)
    archive_events(store)
    anchors.write_anchor(store)
    summary.seconds = round(perf_counter() - started, 3)
    return summary


def find_sights(store: Store) -> Sights:
    """What is worth looking at first."""
    with store.read() as connection:
        every = map(
            msgspec.json.Decoder(Decision).decode,
            decisions.stream_json(connection, decisions.DecisionFilter()),
        )
        made = {decision.id: decision for decision in every}
        queue = cases.list_cases(connection, cases.CaseFilter(), limit=10_000)

    def case_with(*rules: str) -> str | None:
        """The first case of the queue that one of these rules opened, English before others."""
        for case in sorted(queue, key=lambda case: case.language != "en"):
            found = {reason.rule for key in case.decisions for reason in made[key].reasons}
            if found.intersection(rules):
                return case.id
        return None

    left_alone = next(
        (
            decision.id
            for decision in made.values()
            if decision.outcome == "allow"
            and any(reason.clause.startswith("threat.") for reason in decision.reasons)
        ),
        None,
    )
    hidden = (d.subject.id for d in made.values() if d.automatic and d.subject.kind == "post")
    return Sights(
        threat_case=case_with("threat-protectee", "threat-menace-person")
        or case_with("read-threat-protectee", "read-threat-own-voice"),
        left_alone=left_alone,
        push_case=case_with("coordination-fresh-accounts", "coordination-call"),
        return_case=case_with("return-handle", "return-announced"),
        hidden_post=next(hidden, None),
    )


def _known_material() -> list[BankEntry]:
    return [
        _entry("known-media", BankKind.HASH, sha256, "terror.known_material", note=name)
        for sha256, name in KNOWN_MATERIAL.items()
    ]


def _handles(suspended: Iterable[AccountSuspended]) -> list[BankEntry]:
    return [
        _entry("suspended-handles", BankKind.HANDLE, event.actor.handle, "account.return")
        for event in suspended
        if event.actor.handle
    ]


def _entry(
    bank: str, kind: BankKind, value: str, clause: str, note: str | None = None
) -> BankEntry:
    return BankEntry(
        id=entry_id(bank, value),
        bank=bank,
        kind=kind,
        value=value,
        clause=clause,
        severity=4,
        source="harbour",
        judged_by=SET_UP_BY,
        note=note,
    )


def _add_entries(store: Store, entries: Sequence[BankEntry], *, reason: str) -> None:
    if entries:
        with store.write() as transaction:
            banks.edit(transaction, entries, by=SET_UP_BY, reason=reason)
