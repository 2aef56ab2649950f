"""Charts as inline SVG, drawn on the server.

Comes in: numbers and what they are called. Goes out: markup without script or inline style, so
that the content-security policy holds; colours come from the stylesheet, light and dark. Always
holds: every chart has a name that is read out, and stands beside a table of the same numbers or
names them in its title.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

__all__ = ["Series", "bar_chart", "interval", "sparkline"]

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
    return _svg("spark", (_SPARK_WIDTH, _SPARK_HEIGHT), name, line + bars)


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
    return _svg("chart", (_WIDTH, _HEIGHT), name, axis + bars)


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
    return _svg("spark", (width, height), name, inner)


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


def _svg(kind: str, size: tuple[int, int], name: str, inner: str) -> Markup:
    width, height = size
    return Markup(  # noqa: S704  # made of numbers and of text that was escaped
        f'<svg class="{kind}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(name)}"><title>{escape(name)}</title>{inner}</svg>'
    )
