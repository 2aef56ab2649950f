"""Columns of posts in, their canonical JSON out, without a struct per event.

Comes in: a record batch in columns of `EVENT_SCHEMA` as a sender made it. Goes out: the same events
in the types of `EVENT_SCHEMA`, and the line that `encode_event` would give for each. Always holds:
what comes out is what the events read one by one would give
(`tests/property/test_arrowlines.py`); sizes, ranges and defaults are read from the structs in
`events`. Refused: nothing; where a row is anything but a post that is accepted just as it is, the
answer is None, and the caller reads the rows as events, which says what is wrong with which.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Final, Literal, NamedTuple, Union, get_args, get_origin

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tocsin.records.arrow import EVENT_SCHEMA
from tocsin.records.codec import (
    CLOCK_SKEW,
    EARLIEST,
    MAX_LINE_BYTES,
    EventPolicy,
)
from tocsin.records.events import ACCEPTED_VISIBILITIES, POST_EVENTS, Actor, Post
from tocsin.records.times import to_us

__all__ = ["plain_posts"]


def plain_posts(
    batch: pa.RecordBatch, *, now: datetime, policy: EventPolicy
) -> tuple[pa.RecordBatch, list[bytes]] | None:
    """The columns that say anything, and the canonical JSON of each row.

    None where a row is no post, or would be refused or changed: `decode_event` knows which and why.
    """
    if policy.allow_fields or not batch.num_rows:
        return None
    try:
        columns = _declared(batch)
        _check_tops(columns, policy)
        lines = _lines(columns, _Moments(to_us(EARLIEST), to_us(now + CLOCK_SKEW)))
    except (_NotPlainError, pa.ArrowException, OverflowError):
        return None
    if max(map(len, lines)) > MAX_LINE_BYTES:
        return None
    schema = pa.schema([EVENT_SCHEMA.field(name) for name in columns])
    return pa.RecordBatch.from_arrays(list(columns.values()), schema=schema), lines


class _NotPlainError(Exception):
    """Some row needs a closer look."""


class _Moments(NamedTuple):
    """The times that are accepted, in microseconds, both included."""

    first: int
    last: int


class _Field(NamedTuple):
    """What the structs say of one field."""

    name: str
    kind: Any
    limits: tuple[msgspec.Meta, ...]
    inner: _Field | None
    default: Any

    @property
    def max_length(self) -> int:
        """The most characters or items."""
        return min(meta.max_length for meta in self.limits if meta.max_length is not None)

    @property
    def min_length(self) -> int:
        """The fewest characters."""
        return max((meta.min_length or 0 for meta in self.limits), default=0)


@cache
def _fields(struct: type[msgspec.Struct]) -> tuple[_Field, ...]:
    hints = typing.get_type_hints(struct, include_extras=True)
    return tuple(
        _field(field.name, hints[field.name], field.default)
        for field in msgspec.structs.fields(struct)
    )


def _field(name: str, hint: Any, default: Any, limits: tuple[msgspec.Meta, ...] = ()) -> _Field:
    origin = get_origin(hint)
    if origin is Annotated:
        inner, *notes = get_args(hint)
        return _field(name, inner, default, (*limits, *notes))
    if origin in (Union, types.UnionType):
        (inner,) = (arg for arg in get_args(hint) if arg is not type(None))
        return _field(name, inner, default, limits)
    if origin is tuple:
        item = _field("", get_args(hint)[0], msgspec.NODEFAULT)
        return _Field(name, tuple, limits, item, default)
    return _Field(name, hint, limits, None, default)


_TOP_FIELDS: Final = tuple(field.name for field in _fields(POST_EVENTS[0]))
_TAGS: Final = frozenset(str(kind.__struct_config__.tag) for kind in POST_EVENTS)
_PARTS: Final[Mapping[str, type[msgspec.Struct]]] = {"actor": Actor, "post": Post}


def _declared(batch: pa.RecordBatch) -> dict[str, pa.Array]:
    """The columns that say anything, in the types of `EVENT_SCHEMA`."""
    return {
        name: _cast(column, EVENT_SCHEMA.field(name).type)
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
        if column.null_count < len(column)
    }


def _cast(column: pa.Array, wanted: pa.DataType) -> pa.Array:
    if column.type == wanted:
        return column
    if not pa.types.is_struct(wanted):
        return column.cast(wanted)
    given = {field.name: place for place, field in enumerate(column.type)}
    fields = [
        _cast(column.field(given[field.name]), field.type)
        if field.name in given
        else pa.nulls(len(column), field.type)
        for field in wanted
    ]
    mask = column.is_null() if column.null_count else None
    return pa.StructArray.from_arrays(fields, fields=list(wanted), mask=mask)


def _check_tops(columns: Mapping[str, pa.Array], policy: EventPolicy) -> None:
    """Look at what is said of every row, and by rows that must not say it."""
    needed = ("type", "id", "post")
    if any(name not in columns or columns[name].null_count for name in needed):
        raise _NotPlainError
    if not columns.keys() <= {"type", *_TOP_FIELDS} - {"extra"}:
        raise _NotPlainError
    if not _TAGS.issuperset(pc.unique(columns["type"]).to_pylist()):
        raise _NotPlainError
    shown = {*pc.unique(columns["post"].field("visibility")).to_pylist()} - {None}
    if not policy.accept_non_public and not shown <= ACCEPTED_VISIBILITIES:
        raise _NotPlainError


def _lines(columns: Mapping[str, pa.Array], moments: _Moments) -> list[bytes]:
    parts: list[Any] = ['{"type":"', columns["type"], '"']
    for field in _fields(POST_EVENTS[0]):
        if field.name in columns:
            column = columns[field.name]
            struct = _PARTS.get(field.name)
            if struct is None:
                parts += _member(field, column, 0, moments)
            else:
                parts += _part_member(field.name, struct, column, moments)
    joined = _joined([*parts, "}\n"])
    lines = _data(joined).tobytes().split(b"\n")
    lines.pop()
    return lines


def _part_member(
    name: str, struct: type[msgspec.Struct], column: pa.Array, moments: _Moments
) -> list[Any]:
    """An object of each row, where it has one."""
    leaves = column.flatten() if column.null_count else _children(column)
    inside = _object(struct, column.type, leaves, column.null_count, moments)
    if not inside:  # objects without any content: an actor that is nobody
        raise _NotPlainError
    parts = [f',"{name}":{{', *inside, "}"]
    if isinstance(inside[0], pa.Array):
        is_empty = pc.and_(pc.equal(inside[0], _literal("")), column.is_valid())
        if pc.any(is_empty).as_py():
            raise _NotPlainError
    if not column.null_count:
        return parts
    return [pc.if_else(column.is_valid(), _joined(parts), _NOTHING)]


def _children(column: pa.StructArray) -> list[pa.Array]:
    return [column.field(place) for place in range(column.type.num_fields)]


def _object(
    struct: type[msgspec.Struct],
    kind: pa.StructType,
    leaves: Sequence[pa.Array],
    n_absent: int,
    moments: _Moments,
) -> list[Any]:
    """What stands between the braces of an object, in pieces; null where there is no object.

    The first piece is a column only where a row may have nothing between its braces.
    """
    given = dict(zip([field.name for field in kind], leaves, strict=True))
    pieces: list[Any] = []
    for field in _fields(struct):
        leaf = given[field.name]
        if leaf.null_count < len(leaf):
            pieces += _member(field, leaf, n_absent, moments)
        elif field.default is msgspec.NODEFAULT:
            raise _NotPlainError
    if not pieces:
        return pieces
    if isinstance(pieces[0], str):
        return [pieces[0].removeprefix(","), *pieces[1:]]
    whole = _joined(pieces)  # which member comes first differs by row: each begins with a comma
    return [pc.utf8_slice_codeunits(whole, start=1)]


def _member(field: _Field, column: pa.Array, n_absent: int, moments: _Moments) -> list[Any]:
    """A field with its name, in pieces: one that is null where the field is not written."""
    if field.default is msgspec.NODEFAULT and column.null_count > n_absent:
        raise _NotPlainError
    before, values, after = _values(field, column, moments)
    if values is None:
        return []
    start = f',"{field.name}":{before}'
    if values.null_count == n_absent:
        return [start, values, after]
    made = pc.binary_join_element_wise(_literal(start), values, _literal(after), _literal(""))
    return [made]


def _values(field: _Field, column: pa.Array, moments: _Moments) -> tuple[str, pa.Array | None, str]:
    """The values of a field as JSON, and what stands around each; None where all are defaults."""
    if field.kind is tuple:
        return _lists(field, column, moments)
    if field.kind is str:
        return '"', _text(field, column), '"'
    if field.kind is int:
        return "", _count(field, column), ""
    if field.kind is datetime:
        return '"', _time(column, moments), '"'
    if get_origin(field.kind) is Literal:
        return '"', _choice(field, column), '"'
    raise _NotPlainError


def _text(field: _Field, column: pa.Array) -> pa.Array:
    """Texts as they stand between the quotes of JSON."""
    offsets, data = _offsets(column), _data(column)
    lengths = np.diff(offsets)
    # a character takes one byte or more: characters are counted only where bytes may be too many
    is_near = lengths.max() > field.max_length or lengths.min() < field.min_length
    if is_near and not _has_lengths(field, pc.min_max(pc.utf8_length(column)).as_py()):
        raise _NotPlainError
    places = np.flatnonzero((data < _SPACE) | (data == _QUOTE) | (data == _BACKSLASH))
    if not len(places):
        return column
    if not data[places].all():  # a NUL character
        raise _NotPlainError
    rows = np.unique(np.searchsorted(offsets - offsets[0], places, side="right") - 1)
    return _with_escapes(column, rows)


def _has_lengths(field: _Field, found: Mapping[str, int]) -> bool:
    return field.min_length <= found["min"] and found["max"] <= field.max_length


def _with_escapes(column: pa.Array, rows: npt.NDArray[np.int64]) -> pa.Array:
    """The column with some of its texts escaped as the encoder does it."""
    values = column.take(pa.array(rows)).to_pylist()
    encoded = _ENCODER.encode_lines(values)[:-1].decode().split("\n")
    escaped = [
        None if value is None else line[1:-1] for value, line in zip(values, encoded, strict=True)
    ]
    is_special = np.zeros(len(column), np.bool_)
    is_special[rows] = True
    return pc.replace_with_mask(column, _flags(is_special), pa.array(escaped, pa.string()))


def _count(field: _Field, column: pa.Array) -> pa.Array:
    found = pc.min_max(column).as_py()
    for meta in field.limits:
        if meta.ge is not None and found["min"] < meta.ge:
            raise _NotPlainError
        if meta.le is not None and found["max"] > meta.le:
            raise _NotPlainError
    return column.cast(pa.string())


def _time(column: pa.Array, moments: _Moments) -> pa.Array:
    """Times as the encoder writes them: a fraction only where there is one."""
    ticks = column.cast(pa.int64())
    found = pc.min_max(ticks).as_py()
    if found["min"] < moments.first or found["max"] > moments.last:
        raise _NotPlainError
    whole = ticks.fill_null(0) if column.null_count else ticks
    texts = whole.cast(_LOCAL_TIME).cast(pa.string())  # without a zone, which would cost the most
    n_rows = len(column)
    chars = np.empty((n_rows, len(_PATTERN)), np.uint8)
    chars[:, :-1] = _data(texts).reshape(n_rows, len(_PATTERN) - 1)
    chars[:, _PATTERN.index("T")] = ord("T")
    chars[:, -1] = ord("Z")
    has_fraction = whole.to_numpy() % 1_000_000 != 0
    if has_fraction.any():
        is_kept = np.ones(chars.shape, np.bool_)
        is_kept[~has_fraction, _FRACTION] = False
        ends = np.cumsum(is_kept.sum(axis=1), dtype=np.int32)
        kept = chars[is_kept]
    else:
        kept = np.delete(chars, _FRACTION, axis=1)
        ends = np.arange(1, n_rows + 1, dtype=np.int32) * kept.shape[1]
        kept = kept.reshape(-1)
    offsets = np.concatenate((np.zeros(1, np.int32), ends.astype(np.int32)))
    made = pa.StringArray.from_buffers(n_rows, pa.py_buffer(offsets), pa.py_buffer(kept))
    if not column.null_count:
        return made
    return pc.if_else(column.is_valid(), made, _NOTHING)


def _choice(field: _Field, column: pa.Array) -> pa.Array | None:
    found = {*pc.unique(column).to_pylist()} - {None}
    if not found <= {*get_args(field.kind)}:
        raise _NotPlainError
    if found <= {field.default}:
        return None
    if field.default not in found:
        return column
    return pc.if_else(pc.equal(column, _literal(field.default)), _NOTHING, column)


def _lists(field: _Field, column: pa.Array, moments: _Moments) -> tuple[str, pa.Array | None, str]:
    """Lists of texts or of objects; an empty one is not written."""
    items = column.flatten()
    if not len(items):
        return "", None, ""
    lengths = column.value_lengths().fill_null(0).to_numpy()
    if items.null_count or lengths.max() > field.max_length:
        raise _NotPlainError
    inner = typing.cast("_Field", field.inner)
    before, between, after = ("[", ",", "]")
    if inner.kind is str:
        before, between, after = '["', '","', '"]'
        written = _text(inner, items)
    else:
        inside = _object(inner.kind, items.type, _children(items), 0, moments)
        written = _joined(["{", *inside, "}"]) if inside else pa.array(["{}"] * len(items))
    offsets = np.concatenate((np.zeros(1, np.int32), np.cumsum(lengths, dtype=np.int32)))
    starts = pa.Array.from_buffers(pa.int32(), len(offsets), [None, pa.py_buffer(offsets)])
    joined = pc.binary_join(pa.ListArray.from_arrays(starts, written), _literal(between))
    if not lengths.all():
        joined = pc.if_else(_flags(lengths > 0), joined, _NOTHING)
    return before, joined, after


def _joined(pieces: Iterable[Any]) -> pa.Array:
    """The pieces of each row together, without those that are null."""
    merged: list[Any] = []
    for piece in pieces:
        if merged and isinstance(piece, str) and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    if not any(isinstance(piece, str) for piece in merged):
        merged.append("")  # Arrow drops a row of nulls only, where nulls are skipped
    texts = [_literal(piece) if isinstance(piece, str) else piece for piece in merged]
    return pc.binary_join_element_wise(*texts, _literal(""), null_handling="skip")


@cache
def _literal(text: str) -> pa.Scalar:
    """A piece that all rows have; there are as many as the structs have names of fields."""
    return pa.scalar(text, pa.string())


def _flags(values: npt.NDArray[np.bool_]) -> pa.BooleanArray:
    bits = np.packbits(values, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(bits)])


def _offsets(column: pa.Array) -> npt.NDArray[np.int32]:
    start = column.offset
    return np.frombuffer(column.buffers()[1], np.int32)[start : start + len(column) + 1]


def _data(column: pa.Array) -> npt.NDArray[np.uint8]:
    """The bytes of all texts, one after the other."""
    offsets, buffer = _offsets(column), column.buffers()[2]
    if buffer is None:
        return np.zeros(0, np.uint8)
    return np.frombuffer(buffer, np.uint8)[offsets[0] : offsets[-1]]


_ENCODER: Final = msgspec.json.Encoder()
_SPACE, _QUOTE, _BACKSLASH = b' "\\'
_NOTHING: Final = pa.scalar(None, pa.string())
_LOCAL_TIME: Final = pa.timestamp("us")
_PATTERN: Final = "1990-01-01T00:00:00.000000Z"
"""A time with a fraction: as long for all times that are accepted."""
_FRACTION: Final = slice(_PATTERN.index("."), -1)
