"""The values of a batch by column: of structs, or of Arrow columns without any struct.

Comes in: events, or a record batch in `EVENT_SCHEMA` (any subset of its columns, in any order).
Goes out: for a path such as `type`, `id`, `post.text` or `actor.followers` the values of all rows.
Always holds: both sources give equal values for every path (`tests/property/test_columns.py`): None
where the event has no such part or the part no such value; the default of the wire format where
the part is there and says nothing (`()` for lists, `public`). Refused: rows without a type, which
is how the archive keeps erased events: leave them out first.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache, cached_property
from operator import attrgetter
from typing import Any, Final, NamedTuple, Protocol, get_args, overload

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tocsin.records.arrow import compact, event_from_row, moments
from tocsin.records.codec import restore_event
from tocsin.records.events import Event
from tocsin.records.times import to_us

__all__ = ["ArrowColumns", "ArrowEvents", "Columns", "Numbers", "StructColumns", "as_numbers"]


class Numbers(NamedTuple):
    """Whole numbers of all rows: counts, truth values as 0 and 1, times in microseconds.

    `known` says where there is one (None: everywhere); elsewhere `values` mean nothing.
    """

    values: npt.NDArray[Any]
    known: npt.NDArray[np.bool_] | None


class Columns(Protocol):
    """All rows of a batch, by path."""

    def values(self, path: str) -> Sequence[Any]:
        """The values as structs hold them; None where there is none."""
        ...

    def numbers(self, path: str) -> Numbers:
        """The values of a path that holds whole numbers, truth values or times."""
        ...

    def cell(self, path: str, row: int) -> Any:
        """One value."""
        ...


def as_numbers(values: Sequence[Any]) -> Numbers:
    """Whole numbers, truth values or times as an array."""
    known: npt.NDArray[np.bool_] | None = None
    try:
        return Numbers(np.fromiter(values, np.int64, len(values)), None)
    except (TypeError, OverflowError):  # times, one is None, or one is beyond 64 bits
        first = next((value for value in values if value is not None), None)
    if isinstance(first, datetime):
        try:
            return Numbers(_microseconds(values), None)
        except TypeError:  # one is None
            known = np.array([value is not None for value in values], np.bool_)
            values = [0 if value is None else to_us(value) for value in values]
    elif None in values:
        known = np.array([value is not None for value in values], np.bool_)
        values = [value or 0 for value in values]
    try:
        return Numbers(np.array(values, np.int64), known)
    except OverflowError:  # beyond 64 bits: as Python has them
        return Numbers(np.array(values, dtype=object), known)


def _microseconds(moments: Sequence[datetime]) -> npt.NDArray[np.int64]:
    """`to_us` of many.

    `timestamp` is the quicker way; up to 2038 its float is nearer to its microsecond than to any
    other.
    """
    seconds = np.fromiter(map(datetime.timestamp, moments), np.float64, len(moments))
    if float(np.abs(seconds).max()) < _EXACT_S:
        return np.rint(seconds * 1e6).astype(np.int64)
    return np.array(list(map(to_us, moments)), np.int64)


_EXACT_S: Final = 2.0**31

_TAGS: Final = {event: str(event.__struct_config__.tag) for event in get_args(Event)}


def _attributes(parts: Sequence[Any], name: str) -> list[Any]:
    """An attribute of all parts; None where there is no part, or it has no such attribute."""
    try:
        return list(map(attrgetter(name), parts))
    except AttributeError:
        return [getattr(part, name, None) for part in parts]


class StructColumns:
    """The columns of events."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = events
        self._made: dict[str, list[Any]] = {}

    def values(self, path: str) -> Sequence[Any]:
        """The values as structs hold them; None where there is none."""
        made = self._made.get(path)
        if made is None:
            top, _, leaf = path.partition(".")
            if leaf:
                made = _attributes(self.values(top), leaf)
            elif path == "type":
                made = [_TAGS[type(event)] for event in self._events]
            else:
                made = _attributes(self._events, path)
            self._made[path] = made
        return made

    def numbers(self, path: str) -> Numbers:
        """The values of a path that holds whole numbers, truth values or times."""
        return as_numbers(self.values(path))

    def cell(self, path: str, row: int) -> Any:
        """One value."""
        made = self._made.get(path)
        if made is not None:
            return made[row]
        event = self._events[row]
        if path == "type":
            return _TAGS[type(event)]
        top, _, leaf = path.partition(".")
        part = getattr(event, top, None)
        return getattr(part, leaf, None) if leaf else part


