"""Columns of events from their canonical JSON, for the archive: the quick way where there is one.

Comes in: lines of canonical JSON that we wrote. Goes out: what `json_to_arrow` makes of them,
column by column equal (`tests/property/test_linecolumns.py`). Always holds: posts without media
are taken apart by compiled code where numba is installed (`tocsin[fast]`); all other events by
Arrow's own reader, and where these are many, all of them. Refused: nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tocsin.records import EVENT_SCHEMA, json_to_arrow

__all__ = ["lines_to_columns"]

FEW_BYTES: Final = 1 << 14
"""A few dozen lines cost less in Arrow's reader than in arrays."""

PIECE_BYTES: Final = 1 << 20
"""Lines that are taken apart together."""

MAX_OTHER_SHARE: Final = 0.25
"""Putting rows back between others costs more than the quick way saves, from about here on."""

ITEMS_PER_LINE: Final = 4
"""Room for items of a list; rows beyond it are left to Arrow's reader."""

_PADDING: Final = b"\n" * 64
"""More than a time is long."""

_TOPS: Final = ("type", "id", "at", "actor", "post")
_OBJECTS: Final = ("actor", "post")
_MICROSECONDS: Final = pa.timestamp("us", tz="UTC")


def lines_to_columns(lines: bytes) -> pa.Table:
    """Events that stand as lines of canonical JSON, in those columns that one of them has."""
    kernel = _kernel()
    if kernel is None or len(lines) < FEW_BYTES:
        return json_to_arrow(lines)
    tables = []
    for piece in _pieces(lines):
        table = _table(kernel, piece)
        if table is None:
            return json_to_arrow(lines)
        tables.append(table)
    whole = pa.concat_tables(tables, promote_options="default")
    names = [name for name in EVENT_SCHEMA.names if name in whole.schema.names]
    return whole.select(names)


@cache
def _kernel() -> ModuleType | None:
    try:
        from tocsin.store import linescan  # noqa: PLC0415  # numba is an extra
    except ImportError:
        return None
    return linescan


def _pieces(lines: bytes) -> Iterator[bytes]:
    """The lines in pieces of about `PIECE_BYTES`, none cut in two."""
    start = 0
    while start < len(lines):
        end = lines.find(b"\n", start + PIECE_BYTES)
        end = len(lines) if end < 0 else end
        yield lines[start:end]
        start = end + 1


class _Shape:
    """The fields that the compiled code knows, and the place that each has among its kind."""

    def __init__(self, kernel: ModuleType) -> None:
        self.place_of: dict[tuple[str, str], int] = {}
        self.n_places = {kernel.STRING: 0, kernel.INT: 0, kernel.LIST: 0}
        kinds: list[int] = []
        places: list[int] = []
        names: list[bytes] = []
        first: list[int] = []
        for top in ("", *_OBJECTS):
            first.append(len(kinds))
            for field in _fields(top):
                kind = _kind_of(kernel, field)
                if kind == kernel.OBJECT:
                    place = 1 + _OBJECTS.index(field.name)
                else:
                    counted = kernel.INT if kind == kernel.TIME else kind
                    place = self.n_places[counted]
                    self.n_places[counted] += 1
                self.place_of[top, field.name] = place
                kinds.append(kind)
                places.append(place)
                names.append(f'"{field.name}"'.encode())
        name_starts = np.cumsum([0, *map(len, names)])
        columns = (name_starts, kinds, places, first, [*first[1:], len(kinds)])
        self.tables = kernel.Tables(
            np.frombuffer(b"".join(names), np.uint8),
            *(np.array(column, np.int64) for column in columns),
        )

    def room(self, kernel: ModuleType, n_rows: int) -> Any:
        """Where the compiled code puts what it finds in so many lines."""
        n_texts, n_numbers, n_lists = self.n_places.values()
        n_items = ITEMS_PER_LINE * n_rows
        return kernel.Found(
            starts=np.full((n_texts, n_rows), -1, np.int32),
            ends=np.full((n_texts, n_rows), -1, np.int32),
            numbers=np.zeros((n_numbers, n_rows), np.int64),
            is_known=np.zeros((n_numbers, n_rows), np.bool_),
            list_starts=np.full((n_lists, n_rows), -1, np.int32),
            list_ends=np.full((n_lists, n_rows), -1, np.int32),
            item_starts=np.empty((n_lists, n_items), np.int32),
            item_ends=np.empty((n_lists, n_items), np.int32),
            n_items=np.zeros(n_lists, np.int64),
            has_escapes=np.zeros(n_texts, np.bool_),
            has_object=np.zeros((len(_OBJECTS), n_rows), np.bool_),
            is_other=np.zeros(n_rows, np.bool_),
        )


@cache
def _shape(kernel: ModuleType) -> _Shape:
    return _Shape(kernel)


def _fields(top: str) -> list[pa.Field]:
    """The fields of a level that the compiled code takes apart."""
    if not top:
        return [EVENT_SCHEMA.field(name) for name in _TOPS]
    return [field for field in EVENT_SCHEMA.field(top).type if field.name != "media"]


def _kind_of(kernel: ModuleType, field: pa.Field) -> int:
    kinds = {
        pa.string(): kernel.STRING,
        pa.int64(): kernel.INT,
        _MICROSECONDS: kernel.TIME,
        pa.list_(pa.string()): kernel.LIST,
    }
    return int(kinds.get(field.type, kernel.OBJECT))


