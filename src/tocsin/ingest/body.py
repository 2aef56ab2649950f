"""HTTP bodies in, the same items out as from a file.

Comes in: a body and its content type: JSON lines, a JSON array (or a single object), or an
Arrow IPC stream of any columns of `EVENT_SCHEMA`. Goes out: `Line`s, `RefusedLine`s and `Row`s.
Always holds: elements of an array and rows are handed on one by one; memory stays near a small
multiple of the body's own size. Refused, as a whole, with `InputError`: other content types,
bodies beyond the limits, an array that is not JSON, and Arrow streams with foreign columns,
compressed or dictionary-encoded buffers, or contents that do not hold together.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import msgspec
import pyarrow as pa

from tocsin.errors import InputError
from tocsin.ingest.arrowstream import check_messages, check_schema
from tocsin.ingest.lines import BYTE_ORDER_MARK, Item, Line, LineReader, Rows
from tocsin.records import MAX_NESTING

__all__ = ["CONTENT_TYPES", "BodyLimits", "read_body"]

NDJSON = "application/x-ndjson"
JSON = "application/json"
ARROW = "application/vnd.apache.arrow.stream"

CONTENT_TYPES = (NDJSON, JSON, ARROW)

_ROWS_AT_ONCE = 4_096  # looked at together; a row that is not plain costs its neighbours time
_ARRAY_FAULTS: dict[type, str] = {
    UnicodeDecodeError: "it is not valid UTF-8",
    RecursionError: f"it is nested deeper than {MAX_NESTING} levels",
}
_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyLimits:
    """What one request may bring; split larger ones."""

    max_bytes: int = 64 * 1024 * 1024
    max_events: int = 1_000_000


def read_body(
    body: bytes, content_type: str, *, source: str, limits: BodyLimits | None = None
) -> Iterator[Item]:
    """The items of a body.

    Raises:
        InputError: the body as a whole cannot be read; raised before any item is given, save
            that of an Arrow stream whose later batches do not hold together.
    """
    limits = limits or BodyLimits()
    if len(body) > limits.max_bytes:
        raise InputError(
            f"the body has {len(body):,} bytes and may have {limits.max_bytes:,}",
            where=source,
            hint="send it in parts",
        )
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == NDJSON:
        return chain.from_iterable(LineReader(io.BytesIO(body), source=source).groups())
    if media_type == JSON:
        return _json_items(body, source, limits)
    if media_type == ARROW:
        return _arrow_items(body, source, limits)
    raise InputError(
        "the content type is not one that events come in",
        where=source,
        hint=f"use one of {', '.join(CONTENT_TYPES)}",
    )


def _json_items(body: bytes, source: str, limits: BodyLimits) -> Iterator[Item]:
    body = body.removeprefix(BYTE_ORDER_MARK).strip()
    if not body.startswith(b"["):
        return iter((Line(source, 0, 1, body),) if body else ())
    try:
        elements = _ELEMENTS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            f"the body is not a JSON array: {_ARRAY_FAULTS.get(type(error), error)}",
            where=source,
            hint=f"one bad element spoils an array; send {NDJSON} to have each judged alone",
        ) from None
    _check_count(len(elements), source, limits)
    return (
        Line(source, index, index + 1, bytes(element)) for index, element in enumerate(elements)
    )


def _arrow_items(body: bytes, source: str, limits: BodyLimits) -> Iterator[Item]:
    try:
        check_messages(body)
        reader = pa.ipc.open_stream(io.BytesIO(body))
        check_schema(reader.schema)
        batches = []
        n_rows = 0
        for batch in reader:
            n_rows += batch.num_rows
            _check_count(n_rows, source, limits)
            batch.validate(full=True)
            batches.append(batch)
    except (pa.ArrowException, OSError, ValueError) as error:
        kind = type(error).__name__
        raise InputError(
            f"the body is not a readable Arrow IPC stream ({kind})",
            where=source,
            hint="write it with an IPC stream writer, without compression and dictionaries",
        ) from None
    return _rows(batches, source)


def _rows(batches: list[pa.RecordBatch], source: str) -> Iterator[Item]:
    index = 0
    for batch in batches:
        yield from Rows(source, index, batch).cut(_ROWS_AT_ONCE, _ROWS_AT_ONCE)
        index += batch.num_rows


def _check_count(n_events: int, source: str, limits: BodyLimits) -> None:
    if n_events > limits.max_events:
        raise InputError(
            f"the body has more than {limits.max_events:,} events",
            where=source,
            hint="send it in parts",
        )
