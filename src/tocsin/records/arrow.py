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
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
import pyarrow as pa
import pyarrow.json as pa_json
from msgspec.structs import asdict

from tocsin.records.codec import encode_event
from tocsin.records.events import Actor, Event, Post

__all__ = [
    "EVENT_SCHEMA",
    "compact",
    "event_from_row",
    "events_of",
    "events_to_arrow",
    "json_to_arrow",
    "moments",
    "rows_of",
]

SMALL_BATCH = 24
"""Below this many rows Arrow's JSON reader costs more than building from Python values
(measured by `tocsin bench pipeline` at batch 1 and 32)."""

BLOCK_BYTES = 1 << 19
"""Arrow's JSON reader is fastest on pieces that the processor's cache holds."""


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


def events_to_arrow(
    events: Sequence[Event], lines: Sequence[bytes] | None = None
) -> pa.RecordBatch:
    """The events as one record batch in `EVENT_SCHEMA`, in order.

    `lines`, where the caller has them already, are the canonical JSON of the same events.
    """
    if len(events) < SMALL_BATCH:
        return _small_batch(events)
    encoded = b"\n".join(lines if lines is not None else list(map(encode_event, events)))
    found = json_to_arrow(encoded).combine_chunks()
    columns = [
        found.column(field.name).chunk(0)
        if field.name in found.schema.names
        else pa.nulls(len(found), field.type)
        for field in EVENT_SCHEMA
    ]
    return pa.RecordBatch.from_arrays(columns, schema=EVENT_SCHEMA)


def json_to_arrow(lines: bytes) -> pa.Table:
    """Events that stand as lines of canonical JSON, in those columns that one of them has."""
    if len(lines) < BLOCK_BYTES and lines.count(b"\n") < SMALL_BATCH:
        events = [_DECODER.decode(line) for line in lines.split(b"\n") if line]
        found = pa.Table.from_batches([_small_batch(events)])
    else:
        found = _read_json(lines)
    names = [name for name in found.schema.names if found.column(name).null_count < len(found)]
    return found.select(names)


def _small_batch(events: Sequence[Event]) -> pa.RecordBatch:
    rows = [msgspec.to_builtins(event, builtin_types=(datetime,)) for event in events]
    return pa.RecordBatch.from_pylist(rows, schema=EVENT_SCHEMA)


class _Fields:
    """The fields that events had so far: Arrow's reader pays for every one that it is told of.

    Grows only, and changes nothing but how long reading takes.
    """

    def __init__(self) -> None:
        self.schema = pa.schema([])
        self._paths: frozenset[str] = frozenset()

    def learn(self, lines: bytes) -> pa.Schema:
        """Take in the fields of these events; the schema that has them all."""
        found = self._paths.union(
            path
            for line in lines.split(b"\n")
            for key, value in _ANY_DECODER.decode(line).items()
            for path in _paths_of(key, value)
        )
        schema = pa.schema(
            [
                field.with_type(_narrowed(field.name, field.type, found))
                for field in EVENT_SCHEMA
                if field.name in found
            ]
        )
        self._paths, self.schema = found, schema
        return schema


def _paths_of(key: str, value: Any) -> Iterator[str]:
    yield key
    if isinstance(value, dict):
        yield from (f"{key}.{name}" for name in value)


def _narrowed(name: str, full: pa.DataType, paths: AbstractSet[str]) -> pa.DataType:
    if not pa.types.is_struct(full):
        return full
    return pa.struct([field for field in full if f"{name}.{field.name}" in paths])


_FIELDS = _Fields()


def _read_json(lines: bytes) -> pa.Table:
    try:
        found = _read_fields(lines, _FIELDS.schema, "error", BLOCK_BYTES)
    except pa.ArrowInvalid:  # a new field, or a line longer than a piece
        longest = max(map(len, lines.split(b"\n")))
        schema = _FIELDS.learn(lines)
        found = _read_fields(lines, schema, "ignore", max(BLOCK_BYTES, longest + 1))
    return pa.Table.from_batches(
        [
            pa.RecordBatch.from_arrays(
                [
                    _widened(column, EVENT_SCHEMA.field(name).type)
                    for name, column in zip(batch.schema.names, batch.columns, strict=True)
                ],
                names=batch.schema.names,
            )
            for batch in found.to_batches()
        ]
    )


