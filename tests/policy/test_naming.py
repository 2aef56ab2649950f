"""Rules that name other rules, and what follows from it."""

from __future__ import annotations

import pytest

from tests.policy.kit import bank_hit, check, compiled, decide, rule_yaml
from tocsin.policy import Code, CompiledPolicy, explain
from tocsin.records import FeatureValue
from tocsin.testing.builders import account_event, post_event

ROW: dict[str, FeatureValue] = {"post.views": 9, "event.type": "post.created"}


def hit_rules(policy: CompiledPolicy, row: dict[str, FeatureValue]) -> set[str]:
    decisions = decide(policy, post_event(), row, [bank_hit("praise")])
    return {reason.rule for decision in decisions for reason in decision.reasons}


def test_a_rule_is_true_where_the_condition_of_the_other_is() -> None:
    policy = compiled(
        rule_yaml('rule("later") and text in bank("praise")', "first"),
        rule_yaml("post.views > 3", "later"),
        rule_yaml('not rule("later")', "neither"),
    )
    assert hit_rules(policy, ROW) == {"first", "later"}
    assert hit_rules(policy, {**ROW, "post.views": 2}) == {"neither"}


def test_outcomes_and_overriding_do_not_matter_to_the_one_that_names() -> None:
    policy = compiled(
        rule_yaml("post.views > 3", "excused", outcome="label", priority=1),
        rule_yaml("post.views > 3", "excuse", outcome="allow", clause="speech.protected"),
        rule_yaml('rule("excused")', "naming", priority=900),
    )
    assert hit_rules(policy, ROW) == {"excused", "excuse", "naming"}


def test_a_rule_that_is_not_asked_about_the_event_is_false() -> None:
    policy = compiled(
        rule_yaml("post.views > 3", "accounts", events="[account.created]", subject="account"),
        rule_yaml(
            'not rule("accounts")', "naming", events="[post.created, account.created]",
            subject="account",
        ),
    )  # fmt: skip
    assert hit_rules(policy, ROW) == {"naming"}
    row: dict[str, FeatureValue] = {"post.views": 9, "event.type": "account.created"}
    (decision,) = decide(policy, account_event(), row)
    assert [reason.rule for reason in decision.reasons] == ["accounts"]


def test_the_version_follows_the_condition_of_the_rule_that_is_named() -> None:
    def versions(inner: str, **keys: str) -> dict[str, str]:
        policy = compiled(
            rule_yaml('rule("middle")', "outer"),
            rule_yaml('rule("inner") or lang == "ar"', "middle"),
            rule_yaml(inner, "inner", **keys),
            rule_yaml("post.is_reply", "other"),
        )
        return {rule.id: rule.version for rule in policy.rules}

    before, after = versions("post.views > 3"), versions("post.views > 4")
    assert {name for name in before if before[name] != after[name]} == {"outer", "middle", "inner"}
    moved = versions("post.views > 3", priority="7")
    assert {name for name in before if before[name] != moved[name]} == {"inner"}


def test_the_explanation_shows_the_named_rule_with_its_parts() -> None:
    policy = compiled(
        rule_yaml('rule("views") and text in bank("praise")', "naming"),
        rule_yaml("post.views > 3", "views"),
    )
    (decision,) = decide(policy, post_event(), ROW, [bank_hit("praise")])
    (naming, _) = explain(decision, policy).rules
    assert [str(step) for step in naming.steps] == [
        'rule("views") and text in bank("praise") = true',
        '  rule("views") = true',
        '    event.type in ["post.created", "post.updated"] and post.views > 3 = true',
        '      event.type in ["post.created", "post.updated"] = true',
        "        event.type = post.created",
        "      post.views > 3 = true",
        "        post.views = 9",
        '  text in bank("praise") = true',
    ]


def test_signals_and_features_of_named_rules_are_those_of_the_policy() -> None:
    policy = compiled(
        rule_yaml('rule("x") and post.is_reply', "naming"),
        rule_yaml('signal("support").score > 0.5 and account.age < days(2)', "x"),
    )
    assert policy.signals == {"support"}
    assert {"account.age", "post.is_reply", "event.type"} <= policy.features


@pytest.mark.parametrize("n", [2, 3, 9])
def test_a_circle_is_one_mistake_however_long(n: int) -> None:
    rules = [rule_yaml(f'rule("r{(i + 1) % n}")', f"r{i}") for i in range(n)]
    report = check({"rules/r.yaml": "".join(rules) + rule_yaml('rule("r1")', "outside")})
    (problem,) = report.problems
    assert problem.code is Code.RULE_CYCLE
    assert len(problem.seconds) == n - 1
    assert problem.render().count("^^") >= n


def test_a_long_chain_of_names_is_refused_before_it_is_walked() -> None:
    rules = [rule_yaml("post.is_reply", "r0")]
    rules += [rule_yaml(f'rule("r{i}") or rule("r{i}")', f"r{i + 1}") for i in range(60)]
    report = check({"rules/r.yaml": "".join(rules)})
    assert [problem.code for problem in report.problems] == [Code.TOO_LARGE]


def test_a_mistake_in_a_named_rule_is_reported_once() -> None:
    rules = rule_yaml('rule("broken")', "naming") + rule_yaml("post.views > days(1)", "broken")
    assert [p.code for p in check({"rules/r.yaml": rules}).problems] == [Code.UNIT]
