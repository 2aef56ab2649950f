"""Pages of lists: cursors and limits.

Comes in: the `cursor` and `limit` of a query. Goes out: where to go on. Always holds: a cursor
names the last row that was seen, so that nothing is shown twice or left out while new rows come
in at the top. Refused: cursors that we did not make.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from tocsin.errors import InputError

__all__ = ["Cursor", "Limit", "PageNumber", "join_cursor", "split_cursor"]

_MAX_NUMBER = 2**62

Limit = Annotated[int, Query(ge=1, le=500, description="Rows on this page.")]
Cursor = Annotated[
    str | None, Query(max_length=64, description="`next` of the page before; absent: the first.")
]
PageNumber = Annotated[int, Query(ge=1, le=10_000, description="Page, from 1.")]


def join_cursor(position: int, ordinal: int) -> str:
    """The cursor after the row at this place.

    >>> join_cursor(12, 3)
    '12.3'
    """
    return f"{position}.{ordinal}"


def split_cursor(cursor: str | None) -> tuple[int, int] | None:
    """The place that a cursor names.

    Raises:
        InputError: it is none of ours.
    """
    if not cursor:
        return None
    position, _, ordinal = cursor.partition(".")
    for part in (position, ordinal):
        if not (part.isascii() and part.isdigit()) or int(part) > _MAX_NUMBER:
            raise InputError("the cursor is not one that we gave", where="cursor")
    return int(position), int(ordinal)
