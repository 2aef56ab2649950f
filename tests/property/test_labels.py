"""Labels in a batch: every event reads what the events before it left, whatever the cut.

Rules are made up: each reads one label, and where its answer is the wanted one, changes another.
The oracle judges batches of one event over a store of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from tocsin.pipeline.labels import BatchKeys, BatchLabels, LabelRead, judge_in_order
from tocsin.records import (
    Actor,
    Decision,
    Event,
    EventBatch,
    LabelChange,
    LabelHolder,
    LabelSaid,
    LabelStanding,
    LabelTable,
    Outcome,
    Reason,
    Subject,
    account_key,
    after_rule,
    handle_key,
)
from tocsin.store.labelrows import LabelKey, moment_of, said_by_rule
from tocsin.testing import T0, batch_of, post_event

NAMES = ("watched", "trusted")
ARRIVAL = T0 + timedelta(hours=2)


@dataclass(frozen=True)
class MadeRule:
    """Where the label read is `wanted`, say something of another label."""

    number: int
    read: LabelRead
    wanted: bool
    change: LabelChange
    every: int

    def applies(self, table: LabelTable, row: int, event: Event) -> bool:
        is_asked = int(event.id[1:]) % self.every == 0
        return is_asked and table.has(row, *self.read) is self.wanted


labels_read = st.tuples(st.sampled_from(LabelHolder), st.sampled_from(NAMES))
changes = st.builds(
    LabelChange,
    name=st.sampled_from(NAMES),
    holder=st.sampled_from(LabelHolder),
    is_added=st.booleans(),
    for_s=st.one_of(st.none(), st.integers(1, 4).map(lambda n: n * 600)),
)
rule_sets = st.lists(
    st.builds(
        MadeRule,
        number=st.integers(0, 99),
        read=labels_read,
        wanted=st.booleans(),
        change=changes,
        every=st.integers(1, 3),
    ),
    min_size=1,
    max_size=5,
)
actors = st.one_of(
    st.none(),
    st.builds(
        Actor,
        id=st.sampled_from((None, "a1", "a2")),
        handle=st.sampled_from((None, "Reader", "@reader", "other")),
    ),
)
moments = st.one_of(st.none(), st.integers(-2, 14).map(lambda n: T0 + timedelta(minutes=10 * n)))
persons = st.one_of(
    st.none(),
    st.builds(
        LabelSaid,
        by=st.just("usr_1"),
        is_added=st.booleans(),
        since=st.just(T0),
        expires_at=moments,
    ),
)
before = st.dictionaries(
    st.tuples(
        st.sampled_from(LabelHolder),
        st.sampled_from(("a1", "a2", "reader")),
        st.sampled_from(NAMES),
    ),
    st.builds(LabelStanding, person=persons),
    max_size=3,
)


@st.composite
def event_lists(draw: st.DrawFn) -> list[Event]:
    drawn = draw(st.lists(st.tuples(actors, moments), min_size=1, max_size=12))
    return [
        post_event(f"post {number}", event_id=f"e{number}", by=actor, at=at)
        for number, (actor, at) in enumerate(drawn)
    ]


def decisions_of(
    rules: Sequence[MadeRule], table: LabelTable, row: int, event: Event
) -> list[Decision]:
    hits = [rule for rule in rules if rule.applies(table, row, event)]
    if not hits:
        return []
    keys = {
        LabelHolder.ACCOUNT: account_key(event.actor),
        LabelHolder.HANDLE: handle_key(event.actor),
    }
    made = tuple(
        LabelChange(
            name=rule.change.name,
            holder=rule.change.holder,
            is_added=rule.change.is_added,
            for_s=rule.change.for_s,
            key=keys[rule.change.holder],
            rule=f"r{rule.number}",
        )
        for rule in hits
        if keys[rule.change.holder] is not None
    )
    reasons = tuple(
        Reason(
            rule=f"r{rule.number}",
            rule_version="1",
            clause="c",
            outcome=Outcome.REVIEW,
            priority=1,
            values={str(rule.read): rule.wanted},
        )
        for rule in hits
    )
    decision = Decision(
        id=f"dec_{event.id}",
        subject=Subject(kind="post", id=event.id),
        event=event.id,
        event_at=event.at,
        language="en",
        clause="c",
        outcome=Outcome.REVIEW,
        priority=1,
        reasons=reasons,
        labels=made,
        versions={},
    )
    return [decision]


def judged(
    rules: Sequence[MadeRule],
    batches: Sequence[EventBatch],
    standing: dict[LabelKey, LabelStanding],
) -> tuple[list[Decision], dict[LabelKey, LabelStanding], int]:
    """The decisions, what stands afterwards, and how often a row was judged again."""
    reads = frozenset(rule.read for rule in rules)
    standing, found, again = dict(standing), [], 0
    for batch in batches:
        labels = BatchLabels(
            batch=batch, reads=reads, standing=dict(standing), keys=BatchKeys(batch)
        )

        def ask(
            table: LabelTable, rows: Collection[int] | None, batch: EventBatch = batch
        ) -> list[tuple[int, Decision]]:
            nonlocal again
            again += 0 if rows is None else len(rows)
            return [
                (row, decision)
                for row in (range(len(batch)) if rows is None else sorted(rows))
                for decision in decisions_of(rules, table, row, batch.events[row])
            ]

        made = [decision for _, decision in judge_in_order(labels, ask)]
        found += made
        for decision in made:
            moment = moment_of(decision.event_at, batch.received_at)
            for change in decision.labels:
                key = (change.holder, str(change.key), change.name)
                said = said_by_rule(decision, change, moment)
                standing[key] = after_rule(standing.get(key, LabelStanding()), said)
    return found, standing, again


def cut(events: Sequence[Event], at: Sequence[int]) -> list[EventBatch]:
    places = [0, *sorted({place for place in at if 0 < place < len(events)}), len(events)]
    return [
        batch_of(*events[start:end], received_at=ARRIVAL)
        for start, end in itertools.pairwise(places)
    ]


@given(rule_sets, event_lists(), before, st.lists(st.integers(1, 11)))
def test_every_cut_reads_the_same_labels(
    rules: list[MadeRule],
    events: list[Event],
    standing: dict[LabelKey, LabelStanding],
    at: list[int],
) -> None:
    expected, left, again = judged(rules, cut(events, range(12)), standing)
    assert again == 0
    for places in ((), at):
        found, remains, again = judged(rules, cut(events, places), standing)
        assert found == expected
        assert remains == left
        assert again <= len(events), "no event is judged more than twice"


some_said = st.builds(
    LabelSaid,
    by=st.sampled_from(("r1", "r2")),
    is_added=st.booleans(),
    since=st.integers(0, 9).map(lambda n: T0 + timedelta(hours=n)),
    expires_at=st.one_of(st.none(), st.integers(0, 20).map(lambda n: T0 + timedelta(hours=n))),
)


@given(st.lists(some_said, max_size=6), persons, moments)
@example([], None, None)
def test_a_persons_word_stands_above_every_rule_until_it_ends(
    said: list[LabelSaid], person: LabelSaid | None, at: datetime | None
) -> None:
    moment = at or T0
    standing = LabelStanding(person=person)
    for one in said:
        earlier = standing
        standing = after_rule(standing, one)
        if one.is_added and earlier.rule is not None and earlier.rule.holds_at(moment):
            assert standing.rule is not None
            assert standing.rule.holds_at(moment), "a rule never cuts short what rules put on"
    assert standing.person is person
    if person is not None and person.holds_at(moment):
        assert standing.is_on(moment) is person.is_added
    else:
        on = standing.rule is not None and standing.rule.holds_at(moment)
        assert standing.is_on(moment) is on
