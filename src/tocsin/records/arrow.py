"""Events as Arrow columns.

Comes in: events, or a record batch in `EVENT_SCHEMA` (any subset of its columns). Goes out:
the other of the two. Always holds: the schema is derived from the structs in `events`, one
column per top-level field over all event types; an absent value, an empty list and a default
are all null in Arrow and come back as the default, so that the canonical JSON of an event can
be rebuilt from its row. Refused: nothing here; `codec.convert_event` validates rows.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from io import BytesIO
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
import pyarrow as pa
import pyarrow.json as pa_json

from tocsin.records.codec import encode_event
from tocsin.records.events import Event

__all__ = [
    "EVENT_SCHEMA",
    "compact",
    "event_from_row",
    "events_to_arrow",
    "lines_to_arrow",
    "rows_of",
]

SMALL_BATCH = 24
"""Below this many rows Arrow's JSON reader costs more than building from Python values
(measured by `tocsin bench pipeline` at batch 1 and 32)."""


def _field_types(struct: type[msgspec.Struct]) -> dict[str, Any]:
    hints = typing.get_type_hints(struct, include_extras=True)
    return {field.name: hints[field.name] for field in msgspec.structs.fields(struct)}


def _arrow_type(hint: Any) -> pa.DataType:
    origin = get_origin(hint)
    if origin is Annotated:
        return _arrow_type(get_args(hint)[0])
    if origin in (Union, types.UnionType):
        (inner,) = (arg for arg in get_args(hint) if arg is not type(None))
        return _arrow_type(inner)
    if origin is tuple:
        return pa.list_(_arrow_type(get_args(hint)[0]))
    if origin is Literal:
        return pa.string()
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return pa.struct([(name, _arrow_type(h)) for name, h in _field_types(hint).items()])
    return {
        str: pa.string(),
        int: pa.int64(),
        bool: pa.bool_(),
        datetime: pa.timestamp("us", tz="UTC"),
    }[hint]


def _merged(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    if not pa.types.is_struct(one):
        return one
    fields = {field.name: field.type for field in one}
    for field in other:
        fields.setdefault(field.name, field.type)
    return pa.struct(list(fields.items()))


@cache
def _event_schema() -> pa.Schema:
    columns: dict[str, pa.DataType] = {"type": pa.string()}
    for struct in get_args(Event):
        for name, hint in _field_types(struct).items():
            arrow_type = _arrow_type(hint)
            columns[name] = _merged(columns[name], arrow_type) if name in columns else arrow_type
    return pa.schema(list(columns.items()))


EVENT_SCHEMA: pa.Schema = _event_schema()
"""One row per event; columns are the top-level fields of every event type."""


_PREFIX = b'{"type":"'

_COLUMNS_OF_TYPE = {
    str(struct.__struct_config__.tag).encode(): frozenset(_field_types(struct)) | {"type"}
    for struct in get_args(Event)
}


def events_to_arrow(
    events: Sequence[Event], lines: Sequence[bytes] | None = None
) -> pa.RecordBatch:
    """The events as one record batch in `EVENT_SCHEMA`, in order.

    `lines`, where the caller has them already, are the canonical JSON of the same events.
    """
    if len(events) < SMALL_BATCH:
        rows = [msgspec.to_builtins(event, builtin_types=(datetime,)) for event in events]
        return pa.RecordBatch.from_pylist(rows, schema=EVENT_SCHEMA)
    found = lines_to_arrow(lines if lines is not None else list(map(encode_event, events)))
    columns = [
        found.column(field.name)
        if field.name in found.schema.names
        else pa.nulls(len(found), field.type)
        for field in EVENT_SCHEMA
    ]
    return pa.RecordBatch.from_arrays(columns, schema=EVENT_SCHEMA)


def lines_to_arrow(lines: Sequence[bytes]) -> pa.RecordBatch:
    """Events that stand as canonical JSON, in order, in those columns that their types have.

    Most batches hold one or two types of event: reading the others' columns, all nulls, would
    cost as much again.
    """
    schema = _schema_of(lines)
    if len(lines) < SMALL_BATCH:
        events = [_DECODER.decode(line) for line in lines]
        rows = [msgspec.to_builtins(event, builtin_types=(datetime,)) for event in events]
        return pa.RecordBatch.from_pylist(rows, schema=schema)
    encoded = b"\n".join(lines)
    table = pa_json.read_json(
        BytesIO(encoded),
        read_options=pa_json.ReadOptions(use_threads=False, block_size=len(encoded) + 1),
        parse_options=pa_json.ParseOptions(
            explicit_schema=schema, unexpected_field_behavior="ignore"
        ),
    )
    (batch,) = table.combine_chunks().to_batches()
    return batch


def _schema_of(lines: Sequence[bytes]) -> pa.Schema:
    """The columns that the types of these events have; `type` is the first key of each line."""
    start = len(_PREFIX)
    types = {line[start : line.index(b'"', start)] for line in lines}
    names = frozenset({"type"}).union(*(_COLUMNS_OF_TYPE[name] for name in types))
    return pa.schema([field for field in EVENT_SCHEMA if field.name in names])


_DECODER: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def rows_of(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """The rows of a record batch as nested dictionaries; times are aware, in UTC."""
    yield from batch.to_pylist()


def event_from_row(row: dict[str, Any]) -> Event:
    """An event that was validated before, from its row: nulls become defaults."""
    return msgspec.convert(compact(row), Event)  # type: ignore[no-any-return]  # no stubs for unions


def compact(value: Any) -> Any:
    """A value of Arrow without its nulls, as JSON would leave them out."""
    if isinstance(value, dict):
        return {key: compact(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [compact(item) for item in value]
    return value