class ArrowEvents(Sequence[Event]):
    """The events of a record batch, each made when somebody asks for it.

    From its canonical JSON where that is there (`lines`), which is faster than from columns.
    """

    def __init__(self, recorded: pa.RecordBatch, lines: Sequence[bytes] | None = None) -> None:
        self._recorded = recorded
        self._lines = lines
        self._made: dict[int, Event] = {}

    def __len__(self) -> int:
        return int(self._recorded.num_rows)

    @overload
    def __getitem__(self, row: int) -> Event: ...

    @overload
    def __getitem__(self, row: slice) -> list[Event]: ...

    def __getitem__(self, row: int | slice) -> Event | list[Event]:
        if isinstance(row, slice):
            return [self[index] for index in range(*row.indices(len(self)))]
        row = range(len(self))[row]
        made = self._made.get(row)
        if made is None:
            lines = self._lines
            made = event_from_row(self._row(row)) if lines is None else restore_event(lines[row])
            self._made[row] = made
        return made

    def __iter__(self) -> Iterator[Event]:
        return (self[row] for row in range(len(self)))

    def _row(self, row: int) -> dict[str, Any]:
        """What is said of a row. Only columns that say anything are looked at."""
        found: dict[str, Any] = {}
        for name, column, leaves in self._columns:
            value = column[row]
            if not value.is_valid:
                continue
            if leaves is None:
                found[name] = value.as_py()
            else:
                found[name] = {leaf: inner[row].as_py() for leaf, inner in leaves}
        return found

    @cached_property
    def _columns(self) -> list[tuple[str, pa.Array, list[tuple[str, pa.Array]] | None]]:
        made: list[tuple[str, pa.Array, list[tuple[str, pa.Array]] | None]] = []
        for field, column in zip(self._recorded.schema, self._recorded.columns, strict=True):
            if column.null_count == len(column):
                continue
            leaves = None
            if pa.types.is_struct(field.type):
                inner = [(leaf.name, pc.struct_field(column, leaf.name)) for leaf in field.type]
                leaves = [pair for pair in inner if pair[1].null_count < len(column)]
            made.append((field.name, column, leaves))
        return made


