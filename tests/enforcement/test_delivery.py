from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.cases import PLAIN_POLICY, case_about, new_store
from tocsin.enforcement import Deliverer, DeliveryRun, deliver_due, in_undo_window, would_deliver
from tocsin.enforcement.webhook import MAX_ATTEMPTS
from tocsin.plugins import Receipt
from tocsin.records import Action, ActionKind, ActionState, EntryKind, VerdictKind
from tocsin.review.verdicts import Ruling, decide, reverse
from tocsin.store import Store, audit, log, outbox, schema
from tocsin.testing import FakeClock, post_event

ALL = dict.fromkeys(ActionKind, True)


@dataclass
class Platform:
    """A connector that answers as it was told to, and remembers what it got."""

    name: str = "platform"
    kinds: Mapping[ActionKind, bool] = field(default_factory=lambda: ALL)
    answers: list[Receipt | Exception] = field(default_factory=list)
    got: list[tuple[Action, int]] = field(default_factory=list)

    def actions(self) -> Mapping[ActionKind, bool]:
        return self.kinds

    def deliver(self, action: Action, attempt: int) -> Receipt:
        self.got.append((action, attempt))
        answer = self.answers.pop(0) if self.answers else Receipt(accepted=True, note="HTTP 202")
        if isinstance(answer, Exception):
            raise answer
        return answer


BUSY = Receipt(accepted=False, retry=True, note="HTTP 503")
NEVER = Receipt(accepted=False, note="HTTP 422")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(database_url: str, clock: FakeClock, tmp_path: Path) -> Iterator[Store]:
    with new_store(database_url, clock, data_dir=str(tmp_path / "data")) as opened:
        yield opened


def rule(store: Store, *kinds: ActionKind, text: str = "dawn of iron rises") -> str:
    """A verdict with these actions about a post with this text; its id."""
    case = case_about(store, text)
    ruling = Ruling(
        case=case.id,
        version=case.version,
        kind=VerdictKind.VIOLATION,
        clause="terror.support",
        actions=kinds,
    )
    return decide(store, PLAIN_POLICY, ruling, reviewer="usr_1").id


def rows(store: Store) -> list[outbox.OutboxRow]:
    with store.read() as connection:
        return outbox.list_rows(connection, now=store.clock.now())


def deliveries(store: Store) -> list[dict[str, object]]:
    with store.read() as connection:
        return [entry.body for entry in log.entries(connection, kinds=[EntryKind.DELIVERY])]


def deliver_all(store: Store, platform: Platform) -> DeliveryRun:
    total = DeliveryRun()
    while (run := deliver_due(store, platform)).n_claimed:
        total.n_sent += run.n_sent
        total.n_retried += run.n_retried
        total.n_dead += run.n_dead
    return total


def test_nothing_leaves_before_the_undo_window_has_ended(store: Store, clock: FakeClock) -> None:
    rule(store, ActionKind.HIDE)
    platform = Platform()
    clock.advance(timedelta(seconds=29))
    assert deliver_due(store, platform).n_claimed == 0
    assert would_deliver(store) == []
    assert [row.action.kind for row in in_undo_window(store)] == [ActionKind.HIDE]
    clock.advance(timedelta(seconds=1))
    assert in_undo_window(store) == []
    assert [row.action.kind for row in would_deliver(store)] == [ActionKind.HIDE]
    assert deliver_due(store, platform) == DeliveryRun(n_sent=1)
    assert [attempt for _, attempt in platform.got] == [1]


def test_what_was_delivered_is_an_entry_of_the_log_and_never_sent_again(
    store: Store, clock: FakeClock
) -> None:
    rule(store, ActionKind.HIDE)
    clock.advance(timedelta(minutes=1))
    platform = Platform()
    assert deliver_all(store, platform).n_sent == 1
    clock.advance(timedelta(days=30))
    assert deliver_all(store, platform).n_claimed == 0
    (action, _), *_ = platform.got
    assert deliveries(store) == [
        {"action": action.id, "state": "sent", "attempts": 1, "note": "HTTP 202"}
    ]
    assert rows(store)[0].sent_at is not None
    assert audit.verify(store).is_sound


