"""The suite that every detector must pass, whoever wrote it.

Comes in: a way to build the detector from bank entries. Goes out: nothing; an `AssertionError`
says which promise of `plugins.Detector` was broken. A test module runs it with one line per
detector:

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_phrases(check):
        check(phrases.build)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final

from tocsin.detectors import detect
from tocsin.features import compute
from tocsin.plugins import Detector, DetectorExample, DetectorInput
from tocsin.records import (
    BankEntry,
    Event,
    EventBatch,
    Signal,
    SignalTable,
    Span,
    TextField,
    post_of,
    rounded_score,
)
from tocsin.testing.builders import T0, account_event, batch_of, event_of, image, post_event

__all__ = ["CHECKS", "Build", "given", "hostile_events", "original_of"]

Build = Callable[[Iterable[BankEntry], datetime], Detector]
"""Makes the detector; one that needs no banks ignores the entries."""

CANARY: Final = "canary-7f3a"


def given(events: Sequence[Event]) -> DetectorInput:
    """What the pipeline would hand to a detector for these events."""
    batch = batch_of(*events)
    features = compute(batch)
    return DetectorInput(batch=batch, features=features, texts=features)


def hostile_events() -> list[Event]:
    """Events at the limits of what the wire format admits, and texts made to break things."""
    texts = (
        "", " ", "\u200b" * 500, "\u202e" + CANARY, "a" * 100_000, "ﷺ" * 1_000,
        "e" + "\u0301" * 2_000, "()" * 5_000 + "http://" + ")" * 50_000, "http://" * 2_000,
        "@" * 5_000, "#" * 5_000, "\ufdd0\uffff\U0010ffff", "𝕴𝖗𝖔𝖓" * 500, "\x01\x02\x7f\x85",
        "www." * 3_000, "a." * 20_000, '"' * 5_000, "> " * 5_000, "\n" * 5_000, "1a" * 5_000,
        "RT @" * 3_000, "аa" * 2_000, "日本" * 2_000, "😂" * 3_000, "%" * 3_000,
    )  # fmt: skip
    events = [post_event(text, title=text[:4_000]) for text in texts]
    events += [account_event(text[:512], name=text[:4_000], bio=text[:4_000]) for text in texts]
    events.append(post_event(None, by=None))
    events.append(post_event(None, media=tuple(image(alt="x" * 50, pdq="zz") for _ in range(100))))
    events.append(post_event("x", links=("http://[", "//", "http://\u2100.example", "a" * 8_000)))
    return events


def original_of(event: Event, field: TextField) -> str:
    """The text that a span of this field points into."""
    post = post_of(event)
    actor = event.actor
    if field == "media":
        items = post.media if post is not None else (event.media,)  # type: ignore[union-attr]  # only these carry media
        return "\n".join(text for item in items for text in (item.alt, item.ocr_text) if text)
    if field in ("post.text", "post.title"):
        return (post and getattr(post, field.removeprefix("post."))) or ""
    return (actor and getattr(actor, field.removeprefix("actor."))) or ""


def check_examples_hold(build: Build) -> None:
    """Each of its own examples gives what it says, alone and all together."""
    examples = build([], T0).examples()
    assert examples, "a detector needs examples"
    for example in examples:
        detector = build(example.bank_entries, T0)
        found = detect(given([_event_of(example)]), [detector]).get(0, {})
        for name, is_expected in example.expect.items():
            assert _fires(found.get(name)) == is_expected, (example.note, name)
        assert {spec.name for spec in detector.specs()} >= example.expect.keys()


def check_is_pure(build: Build) -> None:
    """Twice the same input gives twice the same output, from two equal detectors."""
    for entries, events in _corpora(build):
        one, other = build(entries, T0), build(list(reversed(entries)), T0)
        assert one.version == other.version
        assert _all(one, events) == _all(one, events) == _all(other, events)


def check_ignores_batches(build: Build) -> None:
    """A row gives the same signals alone, among others, and in any order of rows."""
    for entries, events in _corpora(build):
        detector = build(entries, T0)
        together = _all(detector, events)
        alone = {
            row: found[0]
            for row, event in enumerate(events)
            if (found := _all(detector, [event])) and 0 in found
        }
        assert together == alone
        backwards = list(range(len(events)))[::-1]
        for some in (backwards, backwards[::2]):
            picked = detector.detect(given(events), some)
            assert dict(picked) == {row: together[row] for row in some if row in together}


def check_reads_columns(build: Build) -> None:
    """The same signals for events and for Arrow columns that hold them."""
    for entries, events in _corpora(build):
        detector = build(entries, T0)
        batch = EventBatch.from_arrow(batch_of(*events).arrow, T0, "columns")
        features = compute(batch)
        stored = DetectorInput(batch=batch, features=features, texts=features)
        rows = range(len(events))
        assert dict(detector.detect(stored, rows)) == dict(_all(detector, events))


def check_signals_are_sound(build: Build) -> None:
    """Declared names, rounded scores in [0, 1], its own name and version, spans inside."""
    for entries, events in _corpora(build):
        detector = build(entries, T0)
        names = {spec.name for spec in detector.specs()}
        for row, signals in _all(detector, events).items():
            assert signals.keys() <= names
            for name, signal in signals.items():
                _check_signal(detector, name, signal)
                for evidence in signal.evidence:
                    if evidence.span is not None:
                        _check_span(events[row], evidence.span)


def check_empty_input(build: Build) -> None:
    """No rows give nothing, and an event without content does not fire."""
    bare = post_event(None, by=None)
    for entries, _ in _corpora(build):
        detector = build(entries, T0)
        assert not detector.detect(given([bare]), [])
        assert not any(map(_fires, _all(detector, [bare]).get(0, {}).values()))


def check_survives_hostile_input(build: Build) -> None:
    """No exception on any input that the wire format admits; an abstention says why.

    Neither carries content.
    """
    events = hostile_events()
    for entries, _ in _corpora(build):
        detector = build(entries, T0)
        for signals in _all(detector, events).values():
            assert all(signal.note for signal in signals.values() if signal.abstained)
            assert CANARY not in repr(signals)


CHECKS: Final = (
    check_examples_hold,
    check_is_pure,
    check_ignores_batches,
    check_reads_columns,
    check_signals_are_sound,
    check_empty_input,
    check_survives_hostile_input,
)


def _event_of(example: DetectorExample) -> Event:
    return event_of(dict(example.event))


def _corpora(build: Build) -> list[tuple[list[BankEntry], list[Event]]]:
    """No banks at all, and all that the examples need, with their events and plain ones."""
    examples = build([], T0).examples()
    entries = {entry.id: entry for example in examples for entry in example.bank_entries}
    events = [_event_of(example) for example in examples]
    events += [post_event("an ordinary day"), account_event("somebody"), post_event(None)]
    return [([], events), (list(entries.values()), events)]


def _all(detector: Detector, events: Sequence[Event]) -> SignalTable:
    return detector.detect(given(events), range(len(events)))


def _fires(signal: Signal | None) -> bool:
    return signal is not None and not signal.abstained and signal.score >= 0.5  # noqa: PLR2004  # the meaning of `DetectorExample.expect`


def _check_signal(detector: Detector, name: str, signal: Signal) -> None:
    assert (signal.name, signal.detector, signal.version) == (name, detector.name, detector.version)
    assert 0.0 <= signal.score <= 1.0
    assert signal.score == rounded_score(signal.score)


def _check_span(event: Event, span: Span) -> None:
    assert 0 <= span.start <= span.end <= len(original_of(event, span.field))