class ArrowColumns:
    """The columns of a record batch."""

    def __init__(self, recorded: pa.RecordBatch, events: ArrowEvents) -> None:
        self._recorded = recorded
        self._events = events
        self._made: dict[str, Sequence[Any]] = {}
        self._arrays: dict[str, pa.Array | None] = {}

    def values(self, path: str) -> Sequence[Any]:
        """The values as structs hold them; None where there is none."""
        made = self._made.get(path)
        if made is None:
            made = self._made[path] = self._values(path)
        return made

    def numbers(self, path: str) -> Numbers:
        """The values of a path that holds whole numbers, truth values or times."""
        array = self._array(path)
        if array is None:
            n_rows = self._recorded.num_rows
            return Numbers(np.zeros(n_rows, np.int64), np.zeros(n_rows, np.bool_))
        known = None
        if array.null_count:
            known = array.is_valid().to_numpy(zero_copy_only=False)
            array = array.fill_null(pa.scalar(0, pa.int64()).cast(array.type))
        return Numbers(array.cast(pa.int64()).to_numpy(zero_copy_only=False), known)

    def cell(self, path: str, row: int) -> Any:
        """One value."""
        made = self._made.get(path)
        if made is not None:
            return made[row]
        array = self._array(path)
        fallback, inner = _defaults().get(path, (None, None))
        if array is not None and pa.types.is_struct(array.type):
            return getattr(self._events[row], path, None)
        value = None if array is None else array[row].as_py()
        if value is None:
            return fallback if fallback is not None and self._has_part(path, row) else None
        if isinstance(value, list):
            return tuple(value if inner is None else msgspec.convert(compact(value), _many(inner)))
        return value

    def _array(self, path: str) -> pa.Array | None:
        """The Arrow array of a path; None where the record batch has no such column."""
        if path not in self._arrays:
            self._arrays[path] = self._found(path)
        return self._arrays[path]

    def _found(self, path: str) -> pa.Array | None:
        top, _, leaf = path.partition(".")
        index = self._recorded.schema.get_field_index(top)
        if index < 0:
            return None
        array = self._recorded.column(index)
        if not leaf:
            return array
        inner = array.type.get_field_index(leaf)
        if inner < 0:
            return None
        # a compute function costs as much as some hundred rows; it is needed for absent objects
        return pc.struct_field(array, inner) if array.null_count else array.field(inner)

    def _values(self, path: str) -> Sequence[Any]:
        array = self._array(path)
        fallback, inner = _defaults().get(path, (None, None))
        if array is None or array.null_count == len(array):
            made: list[Any] = [fallback] * self._recorded.num_rows
        elif pa.types.is_struct(array.type):
            return [getattr(event, path, None) for event in self._events]
        elif pa.types.is_list(array.type):
            made = _lists(array, inner)
        elif pa.types.is_timestamp(array.type):
            return moments(array)
        else:
            made = _plain_values(array)
            if fallback is not None and array.null_count:
                made = [fallback if value is None else value for value in made]
        if fallback is None:
            return made
        part = self._array(path.partition(".")[0]) if "." in path else None
        if "." in path and part is None:
            return [None] * self._recorded.num_rows
        if part is not None and part.null_count:
            is_there = part.is_valid().to_pylist()
            return [value if there else None for value, there in zip(made, is_there, strict=True)]
        return made

    def _has_part(self, path: str, row: int) -> bool:
        """Whether an event has the part that a path goes through."""
        top, _, leaf = path.partition(".")
        if not leaf:
            return True
        part = self._array(top)
        return part is not None and bool(part[row].is_valid)


def _plain_values(array: pa.Array) -> list[Any]:
    """The values as Python has them."""
    if pa.types.is_string(array.type):  # without a scalar of Arrow for each
        found: list[Any] = array.to_numpy(zero_copy_only=False).tolist()
    else:
        found = array.to_pylist()
    return found


def _lists(array: pa.Array, inner: type[msgspec.Struct] | None) -> list[Any]:
    """Lists as tuples, of structs where `inner` names their type; what is null is empty."""
    items = _plain_values(array.flatten())
    if inner is not None:
        items = [msgspec.convert(compact(item), inner) for item in items]
    ends = np.cumsum(array.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)).tolist()
    return [
        tuple(items[start:end]) if end > start else ()
        for start, end in zip([0, *ends[:-1]], ends, strict=True)
    ]


def _many(inner: type[msgspec.Struct]) -> Any:
    return tuple[inner, ...]  # type: ignore[valid-type]  # a type at run time only


@cache
def _defaults() -> dict[str, tuple[Any, Any]]:
    """Path -> what the wire format says where nothing is said, and of lists their structs."""
    made: dict[str, tuple[Any, Any]] = {}
    for event in get_args(Event):
        for name, hint in typing.get_type_hints(event).items():
            part = _struct_in(hint)
            if part is None or _is_list(hint):
                made.setdefault(name, (_default(event, name), part))
                continue
            for leaf, inner in typing.get_type_hints(part).items():
                made.setdefault(f"{name}.{leaf}", (_default(part, leaf), _struct_in(inner)))
    return made


def _is_list(hint: Any) -> bool:
    return typing.get_origin(hint) is tuple


def _struct_in(hint: Any) -> type[msgspec.Struct] | None:
    """The struct that a type is, may be (`| None`) or is a list of."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint
    found = (_struct_in(inner) for inner in get_args(hint))
    return next((struct for struct in found if struct is not None), None)


def _default(struct: type[msgspec.Struct], name: str) -> Any:
    (field,) = (field for field in msgspec.structs.fields(struct) if field.name == name)
    return None if field.default is msgspec.NODEFAULT else field.default
