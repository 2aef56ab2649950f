from __future__ import annotations

from datetime import timedelta

import pytest

from tests.policy.kit import Table, bank_hit, compiled, decide, policy_of, rule_yaml, table_of
from tocsin.records import (
    ActionKind,
    Actor,
    Decision,
    FeatureValue,
    Outcome,
    Subject,
    decision_id,
    decode_decision,
    encode_decision,
)
from tocsin.testing.builders import account_event, batch_of, event_of, post_event

REPLY = {"post.is_reply": True}
ALLOW = {"outcome": "allow", "clause": "speech.protected"}


def outcome(*rules: str) -> list[tuple[Outcome, str]]:
    return [(d.outcome, d.reasons[0].rule) for d in decide(compiled(*rules), post_event(), REPLY)]


def test_the_highest_priority_decides_and_all_reasons_are_kept() -> None:
    (decision,) = decide(
        compiled(
            rule_yaml("post.is_reply", "low", priority=3, outcome="hide"),
            rule_yaml("post.is_reply", "high", priority=900),
            rule_yaml("not post.is_reply", "not-hit", priority=950),
        ),
        post_event(),
        REPLY,
    )
    assert (decision.outcome, decision.priority) == (Outcome.REVIEW, 900)
    assert [reason.rule for reason in decision.reasons] == ["high", "low"]
    assert set(decision.held) == {"hide"}


def test_at_equal_priority_the_stronger_outcome_decides() -> None:
    rules = [rule_yaml("post.is_reply", kind, outcome=kind) for kind in ("review", "hide", "label")]
    assert outcome(*rules) == [(Outcome.HIDE, "hide")]


def test_allow_alone_leaves_no_decision() -> None:
    assert outcome(rule_yaml("post.is_reply", **ALLOW)) == []


def test_allow_overrides_lower_priorities_and_that_is_recorded() -> None:
    (decision,) = decide(
        compiled(
            rule_yaml("post.is_reply", "quoted", **ALLOW, priority=600),
            rule_yaml("post.is_reply", "weak", outcome="hide", priority=599),
        ),
        post_event(),
        REPLY,
    )
    assert decision.outcome is Outcome.ALLOW
    assert decision.clause == "speech.protected"
    assert [reason.rule for reason in decision.reasons] == ["quoted", "weak"]
    assert decision.held == {"hide": "overridden by the rule `quoted`"}
    assert decision.automatic == ()


def test_allow_does_not_override_its_own_priority_or_higher() -> None:
    allow = rule_yaml("post.is_reply", "quoted", **ALLOW, priority=600)
    assert outcome(allow, rule_yaml("post.is_reply", "same", priority=600)) == [
        (Outcome.REVIEW, "same")
    ]
    (decision,) = decide(
        compiled(
            allow,
            rule_yaml("post.is_reply", "strong", priority=601),
            rule_yaml("post.is_reply", "weak", outcome="hide", priority=3),
        ),
        post_event(),
        REPLY,
    )
    assert decision.outcome is Outcome.REVIEW
    assert decision.reasons[0].rule == "strong"
    assert decision.held == {"hide": "overridden by the rule `quoted`"}


def test_allow_on_a_post_does_not_reach_the_account() -> None:
    rules = compiled(
        rule_yaml("post.is_reply", "quoted", **ALLOW, priority=900),
        rule_yaml("post.is_reply", "on-post", priority=3),
        rule_yaml("post.is_reply", "on-account", subject="account", priority=3),
    )
    decisions = decide(rules, post_event(by="quiet"), REPLY)
    assert [(d.subject.kind, d.outcome) for d in decisions] == [
        ("post", Outcome.ALLOW),
        ("account", Outcome.REVIEW),
    ]


def test_effective_hits_leave_out_what_is_overridden() -> None:
    policy = compiled(
        rule_yaml("post.is_reply", "quoted", **ALLOW, priority=600),
        rule_yaml("post.is_reply", "weak", priority=3),
        rule_yaml("post.is_reply", "strong", priority=700),
    )
    batch = batch_of(post_event())
    assert sorted(policy.effective_hits(batch, Table(REPLY), {})) == [
        (0, "quoted"), (0, "strong"),
    ]  # fmt: skip


