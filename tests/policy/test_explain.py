from __future__ import annotations

import json
from datetime import timedelta

import msgspec
import pytest

from tests.policy.kit import bank_hit, compiled, decide, policy_of, rule_yaml, signal
from tocsin.policy import explain
from tocsin.policy.explain import Step
from tocsin.records import Decision, FeatureValue
from tocsin.testing.builders import post_event

WHEN = (
    'text in bank("praise") and (account.age / days(1) < 7 or signal("threat").score > 0.5) '
    'and not contains(title, "x")'
)
ROW: dict[str, FeatureValue] = {"text": "long live", "account.age": timedelta(days=3), "lang": "en"}


def decided(when: str = WHEN) -> Decision:
    (decision,) = decide(policy_of(when), post_event(), ROW, [bank_hit("praise")])
    return decision


def test_every_sub_expression_has_its_value_again() -> None:
    found = explain(decided(), policy_of(WHEN))
    assert [str(step) for step in found.rules[0].steps] == [
        policy_of(WHEN).rules[0].condition.key + " = true",
        '  text in bank("praise") = true',
        '  account.age / days(1) < 7 or signal("threat").score > 0.5 = true',
        "    account.age / days(1) < 7 = true",
        "      account.age / days(1) = 3",
        "        account.age = 3 d",
        "        days(1) = 1 d",
        '    signal("threat").score > 0.5 = false',
        '      signal("threat").score = missing',
        '  not contains(title, "x") = true',
        '    contains(title, "x") = missing',
        "      title = missing",
    ]
    assert found.is_same_policy
    assert found.notes == ()


@pytest.mark.parametrize(
    ("age", "shown"),
    [
        (timedelta(days=4, hours=9, minutes=59), "4 d 9 h"), (timedelta(days=30), "30 d"),
        (timedelta(days=1, minutes=5), "1 d"), (timedelta(hours=2, minutes=5), "2 h 5 min"),
        (timedelta(minutes=1, seconds=1), "1 min 1 s"), (timedelta(seconds=59), "59 s"),
        (timedelta(milliseconds=500), "0.5 s"), (timedelta(0), "0 s"),
        (timedelta(hours=-1), "-1 h"),
    ],
)  # fmt: skip
def test_durations_have_units_and_stay_seconds_in_json(age: timedelta, shown: str) -> None:
    when = "account.age < days(400) and post.views < 9000"
    row: dict[str, FeatureValue] = {"account.age": age, "post.views": 3_600}
    (decision,) = decide(policy_of(when), post_event(), row)
    found = explain(decision, policy_of(when))
    steps = [str(step).strip() for step in found.rules[0].steps]
    assert f"account.age = {shown}" in steps
    assert "days(400) = 400 d" in steps
    assert "post.views = 3600" in steps
    assert found.rules[0].duration("account.age") == shown
    assert found.rules[0].duration("post.views") is None
    values = found.as_json()["rules"][0]["values"]
    assert values["account.age"] == age.total_seconds()


def test_spans_have_excerpts_only_where_the_text_is_given() -> None:
    decision = decided()
    without = explain(decision, policy_of(WHEN))
    given = explain(decision, policy_of(WHEN), texts={"post.text": "long live the tests"})
    assert without.evidence[0].excerpt is None
    assert given.evidence[0].excerpt == "long"
    assert (given.evidence[0].start, given.evidence[0].end) == (0, 4)
    assert "“long”" in given.render()


def test_erased_content_is_said_to_be_erased() -> None:
    found = explain(decided(), policy_of(WHEN), erased="on 2026-02-01 under a request")
    assert "content erased on 2026-02-01 under a request" in found.notes


def test_another_policy_is_said_to_be_another() -> None:
    decision = decided()
    other = policy_of("post.is_reply")
    found = explain(decision, other)
    assert not found.is_same_policy
    assert found.rules[0].when is None
    assert found.rules[0].steps == ()
    assert any(other.version in note for note in found.notes)
    assert 'text in bank("praise") = true' in found.render()


def test_a_rule_that_did_not_change_is_still_explained() -> None:
    decision = decided()
    other = compiled(rule_yaml(json.dumps(WHEN)), rule_yaml("post.is_reply", "new"))
    found = explain(decision, other)
    assert not found.is_same_policy
    assert found.rules[0].steps


def test_overridden_rules_and_held_actions_are_shown() -> None:
    policy = compiled(
        rule_yaml("post.is_reply", "quoted", outcome="allow", clause="speech.protected"),
        rule_yaml("post.is_reply", "weak", outcome="hide", priority=3),
    )
    (decision,) = decide(policy, post_event(), {"post.is_reply": True})
    text = explain(decision, policy).render()
    assert "rule weak (hide, priority 3, overridden)" in text
    assert "hide: held, overridden by the rule `quoted`" in text


def test_abstention_is_shown() -> None:
    policy = policy_of('signal("support").abstained')
    (decision,) = decide(policy, post_event(), {}, [signal("support", abstained=True)])
    found = explain(decision, policy)
    assert found.evidence[0].score is None
    assert "abstained" in found.render()


def test_the_json_form_is_json() -> None:
    found = explain(decided(), policy_of(WHEN)).as_json()
    assert json.loads(msgspec.json.encode(found))["rules"][0]["missing"] == [
        'signal("threat").score', 'contains(title, "x")', "title",
    ]  # fmt: skip


def test_a_step_whose_value_was_not_stored_says_so() -> None:
    assert str(Step(depth=1, text="text", state="not stored")) == "  text = not stored"


def test_content_is_never_part_of_an_explanation() -> None:
    when = 'contains(text, "long") and len(text) > 3'
    decision = decided(when)
    found = explain(decision, policy_of(when))
    assert [str(step) for step in found.rules[0].steps] == [
        'contains(text, "long") and len(text) > 3 = true',
        '  contains(text, "long") = true',
        "    text = not stored",
        "  len(text) > 3 = true",
        "    len(text) = 9",
        "      text = not stored",
    ]


def test_what_two_signals_rest_on_is_told_once() -> None:
    found = [signal("support", 0.9, fields=[None, "post.text"]), signal("threat", fields=[None])]
    when = 'signal("support").score > 0.5 and signal("threat").score > 0.5'
    (decision,) = decide(policy_of(when), post_event(), ROW, found)
    told = explain(decision, policy_of(when)).evidence
    assert [(one.signal, one.kind, one.field) for one in told] == [
        ("support", "phrase", None),
        ("support", "phrase", "post.text"),
        ("threat", None, None),
    ]
