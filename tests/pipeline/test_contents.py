"""What windows held when a decision was made: from the log again, and the same as was recorded."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest

from tests.pipeline.test_windows import opened, pack
from tests.support.erasing import erase_event
from tocsin.pipeline import Live, activate, batch_to_check, explain_decision
from tocsin.policy import Explanation, PackSource
from tocsin.records import Decision, Event, EventPolicy, WindowKey, encode_event
from tocsin.store import Store, archive_events
from tocsin.testing import T0, actor, batch_of, post_event

COUNT = "count(event, by=account, over=hours(1))"
EVERY_KEY = {
    f"count-{key.value}": f"len(text) > 0 or count(event, by={key.value}, over=hours(20)) >= 0"
    for key in WindowKey
}
MEASURES = {
    "rate": "rate(event, by=host, over=minutes(50)) > 0",
    "sum": "sum(text.length, by=account, over=days(2)) > 0",
    "fresh": "first_seen(event, by=skeleton, over=days(3)) <= days(3)",
    "copied": 'distinct(account, by=text, over=days(1), where=event.type == "post.created") >= 0',
    "tags": "distinct(hashtag, by=account, over=days(1)) >= 0",
}
LATENESS = 86_400


def explained(store: Store, decision_id: str) -> Explanation:
    explanation = explain_decision(store, decision_id, with_windows=True)
    assert explanation is not None
    return explanation


def lines(n: int) -> list[bytes]:
    """Posts of few accounts, with hashtags, links and hashes of connections, some of them late."""
    chance = random.Random(7)  # noqa: S311  # the same lines each time
    return [
        encode_event(
            post_event(
                f"text {chance.randrange(4)} https://{chance.choice('xyz')}.example/a",
                event_id=f"event-{number}",
                at=T0 + timedelta(minutes=10 * number - chance.randrange(120) - 10 * n),
                by=actor(
                    chance.choice(["anna", "ann4", "bert_7", None]),
                    id=f"account-{chance.randrange(5)}",
                    ip_hash=chance.choice(["i1", "i2", None]),
                    device_hash=chance.choice(["d1", "d2", None]),
                ),
                hashtags=tuple(sorted(chance.sample(["one", "two", "three"], 2))),
            )
        )
        for number in range(n)
    ]


def post(minute: float, text: str = "a post", by: str = "a") -> Event:
    return post_event(text, at=T0 + timedelta(minutes=minute), by=by)


@pytest.mark.parametrize("rules", [EVERY_KEY, MEASURES], ids=["keys", "measures"])
def test_the_events_of_every_window_give_the_value_that_was_recorded(
    sqlite_url: str, tmp_path: Path, rules: dict[str, str]
) -> None:
    store = opened(sqlite_url, tmp_path, rules, window_lateness_s=LATENESS)
    live = Live.open(store)
    made: list[Decision] = []
    for number, line in enumerate(lines(160)):
        batch = batch_to_check(line, now=store.clock.now(), policy=EventPolicy())
        made += live.take(batch).decisions
        if number == 90:
            archive_events(store)
    n_windows = 0
    for decision in made[60::9]:
        for window in explained(store, decision.id).windows or ():
            assert window.agrees, window.call
            assert window.total >= len(window.events)
            assert window.note is None
            n_windows += 1
    assert n_windows > 20
    store.close()


def test_the_events_are_those_that_were_counted_then(sqlite_url: str, tmp_path: Path) -> None:
    store = opened(sqlite_url, tmp_path, {"busy": f"{COUNT} >= 1"})
    live = Live.open(store)
    live.take(batch_of(post(-90), post(-59), post(-30, by="b"), post(-10)))
    (decision,) = live.take(batch_of(post(0), received_at=T0)).decisions
    live.take(batch_of(post(-5, "later in the log"), post(1, "later")))
    (window,) = explained(store, decision.id).windows or ()
    assert (window.rule, window.call, window.recorded) == ("busy", COUNT, 3)
    assert [event.event for event in window.events] == [post(minute).id for minute in (0, -10, -59)]
    assert window.key == post(0).actor.id  # type: ignore[union-attr]  # it has an actor
    store.close()


def test_a_long_list_is_cut_and_the_total_named(sqlite_url: str, tmp_path: Path) -> None:
    store = opened(sqlite_url, tmp_path, {"busy": f"{COUNT} >= 1"})
    live = Live.open(store)
    events = [post(number / 10, f"post {number}") for number in range(60)]
    made = live.take(batch_of(*events, received_at=T0 + timedelta(hours=1))).decisions
    explanation = explained(store, made[-1].id)
    (window,) = explanation.windows or ()
    assert (window.total, len(window.events), window.agrees) == (60, 50, True)
    shown = explanation.render()
    assert f"window {COUNT} = 60, read by busy" in shown
    assert "and 10 before them" in shown
    store.close()


def test_what_was_erased_is_named_as_erased(sqlite_url: str, tmp_path: Path) -> None:
    store = opened(sqlite_url, tmp_path, {"busy": f"{COUNT} >= 1"})
    live = Live.open(store)
    first, second = post(0, "one"), post(1, "two")
    made = live.take(batch_of(first, second, received_at=T0 + timedelta(hours=1))).decisions
    erase_event(store, first.id)
    (window,) = explained(store, made[1].id).windows or ()
    assert (window.recorded, window.total, window.agrees) == (2, 1, False)
    assert window.note == "content was erased since (1 of its time): this is what is left"
    erase_event(store, second.id)
    (window,) = explained(store, made[1].id).windows or ()
    assert (window.events, window.agrees) == ((), False)
    assert window.note == "the event that was judged was erased"
    store.close()


def test_a_pack_that_was_replaced_twice_still_explains_its_decisions(
    sqlite_url: str, tmp_path: Path
) -> None:
    store = opened(sqlite_url, tmp_path, {"busy": f"{COUNT} >= 1"})
    live = Live.open(store)
    (decision,) = live.take(batch_of(post(0))).decisions
    for number in (2, 3):
        files = pack({"busy": f"{COUNT} >= 0 and len(text) > {number - 2}"})
        activate(store, PackSource.from_files(files), by="test", reason=f"version {number}")
        live.take(batch_of(post(number, f"post {number}")))
    explanation = explained(store, decision.id)
    assert explanation.is_same_policy
    assert [str(step) for step in explanation.rules[0].steps] == [
        f"{COUNT} >= 1 = true",
        f"  {COUNT} = 1",
    ]
    (window,) = explanation.windows or ()
    assert (window.recorded, window.total) == (1, 1)
    store.close()