def test_one_call_delivers_one_action(store: Store, clock: FakeClock) -> None:
    for number in range(3):
        rule(store, ActionKind.HIDE, text=f"dawn of iron rises {number}")
    clock.advance(timedelta(minutes=1))
    platform = Platform()
    assert deliver_due(store, platform).n_claimed == 1
    assert deliver_all(store, platform).n_sent == 2


def test_a_failure_waits_longer_each_time_and_then_is_given_up(
    store: Store, clock: FakeClock
) -> None:
    rule(store, ActionKind.HIDE)
    clock.advance(timedelta(minutes=1))
    platform = Platform(answers=[BUSY] * MAX_ATTEMPTS)
    waits = []
    while (row := rows(store)[0]).state is ActionState.WAITING:
        run = deliver_due(store, platform)
        if not run.n_claimed:
            waits.append(row.next_attempt_at - clock.now())
            clock.advance(waits[-1])
    assert len(platform.got) == MAX_ATTEMPTS
    assert [attempt for _, attempt in platform.got] == list(range(1, MAX_ATTEMPTS + 1))
    assert waits[0] < timedelta(seconds=6)
    assert timedelta(minutes=50) < waits[-1] < timedelta(minutes=70)
    assert timedelta(hours=20) < sum(waits, timedelta()) < timedelta(hours=28)
    assert (row.state, row.last_error, row.attempts) == ("dead", "HTTP 503", MAX_ATTEMPTS)
    assert [body["state"] for body in deliveries(store)] == ["dead"]
    assert len({action.id for action, _ in platform.got}) == 1
    assert audit.verify(store).is_sound


def test_a_final_refusal_is_given_up_at_once_and_can_be_tried_again(
    store: Store, clock: FakeClock
) -> None:
    rule(store, ActionKind.HIDE)
    clock.advance(timedelta(minutes=1))
    platform = Platform(answers=[NEVER])
    assert deliver_due(store, platform) == DeliveryRun(n_dead=1)
    dead = rows(store)[0]
    with store.write() as transaction:
        assert outbox.requeue(transaction, dead.action.id)
        assert not outbox.requeue(transaction, dead.action.id)
        assert not outbox.requeue(transaction, "act_unknown")
    assert deliver_all(store, platform).n_sent == 1
    assert [attempt for _, attempt in platform.got] == [1, 1]
    assert audit.verify(store).is_sound


@pytest.mark.parametrize(
    ("kinds", "told"),
    [
        ({ActionKind.LABEL: True}, "no action `hide`"),
        ({ActionKind.HIDE: False}, "cannot be taken back"),
    ],
)
def test_what_the_platform_lacks_or_cannot_take_back_is_never_sent(
    store: Store, clock: FakeClock, kinds: dict[ActionKind, bool], told: str
) -> None:
    rule(store, ActionKind.HIDE)
    clock.advance(timedelta(minutes=1))
    platform = Platform(kinds=kinds)
    assert deliver_due(store, platform) == DeliveryRun(n_dead=1)
    assert platform.got == []
    assert told in str(rows(store)[0].last_error)


def test_words_to_a_person_go_out_though_nobody_can_take_them_back(
    store: Store, clock: FakeClock
) -> None:
    rule(store, ActionKind.WARN)
    clock.advance(timedelta(minutes=1))
    assert deliver_due(store, Platform(kinds={ActionKind.WARN: False})).n_sent == 1


