"""Scores of single posts: two layers, the second only where the first asks for it.

Comes in: posts. Goes out: `JudgedPost`, with everything that explains it, and `PostScore`, which is
written out. Always holds: a post has the same score in every batch; a language without measured
data, or a post without words, is an abstention and never "safe"; a flag needs a score above the
review threshold of its harm. Refused: nothing; every text has an answer.

The first layer (n-grams and cues) reads every post. Where it gives a harm more than the gate of
the card, the second layer (sentence vector, n-grams and cues) has the last word; where the vectors
are not installed, the first layer's calibrated score stands and the record says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tocsin.errors import InputError
from tocsin.nlp.features import INPUT_FEATURES, PostBatch, VectorSource, read_batch, vectors_of
from tocsin.nlp.reading import Reader
from tocsin.nlp.types import Harm, PostScore, PostText, Reading, ThreatKind
from tocsin.nlp.weights import Floats, ModelWeights

__all__ = ["HARMS", "JudgedPost", "PostModel", "first_inputs", "named_harms", "probability"]

HARMS: Final = tuple(Harm)
_BATCH: Final = 256
_DIGITS: Final = 4
_PLAIN_THREAT: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JudgedPost:
    """What the models say of one post; `logits` are the calibrated log odds of `OUTPUTS`.

    `vector` is there where the second layer was asked. `abstained` says why there is no opinion.
    """

    id: str
    reading: Reading
    logits: Floats
    vector: Floats | None = None
    abstained: str = ""
    flagged: tuple[Harm, ...] = ()

    def score(self, harm: Harm) -> float:
        """The probability of a harm, rounded; 0 where the models abstain."""
        if self.abstained:
            return 0.0
        return round(float(probability(self.logits[HARMS.index(harm)])), _DIGITS)

    def record(self) -> PostScore:
        """What is written out: ids, spans and numbers, no text."""
        return PostScore(
            id=self.id,
            scores={harm.value: self.score(harm) for harm in HARMS},
            role=self.reading.role.value,
            flag=bool(self.flagged),
            spans=list(_spans(self.reading)),
            language=self.reading.language,
            abstained=bool(self.abstained),
            note=self.abstained,
        )


class PostModel:
    """The two layers over one reader; `score` gives records, `judge` all that explains them.

    `source` None: the first layer alone.

    Raises:
        InputError: the weights were trained with other cues.
    """

    def __init__(
        self, weights: ModelWeights, reader: Reader, source: VectorSource | None = None
    ) -> None:
        if len(weights.cue_scale) != len(INPUT_FEATURES):
            raise InputError(
                "the weights were trained with other cues than this version reads",
                hint="train them again with this version: tocsin train",
            )
        self.weights = weights
        self.version = weights.version if source is not None else f"{weights.version}+first"
        self._reader = reader
        self._source = source
        thresholds = weights.card["thresholds"]
        self._languages = frozenset(thresholds["languages"])
        self._gate = np.array([thresholds["gate"][harm.value] for harm in HARMS], np.float32)
        self._review = thresholds["review"]

    def score(self, posts: Sequence[PostText]) -> list[PostScore]:
        """One score per post, in order."""
        return [judged.record() for judged in self.judge(posts)]

    def judge(self, posts: Sequence[PostText], *, all_vectors: bool = False) -> list[JudgedPost]:
        """What the models say of each post; `all_vectors`: the second layer for all of them."""
        judged: list[JudgedPost] = []
        for start in range(0, len(posts), _BATCH):
            judged += self._judge(posts[start : start + _BATCH], all_vectors=all_vectors)
        return judged

    def _judge(self, posts: Sequence[PostText], *, all_vectors: bool) -> Iterator[JudgedPost]:
        batch = read_batch(posts, self._reader)
        inputs = first_inputs(batch, self.weights)
        logits = self.weights.first.logits(inputs)
        asked = np.any(logits[:, : len(HARMS)] >= self._gate, axis=1) | all_vectors
        asked &= np.fromiter((bool(words) for words in batch.words), bool, len(posts))
        rows = np.flatnonzero(asked) if self._source is not None else np.zeros(0, np.int64)
        vectors: dict[int, Floats] = {}
        if len(rows) and self._source is not None:
            found = vectors_of([batch.words[row] for row in rows], self._source)
            logits[rows] = self.weights.second.logits(np.hstack([inputs[rows], found]))
            vectors = dict(zip(rows.tolist(), found, strict=True))
        for row, post in enumerate(posts):
            yield self._judged(post, batch.readings[row], logits[row], vectors.get(row))

    def _judged(
        self, post: PostText, reading: Reading, logits: Floats, vector: Floats | None
    ) -> JudgedPost:
        why = self._why_not(reading)
        flagged = () if why else _passed(self._review, logits, reading)
        return JudgedPost(
            id=post.id,
            reading=reading,
            logits=logits,
            vector=vector,
            abstained=why,
            flagged=flagged,
        )

    def _why_not(self, reading: Reading) -> str:
        if not any(map(str.isalpha, reading.text)):
            return "no words"
        if reading.language not in self._languages:
            return f"no measured data for this language ({reading.language})"
        return ""


def _passed(
    thresholds: Mapping[str, Mapping[str, float]], logits: Floats, reading: Reading
) -> tuple[Harm, ...]:
    """The harms whose score a person should look at."""
    named = named_harms(reading)
    return tuple(
        harm
        for place, harm in enumerate(HARMS)
        if logits[place] >= thresholds[harm.value]["named" if harm in named else "alone"]
    )


def named_harms(reading: Reading) -> frozenset[Harm]:
    """The harms that the grammar of threats finds plainly, in the author's own voice."""
    plain = [one for one in reading.threats if one.own_voice and one.score >= _PLAIN_THREAT]
    if not plain:
        return frozenset()
    is_call = any(one.kind is ThreatKind.CALL for one in plain)
    return frozenset({Harm.THREAT, Harm.INCITEMENT} if is_call else {Harm.THREAT})


def probability(logit: npt.NDArray[np.float32] | float) -> Any:
    """The probability of a log odds (logistic function).

    >>> float(probability(0.0))
    0.5
    """
    return 1 / (1 + np.exp(-np.clip(logit, -30, 30)))


def first_inputs(batch: PostBatch, weights: ModelWeights) -> Floats:
    """What the first layer is given: the sums of the n-grams, then the scaled cues."""
    sums = batch.grams.sums(weights.grams) + weights.gram_bias
    return np.hstack([sums, batch.cues * weights.cue_scale])


def _spans(reading: Reading) -> Iterator[dict[str, int | str]]:
    """All spans of a reading, by kind: quoted words, marks, and the parts of threats."""
    for span in reading.quoted:
        yield {"kind": "quoted", "start": span.start, "end": span.end}
    for kind, spans in reading.marks.items():
        for span in spans:
            yield {"kind": kind, "start": span.start, "end": span.end}
    for threat in reading.threats:
        voice = "threat" if threat.own_voice else "quoted_threat"
        for part, spans in threat.parts.items():
            for span in spans:
                yield {"kind": f"{voice}.{part.value}", "start": span.start, "end": span.end}
