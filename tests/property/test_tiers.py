"""Dear detectors see few rows, and every decision is as if they had seen all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policy.kit import table_of
from tests.property.test_plan import BATCHES, RULES, ColumnTable, Row, RuleParts, policy_of
from tocsin.pipeline import Engine, check
from tocsin.plugins import Cost, DetectorExample, DetectorInput
from tocsin.policy import CompiledPolicy, PackSource
from tocsin.policy.check import compile_rules
from tocsin.records import Evidence, Signal, SignalSpec, SignalTable, Span
from tocsin.testing.builders import account_event, actor, batch_of, post_event

DEAR = ("support", "threat", "bank:people")


def _encoded(policy: CompiledPolicy, rows: Sequence[Row], signals: SignalTable) -> list[bytes]:
    batch = batch_of(*_events(rows))
    table = ColumnTable(*(features for _, features, _ in rows))
    return [msgspec.json.encode(d) for _, d in policy.decide(batch, table, signals, {})]


def _events(rows: Sequence[Row]) -> list[Any]:
    return [
        post_event(f"post {n}") if is_post else account_event(f"user_{n}")
        for n, (_, _, is_post) in enumerate(rows)
    ]


@given(RULES, BATCHES, st.permutations(DEAR), st.booleans())
@settings(max_examples=150, deadline=None)
def test_signals_of_other_rows_change_no_decision(
    rules: list[RuleParts], rows: list[Row], dear: list[str], has_plan: bool
) -> None:
    policy = compile_rules(policy_of(rules), use_plan=has_plan)
    whole = table_of(*(signals for signals, _, _ in rows))
    known = {
        row: {name: one for name, one in signals.items() if name not in dear}
        for row, signals in whole.items()
    }
    batch = batch_of(*_events(rows))
    table = ColumnTable(*(features for _, features, _ in rows))
    for place, name in enumerate(dear):
        for row in policy.wanted({name}, dear[place:], batch, table, known):
            if name in whole.get(row, {}):
                known[row][name] = whole[row][name]
    assert _encoded(policy, rows, known) == _encoded(policy, rows, whole)


# --- through the engine ------------------------------------------------------------------------

PACK = {
    "policy.yaml": """\
name: tiers
title: A pack that reads a dear signal
clauses:
  - id: terror.support
    title: Support
    guideline: Support of a designated group.
    examples_in: [in]
    examples_out: [out]
    severity: 4
    protected_purposes: [news]
    actions: [label]
""",
    "banks/slogans.yaml": "{bank: slogans, kind: phrase, entries: [dawn of iron]}",
    "rules/rules.yaml": """\
- id: slogan
  clause: terror.support
  when: text in bank("slogans") and account.followers > 10
  outcome: review
  priority: 10
  examples: {hit: [{text: dawn of iron, followers: 20}], miss: [x]}
""",
}


_SPAN = Span(field="post.text", start=0, end=1)


class Dear:
    """Gives the bank's signal a second voice, and counts the rows that it was asked about."""

    name = "dear"
    version = "1"
    cost = Cost.DEAR

    def __init__(self) -> None:
        self.asked: list[int] = []

    def specs(self) -> Sequence[SignalSpec]:
        return [SignalSpec(name="bank:slogans", doc="")]

    def examples(self) -> Sequence[DetectorExample]:
        return []

    def detect(self, given: DetectorInput, rows: Sequence[int]) -> SignalTable:
        self.asked += rows
        found: dict[int, Mapping[str, Signal]] = {}
        for row in rows:
            evidence = (Evidence(kind="phrase", span=_SPAN),) if row % 3 else ()
            one = Signal(name="bank:slogans", detector="d", version="1", evidence=evidence)
            found[row] = {"bank:slogans": one}
        return found


class Everywhere(Dear):
    """The same, asked about every row."""

    cost = Cost.CHEAP


def test_the_engine_asks_a_dear_detector_where_a_rule_can_still_hit() -> None:
    report = check(PackSource.from_files(PACK))
    assert report.policy is not None, report.render()
    batch = batch_of(
        *(post_event("iron" if n % 3 else "tin", by=actor("mara", followers=n)) for n in range(30))
    )
    dear, everywhere = Dear(), Everywhere()
    made = [
        Engine(policy=report.policy, detectors=[detector]).judge(batch).decisions
        for detector in (dear, everywhere)
    ]
    assert made[0] == made[1]
    assert len(made[0]) == 13  # of the 19 with followers enough
    assert dear.asked == list(range(11, 30))
    assert everywhere.asked == list(range(30))


def test_a_batch_looked_at_ahead_is_judged_as_any_other() -> None:
    report = check(PackSource.from_files(PACK))
    assert report.policy is not None, report.render()
    events = [
        post_event("iron" if n % 3 else "tin", by=actor("mara", followers=n)) for n in range(30)
    ]
    batch = batch_of(*events)
    dear = Dear()
    engine = Engine(policy=report.policy, detectors=[dear])
    plain = engine.judge(batch)
    dear.asked.clear()
    ahead = engine.look_ahead(batch)
    assert engine.judge(batch, ahead=ahead) == plain
    assert dear.asked == list(range(11, 30))  # asked once, ahead

    is_kept = [n % 2 == 0 for n in range(30)]
    some = batch.only(is_kept)
    assert engine.judge(some, ahead=ahead.only(is_kept, some)) == engine.judge(some)

    other = Engine(policy=report.policy, detectors=[Dear()])
    assert other.judge(batch, ahead=ahead) == plain  # not trusted: asked again
    assert isinstance(other.detectors[0], Dear)
    assert other.detectors[0].asked == list(range(11, 30))


WINDOWS = """\
- id: slogan
  clause: terror.support
  when: text in bank("slogans") and count(event, by=account, over=hours(1)) > 2
  outcome: review
  priority: 10
  examples:
    hit: [{text: dawn of iron, before: [a, b]}]
    miss: [x]
"""


def test_what_reads_windows_is_unknown_ahead_of_the_batch_s_turn() -> None:
    report = check(PackSource.from_files({**PACK, "rules/rules.yaml": WINDOWS}))
    assert report.policy is not None, report.render()
    dear = Dear()
    batch = batch_of(*(post_event("iron") for _ in range(3)))
    engine = Engine(policy=report.policy, detectors=[dear])
    engine.judge(batch)
    assert dear.asked == []  # no windows: no account counts more than two
    engine.look_ahead(batch)
    assert dear.asked == [0, 1, 2]
