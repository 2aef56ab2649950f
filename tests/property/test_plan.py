"""The plan against the interpreter, over generated rules, events, signals and cuts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.policy.kit import Table, bank_hit, compiled, rule_yaml, signal, table_of
from tocsin.policy import CompiledPolicy, explain
from tocsin.policy.check import compile_rules
from tocsin.policy.execute import DENSE_ROWS, CompiledPlan
from tocsin.policy.interpret import EventReader, evaluate
from tocsin.policy.masks import Columns
from tocsin.records import FeatureValue, LabelHolder, Numbers, Signal, as_numbers
from tocsin.testing.builders import account_event, batch_of, post_event

ATOMS = [
    "post.is_reply",
    "post.is_reply == text.has_quotation",
    "post.views > 3",
    "3 < post.views",
    "1 < post.views <= 4",
    "1 < post.views != 4 < account.followers",
    "0 < post.views < account.followers",
    "post.views != 3",
    "post.views in [1, 2, 3.5]",
    "post.views not in [1, 2]",
    "post.views / (post.views - 4) < 2",
    "post.views * 9007199254740992 * 1024 > 0",
    "account.followers > 9007199254740991",
    "account.followers <= 9007199254740992.0",
    "account.ratio >= 0.5",
    "-account.ratio < 0",
    "account.age < days(2)",
    "account.age != minutes(1440)",
    "hours(24) <= account.age < days(3)",
    "account.age / days(1) > 1.5",
    "max(account.age, hours(30)) > days(1)",
    "account.created - account.age == account.created",
    'lang == "ar"',
    'lang != "ar"',
    'lang in ["ar", "fa"]',
    'lang not in ["ar", "fa"]',
    'lower(lang) == "ar"',
    '"iron" in hashtags',
    'any_of(hashtags, ["iron", "dawn"])',
    "len(hashtags) > 1",
    "len(text) > 2",
    'contains(text, "bc")',
    'account.handle == "mara"',
    "account.handle == account.name",
    "known(account.age)",
    "known(post.is_reply)",
    'text in bank("praise")',
    'text not in bank("praise")',
    'account.bio in bank("groups")',
    'links in bank("known-links")',
    '(text in bank("people")) == post.is_reply',
    'signal("support").score >= 0.5',
    'signal("support").score < account.ratio',
    '0.1 < signal("support").score + signal("threat").score < 1',
    'signal("support").abstained',
    'signal("support").abstained != True',
    'known(signal("threat").score)',
    'matches(text, "iron +dawn")',
    'matches(text, "^abc?$|dawn$")',
    'matches(text, "[a-c]{2}")',
    'matches(text, "(?:IRON|steel) d.wn")',
    'matches(account.handle, "^MARA$")',
    'matches(normal(account.name), "nia")',
    'matches(hashtags, "^ir")',
    "sample(0.5)",
    "age(account.created) > days(1)",
    'has_label("watched")',
    'has_label("watched", of=handle)',
    'hashtags in bank("praise")',
    'hashtags not in bank("praise")',
    'link.host in bank("known-links")',
    'near_duplicate_of(text, bank("praise"))',
    'overlap(hashtags, ["iron", "x"]) > 0',
    'any_contains(hashtags, ["aw"])',
    'count_of(text, "b") > 0',
    "word_count(text) > 1",
    'rule("named")',
    'known(rule("named"))',
    'rule("accounts")',
    'rule("naming") and matches(text, "abc")',
    "1 < 2",
    "2 < 1",
    "1 / 0 < 1",
]


def _joined(parts: list[str], operator: str) -> str:
    return f" {operator} ".join(f"({part})" for part in parts)


def _tree(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        inner.map(lambda part: f"not ({part})"),
        st.builds(_joined, st.lists(inner, min_size=2, max_size=3), st.sampled_from(["and", "or"])),
        st.builds(_joined, st.lists(inner, min_size=2, max_size=2), st.sampled_from(["==", "!="])),
    )


CONDITIONS = st.recursive(st.sampled_from(ATOMS), _tree, max_leaves=6)
FOUND = [
    bank_hit("praise"),
    bank_hit("praise", "actor.bio"),
    bank_hit("groups", "actor.bio"),
    bank_hit("people"),
    bank_hit("known-links", None),
    signal("bank:praise", abstained=True),
    signal("support", 0.7),
    signal("support", 0.2),
    signal("support", abstained=True),
    signal("threat", 0.4),
    signal("tag:praise"),
    signal("host:known-links"),
    signal("copy:praise", fields=["post.text"]),
    signal("copy:praise", fields=["actor.bio"]),
]
COUNTS = st.one_of(st.integers(0, 6), st.integers(2**53 - 2, 2**53 + 2), st.just(2**63 - 1))
VALUES: dict[str, st.SearchStrategy[FeatureValue]] = {
    "post.is_reply": st.booleans(),
    "text.has_quotation": st.booleans(),
    "post.views": COUNTS,
    "account.followers": COUNTS,
    "account.ratio": st.sampled_from([0.0, 0.2, 0.5, 3.0, 1e300]),
    "account.age": st.sampled_from(
        [
            *(timedelta(hours=6 * n) for n in range(14)),
            timedelta(days=150_000),
            timedelta(2 * 10**8),
        ]
    ),
    "account.created": st.sampled_from([datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2)]),
    "lang": st.sampled_from(["ar", "AR", "fa", ""]),
    "text": st.sampled_from(["", "abc", "ab", "the iron dawn", "steel  dawn\niron dawn", "dawn"]),
    "event.id": st.sampled_from(["e1", "e2", "e3", "e6"]),
    "event.at": st.sampled_from([datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 4)]),
    "event.type": st.sampled_from(["post.created", "account.created"]),
    "hashtags": st.sampled_from([(), ("iron",), ("dawn", "x")]),
    "account.handle": st.sampled_from(["mara", "nia"]),
    "account.name": st.sampled_from(["mara", "Nia"]),
}
ROWS: st.SearchStrategy[dict[str, FeatureValue]] = st.fixed_dictionaries({}, optional=VALUES)
Row = tuple[list[Signal], dict[str, FeatureValue], bool]
KINDS = st.lists(
    st.tuples(st.lists(st.sampled_from(FOUND), max_size=3), ROWS, st.booleans()),
    min_size=1,
    max_size=5,
)
BATCHES = st.tuples(KINDS, st.sampled_from([1, 2 * DENSE_ROWS])).map(lambda made: made[0] * made[1])
RuleParts = tuple[str, str, int, str]
RULES = st.lists(
    st.tuples(
        CONDITIONS,
        st.sampled_from(["review", "label", "allow", "suspend"]),
        st.integers(0, 3),
        st.sampled_from(["account", "post", "both"]),
    ),
    min_size=1,
    max_size=6,
)


class ColumnTable(Table):
    """A table that offers columns too."""

    def column(self, name: str) -> Sequence[FeatureValue | None]:
        return [row.get(name) for row in self.rows]

    def numbers(self, name: str) -> Numbers:
        microsecond = timedelta(microseconds=1)
        return as_numbers(
            [
                value // microsecond if isinstance(value, timedelta) else value
                for value in self.column(name)
            ]
        )


class RowLabels:
    """Every third row has the label; the row after it has neither account nor handle."""

    def __init__(self, first: int) -> None:
        self.first = first

    def has(self, row: int, holder: LabelHolder, name: str) -> bool | None:
        del name
        place = (self.first + row + (holder is LabelHolder.HANDLE)) % 3
        return None if place == 1 else place == 0


NAMED = [
    rule_yaml('post.views > 3 or text in bank("praise")', "named"),
    rule_yaml(
        'has_label("watched") or matches(text, "iron")', "accounts", events="[account.created]",
        subject="account",
    ),
    rule_yaml('rule("named") != rule("accounts")', "naming"),
]  # fmt: skip
"""What the conditions may name; always asked about, whatever else a rule set holds."""


def policy_of(rules: Sequence[RuleParts]) -> CompiledPolicy:
    return compiled(*NAMED, *(_rule(number, *parts) for number, parts in enumerate(rules)))


def _rule(number: int, when: str, outcome: str, priority: int, scope: str) -> str:
    events = "[post.created]" if scope == "post" else "[post.created, account.created]"
    events = "[account.created]" if scope == "account" else events
    subject = "post" if scope == "post" and outcome != "suspend" else "account"
    return rule_yaml(
        f"|\n    {when}", f"r{number}", outcome=outcome, priority=priority, events=events,
        subject=subject,
    )  # fmt: skip


def decided(policy: CompiledPolicy, rows: Sequence[Row], size: int) -> list[Any]:
    """Every row's decision as bytes, and its explanation, from batches of `size`."""
    found: list[Any] = []
    for first in range(0, len(rows), size):
        part = rows[first : first + size]
        events = [
            post_event(f"post {n}") if is_post else account_event(f"user_{n}")
            for n, (_, _, is_post) in enumerate(part, start=first)
        ]
        found += [
            (first + row, msgspec.json.encode(decision), explain(decision, policy).render())
            for row, decision in policy.decide(
                batch_of(*events),
                ColumnTable(*(features for _, features, _ in part)),
                table_of(*(signals for signals, _, _ in part)),
                {"banks": "1"},
                labels=RowLabels(first),
            )
        ]
    return found


