"""Verdicts: one person, one version, one entry; on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from tests.support.cases import PLAIN_POLICY, case_about, new_store
from tocsin.errors import ConflictError, InputError, NotFoundError, PermissionDenied
from tocsin.records import (
    Action,
    ActionKind,
    ActionState,
    Case,
    CaseState,
    EntryKind,
    Verdict,
    VerdictKind,
)
from tocsin.review import (
    Passwords,
    Role,
    Ruling,
    add_user,
    consequence,
    decide,
    find_neighbours,
    list_page,
    reverse,
)
from tocsin.review.consequences import LABELS, subject_of
from tocsin.review.verdicts import MAX_NOTE
from tocsin.store import cases, log, outbox
from tocsin.store.store import Store
from tocsin.testing import FakeClock, post_event

WINDOW = timedelta(seconds=30)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(database_url: str, clock: FakeClock) -> Iterator[Store]:
    with new_store(database_url, clock) as opened:
        yield opened


def violation(case: Case, *actions: ActionKind, **fields: Any) -> Ruling:
    given = {"version": case.version, "clause": "terror.support", **fields}
    return Ruling(case=case.id, kind=VerdictKind.VIOLATION, actions=actions, **given)


def harmless(case: Case) -> Ruling:
    return Ruling(case=case.id, version=case.version, kind=VerdictKind.HARMLESS)


def read_case(store: Store, case: Case) -> Case:
    with store.read() as connection:
        found = cases.get(connection, case.id)
    assert found is not None
    return found


def actions_of(store: Store, verdict: Verdict) -> list[outbox.OutboxRow]:
    with store.read() as connection:
        return outbox.of_authority(connection, f"verdict:{verdict.id}", now=store.clock.now())


def deliver_all(store: Store) -> list[Action]:
    delivered: list[Action] = []
    while True:
        with store.write() as transaction:
            due = outbox.claim_due(transaction, limit=10, lease=timedelta(seconds=60))
        if not due:
            return delivered
        for action, attempt in due:
            delivered.append(action)
            with store.write() as transaction:
                outbox.mark_final(
                    transaction, action.id, state=ActionState.SENT, attempts=attempt, note=""
                )


def test_a_violation_closes_the_case_and_its_actions_wait(store: Store, clock: FakeClock) -> None:
    case = case_about(store)
    ruling = violation(case, ActionKind.SUSPEND, ActionKind.HIDE, note="praise, plainly")
    verdict = decide(store, PLAIN_POLICY, ruling, reviewer="usr_1")

    after = read_case(store, case)
    assert (after.state, after.verdict) == (CaseState.DECIDED, verdict.id)
    rows = {row.action.kind: row for row in actions_of(store, verdict)}
    assert rows[ActionKind.HIDE].action.subject == case.subject
    assert str(rows[ActionKind.SUSPEND].action.subject) == f"account:{case.actor}"
    assert {row.action.not_before for row in rows.values()} == {clock.now() + WINDOW}
    assert verdict.decisions == case.decisions
    with store.read() as connection:
        assert cases.note_of(connection, verdict.id) == "praise, plainly"


def test_nothing_leaves_before_the_window_ends(store: Store, clock: FakeClock) -> None:
    case = case_about(store)
    decide(store, PLAIN_POLICY, violation(case, ActionKind.HIDE), reviewer="usr_1")
    assert deliver_all(store) == []
    clock.advance(WINDOW)
    assert [action.kind for action in deliver_all(store)] == [ActionKind.HIDE]


def test_the_note_is_content_and_never_in_the_chain(store: Store) -> None:
    case = case_about(store)
    note = "line one\nline two"
    decide(store, PLAIN_POLICY, violation(case, note=note), reviewer="usr_1")
    with store.read() as connection:
        (entry,) = log.entries(connection, kinds=[EntryKind.VERDICT])
    assert "line one" not in repr(entry.body)
    assert list(entry.commitments) == ["note"]


def test_a_double_click_is_one_verdict(store: Store) -> None:
    case = case_about(store)
    ruling = violation(case, ActionKind.HIDE)
    first = decide(store, PLAIN_POLICY, ruling, reviewer="usr_1")
    second = decide(store, PLAIN_POLICY, ruling, reviewer="usr_1")
    assert first == second
    with store.read() as connection:
        assert len(list(log.entries(connection, kinds=[EntryKind.VERDICT]))) == 1


def test_of_two_people_at_once_exactly_one_wins(store: Store) -> None:
    case = case_about(store)
    start = threading.Barrier(4)

    def attempt(number: int) -> Verdict | ConflictError:
        ruling = violation(case, ActionKind.HIDE) if number % 2 else harmless(case)
        start.wait()
        try:
            return decide(store, PLAIN_POLICY, ruling, reviewer=f"usr_{number}")
        except ConflictError as error:
            return error

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(attempt, range(4)))
    won = [result for result in results if isinstance(result, Verdict)]
    lost = [result for result in results if isinstance(result, ConflictError)]
    assert (len(won), len(lost)) == (1, 3)
    assert all(won[0].reviewer in error.message for error in lost)
    assert read_case(store, case).verdict == won[0].id


def test_a_conflict_names_the_reviewer_as_colleagues_know_them(store: Store) -> None:
    case = case_about(store)
    reviewer = add_user(store, Passwords(), "noor", Role.MODERATOR, "four plain words", by="test")
    decide(store, PLAIN_POLICY, harmless(case), reviewer=reviewer)
    with pytest.raises(ConflictError, match="noor decided it as `harmless`") as caught:
        decide(store, PLAIN_POLICY, violation(case), reviewer="usr_2")
    assert reviewer not in caught.value.message


def test_a_case_that_grew_says_what_changed(store: Store) -> None:
    event = post_event("dawn of iron rises")
    case = case_about(store, event=event)
    again = post_event("dawn of iron rises", event_id="ev_2", id=case.subject.id)
    case_about(store, event=again)
    with pytest.raises(ConflictError, match="new decisions were added, now 2") as caught:
        decide(store, PLAIN_POLICY, harmless(case), reviewer="usr_1")
    assert "you saw version 1, it is now 2" in (caught.value.hint or "")


def test_escalating_keeps_the_case_open_and_raises_it(store: Store) -> None:
    case = case_about(store)
    ruling = Ruling(case=case.id, version=case.version, kind=VerdictKind.ESCALATE, note="help")
    decide(store, PLAIN_POLICY, ruling, reviewer="usr_1")
    after = read_case(store, case)
    assert (after.state, after.priority) == (CaseState.OPEN, 900)
    with pytest.raises(ConflictError, match="usr_1 escalated it"):
        decide(store, PLAIN_POLICY, harmless(case), reviewer="usr_2")


@pytest.mark.parametrize(
    ("actions", "fields", "message"),
    [
        ([], {"clause": "no.such"}, "names a clause"),
        ([], {"clause": None}, "names a clause"),
        ([ActionKind.STOP_TRENDING], {}, "does not allow `stop_trending`"),
        ([ActionKind.RESTORE], {}, "does not allow `restore`"),
        ([ActionKind.HIDE], {"clause": "spam.mild"}, "does not allow `hide`"),
        ([ActionKind.HIDE], {"protected_purpose": "news"}, "protected purpose"),
        ([ActionKind.WITHHOLD], {}, "needs a country"),
        ([ActionKind.HIDE], {"country": "DE"}, "only `withhold`"),
        ([ActionKind.WITHHOLD], {"country": "D3"}, "two letters"),
        ([], {"note": "x" * (MAX_NOTE + 1)}, "note"),
    ],
)
def test_what_contradicts_the_policy_is_refused(
    store: Store, actions: list[ActionKind], fields: dict[str, Any], message: str
) -> None:
    case = case_about(store)
    with pytest.raises(InputError, match=message):
        decide(store, PLAIN_POLICY, violation(case, *actions, **fields), reviewer="usr_1")
    assert read_case(store, case) == case


def test_a_protected_purpose_needs_a_second_yes(store: Store) -> None:
    case = case_about(store)
    ruling = violation(case, ActionKind.HIDE, protected_purpose="art", confirmed=True)
    assert decide(store, PLAIN_POLICY, ruling, reviewer="usr_1").protected_purpose == "art"


def test_withholding_names_its_country(store: Store) -> None:
    case = case_about(store)
    ruling = violation(case, ActionKind.WITHHOLD, country="de")
    verdict = decide(store, PLAIN_POLICY, ruling, reviewer="usr_1")
    assert [row.action.country for row in actions_of(store, verdict)] == ["DE"]


def test_actions_need_a_violation(store: Store) -> None:
    case = case_about(store)
    ruling = Ruling(case=case.id, version=1, kind=VerdictKind.HARMLESS, actions=(ActionKind.HIDE,))
    with pytest.raises(InputError, match="violation only"):
        decide(store, PLAIN_POLICY, ruling, reviewer="usr_1")
    reversal = Ruling(case=case.id, version=1, kind=VerdictKind.REVERSAL)
    with pytest.raises(InputError, match="takes back"):
        decide(store, PLAIN_POLICY, reversal, reviewer="usr_1")


def test_an_account_action_needs_a_known_account(store: Store) -> None:
    case = case_about(store, event=post_event("an anonymous paste", by=None))
    with pytest.raises(InputError, match="author is not known"):
        decide(store, PLAIN_POLICY, violation(case, ActionKind.SUSPEND), reviewer="usr_1")


def test_an_unknown_case_is_not_found(store: Store) -> None:
    ruling = Ruling(case="case_0", version=1, kind=VerdictKind.HARMLESS)
    with pytest.raises(NotFoundError):
        decide(store, PLAIN_POLICY, ruling, reviewer="usr_1")


def test_taking_back_in_the_window_cancels_and_reopens(store: Store, clock: FakeClock) -> None:
    case = case_about(store)
    verdict = decide(store, PLAIN_POLICY, violation(case, ActionKind.HIDE), reviewer="usr_1")
    reversal = reverse(store, verdict.id, reviewer="usr_1", may_reverse_any=False)

    assert reverse(store, verdict.id, reviewer="usr_1", may_reverse_any=False) == reversal
    assert [row.state for row in actions_of(store, verdict)] == [ActionState.CANCELLED]
    assert actions_of(store, reversal) == []
    again = read_case(store, case)
    assert (again.state, again.verdict) == (CaseState.OPEN, None)
    clock.advance(WINDOW)
    assert deliver_all(store) == []

    second = decide(store, PLAIN_POLICY, violation(again, ActionKind.HIDE), reviewer="usr_1")
    assert second.id != verdict.id
    clock.advance(WINDOW)
    assert [action.authority for action in deliver_all(store)] == [f"verdict:{second.id}"]


def test_what_was_sent_is_restored_each_by_its_own(store: Store, clock: FakeClock) -> None:
    case = case_about(store)
    ruling = violation(case, ActionKind.LABEL, ActionKind.HIDE, ActionKind.SUSPEND)
    verdict = decide(store, PLAIN_POLICY, ruling, reviewer="usr_1")
    clock.advance(WINDOW)
    done = deliver_all(store)
    assert len(done) == 3
    reversal = reverse(store, verdict.id, reviewer="usr_9", may_reverse_any=True, note="mistake")
    rows = actions_of(store, reversal)
    assert {row.action.kind for row in rows} == {ActionKind.RESTORE}
    assert {row.action.undoes for row in rows} == {action.id for action in done}
    assert len(deliver_all(store)) == 3


def test_after_the_window_only_some_may(store: Store, clock: FakeClock) -> None:
    case = case_about(store)
    verdict = decide(store, PLAIN_POLICY, harmless(case), reviewer="usr_1")
    with pytest.raises(PermissionDenied):
        reverse(store, verdict.id, reviewer="usr_2", may_reverse_any=False)
    clock.advance(WINDOW)
    with pytest.raises(PermissionDenied):
        reverse(store, verdict.id, reviewer="usr_1", may_reverse_any=False)
    assert reverse(store, verdict.id, reviewer="usr_2", may_reverse_any=True).reverses == verdict.id


def test_what_is_being_delivered_cannot_be_taken_back_now(store: Store, clock: FakeClock) -> None:
    case = case_about(store)
    verdict = decide(store, PLAIN_POLICY, violation(case, ActionKind.HIDE), reviewer="usr_1")
    clock.advance(WINDOW)
    with store.write() as transaction:
        outbox.claim_due(transaction, limit=1, lease=timedelta(seconds=60))
    with pytest.raises(ConflictError, match="being delivered, try again"):
        reverse(store, verdict.id, reviewer="usr_9", may_reverse_any=True)

    # the lease ends without news: the platform may have it, so it is restored as well
    clock.advance(timedelta(seconds=61))
    reversal = reverse(store, verdict.id, reviewer="usr_9", may_reverse_any=True)
    assert [row.action.kind for row in actions_of(store, reversal)] == [ActionKind.RESTORE]
    assert [row.state for row in actions_of(store, verdict)] == [ActionState.CANCELLED]


def test_a_verdict_is_taken_back_once_and_by_id(store: Store) -> None:
    case = case_about(store)
    verdict = decide(store, PLAIN_POLICY, harmless(case), reviewer="usr_1")
    reverse(store, verdict.id, reviewer="usr_1", may_reverse_any=False)
    with pytest.raises(ConflictError, match="no longer stands"):
        reverse(store, verdict.id, reviewer="usr_2", may_reverse_any=True)
    with pytest.raises(NotFoundError):
        reverse(store, "vrd_0", reviewer="usr_1", may_reverse_any=True)


def test_an_escalation_decided_nothing(store: Store) -> None:
    case = case_about(store)
    ruling = Ruling(case=case.id, version=1, kind=VerdictKind.ESCALATE)
    verdict = decide(store, PLAIN_POLICY, ruling, reviewer="usr_1")
    with pytest.raises(InputError, match="decided a case"):
        reverse(store, verdict.id, reviewer="usr_1", may_reverse_any=False)


def test_harmless_takes_automatic_actions_back_and_undo_repeats_them(
    store: Store, clock: FakeClock
) -> None:
    case = case_about(store, automatic=(ActionKind.HIDE,))
    (hidden,) = deliver_all(store)
    verdict = decide(store, PLAIN_POLICY, harmless(case), reviewer="usr_1")
    clock.advance(WINDOW)
    (restored,) = deliver_all(store)
    assert (restored.kind, restored.undoes) == (ActionKind.RESTORE, hidden.id)

    reverse(store, verdict.id, reviewer="usr_9", may_reverse_any=True)
    (again,) = deliver_all(store)
    assert (again.kind, again.subject) == (ActionKind.HIDE, hidden.subject)
    assert again.id != hidden.id


def test_harmless_undone_in_the_window_leaves_the_automatic_action(
    store: Store, clock: FakeClock
) -> None:
    case = case_about(store, automatic=(ActionKind.HIDE,))
    deliver_all(store)
    verdict = decide(store, PLAIN_POLICY, harmless(case), reviewer="usr_1")
    reverse(store, verdict.id, reviewer="usr_1", may_reverse_any=False)
    clock.advance(WINDOW)
    assert deliver_all(store) == []


def test_every_action_has_one_sentence(store: Store) -> None:
    case = case_about(store)
    assert set(LABELS) == set(ActionKind)
    for kind in ActionKind:
        sentence = consequence(case, kind)
        assert sentence.endswith(".")
        assert "{" not in sentence
    assert subject_of(case, ActionKind.HIDE) == case.subject


def test_the_queue_has_the_gravest_first_then_the_oldest(store: Store, clock: FakeClock) -> None:
    mild = case_about(store, "one", priority=100)
    clock.advance(timedelta(seconds=1))
    grave = case_about(store, "two", priority=800)
    clock.advance(timedelta(seconds=1))
    later = case_about(store, "three", priority=800)
    everything = cases.CaseFilter()
    with store.read() as connection:
        page = list_page(connection, everything)
        middle = find_neighbours(connection, everything, later.id)
        first = find_neighbours(connection, everything, grave.id)
        gone = find_neighbours(connection, everything, "case_0")
    assert [case.id for case in page.cases] == [grave.id, later.id, mild.id]
    assert (middle.previous, middle.following, middle.place) == (grave.id, mild.id, 2)
    assert (first.previous, first.following) == (None, later.id)
    assert (gone.place, gone.following) == (None, grave.id)
