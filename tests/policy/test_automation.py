"""What may happen without a person, whatever a gate says."""

from __future__ import annotations

from tests.policy.kit import Table, bank_hit, decide, policy_of, table_of
from tocsin.policy import Clause, CompiledPolicy, Rule
from tocsin.records import ActionKind, Decision
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
