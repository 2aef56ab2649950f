"""The figures of an evaluation, as records.

Comes in: counts and figures. Goes out: frozen records, which `--json` writes as they are. Always
holds: a share stands with its count and its 95 % interval (Wilson); a figure that cannot be had is
null; ids and numbers only, no text and no handle.
"""

from __future__ import annotations

from msgspec import Struct

from tocsin.matching import wilson

__all__ = [
    "AccountRow",
    "Evaluation",
    "Figures",
    "FlaggedCell",
    "FlaggedRow",
    "Histogram",
    "RankingRow",
    "Recall",
    "Share",
    "Worst",
    "share_of",
]


class Share(Struct, frozen=True, kw_only=True):
    """`k` of `n`, and between which shares the true one lies with 95 % confidence."""

    k: int
    n: int
    share: float
    low: float
    high: float


class Recall(Struct, frozen=True, kw_only=True):
    """What is found where at most a share of the negatives is flagged wrongly.

    `is_coarse`: too few negatives to see that share; none of them exceeds the threshold.
    """

    found: Share
    threshold: float
    is_coarse: bool


class Figures(Struct, frozen=True, kw_only=True):
    """How well one contender ranks; calibration is over what it did not abstain from.

    `flagged` are positives and `flagged_negatives` negatives above the shipped threshold. `roc`
    and `precision` are points of curves, `bins` of calibration: (n, mean said, share true).
    """

    auc: float | None
    average_precision: float | None
    recall_1: Recall | None
    recall_01: Recall | None
    brier: float | None
    calibration_error: float | None
    flagged: Share
    flagged_negatives: Share
    abstained: Share
    roc: list[tuple[float, float]]
    precision: list[tuple[float, float]]
    bins: list[tuple[int, float, float]]


class RankingRow(Struct, frozen=True, kw_only=True):
    """Posts that should be found against others: one harm, one group, one form of the text.

    `is_inherited`: the label is that of the account, and says nothing about the post.
    """

    harm: str
    group: str
    data_set: str
    against: str
    period: str
    surface: str
    is_inherited: bool
    n_positive: int
    n_negative: int
    base_rate: float
    figures: dict[str, Figures]


class FlaggedCell(Struct, frozen=True, kw_only=True):
    """What one contender flags of a group; `plain` with surface cues removed."""

    flagged: Share
    plain: Share | None
    abstained: Share


class FlaggedRow(Struct, frozen=True, kw_only=True):
    """A group of posts, or the part of it in one language ("all": whole)."""

    kind: str
    group: str
    data_set: str
    language: str
    n: int
    cells: dict[str, FlaggedCell]


class AccountRow(Struct, frozen=True, kw_only=True):
    """Accounts that support a group against others, by at most ten posts of each."""

    against: str
    period: str
    surface: str
    min_posts: int
    n_positive: int
    n_negative: int
    figures: dict[str, Figures]


class Histogram(Struct, frozen=True, kw_only=True):
    """How a contender's scores for a harm lie in a group: twenty equal steps from 0 to 1."""

    contender: str
    harm: str
    group: str
    data_set: str
    counts: list[int]
    n_abstained: int


class Worst(Struct, frozen=True, kw_only=True):
    """One of the worst errors: a harmless post with a high score, or a missed one, by id."""

    contender: str
    error: str
    harm: str
    group: str
    data_set: str
    id: str
    score: float | None
    is_flagged: bool


class Evaluation(Struct, frozen=True, kw_only=True):
    """Everything that must be shown together."""

    version: str
    contenders: dict[str, str]
    split: str
    sets: dict[str, int]
    n_training: int
    n_evaluated: int
    n_repeated: int
    rankings: list[RankingRow]
    flagged: list[FlaggedRow]
    accounts: list[AccountRow]
    histograms: list[Histogram]
    worst: list[Worst]
    notes: list[str]


def share_of(k: int, n: int) -> Share:
    """A share with its interval; of nothing it is 0, and may be anything."""
    low, high = wilson(k, n) or (0.0, 1.0)
    return Share(k=k, n=n, share=k / n if n else 0.0, low=round(low, 6), high=round(high, 6))
