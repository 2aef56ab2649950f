"""What differs between two packs, and whether one person may change it."""

from __future__ import annotations

import pytest

from tests.policy.kit import HEAD, check, rule_yaml
from tocsin.pipeline import PackDifference, compare
from tocsin.policy import CompiledPolicy

BANK = "bank: words\nkind: phrase\nentries: [{}]\n"


def policy(*rules: str, head: str = HEAD, words: str = "iron dawn") -> CompiledPolicy:
    files = {
        "policy.yaml": head,
        "rules/r.yaml": "".join(rules),
        "banks/w.yaml": BANK.format(words),
    }
    report = check(files)
    assert report.policy is not None, report.render()
    return report.policy


ONE = rule_yaml("post.is_reply", "one")
ALLOW = rule_yaml("post.is_reply", "leave", outcome="allow")


def differs(old: CompiledPolicy, new: CompiledPolicy) -> PackDifference:
    return compare(old, new)


def test_the_same_policy_written_otherwise_is_no_difference() -> None:
    spaced = ONE.replace("post.is_reply", '"  post.is_reply  "')
    assert differs(policy(ONE), policy(spaced)).is_empty


def test_a_changed_condition_is_shown_word_by_word() -> None:
    new = rule_yaml('"post.is_reply and post.views > 3"', "one")
    (rule,) = differs(policy(ONE), policy(new)).rules
    assert (rule.kind, rule.needs_second_person, rule.is_by_clause) == ("changed", True, False)
    pieces = [(piece.state, piece.text) for piece in rule.condition]
    assert pieces == [("same", "post.is_reply"), ("new", "and post.views > 3")]


def test_every_other_part_of_a_rule_is_named() -> None:
    new = rule_yaml("post.is_reply", "one", outcome="hide", events="[post.created]", priority=501)
    (rule,) = differs(policy(ONE), policy(new)).rules
    assert rule.parts == (
        ("outcome", "review", "hide"),
        ("priority", "500", "501"),
        ("events", "post.created, post.updated", "post.created"),
    )


@pytest.mark.parametrize(
    ("old", "new", "needs"),
    [
        ([ONE], [ONE, ALLOW], True),
        ([ONE, ALLOW], [ONE], True),
        ([ONE, ALLOW], [ALLOW], False),
        ([ONE], [ONE, rule_yaml("post.is_reply", "two", state="shadow")], False),
        ([ONE], [rule_yaml("post.is_reply", "one", state="retired")], False),
        ([rule_yaml("post.is_reply", "one", state="shadow")], [ONE], True),
        ([ONE, ALLOW], [ONE, ALLOW.replace("outcome: allow", "outcome: allow\n  state: draft")],
         True),
    ],
    ids=["allow comes", "allow goes", "rule goes", "shadow comes", "retired", "promoted",
         "allow rests"],
)  # fmt: skip
def test_what_decides_more_needs_a_second_person(
    old: list[str], new: list[str], needs: bool
) -> None:
    assert differs(policy(*old), policy(*new)).needs_second_person is needs


def test_clauses_and_banks_need_a_second_person() -> None:
    graver = HEAD.replace("severity: 4", "severity: 5")
    found = differs(policy(ONE), policy(ONE, head=graver))
    assert [(one.id, one.parts) for one in found.clauses] == [("terror.support", ("severity",))]
    assert [rule.is_by_clause for rule in found.rules] == [True]
    assert found.needs_second_person
    words = differs(policy(ONE), policy(ONE, words="iron dawn, dawn of iron"))
    assert [(bank.bank, bank.added, bank.removed) for bank in words.banks] == [("words", 1, 0)]
    assert words.needs_second_person


def test_a_first_policy_adds_everything() -> None:
    found = compare(None, policy(ONE, ALLOW))
    assert {rule.kind for rule in found.rules} == {"added"}
    assert {clause.kind for clause in found.clauses} == {"added"}
