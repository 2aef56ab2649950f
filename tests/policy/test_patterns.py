"""`matches`: reading a pattern, its spans, and where it is asked."""

from __future__ import annotations

import pytest

from tests.policy.kit import Table, decide, hits, policy_of
from tocsin.features import compute
from tocsin.policy import explain
from tocsin.policy.execute import CompiledPlan
from tocsin.records import FeatureValue, Span
from tocsin.testing.builders import account_event, actor, batch_of, post_event


@pytest.mark.parametrize(
    ("when", "text", "is_hit"),
    [
        (r'matches(text, "iron +dawn")', "the iron  dawn", True),
        (r"matches(text, 'iron\b')", "the iron dawn", True),
        (r'matches(text, r"\bir")', "the iron dawn", True),
        (r'matches(text, "\"dawn\"")', 'the "dawn"', True),
        (r"""matches(text, '"dawn"')""", 'the "dawn"', True),
        (r'matches(text, "DAWN$")', "the iron dawn", True),
        (r'matches(text, "^dawn")', "the iron dawn", False),
        (r'matches(text, "^dawn")', "title\ndawn", True),
        (r'matches(text, r"a\\b")', r"a\b", True),
        (r'matches(text, r"iron\x{20}d")', "iron dawn", True),
        (r'matches(lower(text), "iron")', "IRON", True),
    ],
)
def test_a_pattern_means_what_stands_between_its_quotes(when: str, text: str, is_hit: bool) -> None:
    assert hits(when, post_event(), {"text": text}) is is_hit


@pytest.mark.parametrize(
    "when",
    [r'matches(text, "a\"b\\")', r"""matches(text, 'it\'s "x"')""", r'matches(text, r"\\\"")'],
)
def test_the_canonical_text_of_a_pattern_reads_as_itself(when: str) -> None:
    key = policy_of(when).rules[0].condition.key
    assert policy_of(key).rules[0].condition.key == key


def test_a_list_matches_where_one_of_its_texts_does() -> None:
    when = 'matches(hashtags, "^iron")'
    assert hits(when, post_event(), {"hashtags": ("dawn", "irondawn")})
    assert not hits(when, post_event(), {"hashtags": ("dawn", "the iron")})
    assert not hits(when, post_event())


def test_a_decision_keeps_where_it_matched_and_not_what() -> None:
    policy = policy_of('matches(text, "d.wn +rises") and matches(account.bio, "sail|row")')
    author = actor(bio="I row and I sail.")
    batch = batch_of(post_event("The IRON  Dаwn ris\u200bes!", by=author, title="Dawn rises"))
    ((_, decision),) = policy.decide(batch, compute(batch), {}, {})
    (reason,) = decision.reasons
    first, second = policy.rules[0].condition.children
    assert reason.spans == {
        first.key: (
            Span(field="post.title", start=0, end=10),
            Span(field="post.text", start=10, end=21),
        ),
        second.key: (
            Span(field="actor.bio", start=2, end=5),
            Span(field="actor.bio", start=12, end=16),
        ),
    }
    assert reason.values == {first.key: True, second.key: True}
    found = explain(decision, policy, texts={"post.title": "Dawn rises"})
    assert f"  {first.key} = true at post.title[0:10], post.text[10:21]" in found.render()
    assert [item.excerpt for item in found.evidence] == ["Dawn rises", None, None, None]
    assert {item.kind for item in found.evidence} == {"regex"}


def test_the_name_and_bio_of_an_account_event_have_spans_too() -> None:
    policy = policy_of('matches(text, "dawn")', events="[account.created]", subject="account")
    batch = batch_of(account_event("mara", name="Dawn", bio="at dawn"))
    ((_, decision),) = policy.decide(batch, compute(batch), {}, {})
    (spans,) = decision.reasons[0].spans.values()
    assert [(span.field, span.start, span.end) for span in spans] == [
        ("actor.name", 0, 4),
        ("actor.bio", 3, 7),
    ]


def test_without_the_way_back_there_are_no_spans() -> None:
    (decision,) = decide(policy_of('matches(text, "dawn")'), post_event(), {"text": "dawn"})
    assert decision.reasons[0].spans == {}


def test_a_pattern_is_asked_only_where_the_cheaper_parts_hold() -> None:
    asked: list[tuple[str, int]] = []

    class Counting(Table):
        def value(self, name: str, row: int) -> FeatureValue | None:
            asked.append((name, row))
            return super().value(name, row)

    policy = policy_of('matches(text, "[a-z] [a-z]") and contains(lang, "a") and post.is_reply')
    plan = CompiledPlan.of(policy.rules).plan
    root = plan.steps[plan.roots[0]]
    assert [plan.steps[child].expr.key for child in root.children][-1].startswith("matches")
    rows: list[dict[str, FeatureValue]] = [
        {"post.is_reply": row == 3, "text": "an iron", "lang": "ar"} for row in range(24)
    ]
    batch = batch_of(*(post_event(f"post {n}") for n in range(24)))
    assert [row for row, _ in policy.effective_hits(batch, Counting(*rows), {})] == [3]
    assert {row for name, row in asked if name == "text"} == {3}
