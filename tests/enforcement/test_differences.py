from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.cases import PLAIN_POLICY, case_about, new_store
from tocsin.enforcement import DifferenceKind, reconcile
from tocsin.records import ActionKind, ActionState, Event, Judgement, VerdictKind
from tocsin.review.verdicts import Ruling, decide, reverse
from tocsin.store import Store, outbox
from tocsin.testing import FakeClock, account_event, actor, batch_of, event_of, post_event

AUTHOR = "iron_voice"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(database_url: str, clock: FakeClock, tmp_path: Path) -> Iterator[Store]:
    with new_store(database_url, clock, data_dir=str(tmp_path / "data")) as opened:
        yield opened


def take(store: Store, *events: Event) -> None:
    with store.write() as transaction:
        batch = batch_of(*events, received_at=store.clock.now())
        transaction.record_events(batch, Judgement())


def suspend(store: Store, clock: FakeClock) -> tuple[str, str]:
    """A verdict that suspends the author, after its undo window: (verdict, action)."""
    case = case_about(store, event=post_event("dawn of iron rises", by=AUTHOR))
    ruling = Ruling(
        case=case.id,
        version=case.version,
        kind=VerdictKind.VIOLATION,
        clause="terror.support",
        actions=(ActionKind.SUSPEND,),
    )
    verdict = decide(store, PLAIN_POLICY, ruling, reviewer="usr_1")
    clock.advance(timedelta(minutes=1))
    return verdict.id, send(store)


def send(store: Store, state: ActionState = ActionState.SENT, note: str = "") -> str:
    with store.write() as transaction:
        ((action, attempt),) = outbox.claim_due(transaction, limit=1, lease=timedelta(minutes=1))
        outbox.mark_final(transaction, action.id, state=state, attempts=attempt, note=note)
    return action.id


def result(store: Store, action: str, *, error: str | None = None) -> None:
    wire = {"type": "action.result", "action": action, "applied": error is None, "error": error}
    take(store, event_of({**wire, "at": store.clock.now()}))


def platform_says(store: Store, what: str, **fields: object) -> None:
    take(store, account_event(AUTHOR, event_type=what, at=store.clock.now(), **fields))  # type: ignore[arg-type]  # a type of event


def kinds(store: Store) -> list[str]:
    return [difference.kind.value for difference in reconcile(store)]


def test_where_both_agree_nothing_differs(store: Store, clock: FakeClock) -> None:
    _, action = suspend(store, clock)
    result(store, action)
    platform_says(store, "account.suspended")
    assert reconcile(store) == []


def test_an_action_that_was_not_answered_is_told_after_a_while(
    store: Store, clock: FakeClock
) -> None:
    _, action = suspend(store, clock)
    assert reconcile(store) == []
    clock.advance(timedelta(minutes=11))
    (found,) = reconcile(store)
    assert (found.kind, found.action) == (DifferenceKind.UNANSWERED, action)
    assert found.subject == f"account:{actor(AUTHOR).id}"
    assert reconcile(store, patience=timedelta(hours=1)) == []


def test_a_failed_and_an_undeliverable_action_say_why(store: Store, clock: FakeClock) -> None:
    _, action = suspend(store, clock)
    result(store, action, error="no such account")
    case_about(store, event=post_event("x", by="y"), automatic=(ActionKind.HIDE,))
    dead = send(store, ActionState.DEAD, "HTTP 422")
    found = {difference.kind: difference for difference in reconcile(store)}
    assert found[DifferenceKind.FAILED].detail == "no such account"
    assert found[DifferenceKind.DEAD].detail == "HTTP 422"
    assert dead in found[DifferenceKind.DEAD].advice


def test_a_suspension_without_an_action_of_ours_is_told(store: Store) -> None:
    platform_says(store, "account.suspended")
    (found,) = reconcile(store)
    assert (found.kind, found.action) == (DifferenceKind.NOT_OURS, None)
    assert found.subject == f"account:{actor(AUTHOR).id}"


def test_a_suspension_that_was_ordered_and_not_yet_confirmed_is_ours(
    store: Store, clock: FakeClock
) -> None:
    suspend(store, clock)
    platform_says(store, "account.suspended")
    assert reconcile(store) == []


def test_a_suspension_that_the_platform_lifted_is_told(store: Store, clock: FakeClock) -> None:
    _, action = suspend(store, clock)
    result(store, action)
    platform_says(store, "account.suspended")
    clock.advance(timedelta(hours=1))
    platform_says(store, "account.restored")
    assert kinds(store) == ["undone"]


def test_a_new_profile_does_not_lift_a_suspension(store: Store, clock: FakeClock) -> None:
    _, action = suspend(store, clock)
    result(store, action)
    clock.advance(timedelta(hours=1))
    platform_says(store, "account.updated", bio="new")
    assert reconcile(store) == []


def test_a_suspension_that_we_took_back_is_expected_to_be_lifted(
    store: Store, clock: FakeClock
) -> None:
    verdict, action = suspend(store, clock)
    result(store, action)
    platform_says(store, "account.suspended")
    reverse(store, verdict, reviewer="lead", may_reverse_any=True)
    restored = send(store)
    clock.advance(timedelta(minutes=1))
    result(store, restored)
    assert kinds(store) == ["not_ours"], "the platform still says suspended"
    platform_says(store, "account.restored")
    assert reconcile(store) == []
