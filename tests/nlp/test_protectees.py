"""Which protectees a text names, and which of them a threat points to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.nlp import TextSpan
from tocsin.nlp.protectees import Pointed, ProtecteeIndex, variants
from tocsin.nlp.threats import find_threats
from tocsin.records import BankEntry, BankKind, EntryState

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def entry(entry_id: str, value: str, *aliases: str, **more: Any) -> BankEntry:
    given = {"kind": BankKind.PROTECTEE, **more}
    return BankEntry(id=entry_id, bank="people", value=value, aliases=aliases, **given)


MARA = entry("mara", "Mara Ellison", "مارا إليسون", "@mara_ellison")
STAFF = entry("staff", "employees of Meridian Harbour", "موظفي ميناء ميريديان")
INDEX = ProtecteeIndex.from_entries([MARA, STAFF])


def threatened(text: str) -> tuple[str, ...]:
    return INDEX.threatened(text, find_threats(text))


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("We will kill Mara Ellison tomorrow", ("mara",)),
        ("we will kill m\u0430ra ELLIS0N", ("mara",)),
        ("Mara Ellison, we know where you live", ("mara",)),
        ("@mara_ellison your days are numbered", ("mara",)),
        ("سنقتل مارا إليسون", ("mara",)),
        ("سنقتل موظفي ميناء ميريديان", ("staff",)),
        ("We will shoot employees of Meridian Harbour", ("staff",)),
        ("All Meridian Harbour staff must die", ("staff",)),
        ("Someone should shoot every employee of Meridian Harbour", ("staff",)),
        ("Kill the people who work at Meridian Harbour", ("staff",)),
        ("We will kill Mara Ellison and shoot Meridian Harbour's workers", ("mara", "staff")),
        ("We will kill you", ()),
        ("Mara Ellison spoke at the harbour", ()),
        ("We will kill Tamara Ellisonne", ()),
    ],
)
def test_a_threat_points_to_protectees(text: str, ids: tuple[str, ...]) -> None:
    assert threatened(text) == ids


def test_who_stands_in_the_target_comes_before_who_is_only_named() -> None:
    text = "Mara Ellison is right: we will kill Meridian Harbour staff"
    found = INDEX.find(text, find_threats(text))
    assert [(one.id, one.is_target) for one in found] == [("staff", True), ("mara", False)]
    assert threatened(text) == ("staff",)


def test_a_name_is_found_without_a_threat_and_leads_to_its_place() -> None:
    text = "Yesterday Mara Ellison spoke"
    assert INDEX.find(text) == (Pointed("mara", TextSpan(10, 22), is_target=False),)


@pytest.mark.parametrize(
    "unwanted",
    [
        entry("x", "Mara Ellison", kind=BankKind.PHRASE),
        entry("x", "Mara Ellison", state=EntryState.RETIRED),
        entry("x", "Mara Ellison", state=EntryState.CANDIDATE),
        entry("x", "Mara Ellison", expires_at=NOW),
    ],
    ids=["kind", "retired", "candidate", "expired"],
)
def test_entries_that_do_not_count_are_left_out(unwanted: BankEntry) -> None:
    index = ProtecteeIndex.from_entries([unwanted], NOW)
    assert len(index) == 0
    assert index.find("Mara Ellison") == ()


def test_only_a_group_of_employees_has_more_than_one_form() -> None:
    assert variants("Mara Ellison") == ("Mara Ellison",)
    assert "Meridian Harbour staff" in variants("the staff of Meridian Harbour")
    assert "موظفي ميناء ميريديان" in variants("عمال ميناء ميريديان")


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "Mara Ellison",
                "staff",
                "Meridian Harbour",
                "of",
                "we will kill",
                "\u200b",
                "\ud800",
                "İ",
            ]
        ),
        max_size=8,
    ).map(" ".join)
)
def test_spans_lie_inside_the_text(text: str) -> None:
    for one in INDEX.find(text, find_threats(text)):
        assert 0 <= one.span.start < one.span.end <= len(text)
