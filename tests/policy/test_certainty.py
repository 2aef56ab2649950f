from __future__ import annotations

import pytest

from tests.policy.kit import policy_of
from tocsin.policy.certainty import certain_value


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("1 > 2", False),
        ("not 1 > 2", True),
        ("post.is_reply and 1 > 2", False),
        ("post.is_reply or 2 > 1", True),
        ("post.is_reply", None),
        ("post.views > 3 and post.views < 3", False),
        ("post.views > 3 and 3 > post.views", False),
        ("post.views >= 3 and post.views <= 3", None),
        ("post.views > 2 and post.views >= 3 and post.views <= 3", None),
        ("post.views > 3 and post.views == 3", False),
        ("account.age < days(1) and account.age > days(2)", False),
        ('lang == "ar" and lang == "en"', False),
        ('lang == "ar" or lang == "en"', None),
        ('event.type == "trend.observed"', False),
        ('event.type == "post.created"', None),
        ("post.views > 1 / 0", False),
        ("not (post.views > 3 and post.views < 3)", True),
        ('text in bank("praise") and text not in bank("praise")', None),
    ],
)
def test_what_is_certain_is_seen(when: str, *, expected: bool | None) -> None:
    rule = policy_of(when).rules[0]
    assert certain_value(rule.condition, rule.events) is expected
