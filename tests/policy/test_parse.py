from __future__ import annotations

import pytest

from tests.policy.kit import CATALOGUE, check, policy_of, rule_yaml
from tocsin.policy.expressions import Expr, walk
from tocsin.policy.parse import parse_condition
from tocsin.policy.problems import Code, Document, Problems
from tocsin.policy.tree import TextNode

CONDITIONS = [
    'text in bank("praise") and text not in bank("condemnation")',
    'links in bank("known-links") or media in bank("known-media")',
    'account.handle in bank("handles") or account.bio in bank("groups")',
    'text in bank("people") and not (post.is_reply or text.has_quotation)',
    'signal("support").score >= 0.8 and not signal("support").abstained',
    "account.age < days(7) and account.age / days(1) > 2.5",
    "1 < post.views <= 100 != 3",
    "(account.followers + 1) / (account.following + 1) > 2 * account.ratio",
    'lang in ["ar", "en"] and post.views not in [1, -2, 3.5]',
    'len(text) > 3 and lower(account.name) == "mara"',
    'any_of(hashtags, ["a"]) and all_of(hashtags, ["a", "b"])',
    "min(post.views, 3, account.followers) < max(1, 2) and abs(-post.views) > 0",
    "(account.created + days(2)) - account.created > hours(1)",
    "known(text) == (post.views == 3)",
    '"a" in hashtags and contains_any(text, ["x", "\\"y\\""])',
    "-account.age < minutes(3)",
    "not not post.is_reply",
]


def parsed(text: str) -> tuple[Expr | None, list[Code]]:
    problems = Problems()
    node = TextNode(Document("f", text), 0, len(text), text, "", text)
    return parse_condition(node, CATALOGUE, problems), [p.code for p in problems.found]


@pytest.mark.parametrize("text", CONDITIONS)
def test_the_canonical_text_reads_as_itself(text: str) -> None:
    expr, codes = parsed(text)
    assert expr is not None, codes
    again, _ = parsed(expr.key)
    assert again is not None
    assert again.key == expr.key
    assert [type(part) for part in walk(again)] == [type(part) for part in walk(expr)]


def test_every_mistake_of_a_condition_is_reported_once() -> None:
    _, codes = parsed('acount.age < 3 and text in bank("x") and foo(text) and lang == 3')
    assert codes == [Code.UNKNOWN_NAME, Code.UNKNOWN_BANK, Code.UNKNOWN_FUNCTION, Code.TYPE]


@pytest.mark.parametrize(
    "text",
    [
        "a) or (b", "a)(b", "a).x + (b", "__import__('os')", "().__class__", "text.__class__",
        "'a' * 999999999 == text", "text + text == text", "post.views ** post.views > 1",
        "(x := 3) > 2", "[*hashtags] == hashtags", "await text", "{1: 2}", "b'x' == text",
        "1j == 2", "... == 1", "post.views >> 3", "lambda: 1", "text[::] == text",
        '"\\ud800" == text', '"\\0" == text', "1e999 > post.views", "yield", "\x00", "\u202e",
    ],
)  # fmt: skip
def test_what_the_language_does_not_have_is_refused(text: str) -> None:
    expr, codes = parsed(text)
    assert expr is None
    assert codes


@pytest.mark.parametrize("text", ["-" * 3_900 + "1", "(" * 1_500 + "1" + ")" * 1_500, "not " * 900])
def test_deep_conditions_are_refused_without_a_crash(text: str) -> None:
    expr, codes = parsed(text)
    assert expr is None
    assert codes in ([Code.TOO_LARGE], [Code.SYNTAX])


def test_rules_that_wait_for_something_can_be_left_out() -> None:
    rules = "".join(
        [
            rule_yaml('rule("waits")', "before"),
            rule_yaml('signal("video").score > 0.5', "waits"),
            rule_yaml('post.is_reply or rule("before")', "after"),
            rule_yaml("post.is_reply", "stays"),
        ]
    )
    report = check({"rules/r.yaml": rules}, leave_out_unavailable=True)
    assert report.policy is not None
    assert [rule.id for rule in report.policy.rules] == ["stays"]
    assert report.policy.left_out == ("before", "waits", "after")
    assert {warning.code for warning in report.warnings} == {Code.UNAVAILABLE}


def test_the_version_of_a_rule_follows_what_it_decides() -> None:
    versions = [
        policy_of(when, **keys).rules[0].version
        for when, keys in (
            ("post.is_reply", {}),
            ("(post.is_reply)", {}),
            ("not post.is_reply", {}),
            ("post.is_reply", {"priority": 3}),
            ("post.is_reply", {"outcome": "hide"}),
        )
    ]
    assert versions[0] == versions[1]
    assert len(set(versions)) == 4


def test_content_is_not_recorded_but_what_is_made_of_it_is() -> None:
    expr, _ = parsed('lower(account.name) == "mara" and len(text) > 3 and lang == "ar"')
    assert expr is not None
    recorded = [part.key for part in walk(expr) if part.is_recorded]
    assert recorded == ['lower(account.name) == "mara"', "len(text)", "lang"]
