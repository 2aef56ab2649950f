"""The page of an evaluation: one file that needs nothing else.

Comes in: an `Evaluation`. Goes out: HTML. Always holds: no script and no request to anywhere, and
its own content-security policy allows neither; ids and numbers only, everything escaped; readable
in light and dark.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Final

import jinja2

from tocsin.evaluation.drawings import curves_of, flagged_chart, histogram_charts, is_drawn
from tocsin.evaluation.figures import Evaluation, Worst
from tocsin.evaluation.measure import HIGH
from tocsin.evaluation.metrics import ABSTAINED
from tocsin.evaluation.run import MODEL
from tocsin.evaluation.table import tables

__all__ = ["render"]

_FOLDER: Final = Path(__file__).parent
_SPARED: Final = ("must not flag", "ordinary")
_N_WORST: Final = 25


def render(evaluation: Evaluation) -> str:
    """The page as text."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (_FOLDER / "page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    curves = [(row, curves_of(row)) for row in evaluation.rankings if is_drawn(row)]
    return made.get_template("page.html.j2").render(
        evaluation=evaluation,
        style=style,
        style_hash=f"sha256-{digest}",
        tables=list(tables(evaluation)),
        spared=flagged_chart(evaluation.flagged, _SPARED),
        wanted=flagged_chart(evaluation.flagged, ("wanted",)),
        curves=curves,
        histograms=histogram_charts(evaluation.histograms),
        worst=_worst(evaluation),
    )


def _worst(evaluation: Evaluation) -> list[tuple[str, list[list[str]]]]:
    """The worst errors of the model for each harm, worst first, as cells."""
    found: dict[tuple[str, str], dict[str, Worst]] = {}
    for row in evaluation.worst:
        if row.contender == MODEL:
            found.setdefault((row.harm, row.error), {}).setdefault(row.id, row)
    return [
        (
            f"{harm}: {error}",
            [_cells(row) for row in sorted(rows.values(), key=_badness)[:_N_WORST]],
        )
        for (harm, error), rows in sorted(found.items())
    ]


def _badness(row: Worst) -> tuple[float, str]:
    score = ABSTAINED if row.score is None else row.score
    return (-score if row.error == HIGH else score), row.id


def _cells(row: Worst) -> list[str]:
    score = "abstained" if row.score is None else f"{row.score:.3f}"
    return [row.id, f"{row.group} ({row.data_set})", score, "flagged" if row.is_flagged else "-"]
