"""Labels that a pack declares, reads, puts on and takes off."""

from __future__ import annotations

import pytest

from tests.policy.kit import Table, check, compiled, policy_of, rule_yaml, table_of
from tocsin.policy import Rule
from tocsin.records import Decision, LabelChange, LabelHolder
from tocsin.testing.builders import batch_of, post_event


class Standing:
    """What is given stands; None where the event names no such holder."""

    def __init__(self, *, found: bool | None, holder: LabelHolder = LabelHolder.ACCOUNT) -> None:
        self.found = found
        self.holder = holder

    def has(self, row: int, holder: LabelHolder, name: str) -> bool | None:
        return self.found if (holder, name) == (self.holder, "watched") else False


def decided(when: str, labels: Standing) -> list[Decision]:
    found = policy_of(when).decide(batch_of(post_event()), Table({}), table_of(), {}, labels=labels)
    return [decision for _, decision in found]


@pytest.mark.parametrize(
    ("when", "found", "is_hit"),
    [
        ('has_label("watched")', True, True),
        ('has_label("watched")', False, False),
        ('has_label("watched")', None, False),
        ('not has_label("watched")', None, True),
        ('known(has_label("watched"))', None, False),
        ('has_label("watched", of=handle)', True, False),
        ('has_label("watched", of=account)', True, True),
    ],
)
def test_a_rule_reads_what_stands(when: str, found: bool | None, is_hit: bool) -> None:
    assert bool(decided(when, Standing(found=found))) is is_hit


def test_a_rule_reads_the_labels_of_a_handle() -> None:
    assert decided(
        'has_label("watched", of=handle)', Standing(found=True, holder=LabelHolder.HANDLE)
    )


def test_what_a_label_said_is_kept_with_the_decision() -> None:
    (decision,) = decided('has_label("watched")', Standing(found=True))
    assert decision.reasons[0].values == {'has_label("watched")': True}
    (decision,) = decided('not has_label("watched")', Standing(found=None))
    assert decision.reasons[0].missing == ('has_label("watched")',)


def test_without_labels_nobody_has_any() -> None:
    assert not policy_of('has_label("watched")').decide(
        batch_of(post_event()), Table({}), table_of(), {}
    )


def rule_with(labels: str) -> Rule:
    (rule,) = compiled(rule_yaml("post.is_reply", labels=labels)).rules
    return rule


def test_a_rule_says_what_it_puts_on_and_takes_off() -> None:
    rule = rule_with(
        "{add: [{name: watched, of: handle, for: days(30) + hours(1), reason: seen}], "
        "remove: [{name: watched}]}"
    )
    assert rule.labels == (
        LabelChange(
            name="watched", holder=LabelHolder.HANDLE, for_s=30 * 86_400 + 3_600, reason="seen"
        ),
        LabelChange(name="watched", is_added=False),
    )


def test_the_version_of_a_rule_follows_its_labels() -> None:
    versions = [
        rule_with(labels).version
        for labels in (
            "{}",
            "{add: []}",
            "{add: [{name: watched}]}",
            "{add: [{name: watched, for: days(1)}]}",
            "{remove: [{name: watched}]}",
        )
    ]
    assert versions[0] == versions[1]
    assert len(set(versions)) == 4


@pytest.mark.parametrize(
    "length", ["seconds(0)", "-days(1)", "days(1) / 0", "1 / 0", '"x"', "days("]
)
def test_a_length_that_is_none_is_refused(length: str) -> None:
    labels = f"{{add: [{{name: watched, for: '{length}'}}]}}"
    assert check({"rules/r.yaml": rule_yaml("post.is_reply", labels=labels)}).policy is None


def test_the_policy_says_what_its_labels_mean() -> None:
    assert list(policy_of("post.is_reply").labels) == ["watched"]
