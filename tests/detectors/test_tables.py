"""Banks are looked up as tables for the signals that rules read, and for no others."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from tocsin.detectors import BankDetectors, detect
from tocsin.features import compute
from tocsin.plugins import DetectorInput
from tocsin.records import BankEntry, BankKind, EntryState, Span, entry_id
from tocsin.testing.builders import T0, account_event, batch_of, image, post_event


def entry(bank: str, value: str, kind: BankKind = BankKind.PHRASE, **fields: object) -> BankEntry:
    return BankEntry(id=entry_id(bank, value), bank=bank, kind=kind, value=value, **fields)  # type: ignore[arg-type]  # as the test says


ENTRIES = [
    entry("slogans", "iron dawn rises"),
    entry("slogans", "dawn of steel", state=EntryState.RETIRED),
    entry("sites", "irondawn.example", BankKind.LINK),
    entry("people", "mara ellison", BankKind.PROTECTEE),
]


@pytest.mark.parametrize(
    ("reads", "expected"),
    [
        ((), set()),
        (("bank:slogans", "support"), set()),
        (("tag:slogans",), {"tag:slogans"}),
        (("tag:unknown", "host:sites"), {"host:sites"}),
        (None, {"tag:slogans", "host:sites", "copy:slogans"}),
    ],
)
def test_only_what_rules_read_is_looked_up(
    reads: Collection[str] | None, expected: set[str]
) -> None:
    batch = batch_of(post_event("Iron dawn rises", links=["https://irondawn.example/a"],
                                hashtags=["IronDawnRises", "DawnOfSteel"]))  # fmt: skip
    features = compute(batch)
    given = DetectorInput(batch=batch, features=features, texts=features)
    found = detect(given, BankDetectors().from_entries(ENTRIES, T0, reads))
    assert {name for name in found[0] if not name.startswith("bank:")} == expected


def test_a_title_and_a_description_are_texts_of_their_own() -> None:
    batch = batch_of(
        post_event(
            "and more",
            title=" IRON  dawn rises",
            media=(image(alt="x"), image(alt="Iron dawn rises")),
        ),
        account_event("mara", bio="iron dawn rises"),
    )
    features = compute(batch)
    given = DetectorInput(batch=batch, features=features, texts=features)
    found = detect(given, BankDetectors().from_entries(ENTRIES, T0, ["copy:slogans"]))
    evidence = found[0]["copy:slogans"].evidence
    assert [item.span for item in evidence] == [
        Span(field="post.title", start=1, end=17),
        Span(field="media", start=2, end=17),
    ]
    assert [item.span and item.span.field for item in found[1]["copy:slogans"].evidence] == [
        "actor.bio"
    ]
