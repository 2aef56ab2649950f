from __future__ import annotations

from typing import Any

import pytest

from tests.policy.kit import check
from tocsin.policy.examples import EXAMPLE_AT, SHORT_KEYS
from tocsin.records import EventPolicy, convert_event

RULE = """\
- id: r1
  clause: terror.support
  when: not post.is_reply
  outcome: review
  priority: 3
  events: [{events}]
  examples:
    hit: [{hit}]
    miss: [a bare text]
"""


def example(hit: str, events: str = "post.created") -> dict[str, Any]:
    report = check({"rules/r.yaml": RULE.format(hit=hit, events=events)})
    assert report.policy is not None, report.render()
    found = report.policy.examples()
    assert (found[0].rule, found[0].should_hit) == ("r1", True)
    assert found[0].where.startswith("rules/r.yaml:8:")
    convert_event(found[0].event, now=EXAMPLE_AT, policy=EventPolicy())
    return dict(found[0].event)


def test_a_bare_text_is_a_public_post_of_a_year_old_account() -> None:
    event = example("hello")
    assert event["post"] == {"id": "example:r1:hit:1:post", "text": "hello"}
    assert event["type"] == "post.created"
    assert event["actor"]["created_at"] == "2025-01-15T12:00:00Z"
    assert event["at"] == "2026-01-15T12:00:00Z"


def test_short_keys_go_where_they_belong() -> None:
    event = example("{text: t, lang: ar, handle: h, followers: 3, hashtags: [a], reply_to: p}")
    assert event["post"]["lang"] == "ar"
    assert event["post"]["hashtags"] == ["a"]
    assert event["post"]["reply_to"] == "p"
    assert event["actor"]["handle"] == "h"
    assert event["actor"]["followers"] == 3


def test_a_whole_event_is_taken_as_it_is() -> None:
    event = example("{event: {id: e1, type: post.updated, post: {id: p, text: t}}}")
    assert event == {
        "id": "e1", "type": "post.updated", "at": "2026-01-15T12:00:00Z",
        "post": {"id": "p", "text": "t"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("events", "hit", "key", "value"),
    [
        ("post.updated", "x", "type", "post.updated"),
        ("post.created", "{type: post.updated, text: x}", "type", "post.updated"),
    ],
)
def test_the_type_of_an_example(events: str, hit: str, key: str, value: str) -> None:
    assert example(hit, events)[key] == value


def test_words_that_yaml_could_misread_stay_text() -> None:
    assert example("no")["post"]["text"] == "no"


def test_every_short_key_is_documented() -> None:
    assert all(SHORT_KEYS.values())
