"""The step: merging, failures, rows; and the detectors over banks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from tocsin.detectors import PANELS, BankDetectors, detect, panel_views
from tocsin.plugins import Detector, DetectorExample, DetectorInput, Panel
from tocsin.records import (
    BankEntry,
    Decision,
    EntryState,
    Event,
    Outcome,
    Signal,
    SignalSpec,
    SignalTable,
    Subject,
    post_of,
)
from tocsin.testing import T0, FakeClock, account_event, actor, bank_entry, image, post_event
from tocsin.testing.detector_conformance import given

SLOGAN = bank_entry("dawn of iron rises", bank="slogans")
GROUP = bank_entry("the Iron Dawn", bank="groups", kind="group", aliases=("الفجر الحديدي",))
PROTECTEE = bank_entry("Mara Ellison", bank="staff", kind="protectee", aliases=("mara.ellison",))
LINK = bank_entry("irondawn.example/join", bank="sites", kind="link")
HANDLE = bank_entry("iron_dawn", bank="gone", kind="handle")
HASH = bank_entry("md5:" + "ab" * 16, bank="seen", kind="hash", source="shared list")
BANKS = (SLOGAN, GROUP, PROTECTEE, LINK, HANDLE, HASH)


def fired(event: Event, entries: Sequence[BankEntry] = BANKS) -> dict[str, Signal]:
    found = detect(given([event]), BankDetectors().from_entries(entries, T0))
    return dict(found.get(0, {}))


class Moody:
    """Fails on rows whose text asks for it."""

    name = "moody"
    version = "1"

    def specs(self) -> Sequence[SignalSpec]:
        return [SignalSpec(name="mood", doc="")]

    def examples(self) -> Sequence[DetectorExample]:
        return []

    def detect(self, given: DetectorInput, rows: Sequence[int]) -> SignalTable:
        found = {}
        for row in rows:
            post = post_of(given.batch.events[row])
            text = (post and post.text) or ""
            if text.startswith("fail"):
                raise RuntimeError(text)
            found[row] = {"mood": Signal(name="mood", detector="moody", version="1", score=0.7)}
        return found


def test_a_failing_row_abstains_and_the_rest_goes_on() -> None:
    events = [post_event("fine"), post_event("fail: secret words"), post_event("The Iron Dawn")]
    detectors: list[Detector] = [Moody(), *BankDetectors().from_entries(BANKS, T0)]
    found = detect(given(events), detectors)
    assert found[0]["mood"].score == 0.7
    assert found[1]["mood"].abstained
    assert found[1]["mood"].note == "moody failed with RuntimeError"
    assert found[2].keys() == {"mood", "bank:groups"}
    assert "secret" not in repr(found)


def test_only_the_rows_asked_for() -> None:
    events = [post_event("The Iron Dawn"), post_event("the iron dawn again")]
    found = detect(given(events), BankDetectors().from_entries(BANKS, T0), rows=[1])
    assert list(found) == [1]


def test_each_kind_of_bank_finds_its_own() -> None:
    event = post_event(
        "مع الفجر الحديدي: dawn of iron rises, Mara.Ellison! see www.irondawn.example/join/x",
        by=actor("1r0nDawn99"),
        media=(image(md5="AB" * 16),),
    )
    found = fired(event)
    assert found.keys() == {f"bank:{entry.bank}" for entry in BANKS}
    for entry in BANKS:
        signal = found[f"bank:{entry.bank}"]
        (evidence,) = signal.evidence
        assert (signal.score, evidence.entry, evidence.kind) == (1.0, entry.id, entry.kind.value)
    assert found["bank:gone"].evidence[0].distance == 0
    span = found["bank:sites"].evidence[0].span
    assert span is not None
    text = post_of(event).text  # type: ignore[union-attr]  # it is a post
    assert text is not None
    assert text[span.start : span.end] == "www.irondawn.example/join/x"


def test_links_that_the_platform_sent_have_no_place() -> None:
    found = fired(post_event("look", links=("https://irondawn.example/join",)))
    assert found["bank:sites"].evidence[0].span is None


def test_names_and_bios_of_accounts_are_read() -> None:
    span = fired(account_event("x", bio="proud of the Iron Dawn"))["bank:groups"].evidence[0].span
    assert span is not None
    assert (span.field, span.start, span.end) == ("actor.bio", 9, 22)


def test_two_handles_that_differ_in_their_numbers_are_two() -> None:
    entry = bank_entry("john_85", bank="gone", kind="handle")
    assert not fired(account_event("john_1990"), [entry])
    assert fired(account_event("JOHN85"), [entry])
    assert not fired(account_event("mara99"), [bank_entry("mara", bank="gone", kind="handle")])


def test_expired_and_inactive_entries_do_not_match() -> None:
    clock = FakeClock()
    expiring = bank_entry("iron tide", expires_at=T0 + timedelta(days=1))
    candidate = bank_entry("iron gate", state=EntryState.CANDIDATE)
    banks = BankDetectors()
    table = given([post_event("iron tide"), post_event("iron gate")])
    assert list(detect(table, banks.from_entries([expiring, candidate], clock.now()))) == [0]
    later = banks.from_entries([expiring, candidate], clock.advance(timedelta(days=1)))
    assert not detect(table, later)
    assert [spec.name for spec in later[0].specs()] == ["bank:praise"]


def test_equal_entries_reuse_the_compiled_detector() -> None:
    banks = BankDetectors()
    first = banks.from_entries(BANKS, T0)
    again = banks.from_entries(tuple(reversed(BANKS)), T0)
    assert all(one is other for one, other in zip(first, again, strict=True))
    edited = banks.from_entries([*BANKS, bank_entry("another phrase")], T0)
    assert edited[0] is not first[0]
    assert edited[0].version != first[0].version
    assert edited[1] is first[1]


def test_a_note_changes_no_version() -> None:
    plain, noted = bank_entry("iron tide"), bank_entry("iron tide", note="seen in spring")
    versions = [BankDetectors().from_entries([one], T0)[0].version for one in (plain, noted)]
    assert versions[0] == versions[1]


def test_evidence_is_bounded() -> None:
    signal = fired(post_event("the iron dawn " * 500))["bank:groups"]
    assert len(signal.evidence) == 50


def test_panels_show_entry_place_distance_and_source() -> None:
    event = post_event("The Iron Dawn", media=(image(md5="ab" * 16),))
    decision = Decision(
        id="d", subject=Subject(kind="post", id="p"), event="e", language="en", clause="c",
        outcome=Outcome.REVIEW, priority=1, reasons=(), signals=tuple(fired(event).values()),
        versions={},
    )  # fmt: skip
    views = panel_views(decision)
    assert [view.title for view in views] == ["Known media", "Designated groups"]
    assert views[0].rows == [("seen", f"entry {HASH.id} · distance 0 · source: shared list", None)]
    assert "post.text 0–13" in views[1].rows[0][1]
    assert all(isinstance(panel, Panel) for panel in PANELS)
    assert len({panel.name for panel in PANELS}) == len(PANELS)
