from __future__ import annotations

import time

import pytest

from tests.policy.kit import Table, bank_hit, compiled, policy_of, rule_yaml
from tocsin.policy.prefilter import anchors
from tocsin.testing.builders import batch_of, post_event


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ('text in bank("praise")', {"bank:praise"}),
        ('text not in bank("praise")', None),
        ('not text in bank("praise")', None),
        ('text in bank("praise") and post.is_reply', {"bank:praise"}),
        ('text in bank("praise") or post.is_reply', None),
        ('text in bank("praise") or text in bank("groups")', {"bank:praise", "bank:groups"}),
        ('(text in bank("praise") or text in bank("groups")) and text in bank("people")',
         {"bank:people"}),
        ('signal("support").score > 0.5', {"support"}),
        ('1 - signal("support").score < 0.5', {"support"}),
        ('max(signal("support").score, signal("threat").score) < 0.5', {"support"}),
        ('signal("support").abstained', {"support"}),
        ('known(signal("support").score)', None),
        ('not known(signal("support").score)', None),
        ('(text in bank("praise")) == False', None),
        ("post.is_reply", None),
        ("False", set()),
    ],
)  # fmt: skip
def test_anchors(when: str, expected: set[str] | None) -> None:
    assert anchors(policy_of(when).rules[0].condition) == expected


def test_anchored_rules_cost_little_where_nothing_is_found() -> None:
    policy = compiled(
        *(rule_yaml(f'text in bank("praise") and post.views > {n}', f"r{n}") for n in range(50))
    )
    batch = batch_of(*(post_event(f"a plain post {n}") for n in range(256)))
    table = Table(*({"post.views": 0} for _ in range(256)))
    signals = {7: {"bank:condemnation": bank_hit("condemnation")}}
    spent = []
    for _ in range(20):
        start = time.process_time()
        assert policy.decide(batch, table, signals, {}) == []
        spent.append(time.process_time() - start)
    assert min(spent) < 0.000_5
