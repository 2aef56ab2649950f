"""Scores of single posts: three layers, each asked only where the one before asks for it.

Comes in: posts. Goes out: `JudgedPost`, with everything that explains it, and `PostScore`, which is
written out. Always holds: a post has the same score in every batch; a language without measured
data, or a post without words, is an abstention and never "safe"; a flag needs a score above the
review threshold of its harm. Refused: nothing; every text has an answer.

The first layer (n-grams and cues) reads every post. Where it gives a harm more than the gate of
the card, the second layer adds a sentence vector; where that one sees a harm come near, the third
adds a vector of another encoder, which is dear. Where an encoder is not installed the layer before
has the last word, and the version says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tocsin.errors import InputError
from tocsin.nlp.features import INPUT_FEATURES, PostBatch, VectorSource, read_batch, vectors_of
from tocsin.nlp.reading import Reader
from tocsin.nlp.types import Harm, PostScore, PostText, Reading, Role, ThreatKind
from tocsin.nlp.weights import Floats, ModelWeights

__all__ = [
    "HARMS",
    "NAMED_MARGIN",
    "OTHER_ROLE_MARGIN",
    "JudgedPost",
    "PostModel",
    "first_inputs",
    "probability",
    "review_margin",
]

HARMS: Final = tuple(Harm)
_BATCH: Final = 256
_DIGITS: Final = 4
_LARGEST: Final = 30.0
"""Log odds beyond these are 0 or 1 in any case."""
_PLAIN_THREAT: Final = 0.5
_OWN_ROLES: Final = frozenset({Role.OWN_VOICE, Role.HYPERBOLE})

OTHER_ROLE_MARGIN: Final = 3.0
NAMED_MARGIN: Final = -2.5


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
        logit = min(max(float(self.logits[HARMS.index(harm)]), -_LARGEST), _LARGEST)
        return round(1 / (1 + math.exp(-logit)), _DIGITS)  # one number: no array, ten times quicker

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
    """The layers over one reader; `score` gives records, `judge` all that explains them.

    `source` None: the first layer alone; `wide` None: no third layer.

    Raises:
        InputError: the weights were trained with other cues.
    """

    def __init__(
        self,
        weights: ModelWeights,
        reader: Reader,
        source: VectorSource | None = None,
        wide: VectorSource | None = None,
    ) -> None:
        if len(weights.cue_scale) != len(INPUT_FEATURES):
            raise InputError(
                "the weights were trained with other cues than this version reads",
                hint="train them again with this version: tocsin train",
            )
        self.weights = weights
        self._reader = reader
        self._source = source
        self._wide = wide if source is not None else None
        self.version = weights.version + self._without()
        thresholds = weights.card["thresholds"]
        self._languages = frozenset(thresholds["languages"])
        self._gate = _least(thresholds["gate"])
        self._wide_gate = _least(thresholds["wide_gate"])
        self._review = thresholds["review"]

    def _without(self) -> str:
        """What the version says of layers that cannot be asked."""
        if self._source is None:
            return "+first"
        return "+second" if self._wide is None and self.weights.third is not None else ""

    def score(self, posts: Sequence[PostText]) -> list[PostScore]:
        """One score per post, in order."""
        return [judged.record() for judged in self.judge(posts)]

    def judge(self, posts: Sequence[PostText], *, for_account: bool = False) -> list[JudgedPost]:
        """What the models say of each post; `for_account`: the second layer for all, no third."""
        judged: list[JudgedPost] = []
        for start in range(0, len(posts), _BATCH):
            judged += self._judge(posts[start : start + _BATCH], for_account=for_account)
        return judged

    def _judge(self, posts: Sequence[PostText], *, for_account: bool) -> Iterator[JudgedPost]:
        batch = read_batch(posts, self._reader)
        inputs = first_inputs(batch, self.weights)
        logits = self.weights.first.logits(inputs)
        asked = np.any(logits[:, : len(HARMS)] >= self._gate, axis=1) | for_account
        asked &= np.fromiter((bool(words) for words in batch.words), bool, len(posts))
        rows = np.flatnonzero(asked)
        vectors: dict[int, Floats] = {}
        if len(rows) and self._source is not None:
            found = vectors_of([batch.words[row] for row in rows], self._source)
            logits[rows] = self.weights.second.logits(np.hstack([inputs[rows], found]))
            vectors = dict(zip(rows.tolist(), found, strict=True))
            if not for_account:
                self._ask_third(rows, batch.words, inputs, logits)
        for row, post in enumerate(posts):
            yield self._judged(post, batch.readings[row], logits[row], vectors.get(row))

    def _ask_third(
        self, rows: npt.NDArray[np.int64], words: Sequence[str], inputs: Floats, logits: Floats
    ) -> None:
        """Put the third layer's log odds of harms in the place of the second's, where it is asked.

        Changes `logits`.
        """
        third = self.weights.third
        near = rows[np.any(logits[rows, : len(HARMS)] >= self._wide_gate, axis=1)]
        if third is None or self._wide is None or not len(near):
            return
        found = vectors_of([words[row] for row in near], self._wide, scale=1.0)
        given = np.hstack([inputs[near], logits[near], found])
        logits[near, : len(HARMS)] = third.logits(given)

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


def _least(gate: Mapping[str, float]) -> Floats:
    """A gate, in the order of the harms."""
    return np.array([gate[harm.value] for harm in HARMS], np.float32)


def _passed(thresholds: Mapping[str, float], logits: Floats, reading: Reading) -> tuple[Harm, ...]:
    """The harms whose score a person should look at."""
    return tuple(
        harm
        for place, harm in enumerate(HARMS)
        if logits[place] >= thresholds[harm.value] + review_margin(harm, reading)
    )


def review_margin(harm: Harm, reading: Reading) -> float:
    """What a reading adds to the review threshold of a harm, in log odds.

    More is asked of words that are said in another role than the author's own voice, less where
    the grammar of threats has found a plain one: two independent reasons need less of each.
    """
    if reading.role not in _OWN_ROLES:
        return OTHER_ROLE_MARGIN
    return NAMED_MARGIN if harm in _named_harms(reading) else 0.0


def _named_harms(reading: Reading) -> frozenset[Harm]:
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
    return 1 / (1 + np.exp(-np.clip(logit, -_LARGEST, _LARGEST)))


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
