"""Charts as inline SVG, drawn on the server.

Comes in: numbers and what they are called. Goes out: markup without script or inline style, so
that the content-security policy holds; colours come from the stylesheet, light and dark. Always
holds: every chart has a name that is read out, and stands beside a table of the same numbers or
names them in its title.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup, escape

__all__ = [
    "Axis",
    "Line",
    "Range",
    "Series",
    "bar_chart",
    "interval",
    "line_chart",
    "range_chart",
    "sparkline",
]

Series = tuple[str, Sequence[int]]
"""The name of a class in the stylesheet (`c-active`, `c-shadow`), and a number for each bar."""

_WIDTH, _HEIGHT = 1_200, 180
_LEFT, _BOTTOM, _TOP = 44, 22, 8
_SPARK_WIDTH, _SPARK_HEIGHT = 120, 24


def sparkline(series: Sequence[Series], name: str) -> Markup:
    """Small bars, the series upon each other; `name` says what they are and their sum.

    >>> "<title>hits: 3</title>" in sparkline([("c-active", [1, 2])], "hits: 3")
    True
    """
    most = _most(series)
    bars = _bars(series, most, (0, 0, _SPARK_WIDTH, _SPARK_HEIGHT), ())
    line = (
        f'<line class="c-axis" x1="0" y1="{_SPARK_HEIGHT}" x2="{_SPARK_WIDTH}" '
        f'y2="{_SPARK_HEIGHT}"/>'
    )
    return svg("spark", (_SPARK_WIDTH, _SPARK_HEIGHT), name, line + bars)


def bar_chart(series: Sequence[Series], labels: Sequence[str], name: str) -> Markup:
    """Bars for each label, the series upon each other, with an axis."""
    most = _most(series)
    right, floor = _WIDTH - 4, _HEIGHT - _BOTTOM
    bars = _bars(series, most, (_LEFT, _TOP, right - _LEFT, floor - _TOP), labels)
    axis = (
        f'<line class="c-axis" x1="{_LEFT}" y1="{floor}" x2="{right}" y2="{floor}"/>'
        f'<line class="c-grid" x1="{_LEFT}" y1="{_TOP}" x2="{right}" y2="{_TOP}"/>'
        f'<text class="c-text" x="{_LEFT - 6}" y="{_TOP + 8}" text-anchor="end">{most:,}</text>'
        f'<text class="c-text" x="{_LEFT - 6}" y="{floor}" text-anchor="end">0</text>'
    )
    for index in sorted({0, len(labels) // 2, len(labels) - 1} if labels else ()):
        step = (right - _LEFT) / len(labels)
        x = _LEFT + step * (index + 0.5)
        anchor = "start" if index == 0 else "end" if index == len(labels) - 1 else "middle"
        axis += (
            f'<text class="c-text" x="{x:.1f}" y="{_HEIGHT - 6}" text-anchor="{anchor}">'
            f"{escape(labels[index])}</text>"
        )
    return svg("chart", (_WIDTH, _HEIGHT), name, axis + bars)


def interval(low: float, value: float, high: float, name: str) -> Markup:
    """A share from 0 to 1 as a point, and its interval as a line."""
    width, height = _SPARK_WIDTH, 14
    x = [round(part * (width - 6) + 3, 1) for part in (low, value, high)]
    middle = height / 2
    inner = (
        f'<line class="c-grid" x1="3" y1="{middle}" x2="{width - 3}" y2="{middle}"/>'
        f'<line class="c-interval" x1="{x[0]}" y1="{middle}" x2="{x[2]}" y2="{middle}"/>'
        f'<circle class="c-point" cx="{x[1]}" cy="{middle}" r="3.5"/>'
    )
    return svg("spark", (width, height), name, inner)


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """An axis from `low` to `high` with marks at `ticks`; logarithmic where `is_log`."""

    name: str
    low: float = 0.0
    high: float = 1.0
    ticks: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 1.0)
    is_log: bool = False

    def place(self, value: float) -> float:
        """Where a value lies, 0 to 1; what is outside lies on the edge."""
        value = min(max(value, self.low), self.high)
        if self.is_log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Points joined by a line: the name of a class in the stylesheet, and what it is called."""

    style: str
    name: str
    points: Sequence[tuple[float, float]]
    has_marks: bool = False


_PLOT_WIDTH, _PLOT_HEIGHT = 380, 260
_PLOT_LEFT, _PLOT_BOTTOM, _PLOT_TOP, _PLOT_RIGHT = 56, 40, 10, 10


def line_chart(lines: Sequence[Line], x: Axis, y: Axis, name: str) -> Markup:
    """Lines over two axes.

    >>> one = Line(style="c-model", name="model", points=[(0, 0), (1, 1)])
    >>> "<title>model</title>" in line_chart([one], Axis(name="x"), Axis(name="y"), "a curve")
    True
    """
    width = _PLOT_WIDTH - _PLOT_LEFT - _PLOT_RIGHT
    height = _PLOT_HEIGHT - _PLOT_TOP - _PLOT_BOTTOM

    def at(px: float, py: float) -> tuple[float, float]:
        left = _PLOT_LEFT + width * x.place(px)
        return round(left, 1), round(_PLOT_TOP + height * (1 - y.place(py)), 1)

    parts = [_plot_grid(x, y, (width, height))]
    for line in lines:
        points = [at(*point) for point in line.points]
        path = " ".join(f"{px},{py}" for px, py in points)
        title = f"<title>{escape(line.name)}</title>"
        style = escape(line.style)
        parts.append(f'<polyline class="c-line {style}" points="{path}">{title}</polyline>')
        if line.has_marks:
            parts += [
                f'<circle class="c-mark {style}" cx="{a}" cy="{b}" r="3"/>' for a, b in points
            ]
    return svg("plot", (_PLOT_WIDTH, _PLOT_HEIGHT), name, "".join(parts))