def _read_fields(lines: bytes, schema: pa.Schema, others: str, block_bytes: int) -> pa.Table:
    """Read the fields of a schema; `others` says what another field is: an `error`, or nothing."""
    return pa_json.read_json(
        pa.BufferReader(lines),
        read_options=pa_json.ReadOptions(use_threads=False, block_size=block_bytes),
        parse_options=pa_json.ParseOptions(
            explicit_schema=schema, unexpected_field_behavior=others
        ),
    )


def _widened(column: pa.Array, full: pa.DataType) -> pa.Array:
    """The column with all fields that its type has in `EVENT_SCHEMA`."""
    if not pa.types.is_struct(full):
        return column
    places = {field.name: place for place, field in enumerate(column.type)}
    fields = [
        column.field(places[field.name])
        if field.name in places
        else pa.nulls(len(column), field.type)
        for field in full
    ]
    is_null = column.is_null() if column.null_count else None
    return pa.StructArray.from_arrays(fields, fields=list(full), mask=is_null)


_ANY_DECODER: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(dict[str, Any])
_DECODER: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def rows_of(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """The rows of a record batch as nested dictionaries; times are aware, in UTC."""
    yield from batch.to_pylist()


def events_of(batch: pa.RecordBatch) -> list[Event]:
    """The events of all rows: types and sizes are checked, and nothing else.

    Raises:
        ValueError, OverflowError, pyarrow.ArrowException: a row holds no event; which, is not said.
    """
    rows = _structs(batch.schema.names, batch.columns)
    return msgspec.convert(rows, list[Event])


def _structs(names: Sequence[str], columns: Sequence[pa.Array]) -> list[dict[str, Any]]:
    """One dictionary per row, without what no row has."""
    kept = [pair for pair in zip(names, columns, strict=True) if pair[1].null_count < len(pair[1])]
    if not kept:
        return [{} for _ in range(len(columns[0]) if columns else 0)]
    names = [name for name, _ in kept]
    values = [_values(name, column) for name, column in kept]
    return list(map(asdict, map(_row(tuple(names)), *values)))


@lru_cache(maxsize=64)  # which columns there are, the sender says
def _row(names: tuple[str, ...]) -> type[msgspec.Struct]:
    """A struct of these fields: a dictionary is made faster from one than from two sequences."""
    return msgspec.defstruct("Row", names, gc=False)


def _values(name: str, column: pa.Array) -> list[Any]:
    """The values of a column; null where its field is absent, or its default."""
    kind = column.type
    values: list[Any]
    if pa.types.is_timestamp(kind):
        values = moments(column)
    elif pa.types.is_struct(kind):
        fields = [column.field(place) for place in range(kind.num_fields)]
        values = _structs([field.name for field in kind], fields)
        if column.null_count:
            valid = column.is_valid().to_pylist()
            values = [value if ok else None for value, ok in zip(values, valid, strict=True)]
    elif pa.types.is_nested(kind) and pa.types.is_struct(kind.value_type):
        values = [compact(value) for value in column.to_pylist()]
    else:
        values = column.to_pylist()
    if column.null_count and name in _DEFAULTS:
        default = _DEFAULTS[name]
        values = [default if value is None else value for value in values]
    return values


def moments(column: pa.Array) -> list[datetime | None]:
    """Times as Python has them: Arrow's own way asks for the time zone of each."""
    ticks = column.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
    spans = ticks.fill_null(0).to_numpy().astype("timedelta64[us]").tolist()
    if not column.null_count:
        return [_EPOCH + span for span in spans]
    valid = column.is_valid().to_pylist()
    return [_EPOCH + span if ok else None for span, ok in zip(spans, valid, strict=True)]


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DEFAULTS = {
    field.name: field.default
    for struct in (Actor, Post, *get_args(Event))
    for field in msgspec.structs.fields(struct)
    if field.default not in (None, msgspec.NODEFAULT)
}
"""What a null stands for in a field that may be absent but not null."""


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
