"""The table that must always be shown together, as text.

Comes in: an `Evaluation`. Goes out: titled tables of cells. Always holds: what is found stands
with what is flagged wrongly, every share with its interval, the contenders under each other; the
abstained share is never left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tocsin.evaluation.figures import (
    AccountRow,
    Evaluation,
    Figures,
    FlaggedRow,
    RankingRow,
    Recall,
    Share,
)

__all__ = ["Table", "percent", "share_cell", "tables"]


class Table(NamedTuple):
    """A title, what it means, headings and rows."""

    title: str
    note: str
    headings: Sequence[str]
    rows: list[list[str]]


_FOUND = (
    *("against", "text", "period", "who"),
    *("recall at 1 %", "at 0.1 %", "AP (base)", "AUC"),
    *("calibration", "abstained"),
)
_FLAGGED = ("group", "set", "language", "posts", "who", "flagged", "no surface cues", "abstained")
_ACCOUNTS = (
    *("against", "posts", "text", "period", "who"),
    *("recall at 1 %", "AUC", "flagged", "others flagged", "abstained"),
)


def tables(evaluation: Evaluation) -> Iterator[Table]:
    """Everything, in the order in which it should be read."""
    yield from _flagged(evaluation.flagged)
    yield from _found(evaluation.rankings, evaluation.flagged)
    if evaluation.accounts:
        yield _accounts(evaluation.accounts)


def _flagged(rows: Sequence[FlaggedRow]) -> Iterator[Table]:
    notes = {
        "must not flag": "Each of these is a person who condemns, reports, quotes or mocks.",
        "ordinary": "Traffic about anything else.",
        "not judged for danger": "Abuse and other talk; what is flagged here may be right.",
        "account judged": "Labelled by account: most of these posts are not support.",
        "wanted": "What should be found, at the shipped threshold.",
    }
    for kind, note in notes.items():
        chosen = [row for row in rows if row.kind == kind]
        if chosen:
            cells = [line for row in chosen for line in _flagged_lines(row)]
            yield Table(f"Flagged: {kind}", note, _FLAGGED, cells)


def _flagged_lines(row: FlaggedRow) -> Iterator[list[str]]:
    place = [row.group, row.data_set, row.language, f"{row.n:,}"]
    for name, cell in row.cells.items():
        yield [
            *place,
            name,
            share_cell(cell.flagged),
            "-" if cell.plain is None else percent(cell.plain.share),
            percent(cell.abstained.share),
        ]
        place = [""] * len(place)


def _found(rows: Sequence[RankingRow], flagged: Sequence[FlaggedRow]) -> Iterator[Table]:
    by_group: dict[tuple[str, str, str], list[RankingRow]] = {}
    for row in rows:
        by_group.setdefault((row.harm, row.group, row.data_set), []).append(row)
    for (harm, group, data_set), found in sorted(by_group.items()):
        note = "; ".join(_at_threshold(flagged, group, data_set))
        if found[0].is_inherited:
            note += ". The label is that of the account: no goal."
        yield Table(
            f"Found: {harm}, {group} ({data_set})",
            note,
            _FOUND,
            [line for row in found for line in _found_lines(row)],
        )


def _at_threshold(rows: Iterable[FlaggedRow], group: str, data_set: str) -> Iterator[str]:
    for row in rows:
        if (row.group, row.data_set, row.language) == (group, data_set, "all"):
            for name, cell in row.cells.items():
                yield f"{name} flags {share_cell(cell.flagged)} of {row.n:,}"


def _found_lines(row: RankingRow) -> Iterator[list[str]]:
    place = [f"{row.against} ({row.n_negative:,})", row.surface, row.period]
    for name, figures in row.figures.items():
        yield [
            *place,
            name,
            _recall(figures.recall_1),
            _recall(figures.recall_01),
            f"{_number(figures.average_precision)} ({row.base_rate:.3f})",
            _number(figures.auc),
            _number(figures.calibration_error),
            percent(figures.abstained.share),
        ]
        place = [""] * len(place)


def _accounts(rows: Sequence[AccountRow]) -> Table:
    lines: list[list[str]] = []
    for row in rows:
        place = [
            f"{row.against} ({row.n_negative:,})",
            f"{row.min_posts} to 10",
            row.surface,
            row.period,
        ]
        for name, figures in row.figures.items():
            lines.append([*place, name, *_account_cells(figures)])
            place = [""] * len(place)
    n_most = max(row.n_positive for row in rows)
    note = f"Accounts judged to support a group (at most {n_most:,}), by at most 10 of their posts."
    return Table("Accounts: support", note, _ACCOUNTS, lines)


def _account_cells(figures: Figures) -> list[str]:
    return [
        _recall(figures.recall_1),
        _number(figures.auc),
        share_cell(figures.flagged),
        share_cell(figures.flagged_negatives),
        percent(figures.abstained.share),
    ]


def _recall(found: Recall | None) -> str:
    if found is None:
        return "-"
    return share_cell(found.found) + ("*" if found.is_coarse else "")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def share_cell(share: Share) -> str:
    """A share with its interval, in percent.

    >>> share_cell(Share(k=1, n=50, share=0.02, low=0.0035, high=0.105))
    '2.0 % [0.4-10.5]'
    """
    if not share.n:
        return "-"
    return f"{percent(share.share)} [{_bare(share.low)}-{_bare(share.high)}]"


def percent(share: float) -> str:
    """A share in percent; small ones with two digits.

    >>> percent(0.4567), percent(0.0007), percent(1)
    ('45.7 %', '0.07 %', '100 %')
    """
    return f"{_bare(share)} %"


_SMALL = 0.001


def _bare(share: float) -> str:
    value = share * 100
    if share in {0, 1}:
        return f"{value:.0f}"
    return f"{value:.2f}" if share < _SMALL else f"{value:.1f}"
