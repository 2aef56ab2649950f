"""The curves of an evaluation as charts.

Comes in: rows of figures. Goes out: inline SVG. Always holds: shares of false positives stand on a
logarithmic axis, for only the few of them matter; every chart names what it shows, and the table
beside it has the same figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from markupsafe import Markup

from tocsin.charts import Axis, Line, Range, line_chart, range_chart
from tocsin.evaluation.figures import FlaggedRow, Histogram, RankingRow
from tocsin.evaluation.table import share_cell

__all__ = ["curves_of", "flagged_chart", "histogram_charts", "is_drawn"]

_FEW: Final = Axis(
    name="share of the others flagged wrongly",
    low=0.0005,
    high=1.0,
    ticks=(0.001, 0.01, 0.1, 1.0),
    is_log=True,
)
_FLAGGED: Final = Axis(
    name="flagged",
    low=0.0003,
    high=1.0,
    ticks=(0.001, 0.01, 0.1, 1.0),
    is_log=True,
)
_PART: Final = Axis(
    name="share of posts", low=0.0001, high=1.0, ticks=(0.001, 0.01, 0.1, 1.0), is_log=True
)


def is_drawn(row: RankingRow) -> bool:
    """Whether a row has curves on the page: the strictest form of each comparison, and the whole.

    Curves against ordinary traffic are easy and say little.
    """
    is_whole = row.period == "all" and row.surface == "as written"
    is_strict = row.period != "all" and row.surface != "as written"
    return (is_whole or is_strict) and row.against != "ordinary traffic"


def curves_of(row: RankingRow) -> list[Markup]:
    """What is found at which false positives, precision at which recall, and calibration."""
    what = f"{row.harm}, {row.group} ({row.data_set}) against {row.against}"
    found = {name: figures.roc for name, figures in row.figures.items()}
    precision = {name: figures.precision for name, figures in row.figures.items()}
    said = {
        name: [(mean, share) for _, mean, share in figures.bins]
        for name, figures in row.figures.items()
    }
    even = Line(style="c-even", name="as said", points=[(0, 0), (1, 1)])
    return [
        line_chart(_lines(found), _FEW, Axis(name="share found"), f"found: {what}"),
        line_chart(
            _lines(precision), Axis(name="recall"), Axis(name="precision"), f"precision: {what}"
        ),
        line_chart(
            [even, *_lines(said, has_marks=True)],
            Axis(name="probability said"),
            Axis(name="share that was true"),
            f"calibration: {what}",
        ),
    ]


def _lines(
    points: Mapping[str, Sequence[tuple[float, float]]], *, has_marks: bool = False
) -> list[Line]:
    return [
        Line(style=f"c-{name}", name=name, points=given, has_marks=has_marks)
        for name, given in points.items()
        if given
    ]


def flagged_chart(rows: Sequence[FlaggedRow], kinds: Sequence[str]) -> Markup:
    """The share flagged of each group of these kinds, with intervals."""
    drawn = [row for row in rows if row.kind in kinds and row.language == "all"]
    return range_chart(
        [(f"{row.group} ({row.data_set}, {row.n:,})", list(_ranges(row))) for row in drawn],
        _FLAGGED,
        f"share flagged: {', '.join(kinds)}",
    )


def _ranges(row: FlaggedRow) -> Iterator[Range]:
    for name, cell in row.cells.items():
        share = cell.flagged
        told = f"{name}: {share_cell(share)}, {share.k:,} of {share.n:,}"
        yield Range(f"c-{name}", told, share.low, share.share, share.high)


def histogram_charts(rows: Sequence[Histogram]) -> list[tuple[str, list[Markup]]]:
    """For each group one chart per harm, the contenders upon each other."""
    groups: dict[tuple[str, str], dict[str, list[Histogram]]] = {}
    for row in rows:
        harms = groups.setdefault((row.group, row.data_set), {})
        harms.setdefault(row.harm, []).append(row)
    return [
        (f"{group} ({data_set})", [_histogram(harm, found) for harm, found in harms.items()])
        for (group, data_set), harms in groups.items()
    ]


def _histogram(harm: str, rows: Sequence[Histogram]) -> Markup:
    lines = [
        Line(style=f"c-{row.contender}", name=row.contender, points=_steps(row)) for row in rows
    ]
    return line_chart(lines, Axis(name=f"score for {harm}"), _PART, f"scores for {harm}")


def _steps(row: Histogram) -> list[tuple[float, float]]:
    """The outline of the bars; what was abstained from counts in the whole, and has no bar."""
    whole = sum(row.counts) + row.n_abstained
    width = 1 / len(row.counts)
    return [
        (edge, count / whole if whole else 0.0)
        for index, count in enumerate(row.counts)
        for edge in (index * width, (index + 1) * width)
    ]
