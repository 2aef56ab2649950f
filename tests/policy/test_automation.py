"""What may happen without a person, whatever a gate says."""

from __future__ import annotations

from typing import Any

from tests.policy.kit import (
    HEAD,
    Table,
    bank_hit,
    check,
    decide,
    policy_of,
    rule_yaml,
    table_of,
)
from tocsin.policy import Clause, CompiledPolicy, EarnedGate, Rule
from tocsin.records import (
    DEFAULT_BAR,
    ActionKind,
    AutomationState,
    Decision,
    Standing,
    Stratum,
)
from tocsin.testing.builders import batch_of, post_event

KNOWN = 'links in bank("known-links")'
FOUND = [bank_hit("known-links", None)]


def open_gate(rule: Rule, action: ActionKind, clause: Clause, language: str, /) -> str | None:
    """Lets everything through."""
    assert rule.clause == clause.id
    assert action
    assert language
    return None


def gated(policy: CompiledPolicy) -> Decision:
    batch = batch_of(post_event())
    table = Table({"post.is_reply": True})
    ((_, decision),) = policy.decide(batch, table, table_of(FOUND), {}, open_gate)
    return decision


def test_known_material_acts_on_the_item_by_itself() -> None:
    (decision,) = decide(policy_of(KNOWN, outcome="hide", basis="bank"), post_event(), {}, FOUND)
    assert decision.automatic == (ActionKind.HIDE,)
    assert decision.held == {}


def test_everything_else_is_held_with_a_reason() -> None:
    policy = policy_of("post.is_reply", outcome="hide")
    (decision,) = decide(policy, post_event(), {"post.is_reply": True, "lang": "ar"})
    assert decision.automatic == ()
    assert decision.held == {
        "hide": "no measured precision for rule `r1`, language `ar` and action `hide`"
    }


def test_no_gate_lets_an_action_touch_a_person() -> None:
    for kind in ("suspend", "limit", "remove"):
        decision = gated(policy_of("post.is_reply", outcome=kind))
        assert decision.automatic == ()
        assert decision.held == {kind: f"`{kind}` always needs a person"}


def test_no_gate_lets_an_action_happen_that_the_clause_does_not_list() -> None:
    decision = gated(policy_of("post.is_reply", outcome="interstitial"))
    assert decision.automatic == ()
    assert "never lets `interstitial` happen by itself" in decision.held["interstitial"]


def test_no_gate_lets_an_action_reach_an_account() -> None:
    decision = gated(policy_of("post.is_reply", outcome="label", subject="account"))
    assert decision.automatic == ()
    assert decision.held == {"label": "nothing happens to an account without a person"}


def test_a_gate_may_let_the_rest_through() -> None:
    assert gated(policy_of("post.is_reply", outcome="label")).automatic == (ActionKind.LABEL,)


def standing(state: AutomationState, *, bar: float = 0.95, **changes: Any) -> Standing:
    (rule,) = policy_of("post.is_reply", outcome="hide").rules
    stratum = {
        "rule": "r1",
        "rule_version": rule.version,
        "language": "ar",
        "action": ActionKind.HIDE,
        **changes,
    }
    return Standing(
        stratum=Stratum(**stratum),
        clause="terror.support",
        state=state,
        n_judged=90,
        n_violations=90,
        lower=0.951,
        bar=bar,
        reason="measured",
        by="lead",
    )


def through(*standings: Standing, language: str = "ar", solo: bool = False) -> Decision:
    """The decision of a rule behind a gate that knows these standings."""
    policy = policy_of("post.is_reply", outcome="hide")
    table = Table({"post.is_reply": True, "lang": language})
    gate = EarnedGate(standings, solo=solo)
    ((_, decision),) = policy.decide(batch_of(post_event()), table, table_of([]), {}, gate)
    return decision


def test_a_rule_acts_by_itself_where_it_earned_it() -> None:
    earned = standing(AutomationState.EARNED)
    assert through(earned).automatic == (ActionKind.HIDE,)
    assert through(earned, language="en").automatic == ()
    for changes in ({"rule_version": "0"}, {"action": ActionKind.LABEL}, {"rule": "r2"}):
        other = standing(AutomationState.EARNED, **changes)
        assert through(other).automatic == (), changes


def test_what_is_held_says_where_the_rule_stands() -> None:
    figures = "lower bound 0.951 of 90 judged samples, and the clause needs 0.95"
    for state, words in (
        (AutomationState.ELIGIBLE, "waits to be confirmed"),
        (AutomationState.DEMOTED, "is not enough any more"),
    ):
        held = through(standing(state)).held["hide"]
        assert words in held
        assert figures in held


def test_in_solo_mode_half_as_many_errors_are_allowed() -> None:
    earned = standing(AutomationState.EARNED)
    assert "the clause needs 0.975" in through(earned, solo=True).held["hide"]
    high = standing(AutomationState.EARNED, bar=0.975)
    assert through(high, solo=True).automatic == (ActionKind.HIDE,)


def test_a_gate_without_standings_names_no_version() -> None:
    assert EarnedGate([]).digest == ""
    one, other = (
        EarnedGate([standing(state)]).digest
        for state in (AutomationState.EARNED, AutomationState.DEMOTED)
    )
    assert "" != one != other


def test_a_clause_gives_each_action_a_bar() -> None:
    head = HEAD.replace(
        "automatic: [label, hide]", "automatic: {label: 0.9, hide: 0.98, interstitial: never}"
    )
    report = check({"policy.yaml": head, "rules/r.yaml": rule_yaml("post.is_reply")})
    assert report.policy is not None, report.render()
    clause = report.policy.clauses["terror.support"]
    assert clause.bars == {ActionKind.LABEL: 0.9, ActionKind.HIDE: 0.98}
    listed = policy_of("post.is_reply").clauses["terror.support"]
    assert listed.bars == {ActionKind.LABEL: DEFAULT_BAR, ActionKind.HIDE: DEFAULT_BAR}
    (rule,) = report.policy.rules
    assert rule.version != policy_of("post.is_reply").rules[0].version, "a bar decides"
