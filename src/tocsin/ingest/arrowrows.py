"""Rows of Arrow record batches in, events out.

Comes in: rows in columns of `EVENT_SCHEMA`. Goes out: their events together, or each row by
itself. Always holds: both ways give the same events. Refused: a time that no calendar has; what
else a row may not hold is `codec.convert_event`'s matter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime

import pyarrow as pa

from tocsin.ingest.lines import RefusedLine, Row, Rows
from tocsin.records import (
    MAX_LINE_BYTES,
    Event,
    EventPolicy,
    Refusal,
    are_plain,
    encode_events,
    events_of,
    rows_of,
)

__all__ = ["one_by_one", "together"]

_BACKSLASH = b"\\"
_NUL = b"\\u0000"


def together(
    rows: Rows, *, now: datetime, policy: EventPolicy
) -> tuple[list[Event], list[bytes]] | None:
    """The events of all rows, with their canonical JSON; None where a row needs a closer look."""
    try:
        events = events_of(rows.batch)
    except (ValueError, OverflowError, pa.ArrowException):
        return None
    if policy.allow_fields or not events or not are_plain(events, now=now, policy=policy):
        return None
    lines = encode_events(events)
    if max(map(len, lines)) > MAX_LINE_BYTES:
        return None
    escaped = [line for line in lines if _BACKSLASH in line]
    return None if [line for line in escaped if _NUL in line] else (events, lines)


def one_by_one(rows: Rows) -> Iterator[Row | RefusedLine]:
    """Each row as Python values."""
    source, batch = rows.source, rows.batch
    try:
        values = list(rows_of(batch))
    except (ValueError, OverflowError):
        for place in range(batch.num_rows):
            yield _careful_row(batch.slice(place, 1), source, rows.offset + place)
    else:
        for place, value in enumerate(values, start=rows.offset):
            yield Row(source, place, place + 1, value)


def _careful_row(one: pa.RecordBatch, source: str, index: int) -> Row | RefusedLine:
    """One row, where one of its neighbours, or it, holds a time that no calendar has."""
    try:
        (value,) = rows_of(one)
    except (ValueError, OverflowError):
        return RefusedLine(
            source=source,
            offset=index,
            number=index + 1,
            reason=Refusal.TIME,
            message="a time of the row lies outside the years 1 to 9999",
            excerpt=b"",
            digest=hashlib.sha256(one.serialize().to_pybytes()).hexdigest(),
            is_whole=False,
        )
    return Row(source, index, index + 1, value)