class Range(NamedTuple):
    """A value with its interval, in a style; a row of `range_chart` holds one or several."""

    style: str
    name: str
    low: float
    value: float
    high: float


_RANGE_LEFT, _RANGE_RIGHT, _RANGE_STEP, _RANGE_TOP = 400, 40, 26, 22


def range_chart(rows: Sequence[tuple[str, Sequence[Range]]], x: Axis, name: str) -> Markup:
    """For each named row points with their intervals, upon one axis of shares.

    >>> one = Range("c-model", "model: 1 %", 0.002, 0.01, 0.03)
    >>> "model: 1 %" in range_chart([("a set", [one])], Axis(name="share"), "shares")
    True
    """
    floor = _RANGE_TOP + _RANGE_STEP * len(rows)
    parts = []
    for tick in x.ticks:
        px = _range_place(x, tick)
        parts.append(
            f'<line class="c-grid" x1="{px}" y1="{_RANGE_TOP - 6}" x2="{px}" y2="{floor}"/>'
            f'<text class="c-text" x="{px}" y="12" text-anchor="middle">{tick * 100:g} %</text>'
        )
    for index, (title, ranges) in enumerate(rows):
        middle = _RANGE_TOP + _RANGE_STEP * (index + 0.5)
        parts.append(
            f'<text class="c-text" x="{_RANGE_LEFT - 10}" y="{middle + 4}" text-anchor="end">'
            f"{escape(title)}</text>"
        )
        for place, one in enumerate(ranges):
            parts.append(_range(x, one, middle + 8 * (place - (len(ranges) - 1) / 2)))
    return svg("ranges", (_WIDTH, floor + 6), name, "".join(parts))


def _range_place(x: Axis, value: float) -> float:
    return round(_RANGE_LEFT + (_WIDTH - _RANGE_LEFT - _RANGE_RIGHT) * x.place(value), 1)


def _range(x: Axis, one: Range, y: float) -> str:
    low, value, high = (_range_place(x, part) for part in (one.low, one.value, one.high))
    style = escape(one.style)
    return (
        f"<g><title>{escape(one.name)}</title>"
        f'<line class="c-span {style}" x1="{low}" y1="{y}" x2="{high}" y2="{y}"/>'
        f'<circle class="c-mark {style}" cx="{value}" cy="{y}" r="4"/></g>'
    )


def _plot_grid(x: Axis, y: Axis, size: tuple[int, int]) -> str:
    width, height = size
    floor, right = _PLOT_TOP + height, _PLOT_LEFT + width
    parts = []
    for tick in x.ticks:
        px = round(_PLOT_LEFT + width * x.place(tick), 1)
        parts.append(
            f'<line class="c-grid" x1="{px}" y1="{_PLOT_TOP}" x2="{px}" y2="{floor}"/>'
            f'<text class="c-text" x="{px}" y="{floor + 14}" text-anchor="middle">{tick:g}</text>'
        )
    for tick in y.ticks:
        py = round(_PLOT_TOP + height * (1 - y.place(tick)), 1)
        parts.append(
            f'<line class="c-grid" x1="{_PLOT_LEFT}" y1="{py}" x2="{right}" y2="{py}"/>'
            f'<text class="c-text" x="{_PLOT_LEFT - 6}" y="{py + 4}" text-anchor="end">'
            f"{tick:g}</text>"
        )
    middle = _PLOT_LEFT + width / 2
    parts.append(
        f'<text class="c-text" x="{middle}" y="{floor + 30}" text-anchor="middle">'
        f"{escape(x.name)}</text>"
        f'<text class="c-text" x="12" y="{_PLOT_TOP + height / 2}" text-anchor="middle" '
        f'transform="rotate(-90 12 {_PLOT_TOP + height / 2})">{escape(y.name)}</text>'
    )
    return "".join(parts)


def _bars(
    series: Sequence[Series],
    most: int,
    box: tuple[float, float, float, float],
    labels: Sequence[str],
) -> str:
    left, top, width, height = box
    n_bars = max((len(values) for _, values in series), default=0)
    if not n_bars or not most:
        return ""
    step = width / n_bars
    parts = []
    for index in range(n_bars):
        floor = top + height
        for name, values in series:
            tall = height * values[index] / most
            if not tall:
                continue
            floor -= tall
            title = f"<title>{escape(labels[index])}: {values[index]:,}</title>" if labels else ""
            parts.append(
                f'<rect class="{escape(name)}" x="{left + index * step + step * 0.12:.1f}" '
                f'y="{floor:.1f}" width="{step * 0.76:.1f}" height="{tall:.1f}">{title}</rect>'
            )
    return "".join(parts)


def _most(series: Sequence[Series]) -> int:
    sums = zip(*(values for _, values in series), strict=True)
    return max((sum(each) for each in sums), default=0)


def svg(kind: str, size: tuple[int, int], name: str, inner: str) -> Markup:
    width, height = size
    return Markup(  # noqa: S704  # made of numbers and of text that was escaped
        f'<svg class="{kind}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(name)}"><title>{escape(name)}</title>{inner}</svg>'
    )
