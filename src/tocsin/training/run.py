"""The whole of training, from files to a folder of weights.

Comes in: data sets, codes, seed sentences, a reader and a source of vectors. Goes out: weights,
card and the keys of the accounts that were trained on. Always holds: the same input gives the same
bytes; the figures on the card are cross-validated, and those of held-out accounts come from
`tocsin eval text`. Refused: data without judged posts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from tocsin.errors import InputError
from tocsin.evaluation.sets import Example
from tocsin.nlp.features import PostBatch, VectorSource, read_batch, vectors_of
from tocsin.nlp.hashed import Grams
from tocsin.nlp.nearest import packed_vectors
from tocsin.nlp.reading import Reader
from tocsin.nlp.trained import TRAINED_ON_FILE, TrainedOn
from tocsin.nlp.types import Harm, Reading
from tocsin.nlp.weights import OUTPUTS, Floats, ModelWeights, write_weights
from tocsin.training.accounts import fit_accounts
from tocsin.training.card import data_of, figures_of
from tocsin.training.fit import (
    FOLDS,
    fit_grams,
    fit_head,
    fit_wide,
    folds_of,
    is_enough,
    targets_of,
)
from tocsin.training.posts import TrainingPost, training_posts
from tocsin.training.threads import one_thread
from tocsin.training.thresholds import (
    SECOND_GATE,
    WIDE_GATE,
    asked_rows,
    gates,
    review_thresholds,
)

__all__ = ["TrainingInput", "train"]

_BATCH: Final = 256
_WIDE_BATCH: Final = 64
_MAX_EXAMPLES: Final = 1_500
_LEAST_SPREAD: Final = 0.1

LANGUAGES: Final = ("ar", "de", "en", "es", "fr", "id", "ru", "tr", "und")
"""Languages that scores are given for: those of which figures are shown. "und" is text whose
language is not told (too short, mixed), in a script that one of these is written in."""

Progress = Callable[[str, int, int], None]
"""Called with the name of a step, how much of it is done, and how much there is."""


_Sources = tuple[VectorSource, VectorSource | None]


@dataclass(frozen=True, kw_only=True)
class TrainingInput:
    """What is trained on; `licences` by name of set, for the card."""

    examples: Iterable[Example]
    codes: Mapping[str, str]
    seeds: Sequence[TrainingPost] = ()
    licences: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class _Inputs:
    readings: list[Reading]
    grams: Grams
    cues: Floats
    vectors: Floats
    words: list[str]


def train(
    given: TrainingInput,
    folder: Path,
    *,
    reader: Reader,
    source: VectorSource,
    wide: VectorSource | None = None,
    progress: Progress = lambda *_: None,
) -> ModelWeights:
    """Train all layers and write them to a folder.

    There is no third layer without `wide`, nor where too few posts come near a harm to learn from.

    Raises:
        InputError: too few posts are judged for a harm.
    """
    with one_thread():
        return _trained(given, folder, reader, (source, wide), progress)


def _trained(
    given: TrainingInput, folder: Path, reader: Reader, sources: _Sources, progress: Progress
) -> ModelWeights:
    posts, n_held_out = training_posts(given.examples, given.codes)
    posts += given.seeds
    if not posts:
        raise InputError(
            "nothing is left to train on",
            hint="posts need a `label` with a harm or a group, and accounts that are not held out",
        )
    inputs = _inputs(posts, reader, sources[0], progress)
    fitted = _fitted(inputs, posts, sources[1], progress)
    kept = _examples(posts)
    fitted = dataclasses.replace(
        fitted,
        examples=packed_vectors(inputs.vectors[kept]),
        example_ids=tuple(posts[row].post.id for row in kept),
        example_codes=tuple(posts[row].code for row in kept),
    )
    used = sources if fitted.third is not None else sources[:1]
    data = data_of(posts, n_held_out, used, given.licences)
    fitted = dataclasses.replace(fitted, card={**data, **fitted.card})
    version = write_weights(folder, fitted)
    seen = ((post.data_set, post.account) for post in posts)
    TrainedOn.of(seen).write(folder / TRAINED_ON_FILE)
    return dataclasses.replace(fitted, version=version)


def _inputs(
    posts: Sequence[TrainingPost], reader: Reader, source: VectorSource, progress: Progress
) -> _Inputs:
    """Everything that the layers are given, in batches so that it can be watched."""
    batches: list[PostBatch] = []
    vectors: list[Floats] = []
    for start in range(0, len(posts), _BATCH):
        part = [post.post for post in posts[start : start + _BATCH]]
        batches.append(read_batch(part, reader))
        vectors.append(vectors_of(batches[-1].words, source))
        progress("read", min(start + _BATCH, len(posts)), len(posts))
    return _Inputs(
        readings=[reading for batch in batches for reading in batch.readings],
        grams=_joined([batch.grams for batch in batches]),
        cues=np.concatenate([batch.cues for batch in batches]),
        vectors=np.concatenate(vectors),
        words=[words for batch in batches for words in batch.words],
    )


def _joined(parts: Sequence[Grams]) -> Grams:
    """The grams of all batches as those of one."""
    counts = np.concatenate([np.diff(part.starts) for part in parts])
    starts = np.concatenate([[0], np.cumsum(counts)])
    return Grams(np.concatenate([part.places for part in parts]), starts)


def _fitted(
    inputs: _Inputs, posts: Sequence[TrainingPost], wide: VectorSource | None, progress: Progress
) -> ModelWeights:
    """The layers over the inputs, each on cross-validated output of the one before."""
    targets, folds = targets_of(posts), folds_of(posts)
    n_fits = len(OUTPUTS) * (FOLDS + 1)
    done = iter(range(1, n_fits + 1))
    grams = fit_grams(inputs.grams, targets, folds, lambda: progress("grams", next(done), n_fits))
    cue_scale = _cue_scale(inputs.cues)
    first_in = np.hstack([grams.held_out_sums, inputs.cues * cue_scale])
    first, first_logits = fit_head(first_in, targets, folds)
    progress("layers", 1, 2)
    second, second_logits = fit_head(np.hstack([first_in, inputs.vectors]), targets, folds)
    progress("layers", 2, 2)
    accounts = fit_accounts(second_logits, posts)
    thresholds: dict[str, Any] = {
        "languages": sorted(LANGUAGES),
        "gate": gates(first_logits, targets, SECOND_GATE),
        "wide_gate": gates(second_logits, targets, WIDE_GATE),
        "account": accounts.threshold,
    }
    layers = {"first_layer": first_logits, "second_layer": second_logits}
    third = None
    rows = asked_rows(second_logits, thresholds["wide_gate"])
    if wide is not None and is_enough(targets.of(rows), folds[rows]):
        vectors = _wide_vectors([inputs.words[row] for row in rows], wide, progress)
        third_in = np.hstack([first_in[rows], second_logits[rows]])
        third, found = fit_wide(third_in, vectors, targets.of(rows), folds[rows])
        layers["third_layer"] = second_logits.copy()
        layers["third_layer"][rows, : len(Harm)] = found
    last = list(layers.values())[-1]
    review = review_thresholds(last, posts, inputs.readings)
    thresholds["review"] = {harm: bound.threshold for harm, bound in review.items()}
    thresholds["bound_by"] = {harm: bound.kind for harm, bound in review.items()}
    return ModelWeights(
        grams=grams.weights,
        gram_bias=grams.bias,
        cue_scale=cue_scale,
        first=first,
        second=second,
        third=third,
        account=accounts.weights,
        examples=np.zeros((0, 0), np.int8),
        example_ids=(),
        example_codes=(),
        card={
            "thresholds": thresholds,
            "cross_validated": figures_of(layers, targets, accounts),
        },
    )


def _wide_vectors(words: Sequence[str], wide: VectorSource, progress: Progress) -> Floats:
    """The vectors of the third layer, which are dear."""
    found = []
    for start in range(0, len(words), _WIDE_BATCH):
        found.append(vectors_of(words[start : start + _WIDE_BATCH], wide, scale=1.0))
        progress("wide", min(start + _WIDE_BATCH, len(words)), len(words))
    return np.concatenate(found)


def _cue_scale(cues: Floats) -> Floats:
    """What brings common cues to a spread of one; rare ones are raised by no more than ten."""
    spread = cues.std(axis=0)
    scale: Floats = np.where(spread > 0, 1 / np.maximum(spread, _LEAST_SPREAD), 0)
    return scale.astype(np.float32)


def _examples(posts: Sequence[TrainingPost]) -> list[int]:
    """Posts that people judged one by one, for comparison: of each code as many as of the next."""
    by_code: dict[str, list[int]] = {}
    for row, post in enumerate(posts):
        if post.code:
            by_code.setdefault(post.code, []).append(row)
    share = _MAX_EXAMPLES // max(len(by_code), 1)
    return sorted(row for rows in by_code.values() for row in rows[:share])
