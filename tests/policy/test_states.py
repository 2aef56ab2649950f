"""States of rules: read from the pack, part of no version, and what each means for examples."""

from __future__ import annotations

import pytest

from tests.policy.kit import Table, compiled, decide, policy_of, rule_yaml
from tocsin.policy import with_states
from tocsin.records import RuleState
from tocsin.testing.builders import batch_of, post_event

REPLY = {"post.is_reply": True}


def test_a_rule_is_active_unless_it_says_otherwise() -> None:
    assert policy_of("post.is_reply").rules[0].state is RuleState.ACTIVE
    assert policy_of("post.is_reply", state="shadow").rules[0].state is RuleState.SHADOW


def test_the_state_is_no_part_of_the_rules_version() -> None:
    versions = {policy_of("post.is_reply", state=state).rules[0].version for state in RuleState}
    assert len(versions) == 1


@pytest.mark.parametrize("state", [RuleState.DRAFT, RuleState.SHADOW, RuleState.RETIRED])
def test_what_is_not_active_decides_nothing(state: RuleState) -> None:
    policy = policy_of("post.is_reply", state=state)
    assert decide(policy, post_event("x"), REPLY) == []
    batch = batch_of(post_event("x"))
    hits = policy.shadow_hits(batch, Table(REPLY), {})
    assert [hit.rule for row in hits.values() for hit in row] == (
        ["r1"] if state is RuleState.SHADOW else []
    )


@pytest.mark.parametrize(
    ("state", "is_tried"),
    [(RuleState.DRAFT, True), (RuleState.SHADOW, True), (RuleState.RETIRED, False)],
)
def test_examples_are_run_before_a_rule_is_active_and_not_after(
    state: RuleState, is_tried: bool
) -> None:
    policy = policy_of("post.is_reply", state=state)
    found = policy.effective_hits(batch_of(post_event("x")), Table(REPLY), {})
    assert found == ([(0, "r1")] if is_tried else [])
    assert bool(policy.examples()) is is_tried


def test_an_allow_rule_in_shadow_overrides_nothing() -> None:
    policy = compiled(
        rule_yaml("post.is_reply", "r1", priority=5),
        rule_yaml("post.is_reply", "r2", outcome="allow", priority=9, state="shadow"),
    )
    (decision,) = decide(policy, post_event("x"), REPLY)
    assert decision.outcome == "review"
    batch = batch_of(post_event("x"))
    assert sorted(policy.effective_hits(batch, Table(REPLY), {})) == [(0, "r1"), (0, "r2")]
    ((hit,),) = policy.shadow_hits(batch, Table(REPLY), {}).values()
    assert (hit.rule, hit.outcome) == ("r2", "allow")


def test_other_states_use_the_same_plan() -> None:
    policy = policy_of("post.is_reply")
    rule = policy.rules[0]
    changed = with_states(policy, {(rule.id, rule.version): RuleState.SHADOW})
    assert changed.rules[0].state is RuleState.SHADOW
    assert changed.proposing.compiled is policy.proposing.compiled  # type: ignore[attr-defined]  # executors share it
    assert with_states(policy, {(rule.id, "another version"): RuleState.RETIRED}) is policy
