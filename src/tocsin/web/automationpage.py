"""Where rules stand on their way to act by themselves, as pages show it.

Comes in: strata, the store. Goes out: figures, what they are made of in the order in which people
judged, and a picture of the confidence sequence as points of an SVG. Always holds: the picture
shows nothing that the figures beside it do not say; its bounds are those that decide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from tocsin.matching import lower_bound, upper_bound
from tocsin.policy import CompiledPolicy
from tocsin.records import ALPHA, AutomationState, LogEntry
from tocsin.review import Progress, list_progress
from tocsin.store import automation, samples
from tocsin.store.store import Store

__all__ = ["STATE_ORDER", "Chart", "Look", "StratumView", "draw_chart", "read_automation"]

WIDTH, HEIGHT = 560, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 12, 12, 26
_MOST_LOOKS = 60
"""Looks that a picture shows: more than the eye tells apart, and quick to compute."""

_ROWS = 8
_BELOW_BAR = 0.25

STATE_ORDER = (
    AutomationState.EARNED,
    AutomationState.ELIGIBLE,
    AutomationState.DEMOTED,
    AutomationState.MEASURING,
)
"""In lists, what acts by itself stands first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The figures after so many judged samples."""

    n: int
    k: int
    lower: float
    upper: float

    @property
    def share(self) -> float:
        """The share that are violations."""
        return self.k / self.n


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A picture: points in a box of `WIDTH` by `HEIGHT`, and the looks that it shows."""

    looks: Sequence[Look]
    lower: str
    share: str
    band: str
    bar_y: float | None
    marks_y: Sequence[tuple[float, str]]
    marks_x: Sequence[tuple[float, str]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    bottom: int = HEIGHT - _BOTTOM

    @property
    def rows(self) -> Sequence[Look]:
        """Some of the looks, for a table: evenly spread, the last one among them."""
        step = max(1, math.ceil(len(self.looks) / _ROWS))
        return self.looks[::-1][::step][::-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class StratumView:
    """A stratum for templates; `history` is its changes, newest first."""

    progress: Progress
    chart: Chart | None
    history: Sequence[LogEntry]


def read_automation(
    store: Store, connection: sa.Connection, policy: CompiledPolicy, rule: str
) -> list[StratumView]:
    """The strata of one rule with pictures and history."""
    return [
        StratumView(
            progress=progress,
            chart=draw_chart(_outcomes(connection, progress), _bar_of(progress)),
            history=automation.history(connection, progress.stratum)[::-1],
        )
        for progress in sorted(
            list_progress(store, connection, policy, rule=rule),
            key=lambda one: (STATE_ORDER.index(one.state), one.stratum),
        )
    ]


def draw_chart(outcomes: Sequence[bool], bar: float | None) -> Chart | None:
    """The picture of a sequence of judgements; None without any.

    >>> draw_chart([True, True, False], 0.95).looks[-1].share
    0.6666666666666666
    """
    if not outcomes:
        return None
    looks = _looks(outcomes)
    base = _base(bar, looks[-1])

    def x(n: float) -> float:
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * n / len(outcomes), 1)

    def y(share: float) -> float:
        height = HEIGHT - _TOP - _BOTTOM
        return round(_TOP + height * (1 - max(share, base)) / (1 - base), 1)

    upper = [f"{x(look.n)},{y(look.upper)}" for look in looks]
    lower = [f"{x(look.n)},{y(look.lower)}" for look in looks]
    step = 0.05 if base >= 0.75 else 0.1 if base >= 0.5 else 0.2  # noqa: PLR2004  # 4 to 6 lines
    marks = [1 - step * number for number in range(math.floor((1 - base) / step + 1e-9) + 1)]
    return Chart(
        looks=looks,
        lower=" ".join(lower),
        share=" ".join(f"{x(look.n)},{y(look.share)}" for look in looks),
        band=" ".join(upper + lower[::-1]),
        bar_y=None if bar is None else y(bar),
        marks_y=[(y(mark), f"{mark:.2f}".rstrip("0").rstrip(".")) for mark in marks],
        marks_x=[(x(n), str(n)) for n in sorted({len(outcomes) // 2, len(outcomes)} - {0})],
    )


def _looks(outcomes: Sequence[bool]) -> list[Look]:
    n_all = len(outcomes)
    wanted = {math.ceil(n_all * number / _MOST_LOOKS) for number in range(1, _MOST_LOOKS + 1)}
    looks, k = [], 0
    for n, is_violation in enumerate(outcomes, 1):
        k += is_violation
        if n in wanted:
            bounds = {"lower": lower_bound(n, k, ALPHA), "upper": upper_bound(n, k, ALPHA)}
            looks.append(Look(n=n, k=k, **bounds))
    return looks


def _base(bar: float | None, last: Look) -> float:
    """The share at the foot of the picture: what is interesting stands near the bar."""
    lowest = min(last.lower, last.share, 1.0 if bar is None else bar - _BELOW_BAR)
    return max(0.0, math.floor(lowest * 10) / 10)


def _bar_of(progress: Progress) -> float | None:
    if progress.bar is not None:
        return progress.bar
    return None if progress.standing is None else progress.standing.bar


def _outcomes(connection: sa.Connection, progress: Progress) -> list[bool]:
    """What people said, in order; who cannot say counts as harmless, and stands last."""
    settled = samples.outcomes(connection, progress.stratum, progress.epoch)
    return settled + [False] * progress.tally.n_unsure