def _table(kernel: ModuleType, lines: bytes) -> pa.Table | None:
    """The events of a piece; None where the quick way is none."""
    data = np.frombuffer(lines + _PADDING[len(lines) % 8 :], np.uint8)  # whole words
    quotes = np.empty(len(data), np.int32)
    n_quotes = kernel.marks(data, data.view(np.uint64), quotes)
    quotes[n_quotes : n_quotes + 3] = len(lines)
    ends = np.flatnonzero(data[: len(lines) + 1] == ord("\n"))
    starts = np.concatenate((np.zeros(1, np.int64), ends[:-1] + 1))
    shape = _shape(kernel)
    found = shape.room(kernel, len(starts))
    kernel.scan(data, starts, ends, quotes, shape.tables, found)
    others = np.flatnonzero(found.is_other)
    if len(others) > MAX_OTHER_SHARE * len(starts):
        return None
    try:
        taken = _Columns(kernel, shape, data, found).table()
    except _NotOursError:
        return None
    if not len(others):
        return taken
    left = b"\n".join([lines[starts[row] : ends[row]] for row in others.tolist()])
    both = [taken.filter(pa.array(~found.is_other)), json_to_arrow(left)]
    order = np.empty(len(starts), np.int64)
    order[np.concatenate((np.flatnonzero(~found.is_other), others))] = np.arange(len(starts))
    return pa.concat_tables(both, promote_options="default").combine_chunks().take(pa.array(order))


class _NotOursError(Exception):
    """An escape stands in a text that our own writer never writes."""


class _Columns:
    """Arrow's arrays of what was found."""

    def __init__(
        self, kernel: ModuleType, shape: _Shape, data: npt.NDArray[np.uint8], found: Any
    ) -> None:
        self._kernel = kernel
        self._shape = shape
        self._data = data
        self._found = found
        self._n_rows = len(found.is_other)

    def table(self) -> pa.Table:
        """All rows, those that were left out with nothing in them."""
        columns = {name: self._column("", EVENT_SCHEMA.field(name)) for name in _TOPS}
        kept = {name: column for name, column in columns.items() if column.null_count < len(column)}
        schema = pa.schema([EVENT_SCHEMA.field(name) for name in kept])
        return pa.Table.from_arrays(list(kept.values()), schema=schema)

    def _column(self, top: str, field: pa.Field) -> pa.Array:
        place = self._shape.place_of.get((top, field.name))
        if place is None:
            return pa.nulls(self._n_rows, field.type)
        if pa.types.is_struct(field.type):
            fields = [self._column(field.name, inner) for inner in field.type]
            is_there = self._found.has_object[place - 1]
            mask = None if is_there.all() else pa.array(~is_there)
            return pa.StructArray.from_arrays(fields, fields=list(field.type), mask=mask)
        if field.type == pa.string():
            starts, ends = self._found.starts[place], self._found.ends[place]
            return self._texts(starts, ends, has_escapes=self._found.has_escapes[place])
        if pa.types.is_list(field.type):
            return self._lists(place)
        return self._numbers(place, field.type)

    def _texts(
        self, starts: npt.NDArray[np.int32], ends: npt.NDArray[np.int32], *, has_escapes: bool
    ) -> pa.Array:
        is_there = starts >= 0
        n_there = int(np.count_nonzero(is_there))
        if not n_there:
            return pa.nulls(len(starts), pa.string())
        offsets = np.empty(len(starts) + 1, np.int32)
        out = np.empty(int((ends - starts).sum()), np.uint8)
        if not has_escapes:
            self._kernel.copy(self._data, starts, ends, offsets, out)
        elif not self._kernel.unescape(self._data, starts, ends, offsets, out):
            raise _NotOursError
        buffers = [_bits(is_there, n_there), pa.py_buffer(offsets), pa.py_buffer(out)]
        return pa.Array.from_buffers(pa.string(), len(starts), buffers, len(starts) - n_there)

    def _lists(self, place: int) -> pa.Array:
        starts, ends = self._found.list_starts[place], self._found.list_ends[place]
        is_there = starts >= 0
        n_there = int(np.count_nonzero(is_there))
        kind = pa.list_(pa.string())
        if not n_there:
            return pa.nulls(len(starts), kind)
        n_items = int(self._found.n_items[place])
        items = self._texts(
            self._found.item_starts[place, :n_items],
            self._found.item_ends[place, :n_items],
            has_escapes=True,
        )
        offsets = np.zeros(len(starts) + 1, np.int32)
        np.cumsum(ends - starts, out=offsets[1:])
        buffers = [_bits(is_there, n_there), pa.py_buffer(offsets)]
        n_null = len(starts) - n_there
        return pa.Array.from_buffers(kind, len(starts), buffers, n_null, children=[items])

    def _numbers(self, place: int, kind: pa.DataType) -> pa.Array:
        is_there = self._found.is_known[place]
        n_there = int(np.count_nonzero(is_there))
        if not n_there:
            return pa.nulls(len(is_there), kind)
        buffers = [_bits(is_there, n_there), pa.py_buffer(self._found.numbers[place])]
        return pa.Array.from_buffers(kind, len(is_there), buffers, len(is_there) - n_there)


def _bits(is_there: npt.NDArray[np.bool_], n_there: int) -> pa.Buffer | None:
    """Which values are no nulls; None where all are."""
    if n_there == len(is_there):
        return None
    return pa.py_buffer(np.packbits(is_there, bitorder="little"))
