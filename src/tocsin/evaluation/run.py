"""An evaluation from data to figures.

Comes in: examples, our scorers, what they were trained on, and whether the naive baseline runs
beside them. Goes out: an `Evaluation`. Always holds: what was trained on is refused before any
post is scored; the baseline is trained on the training part of the same data in the same run;
equal input gives equal figures. Refused: nothing left to evaluate.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from tocsin.errors import InputError
from tocsin.evaluation.accounts import account_rows
from tocsin.evaluation.figures import Evaluation, RankingRow
from tocsin.evaluation.measure import (
    LATER,
    Scores,
    flagged_rows,
    histograms,
    ranking_rows,
    worst_errors,
)
from tocsin.evaluation.naive import NaiveAccounts, train_naive
from tocsin.evaluation.scored import Contender, Surface, score_posts
from tocsin.evaluation.sets import Example
from tocsin.evaluation.split import Parts, Split, parts_of, refuse_trained
from tocsin.evaluation.surface import plain_post
from tocsin.nlp import AccountScorer, PostScorer
from tocsin.nlp.trained import TrainedOn

__all__ = ["MODEL", "NAIVE", "Evaluated", "Options", "Progress", "evaluate"]

MODEL: Final = "model"
NAIVE: Final = "naive"


class Progress(Protocol):
    """Hears how far a step of the run is."""

    def begin(self, step: str, total: int | None) -> None:
        """A step begins; `total` where its length is known."""
        ...

    def advance(self, n: int) -> None:
        """So many more of it are done."""
        ...


class _Silent:
    def begin(self, step: str, total: int | None) -> None:
        """Say nothing."""

    def advance(self, n: int) -> None:
        """Say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """Our models, and what they have seen: `known_sets` are the names of sets trained on."""

    posts: PostScorer
    accounts: AccountScorer
    trained_on: TrainedOn = field(default_factory=lambda: TrainedOn.of([]))
    known_sets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to evaluate: beside what, on which part, and whether without surface cues too."""

    split: Split = Split.HELD_OUT
    with_naive: bool = False
    without_surface: bool = True


def evaluate(
    examples: Sequence[Example],
    model: Evaluated,
    options: Options,
    progress: Progress | None = None,
) -> Evaluation:
    """Measure a model on data that it has not seen.

    Raises:
        CheckFailedError: it was trained on accounts of this data.
        InputError: no post is left to evaluate, or the baseline has nothing to train on.
    """
    progress = progress or _Silent()
    parts = parts_of(examples, options.split)
    refuse_trained(parts.evaluation, model.trained_on, model.known_sets)
    if not parts.evaluation:
        raise InputError(
            "no post is left to evaluate: none of the accounts is held out",
            hint="--split all evaluates everything that the model was not trained on",
        )
    contenders = _contenders(parts, model, options, progress)
    scores = _scores(parts.evaluation, contenders, progress)
    progress.begin("accounts", None)
    accounts = account_rows(parts.evaluation, contenders, progress.advance)
    rankings = ranking_rows(parts.evaluation, scores)
    return Evaluation(
        version=model.posts.version,
        contenders={one.name: one.version for one in contenders},
        split=options.split.value,
        sets=_sizes(parts.evaluation),
        n_training=len(parts.training),
        n_evaluated=len(parts.evaluation),
        n_repeated=parts.n_repeated,
        rankings=rankings,
        flagged=flagged_rows(parts.evaluation, scores),
        accounts=accounts,
        histograms=histograms(parts.evaluation, scores),
        worst=[
            row for one in contenders for row in worst_errors(parts.evaluation, scores, one.name)
        ],
        notes=_notes(parts, rankings),
    )


def _contenders(
    parts: Parts, model: Evaluated, options: Options, progress: Progress
) -> list[Contender]:
    surfaces = list(Surface) if options.without_surface else [Surface.AS_WRITTEN]
    found = [
        Contender(
            name=MODEL,
            version=model.posts.version,
            posts=dict.fromkeys(surfaces, model.posts),
            accounts=dict.fromkeys(surfaces, model.accounts),
        )
    ]
    if not options.with_naive:
        return found
    if options.split is Split.ALL:
        raise InputError(
            "the naive baseline has nothing to train on",
            where="--compare naive",
            hint="it trains on what is not held out: use --split held-out",
        )
    progress.begin("training the naive baseline", len(surfaces))
    trained = {}
    for surface in surfaces:
        is_written = surface is Surface.AS_WRITTEN
        trained[surface] = train_naive(parts.training, with_surface=is_written)
        progress.advance(1)
    accounts = {surface: NaiveAccounts(model=one) for surface, one in trained.items()}
    return [*found, Contender(name=NAIVE, version=NAIVE, posts=trained, accounts=accounts)]


def _scores(
    examples: Sequence[Example], contenders: Iterable[Contender], progress: Progress
) -> Scores:
    written = [example.post for example in examples]
    shown = {Surface.AS_WRITTEN: written, Surface.REMOVED: [plain_post(post) for post in written]}
    found = {}
    for contender in contenders:
        for surface, scorer in contender.posts.items():
            progress.begin(f"{contender.name}, {surface.value}", len(examples))
            found[contender.name, surface] = score_posts(scorer, shown[surface], progress.advance)
    return found


def _sizes(examples: Iterable[Example]) -> dict[str, int]:
    found: dict[str, int] = {}
    for example in examples:
        found[example.data_set] = found.get(example.data_set, 0) + 1
    return dict(sorted(found.items()))


def _notes(parts: Parts, rankings: Sequence[RankingRow]) -> list[str]:
    notes = [
        "Read recall only together with the share flagged of what must not be flagged.",
        "A post of which a model abstains counts as not found.",
    ]
    if parts.n_repeated:
        notes.append(
            f"{parts.n_repeated:,} held-out posts were left out: their text also stands in the "
            "training part of their set."
        )
    if any(row.is_inherited for row in rankings):
        notes.append(
            "Posts of pro-group accounts carry the label of their account. Most of them are not "
            "support: their recall has no goal."
        )
    if not any(row.harm == "support" and not row.is_inherited for row in rankings):
        notes.append(
            "There are too few labels of single posts for support, post by post: give codes with "
            "--codes."
        )
    if any(row.period == LATER for row in rankings):
        notes.append("Later: the last 30 % of each set's own time.")
    return notes