def oracle_of(policy: CompiledPolicy) -> CompiledPolicy:
    return compile_rules(policy, use_anchors=False, use_plan=False)


@given(RULES, BATCHES, st.integers(1, 2 * DENSE_ROWS))
@settings(max_examples=100, deadline=None)
def test_the_plan_decides_as_the_interpreter(
    rules: list[RuleParts], rows: list[Row], size: int
) -> None:
    policy = policy_of(rules)
    expected = decided(oracle_of(policy), rows, len(rows))
    assert decided(policy, rows, len(rows)) == expected
    assert decided(policy, rows, size) == expected
    assert decided(compile_rules(policy, use_anchors=False), rows, len(rows)) == expected


EVERY_ATOM = policy_of(
    [(when, "review", 1, "both") for atom in ATOMS for when in (atom, f"not ({atom})")]
)
EVERY_ATOM_ORACLE = oracle_of(EVERY_ATOM)


@given(BATCHES)
@example([(FOUND[row:], {"account.followers": 2**53 + row % 3}, True) for row in range(16)])
@settings(max_examples=50, deadline=None)
def test_every_step_has_the_interpreters_value(rows: list[Row]) -> None:
    compiled_plan = CompiledPlan.of(EVERY_ATOM.rules)
    table = ColumnTable(*(features for _, features, _ in rows))
    signals = table_of(*(found for found, _, _ in rows))
    columns = Columns(table, signals, len(rows), compiled_plan.masks)
    for step in compiled_plan.plan.steps:
        readers = [EventReader(table, signals[n], n, labels=RowLabels(0)) for n in range(len(rows))]
        values = [evaluate(step.expr, reader) for reader in readers]
        own = [compiled_plan.closures[step.number](reader) for reader in readers]
        assert own == values, step.expr.key
        if compiled_plan.masks[step.number] is not None:
            assert columns.mask(step.number).tolist() == [bool(v) for v in values], step.expr.key
    batch = batch_of(*(post_event(f"post {n}") for n in range(len(rows))))
    expected = EVERY_ATOM_ORACLE.effective_hits(batch, table, signals)
    assert EVERY_ATOM.effective_hits(batch, table, signals) == expected


