"""Properties of the policy stage over generated rules, signals and features."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policy.kit import (
    CATALOGUE,
    Table,
    bank_hit,
    check,
    compiled,
    rule_yaml,
    signal,
    table_of,
)
from tocsin.policy import CompiledPolicy, PackSource, check_pack, explain
from tocsin.policy.certainty import certain_value
from tocsin.policy.check import compile_rules
from tocsin.policy.interpret import EventReader, evaluate
from tocsin.policy.problems import Document, Problems
from tocsin.policy.tree import read_tree
from tocsin.records import Decision, FeatureValue, Signal
from tocsin.testing.builders import account_event, batch_of, post_event

ATOMS = [
    "post.is_reply",
    "post.views > 3",
    "post.views / (post.views - 4) < 2",
    "account.age < days(2)",
    'lang == "ar"',
    "len(text) > 2",
    'text in bank("praise")',
    'text not in bank("praise")',
    'account.bio in bank("groups")',
    'links in bank("known-links")',
    'signal("support").score >= 0.5',
    'signal("support").score + signal("threat").score < 1',
    'signal("support").abstained',
    'known(signal("threat").score)',
    '(text in bank("people")) == post.is_reply',
    'matches(text, "iron +dawn")',
    'matches(text, "^abc?$|dawn$")',
    'matches(text, "[a-c]{2}")',
    'matches(text, "(?:IRON|steel) d.wn")',
    'matches(account.handle, "^MARA$")',
    'matches(hashtags, "^ir")',
    "sample(0.5)",
    "age(account.created) > days(1)",
    'has_label("watched")',
    'has_label("watched", of=handle)',
    'hashtags in bank("praise")',
    'link.host in bank("known-links")',
    'near_duplicate_of(text, bank("praise"))',
    'overlap(hashtags, ["iron", "x"]) > 0',
    'any_contains(hashtags, ["aw"])',
    "1 < 2",
    "2 < 1",
]


def _joined(parts: list[str], operator: str) -> str:
    return f" {operator} ".join(f"({part})" for part in parts)


LITERALS = st.builds(
    lambda atom, is_negated: f"not ({atom})" if is_negated else atom,
    st.sampled_from(ATOMS),
    st.booleans(),
)
CLAUSES = st.builds(
    _joined, st.lists(LITERALS, min_size=1, max_size=3), st.sampled_from(["and", "or", "=="])
)
CONDITIONS = st.one_of(
    LITERALS,
    st.builds(_joined, st.lists(CLAUSES, min_size=1, max_size=2), st.sampled_from(["and", "or"])),
)
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
SIGNALS = st.lists(st.sampled_from(FOUND), max_size=4)
ROWS = st.fixed_dictionaries(
    {},
    optional={
        "post.is_reply": st.booleans(),
        "post.views": st.integers(0, 6),
        "account.age": st.integers(0, 4).map(lambda days: timedelta(days=days)),
        "lang": st.sampled_from(["ar", "en"]),
        "text": st.sampled_from(["", "abc"]),
    },
)
RULES = st.lists(
    st.tuples(
        CONDITIONS,
        st.sampled_from(["review", "hide", "allow", "suspend"]),
        st.integers(0, 3),
        st.sampled_from(["[post.created]", "[account.created]", "[post.created, account.created]"]),
    ),
    min_size=1,
    max_size=5,
)
Row = tuple[list[Signal], dict[str, FeatureValue], bool]
INPUT = st.lists(st.tuples(SIGNALS, ROWS, st.booleans()), min_size=1, max_size=6)


def policy_of(rules: list[tuple[str, str, int, str]]) -> CompiledPolicy:
    return compiled(
        *(
            rule_yaml(
                f"|\n    {when}", f"r{n}", outcome=outcome, priority=priority, events=events,
                subject="account",
            ).replace("outcome: hide", "outcome: label")
            for n, (when, outcome, priority, events) in enumerate(rules)
        )
    )  # fmt: skip


def decide(policy: CompiledPolicy, rows: list[Row], first: int = 0) -> list[tuple[int, Decision]]:
    events = [
        post_event(f"post {n}") if is_post else account_event(f"user_{n}")
        for n, (_, _, is_post) in enumerate(rows, start=first)
    ]
    return policy.decide(
        batch_of(*events),
        Table(*(features for _, features, _ in rows)),
        table_of(*(signals for signals, _, _ in rows)),
        {},
    )


@given(RULES, INPUT)
@settings(max_examples=300)
def test_the_prefilter_changes_no_decision(
    rules: list[tuple[str, str, int, str]], rows: list[Row]
) -> None:
    policy = policy_of(rules)
    assert decide(policy, rows) == decide(compile_rules(policy, use_anchors=False), rows)


def test_the_prefilter_changes_no_decision_on_any_pair_of_atoms() -> None:
    pairs = [
        f"{left} {operator} {right}"
        for one, other in product(ATOMS, ATOMS)
        for operator in ("and", "or", "==")
        for left in (f"({one})", f"(not ({one}))")
        for right in (f"({other})",)
    ]
    rules = [(when, "review", 1, "[post.created]") for when in (*ATOMS, *pairs)]
    policy = policy_of(rules)
    rows: list[Row] = [([], {}, True), ([], {"post.is_reply": True}, True)]
    rows += [([found], {"post.is_reply": True, "text": "abc"}, True) for found in FOUND]
    assert decide(policy, rows) == decide(compile_rules(policy, use_anchors=False), rows)


@given(RULES, INPUT, st.integers(1, 5))
def test_cutting_batches_changes_no_decision(
    rules: list[tuple[str, str, int, str]], rows: list[Row], size: int
) -> None:
    policy = policy_of(rules)
    parts = [
        (first + row, decision)
        for first in range(0, len(rows), size)
        for row, decision in decide(policy, rows[first : first + size], first)
    ]
    assert parts == decide(policy, rows)


CONTENT = ("text", "hashtags", "account.handle")


@given(RULES, INPUT)
def test_what_is_explained_is_what_was_decided(
    rules: list[tuple[str, str, int, str]], rows: list[Row]
) -> None:
    policy = policy_of(rules)
    for _, decision in decide(policy, rows):
        for rule in explain(decision, policy).rules:
            assert rule.steps == () or rule.steps[0].value is True
            assert all(step.state != "not stored" or step.text in CONTENT for step in rule.steps)


@given(CONDITIONS)
def test_a_condition_reads_as_its_canonical_text(when: str) -> None:
    (rule,) = compiled(rule_yaml(f"|\n    {when}")).rules
    (again,) = compiled(rule_yaml(f"|\n    {rule.condition.key}")).rules
    assert again.version == rule.version


LIMITS = st.lists(
    st.tuples(
        st.sampled_from(["post.views", "account.age / days(1)", "account.age"]),
        st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
        st.integers(0, 3),
    ).map(lambda limit: _limit(*limit)),
    min_size=1,
    max_size=5,
)


def _limit(name: str, operator: str, value: int) -> str:
    return f"{name} {operator} {f'days({value})' if name == 'account.age' else value}"


@given(st.one_of(CONDITIONS, LIMITS.map(" and ".join)), SIGNALS, ROWS)
@settings(max_examples=400)
def test_what_is_called_certain_is_certain(
    when: str, signals: list[Signal], row: dict[str, FeatureValue]
) -> None:
    (rule,) = compiled(rule_yaml(f"|\n    {when}")).rules
    certain = certain_value(rule.condition, rule.events)
    reader = EventReader(Table(row), {item.name: item for item in signals}, 0)
    assert certain is None or bool(evaluate(rule.condition, reader)) is certain


PIECES = st.sampled_from(
    [*"()[]{}<>=!&|+-*/%.,:;#@\"'\\ \n\tabcé0٣鉄", "and ", "or ", "not ", " in ", "text", "bank(",
     "signal(", ".score", "lambda ", "account.age", "days(", "**", "9" * 20, "\u202e", "\x85",
     "matches(", "(?=", "rule(", "has_label("]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join))
@settings(max_examples=300)
def test_no_text_makes_the_check_fail(text: str) -> None:
    report = check({"rules/r.yaml": rule_yaml("|\n    " + text.replace("\n", "\n    "))})
    assert report.render()


@given(
    st.lists(PIECES, max_size=40).map("".join), st.sampled_from(["rules/r.yaml", "banks/b.yaml"])
)
def test_no_file_makes_the_check_fail(text: str, name: str) -> None:
    source = PackSource.from_files({"policy.yaml": text, name: f"- {text}"})
    report = check_pack(source, CATALOGUE)
    assert report.policy is None
    assert all(problem.place.line >= 1 for problem in report.problems)


@given(st.text(max_size=60))
def test_every_text_is_a_tree_or_a_problem(text: str) -> None:
    problems = Problems()
    root = read_tree(Document("f.yaml", text), problems)
    assert root is not None or problems.found
