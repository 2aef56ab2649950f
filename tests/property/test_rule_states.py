"""A rule in shadow counts what it would have decided, and decides nothing."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policy.kit import table_of
from tests.property.test_plan import (
    BATCHES,
    RULES,
    ColumnTable,
    Row,
    RuleParts,
    decided,
    oracle_of,
    policy_of,
)
from tocsin.policy import CompiledPolicy, with_states
from tocsin.records import Decision, Outcome, RuleState, ShadowHit
from tocsin.testing.builders import account_event, batch_of, post_event

Found = set[tuple[str, str, bool]]


def in_state(policy: CompiledPolicy, number: int, state: RuleState) -> CompiledPolicy:
    rule = policy.by_id[f"r{number}"]
    return with_states(policy, {(rule.id, rule.version): state})


def judged(
    policy: CompiledPolicy, rows: Sequence[Row], size: int
) -> tuple[list[Decision], list[ShadowHit]]:
    made: list[Decision] = []
    shadow: list[ShadowHit] = []
    for first in range(0, len(rows), size):
        part = rows[first : first + size]
        batch = batch_of(
            *(
                post_event(f"post {n}") if is_post else account_event(f"user_{n}")
                for n, (_, _, is_post) in enumerate(part, start=first)
            )
        )
        table = ColumnTable(*(features for _, features, _ in part))
        signals = table_of(*(signals for signals, _, _ in part))
        made += [decision for _, decision in policy.decide(batch, table, signals, {})]
        by_row = policy.shadow_hits(batch, table, signals)
        assert list(by_row) == sorted(by_row)
        shadow += [hit for hits in by_row.values() for hit in hits]
    return made, shadow


def of_rule(decisions: Sequence[Decision], rule: str) -> Found:
    """(event, subject, whether it was overridden) of every decision that a rule had a part in."""
    found: Found = set()
    for decision in decisions:
        allowing = (r.priority for r in decision.reasons if r.outcome is Outcome.ALLOW)
        floor = max(allowing, default=-1)
        found |= {
            (
                decision.event,
                str(decision.subject),
                reason.outcome is not Outcome.ALLOW and reason.priority < floor,
            )
            for reason in decision.reasons
            if reason.rule == rule
        }
    return found


def of_shadow(hits: Sequence[ShadowHit]) -> Found:
    return {(hit.event, str(hit.subject), hit.is_overridden) for hit in hits}


@given(RULES, BATCHES, st.integers(0, 5), st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_shadow_hits_are_what_the_rule_would_have_decided(
    rules: list[RuleParts], rows: list[Row], chosen: int, size: int
) -> None:
    number = chosen % len(rules)
    active = policy_of(rules)
    shadow = in_state(active, number, RuleState.SHADOW)
    would, _ = judged(active, rows, len(rows))
    _, hits = judged(shadow, rows, len(rows))
    assert of_shadow(hits) == of_rule(would, f"r{number}")
    assert len(hits) == len(of_shadow(hits))
    assert judged(shadow, rows, size)[1] == hits
    assert judged(oracle_of(shadow), rows, len(rows))[1] == hits


@given(RULES, BATCHES, st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_only_active_rules_decide(rules: list[RuleParts], rows: list[Row], chosen: int) -> None:
    number = chosen % len(rules)
    active = policy_of(rules)
    others = [
        in_state(active, number, state)
        for state in (RuleState.RETIRED, RuleState.DRAFT, RuleState.SHADOW)
    ]
    expected = decided(others[0], rows, len(rows))
    for policy in others:
        assert decided(policy, rows, len(rows)) == expected
    assert judged(others[0], rows, len(rows))[1] == []
    assert judged(others[1], rows, len(rows))[1] == []
