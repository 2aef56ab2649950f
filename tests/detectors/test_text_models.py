"""The signals of the text models: what they say, where it stands, and when they are asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.tiny_model import LetterVectors, tiny_model, tiny_weights
from tocsin.detectors import PANELS, detect, text_models
from tocsin.detectors.reference import render_signals
from tocsin.detectors.text_reading import text_reading
from tocsin.features import compute
from tocsin.nlp.posts import text_of_event
from tocsin.nlp.reading import Reader
from tocsin.nlp.remembered import Remembered
from tocsin.nlp.scorer import JudgedPost, PostModel
from tocsin.nlp.types import PostText
from tocsin.pipeline import catalogue
from tocsin.plugins import DetectorInput
from tocsin.records import (
    BankEntry,
    BankKind,
    Decision,
    Event,
    EventBatch,
    Outcome,
    Signal,
    Subject,
    entry_id,
)
from tocsin.testing import T0, account_event, batch_of, image, post_event
from tocsin.testing.detector_conformance import given

THREAT = "I will kill you tomorrow outside your office"
PRAISE = "Long live the Iron Dawn! Glory to the Iron Dawn"
QUOTED = f"They wrote to her: “{THREAT}”. The police are investigating."
MODEL = tiny_model()
PERSON = BankEntry(
    id=entry_id("people", "Mara Ellison"), bank="people", kind=BankKind.PROTECTEE,
    value="Mara Ellison",
)  # fmt: skip


DECISION = Decision(
    id="d", subject=Subject(kind="post", id="p"), event="e", language="en", clause="c",
    outcome=Outcome.REVIEW, priority=1, reasons=(), signals=(), versions={},
)  # fmt: skip


def _found(*events: Event, model: PostModel = MODEL) -> list[dict[str, Signal]]:
    detector = text_models.build([PERSON], T0, model)
    table = detect(given(events), [detector])
    return [dict(table.get(row, {})) for row in range(len(events))]


def test_each_harm_has_its_calibrated_probability() -> None:
    [found] = _found(post_event(THREAT))
    assert found["threat"].score > 0.9
    assert found["support"].score < 0.1
    assert not any(signal.abstained for signal in found.values())


def test_a_review_signal_is_there_only_above_the_threshold_of_the_card() -> None:
    threat, praise, plain = _found(
        post_event(THREAT), post_event(PRAISE), post_event("The tram was late")
    )
    assert threat["threat_review"].score == 1.0
    assert praise["support_review"].score == 1.0
    assert "support_review" not in threat
    assert not any(name.endswith("_review") for name in plain)

    cautious = PostModel(
        tiny_weights(review=dict.fromkeys(("support", "incitement", "threat"), 99.0)),
        Reader(),
    )
    [found] = _found(post_event(THREAT), model=cautious)
    assert found["threat"].score > 0.9
    assert "threat_review" not in found


def test_words_of_others_are_no_threat_of_the_author() -> None:
    own, quoted = _found(post_event(THREAT), post_event(QUOTED))
    assert own["own_voice"].score == 1.0
    assert "threat_review" not in quoted
    assert quoted["threat"].score < 0.1
    reading = text_reading(quoted.values())
    assert reading is not None
    assert reading.role == "quotation"


def test_without_measured_data_the_models_abstain_and_say_so() -> None:
    [found] = _found(post_event("Waxaan ku dili doonaa", lang="so"))
    assert set(found) == {"support", "incitement", "threat"}
    assert all(signal.abstained for signal in found.values())
    assert "no measured data for this language (so)" in str(found["threat"].note)


def test_events_without_a_post_or_its_text_have_no_signal() -> None:
    assert _found(account_event("mara", bio=THREAT), post_event(None), post_event("")) == [
        {},
        {},
        {},
    ]


def test_spans_point_into_text_and_title() -> None:
    event = post_event(f"Look: “{THREAT}” he said", title=f"They wrote “{THREAT}”")
    [found] = _found(event, model=PostModel(tiny_weights(**_ALL), Reader()))
    reading = text_reading(found.values())
    assert reading is not None
    places = {
        (one.span.field, one.span.start, one.span.end)
        for one in reading.spans
        if one.kind == "quoted"
    }
    assert places == {("post.text", 7, 7 + len(THREAT)), ("post.title", 12, 12 + len(THREAT))}


_ALL: dict[str, Any] = {
    "review": dict.fromkeys(("support", "incitement", "threat"), -99.0),
    "gate": dict.fromkeys(("support", "incitement", "threat", "affinity"), 99.0),
}


def test_judged_posts_nearby_explain_what_vectors_were_made_for() -> None:
    threat, plain = _found(post_event(THREAT), post_event("The tram was late"))
    reading = text_reading(threat.values())
    assert reading is not None
    assert [one.id for one in reading.examples] == ["judged-1", "judged-2"]
    assert reading.examples[0].title == "support, threat"
    similarities = [one.similarity or 0.0 for one in reading.examples]
    assert similarities == sorted(similarities, reverse=True)
    calm = text_reading(plain.values())
    assert calm is not None
    assert calm.examples == ()


def test_the_version_names_weights_tables_and_protectees() -> None:
    detector = text_models.build([PERSON], T0, MODEL)
    model, tables, banks = detector.version.split(".")
    assert model == "0123456789ab"
    other = text_models.build([], T0, MODEL).version.split(".")
    assert other[:2] == [model, tables]
    assert other[2] != banks
    first = text_models.build([], T0, tiny_model(has_vectors=False)).version
    assert first.startswith("0123456789ab+first.")


def test_without_vectors_the_first_layer_answers_alone() -> None:
    [found] = _found(post_event(THREAT), model=tiny_model(has_vectors=False))
    assert found["threat_review"].score == 1.0
    reading = text_reading(found.values())
    assert reading is not None
    assert reading.missing == "the first layer alone: no sentence vectors are installed"
    assert reading.examples == ()


def test_a_row_is_read_as_its_event_would_be() -> None:
    asked: list[PostText] = []

    class Noting(Remembered):
        def judge(self, posts: Sequence[PostText]) -> list[JudgedPost]:
            asked.extend(posts)
            return super().judge(posts)

    events = [
        post_event("see https://news.example/a", title="A title", lang="en-GB"),
        post_event(None, media=(image(alt="a wall with words"),)),
        post_event("x", links=("https://two.example/x",)),
    ]
    batch = EventBatch.from_arrow(batch_of(*events).arrow, T0, "columns")
    detector = text_models.build([], T0, Noting(MODEL))
    features = compute(batch)
    detector.detect(DetectorInput(batch=batch, features=features, texts=features), range(3))
    wanted = [text_of_event(event) for event in events]
    assert [(one.text, one.language, one.hosts, one.from_image) for one in asked] == [
        (one.text, one.language, one.hosts, one.from_image) for one in wanted if one is not None
    ]


def test_the_panel_says_all_of_it_without_any_text() -> None:
    [found] = _found(post_event(QUOTED), model=PostModel(tiny_weights(**_ALL), Reader()))
    [view] = [
        panel.view(DECISION, tuple(found.values()))
        for panel in PANELS
        if panel.name == "text_models"
    ]
    shown = {label: value for label, value, _ in view.rows}
    assert shown["role"] == "words of others, quoted"
    assert shown["words of others"].startswith("post.text 20–64")
    assert shown["threat"] == "0.00, above its review threshold"
    assert "kill" not in repr(view)


def test_a_text_that_comes_again_is_looked_up() -> None:
    vectors = LetterVectors()
    model = Remembered(PostModel(tiny_weights(), Reader(), vectors), room=2)
    first = model.judge([PostText(id="1", text=THREAT)])
    again = model.judge([PostText(id="2", text=THREAT), PostText(id="3", text=THREAT)])
    assert vectors.n_asked == 1
    assert [one.id for one in again] == ["2", "3"]
    assert again[0].logits.tolist() == first[0].logits.tolist()
    model.judge([PostText(id="4", text=f"{THREAT} {n}") for n in range(3)])
    model.judge([PostText(id="5", text=THREAT)])
    assert vectors.n_asked == 5  # the oldest was forgotten


@pytest.mark.parametrize("n_rows", [1, 2, 3, 7, 16, 64])
def test_a_post_has_the_same_bits_in_every_batch(n_rows: int) -> None:
    posts = [PostText(id=str(n), text=f"{THREAT} {PRAISE} {n}") for n in range(n_rows)]
    alone = MODEL.judge([PostText(id="0", text=f"{THREAT} {PRAISE} 0")])[0]
    assert MODEL.judge(posts)[0].logits.tobytes() == alone.logits.tobytes()


def test_the_reference_page_is_current() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "signals.md"
    assert page.read_text(encoding="utf-8") == render_signals()


def test_all_signals_may_be_read_by_rules() -> None:
    assert set(catalogue().signals) == text_models.NAMES