def test_a_connector_that_trips_stops_no_other_and_its_words_stay_out_of_the_store(
    store: Store, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    rule(store, ActionKind.HIDE, text="dawn of iron rises 1")
    rule(store, ActionKind.HIDE, text="dawn of iron rises 2")
    clock.advance(timedelta(minutes=1))
    platform = Platform(answers=[ValueError("kestrel-4711")])
    with caplog.at_level(logging.DEBUG):
        assert deliver_all(store, platform) == DeliveryRun(n_sent=1, n_retried=1)
    assert {row.last_error for row in rows(store)} == {"ValueError", "HTTP 202"}
    assert caplog.records


def test_an_action_is_claimed_by_one_process_until_its_lease_ends(
    store: Store, clock: FakeClock
) -> None:
    rule(store, ActionKind.HIDE)
    clock.advance(timedelta(minutes=1))
    lease = timedelta(seconds=60)
    with store.write() as transaction:
        assert len(outbox.claim_due(transaction, limit=9, lease=lease)) == 1
    assert rows(store)[0].is_leased
    assert would_deliver(store) == []
    platform = Platform()
    assert deliver_due(store, platform).n_claimed == 0
    clock.advance(lease)
    assert deliver_due(store, platform).n_sent == 1
    assert [attempt for _, attempt in platform.got] == [2], "the lost attempt counts"


def test_actions_on_one_subject_arrive_in_order(store: Store, clock: FakeClock) -> None:
    verdict = rule(store, ActionKind.HIDE)
    clock.advance(timedelta(minutes=1))
    platform = Platform(answers=[BUSY])
    assert deliver_all(store, platform) == DeliveryRun(n_retried=1)
    reverse(store, verdict, reviewer="lead", may_reverse_any=True)
    rule(store, ActionKind.HIDE, text="another post of iron")
    clock.advance(timedelta(minutes=1))
    deliver_all(store, platform)
    kinds = [(action.kind, action.subject.id) for action, _ in platform.got]
    about_first = [kind for kind, subject in kinds if subject == kinds[0][1]]
    assert about_first == [ActionKind.HIDE, ActionKind.RESTORE]
    assert len(kinds) == 3, "another subject does not wait"


def test_a_waiting_action_holds_back_later_ones_on_its_subject(
    store: Store, clock: FakeClock
) -> None:
    event = post_event("read https://iron-dawn.example/library")
    case_about(store, event=event, automatic=(ActionKind.HIDE, ActionKind.LABEL))
    platform = Platform(answers=[BUSY])
    assert deliver_all(store, platform) == DeliveryRun(n_retried=1)
    assert [row.is_leased for row in rows(store)] == [False, False]
    clock.advance(timedelta(seconds=10))
    assert deliver_all(store, platform) == DeliveryRun(n_sent=2)
    assert len({action.id for action, _ in platform.got}) == 2


def test_an_answer_that_comes_after_the_platforms_own_word_does_not_undo_it(
    store: Store, clock: FakeClock
) -> None:
    rule(store, ActionKind.HIDE)
    clock.advance(timedelta(minutes=1))
    with store.write() as transaction:
        ((action, attempt),) = outbox.claim_due(transaction, limit=1, lease=timedelta(minutes=1))
        transaction.connection.execute(
            sa.update(schema.actions).values(state=ActionState.APPLIED.value)
        )
        outbox.mark_final(transaction, action.id, state=ActionState.SENT, attempts=attempt, note="")
    assert rows(store)[0].state is ActionState.APPLIED


# --- the thread --------------------------------------------------------------------------------


def test_the_thread_delivers_until_it_is_stopped(store: Store, clock: FakeClock) -> None:
    for number in range(5):
        rule(store, ActionKind.HIDE, text=f"dawn of iron rises {number}")
    clock.advance(timedelta(minutes=1))
    platform = Platform()
    runs: list[DeliveryRun] = []
    deliverer = Deliverer(store, platform, on_run=runs.append)
    deliverer.run_once()
    deliverer.start()
    while len(platform.got) < 5:
        assert len(runs) < 10_000
    deliverer.stop()
    assert sum(run.n_sent for run in runs) == 5
    deliverer.stop()


def test_the_thread_survives_a_database_that_is_away(
    store: Store, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    rule(store, ActionKind.HIDE)
    clock.advance(timedelta(minutes=1))
    platform = Platform()
    seen: list[DeliveryRun] = []

    def trip(run: DeliveryRun) -> None:
        seen.append(run)
        if len(seen) == 1:
            raise OSError("away")

    fast = Store.open(
        store.settings.__class__(
            database_url=store.settings.database_url,
            data_dir=store.settings.data_dir,
            delivery_poll_ms=10,
        ),
        clock,
    )
    deliverer = Deliverer(fast, platform, on_run=trip)
    deliverer.start()
    while len(seen) < 3:
        assert len(seen) < 3 or platform.got
    deliverer.stop()
    fast.close()
    assert len(platform.got) == 1
    assert "a look at the outbox failed" in caplog.text
