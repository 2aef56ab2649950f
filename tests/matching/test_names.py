"""Skeletons take disguises off and keep names apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.matching import skeletons


@pytest.mark.parametrize(
    "name",
    [
        "IronDawn",
        "@iron_dawn",
        "1r0n.D4wn",
        "ir\u043en\u200bd\u0430wn",
        "IIronnDawn",
        "ＩｒｏｎＤａｗｎ",
    ],
)
def test_disguises_share_a_skeleton(name: str) -> None:
    assert skeletons(name).full == "irondawn"


def test_digits_at_the_end_are_a_number_or_letters() -> None:
    assert skeletons("iron_dawn_2026").stem == "irondawn"
    assert skeletons("mara_ell150n").full == "maraelison"
    assert skeletons("12345").stem == skeletons("12345").full


def test_names_without_letters_have_none() -> None:
    assert skeletons("...") == ("", "")


@given(st.text(max_size=30))
def test_a_skeleton_is_its_own(name: str) -> None:
    full = skeletons(name).full
    assert skeletons(full).full == full
