"""From examples and scores to the rows of the table.

Comes in: the posts of the evaluation, and what each contender said of them. Goes out: rankings,
shares flagged, histograms, worst errors. Always holds: posts are positives of a harm only where
somebody judged the very post, or the row says that the label is inherited; negatives were judged
to be none, or belong to a group that must not be flagged; every row has all contenders.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from tocsin.evaluation.figures import (
    Figures,
    FlaggedCell,
    FlaggedRow,
    Histogram,
    RankingRow,
    Recall,
    Share,
    Worst,
    share_of,
)
from tocsin.evaluation.labels import ABOUT, PEOPLE, Group, GroupKind
from tocsin.evaluation.metrics import (
    ABSTAINED,
    Array,
    RecallAt,
    auc,
    average_precision,
    brier,
    calibration_bins,
    calibration_error,
    precision_points,
    recall_at,
    roc_points,
)
from tocsin.evaluation.scored import Bools, Scored, Surface
from tocsin.evaluation.sets import Example
from tocsin.evaluation.split import later_starts
from tocsin.nlp import Harm

__all__ = [
    "ALL_TIME",
    "HIGH",
    "LATER",
    "Scores",
    "figures_of",
    "flagged_rows",
    "histograms",
    "ranking_rows",
    "worst_errors",
]

Scores = Mapping[tuple[str, Surface], Scored]
"""By the name of the contender and the form of the text."""

ALL_TIME: Final = "all"
LATER: Final = "later 30 %"
HIGH: Final = "high score of a harmless post"
LOW: Final = "low score of a post to be found"
SAME_SET: Final = "others of the same set"
SPARED: Final = "all that must not be flagged"
ORDINARY: Final = "ordinary traffic"

_MIN_POSITIVES: Final = 10
_MIN_NEGATIVES: Final = 20
_MIN_LANGUAGE: Final = 30
_MIN_PEOPLE: Final = 20
_MAX_POINTS: Final = 160
_N_STEPS: Final = 20
_N_WORST: Final = 10


class _Side(NamedTuple):
    harm: Harm
    group: str
    data_set: str
    inside: Bools
    is_inherited: bool


@dataclass(frozen=True, slots=True)
class _Columns:
    """What is asked of the examples again and again, as arrays over all of them."""

    examples: Sequence[Example]
    sets: np.ndarray[tuple[int], np.dtype[np.str_]]
    is_later: Bools
    is_wanted: Bools

    @classmethod
    def of(cls, examples: Sequence[Example]) -> _Columns:
        starts = later_starts(examples)
        later = [e.at is not None and e.at >= starts[e.data_set] for e in examples]
        wanted = [any(g.kind is GroupKind.WANTED for g in e.truth.groups) for e in examples]
        return cls(
            examples,
            np.array([example.data_set for example in examples], dtype=np.str_),
            np.array(later, dtype=bool),
            np.array(wanted, dtype=bool),
        )

    def where(self, holds: Callable[[Example], bool]) -> Bools:
        return np.array([holds(example) for example in self.examples], dtype=bool)

    def has_kind(self, kind: GroupKind) -> Bools:
        found = self.where(lambda e: any(group.kind is kind for group in e.truth.groups))
        return found & ~self.is_wanted


def ranking_rows(examples: Sequence[Example], scores: Scores) -> list[RankingRow]:
    """Every group that should be found, against everything it can be told from."""
    columns = _Columns.of(examples)
    rows = []
    for side in _sides(columns):
        for against, negatives in _others(columns, side):
            for period, inside in ((ALL_TIME, np.True_), (LATER, columns.is_later)):
                positive, negative = side.inside & inside, negatives & inside
                rows += list(_rankings(side, against, period, (positive, negative), scores))
    return rows


def _sides(columns: _Columns) -> Iterator[_Side]:
    groups: dict[tuple[str, Group], None] = {}
    for example in columns.examples:
        for group in example.truth.groups:
            if group.kind in {GroupKind.WANTED, GroupKind.ACCOUNT}:
                groups[example.data_set, group] = None
    for data_set, group in sorted(groups, key=_in_order):
        inside = columns.where(
            lambda e, data_set=data_set, group=group: (  # type: ignore[misc]  # bound early
                e.data_set == data_set and group in e.truth.groups
            )
        )
        is_inherited = group.kind is GroupKind.ACCOUNT
        yield _Side(group.harm or Harm.SUPPORT, group.name, data_set, inside, is_inherited)


def _others(columns: _Columns, side: _Side) -> Iterator[tuple[str, Bools]]:
    judged = columns.where(lambda e: e.truth.harms.get(side.harm) is False)
    same_set = judged & (columns.sets == side.data_set)
    if np.count_nonzero(same_set) and not side.is_inherited:
        yield SAME_SET, same_set
    if side.harm is Harm.SUPPORT:
        about = columns.where(lambda e: any(group.name == ABOUT for group in e.truth.groups))
        about &= ~columns.is_wanted & ~side.inside & (columns.sets != side.data_set)
        if np.count_nonzero(about):
            yield ABOUT, about
    for name, kind in ((SPARED, GroupKind.SPARED), (ORDINARY, GroupKind.ORDINARY)):
        found = columns.has_kind(kind) & ~side.inside
        if np.count_nonzero(found):
            yield name, found


def _rankings(
    side: _Side, against: str, period: str, parts: tuple[Bools, Bools], scores: Scores
) -> Iterator[RankingRow]:
    n_positive, n_negative = (int(np.count_nonzero(part)) for part in parts)
    if n_positive < _MIN_POSITIVES or n_negative < _MIN_NEGATIVES:
        return
    for surface in _surfaces(scores):
        yield RankingRow(
            harm=side.harm.value,
            group=side.group,
            data_set=side.data_set,
            against=against,
            period=period,
            surface=surface.value,
            is_inherited=side.is_inherited,
            n_positive=n_positive,
            n_negative=n_negative,
            base_rate=n_positive / (n_positive + n_negative),
            figures={
                name: figures_of(scores[name, surface], side.harm, parts) for name in _names(scores)
            },
        )


def figures_of(scored: Scored, harm: Harm, parts: tuple[Bools, Bools]) -> Figures:
    """How well positives and negatives are told apart by the scores for a harm."""
    positive, negative = parts
    values = scored.scores[harm]
    high, low = values[positive], values[negative]
    both = positive | negative
    spoken = both & (values > ABSTAINED)
    said, true = values[spoken], positive[spoken].astype(np.float64)
    wrong, found = roc_points(high, low)
    recall, precision = precision_points(high, low)
    return Figures(
        auc=auc(high, low),
        average_precision=average_precision(high, low),
        recall_1=_recall(recall_at(high, low, 0.01), len(high)),
        recall_01=_recall(recall_at(high, low, 0.001), len(high)),
        brier=brier(said, true),
        calibration_error=calibration_error(said, true),
        flagged=_count(scored.flags, positive),
        flagged_negatives=_count(scored.flags, negative),
        abstained=share_of(int(np.count_nonzero(both & ~spoken)), int(np.count_nonzero(both))),
        roc=_thinned(wrong, found),
        precision=_thinned(recall, precision),
        bins=[
            (one.n, round(one.mean, 4), round(one.share, 4)) for one in calibration_bins(said, true)
        ],
    )


def _recall(found: RecallAt | None, n: int) -> Recall | None:
    if found is None:
        return None
    return Recall(
        found=share_of(found.n_found, n), threshold=found.threshold, is_coarse=found.is_coarse
    )


def _thinned(x: Array, y: Array) -> list[tuple[float, float]]:
    """A curve by at most so many of its points, evenly spread over its steps, both ends kept."""
    kept = np.unique(np.linspace(0, len(x) - 1, _MAX_POINTS).astype(np.int64))
    if len(x) > _MAX_POINTS:  # the first steps are where few are flagged: keep them all
        kept = np.unique(np.concatenate([kept, np.arange(_MAX_POINTS // 4)]))
    return [(round(float(x[i]), 5), round(float(y[i]), 5)) for i in kept]


# --- what is flagged ------------------------------------------------------------------------------


def flagged_rows(examples: Sequence[Example], scores: Scores) -> list[FlaggedRow]:
    """The share flagged of each group of each set, whole and by language."""
    rows = []
    for (data_set, group), inside in sorted(_groups(examples).items(), key=_order):
        if _is_people(group) and len(inside) < _MIN_PEOPLE:
            continue
        languages: dict[str, list[int]] = {}
        for index in inside:
            languages.setdefault(examples[index].post.language or "?", []).append(index)
        parts = {"all": inside}
        if len(languages) > 1:
            parts |= {
                name: found
                for name, found in sorted(languages.items())
                if len(found) >= _MIN_LANGUAGE
            }
        for language, indexes in parts.items():
            rows.append(
                FlaggedRow(
                    kind=group.kind.value,
                    group=group.name,
                    data_set=data_set,
                    language=language,
                    n=len(indexes),
                    cells={name: _cell(scores, name, np.array(indexes)) for name in _names(scores)},
                )
            )
    return rows


def _groups(examples: Sequence[Example]) -> dict[tuple[str, Group], list[int]]:
    found: dict[tuple[str, Group], list[int]] = {}
    for index, example in enumerate(examples):
        for group in example.truth.groups:
            found.setdefault((example.data_set, group), []).append(index)
    return found


def _cell(scores: Scores, name: str, indexes: np.ndarray[Any, Any]) -> FlaggedCell:
    written = scores[name, Surface.AS_WRITTEN]
    plain = scores.get((name, Surface.REMOVED))
    return FlaggedCell(
        flagged=_share(written.flags[indexes]),
        plain=None if plain is None else _share(plain.flags[indexes]),
        abstained=_share(written.abstained[indexes]),
    )


# --- how scores lie, and the worst of them --------------------------------------------------------


def histograms(examples: Sequence[Example], scores: Scores) -> list[Histogram]:
    """For each group that must not be flagged, and ordinary traffic, how the scores lie."""
    rows = []
    for (data_set, group), inside in sorted(_groups(examples).items(), key=_order):
        if group.kind not in {GroupKind.SPARED, GroupKind.ORDINARY} or _is_people(group):
            continue
        for name in _names(scores):
            for harm in Harm:
                values = scores[name, Surface.AS_WRITTEN].scores[harm][inside]
                spoken = values[values > ABSTAINED]
                counts, _ = np.histogram(spoken, bins=_N_STEPS, range=(0.0, 1.0))
                rows.append(
                    Histogram(
                        contender=name,
                        harm=harm.value,
                        group=group.name,
                        data_set=data_set,
                        counts=counts.tolist(),
                        n_abstained=len(values) - len(spoken),
                    )
                )
    return rows


def worst_errors(examples: Sequence[Example], scores: Scores, contender: str) -> list[Worst]:
    """By id: harmless posts with the highest scores, and wanted ones with the lowest."""
    scored = scores[contender, Surface.AS_WRITTEN]
    rows: list[Worst] = []
    for (data_set, group), inside in sorted(_groups(examples).items(), key=_order):
        if _is_people(group):
            continue
        if group.kind in {GroupKind.SPARED, GroupKind.ORDINARY}:
            harms, sign, error = tuple(Harm), -1.0, HIGH
        elif group.kind is GroupKind.WANTED and group.harm is not None:
            harms, sign, error = (group.harm,), 1.0, LOW
        else:
            continue
        for harm in harms:
            values = scored.scores[harm]
            ordered = sorted(inside, key=lambda i, v=values, s=sign: (s * v[i], i))  # type: ignore[misc]  # bound early
            for index in ordered[:_N_WORST]:
                value = float(values[index])
                if sign < 0 and value == ABSTAINED:
                    break
                rows.append(
                    Worst(
                        contender=contender,
                        error=error,
                        harm=harm.value,
                        group=group.name,
                        data_set=data_set,
                        id=examples[index].post.id,
                        score=None if value == ABSTAINED else round(value, 4),
                        is_flagged=bool(scored.flags[index]),
                    )
                )
    return rows


def _is_people(group: Group) -> bool:
    """Whether it cuts across other groups, whose posts it holds again."""
    return group.name.startswith(PEOPLE)


def _order(item: tuple[tuple[str, Group], object]) -> tuple[str, str, str]:
    return _in_order(item[0])


def _in_order(key: tuple[str, Group]) -> tuple[str, str, str]:
    data_set, group = key
    return data_set, group.kind.value, group.name


def _share(flags: Bools) -> Share:
    return share_of(int(np.count_nonzero(flags)), len(flags))


def _count(flags: Bools, inside: Bools) -> Share:
    return _share(flags[inside])


def _names(scores: Scores) -> list[str]:
    return list(dict.fromkeys(name for name, _ in scores))


def _surfaces(scores: Scores) -> list[Surface]:
    return list(dict.fromkeys(surface for _, surface in scores))