@given(RULES, BATCHES)
@settings(max_examples=25, deadline=None)
def test_examples_are_held_against_the_same_hits(rules: list[RuleParts], rows: list[Row]) -> None:
    policy = policy_of(rules)
    batch = batch_of(*(post_event(f"post {n}") for n in range(len(rows))))
    given_table = ColumnTable(*(features for _, features, _ in rows))
    signals = table_of(*(found for found, _, _ in rows))
    expected = oracle_of(policy).effective_hits(batch, given_table, signals)
    assert policy.effective_hits(batch, given_table, signals) == expected


@pytest.mark.parametrize(
    ("when", "has_mask"),
    [
        ("post.is_reply", True),
        ("1 < post.views <= 4", True),
        ("account.age < days(2)", True),
        ('lang in ["ar", "fa"]', True),
        ('text not in bank("praise")', True),
        ('not (post.views > 3 or signal("support").score > 0.5)', True),
        ("post.views < account.followers", False),
        ('contains(text, "bc")', False),
        ('matches(text, "iron +dawn")', True),
        ('matches(text, "[a-z] [a-z]")', False),
        ('matches(account.name, "iron +dawn")', False),
        ("sample(0.5)", True),
        ('rule("named")', True),
        ('has_label("watched")', False),
        ('"iron" in hashtags', False),
    ],
)
def test_what_is_computed_in_columns(when: str, has_mask: bool) -> None:
    compiled_plan = CompiledPlan.of(policy_of([(when, "review", 1, "post")]).rules)
    root = compiled_plan.plan.roots[-1]
    assert (compiled_plan.masks[root] is not None) is has_mask


def test_rules_share_their_parts_and_ask_the_cheapest_first() -> None:
    policy = policy_of(
        [
            ('contains(text, "bc") and post.is_reply and 1 < 2', "review", 1, "post"),
            ('post.is_reply or contains(text, "bc")', "label", 1, "post"),
        ]
    )
    plan = CompiledPlan.of(policy.rules).plan
    first, second = (plan.steps[root] for root in plan.roots[-2:])
    keys = [plan.steps[child].expr.key for child in first.children]
    assert keys == ["1 < 2", "post.is_reply", 'contains(text, "bc")']
    assert set(second.children) < set(first.children) <= plan.shared | set(first.children)
    assert set(second.children) <= plan.shared


def test_an_expensive_part_is_asked_only_where_the_cheap_ones_hold() -> None:
    asked: list[tuple[str, int]] = []

    class Counting(Table):
        def value(self, name: str, row: int) -> FeatureValue | None:
            asked.append((name, row))
            return super().value(name, row)

    policy = policy_of([('contains(text, "bc") and post.is_reply', "review", 1, "post")])
    rows: list[dict[str, FeatureValue]] = [
        {"post.is_reply": row in (3, 20), "text": "abc"} for row in range(24)
    ]
    batch = batch_of(*(post_event(f"post {n}") for n in range(24)))
    found = policy.effective_hits(batch, Counting(*rows), {})
    assert [row for row, _ in found] == [3, 20]
    assert {row for name, row in asked if name == "text"} == {3, 20}
