"""The one rule for missing values, and every operator."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from tests.policy.kit import bank_hit, decide, hits, policy_of, signal
from tocsin.policy.interpret import from_stored, to_stored
from tocsin.policy.kinds import Kind
from tocsin.records import FeatureValue, Signal, TextField
from tocsin.testing.builders import post_event

EVENT = post_event()
ROW: dict[str, FeatureValue] = {
    "text": "Dawn over the harbour",
    "lang": "en",
    "post.views": 10,
    "post.is_reply": True,
    "hashtags": ("a", "b"),
    "account.age": timedelta(days=3),
    "account.created": datetime(2026, 1, 1, tzinfo=UTC),
    "account.ratio": 0.5,
}


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("post.views == 10 and post.views != 11", True),
        ("1 < post.views < 11", True),
        ("1 < post.views < 10", False),
        ('lang in ["en", "ar"]', True),
        ('lang not in ["en", "ar"]', False),
        ('"a" in hashtags', True),
        ("post.views in [10.0]", True),
        ("account.age < days(7)", True),
        ("account.age * 2 == days(6)", True),
        ("account.age / hours(1) == 72", True),
        ("account.created + days(1) > account.created", True),
        ("post.views / 4 == 2.5", True),
        ("-post.views + 20 - 5 * 2 == 0", True),
        ("post.is_reply == True", True),
        ('contains(lower(text), "dawn")', True),
        ('contains(text, "dawn")', False),
        ("account.ratio * 2 == 1", True),
    ],
)
def test_values_that_are_there(when: str, *, expected: bool) -> None:
    assert hits(when, EVENT, ROW) is expected


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("post.views < 3", False),
        ("post.views >= 3", False),
        ("post.views == 3", False),
        ("post.views != 3", False),
        ('lang in ["en"]', False),
        ('lang not in ["en"]', False),
        ('"a" not in hashtags', False),
        ("1 < 2 < post.views", False),
        ("post.is_reply", False),
        ("not post.is_reply", True),
        ("not post.views < 3", True),
        ("post.views + 1 != 3", False),
        ("len(text) != 3", False),
        ('contains(text, "x") or 1 == 1', True),
        ('not contains(text, "x")', True),
        ("known(text) or known(post.views + 1)", False),
        ("not known(text)", True),
        ('signal("support").score < 2', False),
        ('signal("support").abstained', False),
        ("(post.views < 3) == False", True),
    ],
)
def test_values_that_are_missing(when: str, *, expected: bool) -> None:
    assert hits(when, EVENT) is expected


@pytest.mark.parametrize(
    "when",
    [
        "1 / (post.views - 10) != 3",
        "account.age / 0 != days(1)",
        "days(9999999999) > days(1)",
        "account.age * 9007199254740992 > days(1)",
        "account.created + days(9999999) > account.created",
        "post.views * 9007199254740992 * 9007199254740992 > 1",
        "1.5 * 9007199254740992 * 0 / 0 != 1",
    ],
)
def test_what_cannot_be_computed_is_missing(when: str) -> None:
    assert not hits(when, EVENT, ROW)


@pytest.mark.parametrize(
    ("left", "bank", "field", "expected"),
    [
        ("text", "praise", "post.text", True),
        ("text", "praise", "post.title", True),
        ("text", "praise", "media", True),
        ("text", "praise", "actor.bio", False),
        ("account.bio", "praise", "actor.bio", True),
        ("account.bio", "praise", "post.text", False),
        ("account.name", "groups", "actor.name", True),
        ("text", "people", "post.text", True),
        ("account.handle", "handles", "actor.handle", True),
        ("links", "known-links", None, True),
        ("media", "known-media", None, True),
        ("text", "praise", None, False),
    ],
)
def test_a_bank_is_read_in_its_field(
    left: str, bank: str, field: TextField | None, *, expected: bool
) -> None:
    found = [bank_hit(bank, field)]
    assert hits(f'{left} in bank("{bank}")', EVENT, {}, found) is expected
    assert hits(f'{left} not in bank("{bank}")', EVENT, {}, found) is not expected


@pytest.mark.parametrize(
    ("signals", "is_in", "is_not_in"),
    [
        ([], False, True),
        ([bank_hit("praise")], True, False),
        ([signal("bank:praise", abstained=True)], False, False),
    ],
)
def test_an_absent_bank_signal_is_false_and_an_abstained_one_missing(
    signals: Sequence[Signal], *, is_in: bool, is_not_in: bool
) -> None:
    assert hits('text in bank("praise")', EVENT, {}, signals) is is_in
    assert hits('text not in bank("praise")', EVENT, {}, signals) is is_not_in


def test_an_abstained_score_is_missing() -> None:
    abstained = [signal("support", 0.9, abstained=True)]
    assert not hits('signal("support").score > 0.5', EVENT, {}, abstained)
    assert hits('signal("support").abstained', EVENT, {}, abstained)
    assert hits('signal("support").score > 0.5', EVENT, {}, [signal("support", 0.9)])


def test_a_hit_records_what_it_read_and_what_was_missing() -> None:
    when = (
        '(len(text) > 3 and account.age < days(7)) or signal("threat").score > 0.5 '
        'or text in bank("praise") or account.followers > 3 or contains(title, "x")'
    )
    (decision,) = decide(policy_of(when), EVENT, ROW, [bank_hit("praise")])
    (reason,) = decision.reasons
    assert reason.values == {
        "len(text)": 21, "account.age": 259200.0, 'text in bank("praise")': True,
    }  # fmt: skip
    assert reason.missing == (
        'signal("threat").score', "account.followers", 'contains(title, "x")', "title",
    )  # fmt: skip
    assert reason.signals == ("bank:praise",)
    assert [item.name for item in decision.signals] == ["bank:praise"]


def test_no_text_that_a_person_wrote_is_stored() -> None:
    row = {**ROW, "account.handle": "secret_handle", "account.name": "secret name"}
    when = 'lower(account.handle) != "x" and text != account.name and lang == "en"'
    (decision,) = decide(policy_of(when), EVENT, row)
    assert "secret" not in str(decision)
    assert "harbour" not in str(decision)
    assert decision.reasons[0].values["lang"] == "en"


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (timedelta(days=3, microseconds=7), Kind.DURATION),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), Kind.TIME),
        (("a", "b"), Kind.TEXTS),
        (3, Kind.INT),
        (0.25, Kind.FLOAT),
        (True, Kind.BOOL),
        ("x", Kind.TEXT),
    ],
)
def test_stored_values_come_back(value: FeatureValue, kind: Kind) -> None:
    assert from_stored(to_stored(value), kind) == value
