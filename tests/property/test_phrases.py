"""A detector that was amended edit by edit finds what one finds that was compiled anew."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.detectors import BankDetectors, detect
from tocsin.records import BankEntry, BankKind, EntryState
from tocsin.testing import T0, bank_entry, post_event
from tocsin.testing.detector_conformance import given as given_events

WORDS = ("iron", "dawn", "tide", "iron dawn", "dawn tide", "الفجر", "فجر")
KINDS = {"one": BankKind.PHRASE, "two": BankKind.PHRASE, "staff": BankKind.PROTECTEE}


@st.composite
def entries(draw: st.DrawFn) -> BankEntry:
    bank = draw(st.sampled_from(list(KINDS)))
    return bank_entry(
        draw(st.sampled_from(WORDS)),
        bank=bank,
        kind=KINDS[bank],
        aliases=tuple(sorted(draw(st.sets(st.sampled_from(WORDS), max_size=2)))),
        match=draw(st.sampled_from(["word", "substring"])),
        state=draw(st.sampled_from(list(EntryState))),
        severity=draw(st.integers(1, 2)),
    )


@given(
    states=st.lists(st.lists(entries(), max_size=6), min_size=2, max_size=4),
    texts=st.lists(st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join), max_size=4),
)
@settings(max_examples=60, deadline=None)
def test_amended_and_anew_agree(states: Sequence[Sequence[BankEntry]], texts: list[str]) -> None:
    kept = BankDetectors()
    table = given_events([post_event(text) for text in texts])
    for state in states:
        unique = list({entry.id: entry for entry in state}.values())
        amended, anew = (
            builder.from_entries(unique, T0)[:1] for builder in (kept, BankDetectors())
        )
        assert amended[0].version == anew[0].version
        assert [spec.name for spec in amended[0].specs()] == [spec.name for spec in anew[0].specs()]
        assert detect(table, amended) == detect(table, anew)
