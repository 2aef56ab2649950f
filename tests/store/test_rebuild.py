"""The log alone gives every derived row again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from tests.support.cases import PLAIN_POLICY, case_about, decision_on, opinion_on
from tests.support.erasing import erase_event
from tests.support.runs import judge, made_lines, open_store, rows_by_table
from tocsin.errors import TocsinError
from tocsin.records import (
    ActionKind,
    ActionState,
    AutomationState,
    Case,
    EntryState,
    Event,
    Judgement,
    LabelChange,
    LabelHolder,
    ProposalState,
    RuleState,
    SampleAnswer,
    SampleJudgement,
    SampleState,
    Standing,
    Verdict,
    VerdictKind,
)
from tocsin.review.verdicts import Ruling, decide, reverse
from tocsin.store import (
    Store,
    alerts,
    archive_events,
    audit,
    automation,
    banks,
    cases,
    labels,
    opinions,
    outbox,
    proposals,
    rulestates,
    samples,
    schema,
)
from tocsin.store.replay import rebuild
from tocsin.testing import T0, FakeClock, account_event, bank_entry, batch_of, event_of, post_event

NUMBERS = count()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(database_url: str, tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    opened = open_store(database_url, tmp_path, clock=clock)
    yield opened
    opened.close()


def live_through_everything(store: Store, clock: FakeClock) -> None:
    """Decisions, verdicts, deliveries, results, reports, accounts, bank edits, opinions."""
    judge(store, made_lines(60), batch=8)
    archive_events(store)
    with store.read() as connection:
        first, second, third = cases.list_cases(
            connection, cases.CaseFilter(clause="terror.support")
        )[:3]
    violation(store, first, ActionKind.HIDE)
    verdict = violation(store, second, ActionKind.HIDE, ActionKind.WARN)
    reverse(store, verdict.id, reviewer="usr_1", may_reverse_any=True)
    harmless = Ruling(case=third.id, version=third.version, kind=VerdictKind.HARMLESS)
    decide(store, PLAIN_POLICY, harmless, reviewer="usr_2")
    clock.advance(timedelta(minutes=5))
    sent = deliver(store, ActionState.SENT)
    deliver(store, ActionState.DEAD)
    with store.write() as transaction:
        banks.edit(transaction, [bank_entry("long live the Iron Dawn")], by="a", reason="r")
        entry = bank_entry("long live the Iron Dawn", state=EntryState.RETIRED)
        banks.edit(transaction, [entry], by="b", reason="r")
    events = (
        event_of({"type": "action.result", "action": sent, "applied": True}),
        event_of(
            {
                "type": "report.filed",
                "actor": {"id": "a9"},
                "target": {"kind": "post", "id": "post-3"},
                "category": "terror",
            }
        ),
        account_event("somebody"),
        account_event("somebody", event_type="account.suspended", at=T0 + timedelta(hours=1)),
        account_event("somebody", event_type="account.updated", at=T0 + timedelta(minutes=1)),
    )
    with store.write() as transaction:
        transaction.record_events(batch_of(*events), Judgement())
    label(store, LabelChange(name="watched", key="a9", rule="support_phrase", for_s=60))
    with store.write() as transaction:
        watched = (LabelHolder.ACCOUNT, "a9", "watched")
        labels.change(transaction, watched, to="removed", by="usr_1", reason="a reader")
    archive_events(store)
    change_policy(store)
    judge(store, made_lines(90), batch=8)
    lose_what_was_earned(store)
    hear_opinions(store)


def hear_opinions(store: Store) -> None:
    """One that moves a case, one that moved it until a stronger decision came, and none."""
    first, second = case_about(store, "one more rises"), case_about(store, "another rises")
    with store.write() as transaction:
        opinions.record(transaction, opinion_on(first), words=("As the clause says.", ""))
        opinions.record(transaction, opinion_on(second, moves=-30, score=0.2), words=("", ""))
        opinions.record(transaction, opinion_on(second, abstained=True), words=("", ""))
    case_about(store, event=update_of(second), priority=700)


def update_of(case: Case) -> Event:
    """An event in which the post of a case says something else."""
    post = {"id": case.subject.id, "text": "something else"}
    actor = {"id": case.actor}
    return event_of({"type": "post.updated", "actor": actor, "post": post})


def lose_what_was_earned(store: Store) -> None:
    """A sample is judged, its rule is found good, and loses it; somebody knows of the alert."""
    with store.read() as connection:
        (stratum, _), *_ = samples.tallies(connection)
        sample = samples.next_for(connection, [stratum], "usr_1")
    assert sample is not None
    standing = Standing(
        stratum=stratum,
        clause=sample.clause,
        state=AutomationState.ELIGIBLE,
        n_judged=1,
        n_violations=1,
        lower=0.5,
        bar=0.9,
        reason="measured",
        by="tocsin",
    )
    said = SampleJudgement(
        sample=sample.id,
        reviewer="usr_1",
        answer=SampleAnswer.VIOLATION,
        state=SampleState.VIOLATION,
    )
    with store.write() as transaction:
        samples.record(transaction, said, "a note")
        automation.record(transaction, standing)
        waiting = automation.cancellable(
            transaction.connection, stratum, now=transaction.clock.now()
        )
        assert waiting
        demoted = msgspec.structs.replace(
            standing, state=AutomationState.DEMOTED, epoch=1, cancelled=tuple(waiting[:1])
        )
        automation.record(transaction, demoted)
        alert, *_ = alerts.list_alerts(transaction.connection)
        alerts.acknowledge(transaction, alert.id, by="usr_1")


def change_policy(store: Store) -> None:
    """A rule in shadow, and a proposal with an invite that is rejected."""
    with store.write() as transaction:
        rulestates.write_state(
            transaction,
            rule="slogan",
            rule_version="1",
            state=RuleState.SHADOW,
            by="a",
            reason="r",
        )
        change = proposals.ProposedChange(id="prp_1", by="a", reason="r", base=None, pack="1")
        proposals.propose(transaction, change, files={"policy.yaml": "x"})
        proposals.add_invite(
            transaction, "prp_1", invite_id="inv_1", token_hash="h", expires_at=T0, by="a"
        )
        proposal = proposals.get(transaction.connection, "prp_1")
        assert proposal is not None
        proposals.decide(transaction, proposal, ProposalState.REJECTED, by="b", reason="no")


def violation(store: Store, case: Case, *actions: ActionKind) -> Verdict:
    ruling = Ruling(
        case=case.id,
        version=case.version,
        kind=VerdictKind.VIOLATION,
        clause="terror.support",
        actions=actions,
        note="a note",
    )
    return decide(store, PLAIN_POLICY, ruling, reviewer="usr_1")


def label(store: Store, *changes: LabelChange) -> None:
    """One decision that changes these labels."""
    event = post_event(f"a post {next(NUMBERS)}")
    decision = decision_on(event, labels=changes)
    with store.write() as transaction:
        transaction.record_events(batch_of(event), Judgement(decisions=(decision,)))


def deliver(store: Store, state: ActionState) -> str:
    with store.write() as transaction:
        ((action, attempt),) = outbox.claim_due(transaction, limit=1, lease=timedelta(minutes=1))
        outbox.mark_final(transaction, action.id, state=state, attempts=attempt, note="HTTP 4")
    return action.id


def test_a_rebuild_gives_every_row_again(store: Store, clock: FakeClock) -> None:
    live_through_everything(store, clock)
    before = rows_by_table(store)
    assert all(before.values()), "every derived table holds something"
    counted: list[int] = []
    n_entries = rebuild(store, on_progress=counted.append)
    assert rows_by_table(store) == before
    assert sum(counted) == n_entries
    assert audit.verify(store).is_sound


def test_a_rebuild_repairs_what_was_damaged(store: Store, clock: FakeClock) -> None:
    live_through_everything(store, clock)
    before = rows_by_table(store)
    with store.database.write() as connection:
        connection.execute(sa.delete(schema.decisions))
        connection.execute(sa.update(schema.cases).values(state="decided"))
        connection.execute(sa.delete(schema.event_ids))
        connection.execute(sa.delete(schema.verdicts))
    rebuild(store)
    assert rows_by_table(store) == before


def test_a_delivery_that_is_being_retried_goes_on_where_it_was(
    store: Store, clock: FakeClock
) -> None:
    judge(store, made_lines(20))
    later = clock.now() + timedelta(hours=1)
    with store.write() as transaction:
        ((action, _),) = outbox.claim_due(transaction, limit=1, lease=timedelta(minutes=1))
        outbox.mark_retry(transaction, action.id, next_attempt_at=later, note="timed out")
    before = rows_by_table(store)
    rebuild(store)
    assert rows_by_table(store) == before
    with store.read() as connection:
        row = outbox.get(connection, action.id, now=clock.now())
    assert row is not None
    assert (row.attempts, row.next_attempt_at, row.last_error) == (1, later, "timed out")


def test_what_was_erased_stays_erased(store: Store) -> None:
    judge(store, made_lines(20))
    erase_event(store, "event-3")
    archive_events(store)
    before = rows_by_table(store)
    rebuild(store)
    assert rows_by_table(store) == before


def test_without_its_archive_nothing_is_rebuilt_and_nothing_is_lost(store: Store) -> None:
    judge(store, made_lines(20))
    archive_events(store)
    before = rows_by_table(store)
    missing = next((store.folder / "archive").rglob("*.parquet"))
    missing.unlink()
    with pytest.raises(TocsinError, match="missing or cannot be read") as caught:
        rebuild(store)
    assert missing.name in str(caught.value.where)
    assert rows_by_table(store) == before


# --- what arrives late, by its own time --------------------------------------------------------


def take(store: Store, *events: object) -> None:
    for event in events:
        with store.write() as transaction:
            transaction.record_events(batch_of(event), Judgement())  # type: ignore[arg-type]  # built above


def state_of(store: Store, handle: str = "somebody") -> tuple[object, ...]:
    with store.read() as connection:
        table = schema.account_states
        row = connection.execute(sa.select(table).where(table.c.handle == handle)).one()
    return row.state, row.at_us, row.state_at_us


def test_a_suspension_that_arrives_after_a_newer_profile_still_counts(store: Store) -> None:
    suspended = account_event("somebody", event_type="account.suspended", at=T0)
    updated = account_event(
        "somebody", event_type="account.updated", at=T0 + timedelta(hours=1), bio="new"
    )
    take(store, updated, suspended)
    late = state_of(store)
    assert late[0] == "suspended"
    take(store, account_event("other", event_type="account.suspended", at=T0))
    take(store, account_event("other", event_type="account.updated", at=T0 + timedelta(hours=1)))
    assert state_of(store, "other") == late, "the order of arrival does not matter"


def test_an_older_restoration_does_not_lift_a_newer_suspension(store: Store) -> None:
    take(
        store,
        account_event("somebody", event_type="account.suspended", at=T0),
        account_event("somebody", event_type="account.restored", at=T0 - timedelta(hours=1)),
    )
    assert state_of(store)[0] == "suspended"


def test_an_older_result_does_not_overwrite_a_newer_one(store: Store) -> None:
    judge(store, made_lines(12))
    with store.read() as connection:
        action = connection.execute(sa.select(schema.actions.c.id)).scalars().first()
    result = {"type": "action.result", "action": action}
    take(
        store,
        event_of({**result, "applied": True, "at": T0}),
        event_of({**result, "applied": False, "error": "busy", "at": T0 - timedelta(minutes=1)}),
    )
    with store.read() as connection:
        row = outbox.get(connection, str(action), now=T0)
    assert row is not None
    assert (row.state, row.result_error) == (ActionState.APPLIED, None)
