"""Threats that point to somebody in a bank of protectees, and names that do not."""

from __future__ import annotations

import pytest

from tests.support.tiny_model import tiny_model
from tocsin.detectors import text_models
from tocsin.records import BankEntry, BankKind, entry_id
from tocsin.testing import T0, post_event
from tocsin.testing.detector_conformance import given

MODEL = tiny_model()
PERSON = BankEntry(
    id=entry_id("people", "Mara Ellison"), bank="people", kind=BankKind.PROTECTEE,
    value="Mara Ellison", aliases=("مارا إليسون",),
)  # fmt: skip
GROUP = BankEntry(
    id=entry_id("firms", "Meridian Harbour"), bank="firms", kind=BankKind.PROTECTEE,
    value="Meridian Harbour",
)  # fmt: skip


def entries_of(text: str) -> set[str]:
    detector = text_models.build([PERSON, GROUP], T0, MODEL)
    found = detector.detect(given([post_event(text)]), [0]).get(0, {})
    signal = found.get("threat_to_protectee")
    evidence = () if signal is None else signal.evidence
    assert "Ellison" not in repr(evidence)
    return {str(one.entry) for one in evidence if one.bank is not None}


@pytest.mark.parametrize(
    "text",
    [
        "Mara Ellison, I will kill you tomorrow.",
        "I am going to kill Mara Ellison tonight.",
        "I will kill you, Mara Ellison!",
        "Mara Ellison works on the quay. I will kill her.",
        "مارا إليسون سأقتلك غدا",
        "M\u0430ra Ellison, I will kill you tomorrow.",
    ],
)
def test_a_threat_to_somebody_in_a_bank(text: str) -> None:
    assert entries_of(text) == {PERSON.id}


@pytest.mark.parametrize(
    "text",
    [
        "Meridian Harbour: I will burn your office down tonight.",
        "I will shoot everyone who works at Meridian Harbour.",
    ],
)
def test_a_threat_to_a_group(text: str) -> None:
    assert entries_of(text) == {GROUP.id}


@pytest.mark.parametrize(
    "text",
    [
        "Mara Ellison is the worst head of anything, ever. Resign!",
        "They wrote to Mara Ellison: “I will kill you tomorrow”. She stays.",
        "Mara Ellison wrote this. “I will kill you”, somebody answered.",
        "I will kill you tomorrow.",
        "Mara Ellison reads the weather. The tram is late. The sea is calm. I will kill him.",
        "I will kill Tom Brandt, and Mara Ellison knows.",
        "Mara Ellison should know that I will kill Tom Brandt and all his neighbours.",
    ],
)
def test_a_name_beside_a_threat_is_no_target(text: str) -> None:
    assert entries_of(text) == set()


def test_without_entries_nobody_is_found() -> None:
    detector = text_models.build([], T0, MODEL)
    found = detector.detect(given([post_event("I will kill you, Mara Ellison")]), [0])[0]
    assert "threat_to_protectee" not in found
