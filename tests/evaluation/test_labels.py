"""What labels say of a post, and what they do not."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.errors import InputError
from tocsin.evaluation import GroupKind, Truth, truth_of
from tocsin.evaluation.labels import with_code
from tocsin.nlp import Harm

S, INC, T = Harm.SUPPORT, Harm.INCITEMENT, Harm.THREAT


def groups(truth: Truth) -> list[tuple[str, str]]:
    return [(group.kind.name, group.name) for group in truth.groups]


@pytest.mark.parametrize(
    ("label", "harms", "expected"),
    [
        ({"support": True}, {S: True}, [("WANTED", "support")]),
        ({"threat": False, "group": "news"}, {T: False}, [("SPARED", "news")]),
        (
            {"group": "news", "about": "fishermen"},
            {},
            [("SPARED", "news"), ("SPARED", "naming fishermen")],
        ),
        ({"support": True, "group": "news", "about": "fishermen"}, {S: True}, None),
        ({"group": "Ordinary traffic"}, {}, [("ORDINARY", "Ordinary traffic")]),
        ({"account": "pro_group"}, {}, [("ACCOUNT", "posts of pro-group accounts")]),
        ({"account_supports": False}, {}, []),
        ({"extreme": True, "account": "pro_x"}, {S: True}, None),
        ({"topic": "about_terror_groups"}, {}, [("SPARED", "traffic about terror groups")]),
        (
            {"topic": "about_x", "harmless_campaign": "mockery_of_x"},
            {},
            [("SPARED", "traffic about terror groups"), ("SPARED", "campaign: mockery of x")],
        ),
        ({"topic": "ordinary_cricket"}, {}, [("ORDINARY", "ordinary cricket")]),
        (
            {"sentiment": "normal", "group": "women"},
            {},
            [("SPARED", "ordinary talk, found by word lists")],
        ),
        ({"sentiment": "hateful_normal"}, {}, [("OTHER", "abuse")]),
        ({"class": "neither"}, {}, [("SPARED", "ordinary talk, found by word lists")]),
        ({"class": "hate"}, {}, [("OTHER", "abuse")]),
        (
            {"threat": True, "sexist": True, "vector": "1.2 incitement"},
            {T: True, INC: True},
            [("WANTED", "threats"), ("WANTED", "incitement")],
        ),
        (
            {"threat": True, "sexist": True, "vector": "1.1 threats"},
            {T: True, INC: False},
            [("WANTED", "threats")],
        ),
        (
            {"threat": False, "sexist": True},
            {T: False, INC: False},
            [("OTHER", "sexist without a threat")],
        ),
        ({}, {}, []),
    ],
)
def test_labels_are_read_by_their_form(
    label: dict[str, Any], harms: dict[Harm, bool], expected: list[tuple[str, str]] | None
) -> None:
    truth = truth_of(label)
    assert truth.harms == harms
    assert expected is None or groups(truth) == expected


@pytest.mark.parametrize(
    ("functionality", "gold", "threat", "kind"),
    [
        ("counter_quote_nh", "non-hateful", False, GroupKind.SPARED),
        ("counter_ref_nh", "non-hateful", False, GroupKind.SPARED),
        ("threat_dir_h", "hateful", True, GroupKind.WANTED),
        ("negate_neg_nh", "non-hateful", False, GroupKind.SPARED),
        ("spell_leet_h", "hateful", None, GroupKind.OTHER),
    ],
)
def test_cases_of_a_test_suite_say_what_they_test_and_are_never_trained_on(
    functionality: str, gold: str, threat: bool | None, kind: GroupKind
) -> None:
    truth = truth_of({"functionality": functionality, "gold": gold})
    assert truth.harms.get(T) is threat
    assert [group.kind for group in truth.groups] == [kind]
    assert truth.is_test_case


def test_the_label_of_an_account_is_no_truth_about_its_posts() -> None:
    truth = truth_of({"account": "pro_group"})
    assert truth.account_supports is True
    assert S not in truth.harms


def test_what_a_source_says_to_use_for_nothing_is_used_for_nothing() -> None:
    assert not truth_of({"topic": "about_x", "ambiguous": True}).is_usable


@pytest.mark.parametrize(
    ("code", "harms", "expected"),
    [
        ("S", {S: True, INC: False, T: False}, ["support, judged by hand"]),
        ("Si", {S: True, INC: True, T: True}, None),
        ("s", {INC: False, T: False}, []),
        ("C", {S: False, INC: False, T: False}, ["condemnation, judged by hand"]),
        ("Ct", {S: False, INC: False, T: True}, ["threats, judged by hand"]),
        ("Oh", {S: False, INC: False, T: False}, ["hyperbole, judged by hand"]),
        ("O", {S: False, INC: False, T: False}, []),
    ],
)
def test_codes_judge_the_post_itself(
    code: str, harms: dict[Harm, bool], expected: list[str] | None
) -> None:
    truth = with_code(Truth(), code, where="line 1")
    assert truth.harms == harms
    assert expected is None or [group.name for group in truth.groups] == expected


def test_what_the_set_itself_judges_stands_above_a_code() -> None:
    truth = with_code(truth_of({"threat": True, "sexist": True}), "N", where="line 1")
    assert truth.harms == {S: False, INC: False, T: True}
    assert groups(truth) == [("WANTED", "threats")]


def test_a_code_adds_to_the_groups_of_the_set() -> None:
    truth = with_code(truth_of({"account": "pro_x"}), "N", where="line 1")
    assert truth.harms[S] is False
    assert groups(truth) == [
        ("ACCOUNT", "posts of pro-group accounts"),
        ("SPARED", "report, judged by hand"),
    ]


@pytest.mark.parametrize("code", ["", "X", "Sx", "i"])
def test_what_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(InputError, match="this is no code"):
        with_code(Truth(), code, where="codes.tsv:1")