def test_the_id_covers_every_version_and_policy_adds_its_own() -> None:
    policy = policy_of("post.is_reply")
    event = post_event()
    (decision,) = decide(policy, event, REPLY)
    assert decision.versions == {"features": "f1", "policy": policy.version}
    assert decision.id == decision_id(decision.subject, event.id, decision.versions)


def test_a_decision_survives_its_own_bytes() -> None:
    when = 'text in bank("praise") and account.age < days(7)'
    row: dict[str, FeatureValue] = {"account.age": timedelta(hours=1), "lang": "ar"}
    (decision,) = decide(policy_of(when), post_event(), row, [bank_hit("praise")])
    assert decode_decision(encode_decision(decision)) == decision
    assert decision.language == "ar"


def test_an_unknown_language_is_undetermined_and_no_time_stays_none() -> None:
    (decision,) = decide(policy_of("post.is_reply"), post_event(at=None), REPLY)
    assert decision.language == "und"
    assert decision.event_at is None


def test_the_actor_is_the_account_or_its_handle() -> None:
    policy = policy_of("post.is_reply")
    (decision,) = decide(policy, post_event(by=Actor(handle="only_a_handle")), REPLY)
    assert decision.actor == "only_a_handle"
    (decision,) = decide(policy, post_event(by=None), REPLY)
    assert decision.actor is None


def test_an_account_rule_on_an_anonymous_post_decides_nothing() -> None:
    assert decide(policy_of("post.is_reply", subject="account"), post_event(by=None), REPLY) == []


@pytest.mark.parametrize(
    ("wire", "keys", "subject"),
    [
        ({"type": "trend.observed", "hashtag": "iron"}, {"events": "[trend.observed]"},
         Subject(kind="hashtag", id="iron")),
        ({"type": "media.uploaded", "media": {"id": "m", "sha256": "ab"}},
         {"events": "[media.uploaded]"}, Subject(kind="media", id="ab")),
        ({"type": "report.filed", "target": {"kind": "post", "id": "p9"}},
         {"events": "[report.filed]", "subject": "post"}, Subject(kind="post", id="p9")),
        ({"type": "report.filed", "target": {"kind": "account", "id": "a9"}},
         {"events": "[report.filed]", "subject": "account"}, Subject(kind="account", id="a9")),
        ({"type": "report.filed", "target": {"kind": "account", "id": "a9"}},
         {"events": "[report.filed]", "subject": "post"}, None),
    ],
)  # fmt: skip
def test_the_subject_of_an_event(
    wire: dict[str, object], keys: dict[str, str], subject: Subject | None
) -> None:
    decisions = decide(policy_of("not post.is_reply", **keys), event_of({"id": "e", **wire}))
    assert [decision.subject for decision in decisions] == ([subject] if subject else [])


def test_a_rule_is_asked_about_its_events_only() -> None:
    policy = policy_of("not post.is_reply", events="[post.updated]")
    assert decide(policy, post_event()) == []
    assert len(decide(policy, post_event(event_type="post.updated"))) == 1
    anchored = policy_of('text in bank("praise")', events="[post.updated]")
    assert decide(anchored, post_event(), {}, [bank_hit("praise")]) == []


def test_rows_come_in_order_and_cutting_batches_changes_nothing() -> None:
    policy = compiled(
        rule_yaml('text in bank("praise")', "anchored"),
        rule_yaml("post.is_reply", "open", subject="account"),
    )
    events = [post_event(f"post {n}", by=f"user_{n}") for n in range(9)]
    rows = [{"post.is_reply": n % 2 == 0} for n in range(9)]
    found = [[bank_hit("praise")] if n % 3 == 0 else [] for n in range(9)]
    whole = policy.decide(batch_of(*events), Table(*rows), table_of(*found), {})
    parts: list[tuple[int, Decision]] = []
    for first in range(0, 9, 2):
        part = policy.decide(
            batch_of(*events[first : first + 2]),
            Table(*rows[first : first + 2]),
            table_of(*found[first : first + 2]),
            {},
        )
        parts += [(first + row, decision) for row, decision in part]
    assert [row for row, _ in whole] == sorted(row for row, _ in whole)
    assert parts == whole


def test_account_events_decide_on_the_account() -> None:
    policy = policy_of("not post.is_reply", events="[account.created]", outcome="suspend")
    (decision,) = decide(policy, account_event("somebody"))
    assert decision.subject.kind == "account"
    assert decision.automatic == ()
    assert decision.held == {ActionKind.SUSPEND: "`suspend` always needs a person"}
