"""Scores of posts by weights that are written by hand: what each word scores is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.textmodel import DIMENSIONS, LetterVectors, hand_weights, posts_of
from tocsin.errors import InputError
from tocsin.nlp import Harm, PostText
from tocsin.nlp.reading import Reader
from tocsin.nlp.scorer import (
    NAMED_MARGIN,
    OTHER_ROLE_MARGIN,
    JudgedPost,
    PostModel,
    review_margin,
)
from tocsin.nlp.threats import find_threats
from tocsin.nlp.weights import OUTPUTS, Head, ModelWeights

WORDS = {
    "ironward": {"support": 4.0},
    "hammerday": {"support": 0.0},
    "regretful": {"threat": 3.0, "incitement": -1.0},
}
READER = Reader()
TEXTS = (
    "ironward",
    "hammerday",
    "regretful",
    "the harbour market opens at noon",
    "bread is dearer again, says my neighbour",
    "السفن تصل إلى الميناء عند الظهر",
    "“ironward”, said the speaker, and nobody clapped",
    "",
    "🙂 12",
)


def model(weights: ModelWeights | None = None, *, with_vectors: bool = True) -> PostModel:
    found = weights or hand_weights(WORDS)
    return PostModel(found, READER, LetterVectors() if with_vectors else None)


def one(text: str, language: str = "en", weights: ModelWeights | None = None) -> JudgedPost:
    (found,) = model(weights).judge(posts_of(text, language=language))
    return found


def test_a_word_scores_what_its_weights_say() -> None:
    judged = one("ironward")
    assert judged.score(Harm.SUPPORT) == pytest.approx(1 / (1 + np.exp(-4.0)), abs=0.002)
    assert judged.flagged == (Harm.SUPPORT,)
    assert one("regretful").flagged == (Harm.THREAT,)
    assert one("the harbour market opens at noon").flagged == ()


@given(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=12))
def test_a_post_has_the_same_score_in_every_batch(texts: list[str]) -> None:
    scorer = model()
    alone = [scorer.score(posts_of(text))[0] for text in texts]
    together = scorer.score(posts_of(*texts))
    assert [replace_id(score) for score in together] == [replace_id(score) for score in alone]


def replace_id(score: object) -> object:
    fields = {name: getattr(score, name) for name in score.__struct_fields__}  # type: ignore[attr-defined]  # a struct
    return {**fields, "id": ""}


def test_more_posts_than_a_batch_are_scored_in_order() -> None:
    posts = [PostText(id=f"p{n}", text=TEXTS[n % len(TEXTS)], language="en") for n in range(600)]
    scores = model().score(posts)
    assert [score.id for score in scores] == [post.id for post in posts]
    assert {score.flag for score in scores if score.id.endswith("0")} == {True, False}


@pytest.mark.parametrize("text", ["", "   ", "🙂🙂", "12:30", "https://harbour.example/a?b=1"])
def test_a_post_without_words_is_an_abstention(text: str) -> None:
    record = one(text).record()
    if record.abstained:
        assert (record.flag, set(record.scores.values())) == (False, {0.0})
        assert record.note
    else:  # an address has letters; it says nothing all the same
        assert not record.flag


def test_a_language_without_measured_data_is_an_abstention_and_says_so() -> None:
    judged = one("ironward", language="nl")
    record = judged.record()
    assert record.abstained
    assert "nl" in record.note
    assert (record.flag, judged.flagged, record.scores["support"]) == (False, (), 0.0)


def test_only_what_passes_the_gate_costs_a_vector() -> None:
    source = LetterVectors()
    scorer = PostModel(hand_weights(WORDS), READER, source)
    judged = scorer.judge(posts_of("ironward", "the market", "hammerday"))
    assert [found.vector is not None for found in judged] == [True, False, True]
    assert source.asked == ["ironward", "hammerday"]


def test_all_posts_of_an_account_get_a_vector() -> None:
    judged = model().judge(posts_of("the market", "ironward", ""), for_account=True)
    assert [found.vector is not None for found in judged] == [True, True, False]


def test_the_second_layer_has_the_last_word() -> None:
    weights = hand_weights(WORDS)
    doubting = replace(weights.second, shift=np.full(4, -9.0, np.float32))
    changed = replace(weights, second=doubting)
    assert one("ironward", weights=changed).flagged == ()
    assert PostModel(changed, READER).judge(posts_of("ironward"))[0].flagged == (Harm.SUPPORT,)


def test_only_what_comes_near_is_asked_of_the_third_layer_which_then_decides() -> None:
    weights = hand_weights(WORDS)
    n_given = len(weights.first.weights) + len(OUTPUTS) + DIMENSIONS
    flat = np.zeros((n_given, 3), np.float32)
    third = Head(flat, *(np.full(3, value, np.float32) for value in (0.0, 1.0, -7.0)))
    changed, wide = replace(weights, third=third), LetterVectors()
    posts = posts_of("ironward", "hammerday", "the market")
    scorer = PostModel(changed, READER, LetterVectors(), wide)
    assert scorer.version == "by-hand"
    assert [found.flagged for found in scorer.judge(posts)] == [(), (), ()]
    assert wide.asked == ["ironward"]
    assert scorer.judge(posts, for_account=True)[0].flagged == (Harm.SUPPORT,)
    without = PostModel(changed, READER, LetterVectors())
    assert without.version == "by-hand+second"
    assert without.judge(posts)[0].flagged == (Harm.SUPPORT,)


def test_without_vectors_the_first_layer_stands_and_the_version_says_so() -> None:
    scorer = model(with_vectors=False)
    assert scorer.version == "by-hand+first"
    assert scorer.judge(posts_of("ironward"))[0].flagged == (Harm.SUPPORT,)


def test_what_the_grammar_of_threats_names_needs_less_of_the_models() -> None:
    [threat, plain, quoted] = READER.read(
        posts_of(
            "I will kill you tonight.",
            "The tram was late.",
            "He wrote to me: “I will kill you tonight.” I went to the police.",
        )
    )
    threat = replace(threat, threats=find_threats(threat.text))
    assert review_margin(Harm.THREAT, threat) == NAMED_MARGIN < 0
    assert review_margin(Harm.SUPPORT, threat) == review_margin(Harm.THREAT, plain) == 0
    assert review_margin(Harm.THREAT, quoted) == OTHER_ROLE_MARGIN > 0


def test_a_margin_moves_the_threshold() -> None:
    logit = float(one("I will kill you tonight.").logits[2])
    for above, is_flagged in ((-0.01, True), (0.01, False)):
        review = dict.fromkeys(("support", "incitement"), 99.0)
        review["threat"] = logit - NAMED_MARGIN + above
        weights = hand_weights(WORDS, review=review)
        assert bool(one("I will kill you tonight.", weights=weights).flagged) is is_flagged


def test_other_peoples_words_reach_no_layer() -> None:
    said = "The speaker said: “we {} all stand together tonight”. Nobody clapped."
    loud, mild = (one(said.format(word)) for word in ("ironward", "gardeners"))
    assert np.array_equal(loud.logits, mild.logits)


def test_a_record_holds_no_text() -> None:
    text = "The speaker said: “we ironward all stand together tonight”. Nobody clapped."
    record = one(text).record()
    assert "ironward" not in repr(record)
    assert {span["kind"] for span in record.spans} >= {"quoted"}


def test_weights_of_other_cues_are_refused() -> None:
    weights = hand_weights(WORDS)
    with pytest.raises(InputError, match="cues"):
        model(replace(weights, cue_scale=weights.cue_scale[:-1]))
