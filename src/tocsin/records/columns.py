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
from functools import cache
from typing import Any, NamedTuple, Protocol, get_args, overload

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tocsin.records.arrow import compact, event_from_row
from tocsin.records.events import Event
from tocsin.records.times import from_us, to_us

__all__ = ["ArrowColumns", "ArrowEvents", "Columns", "Numbers", "StructColumns", "as_numbers"]


CELLS_PER_COLUMN = 32
"""One value alone costs about as much as so many of a column that is made whole."""


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
    known = None
    if None in values:
        known = np.array([value is not None for value in values], np.bool_)
    first = next((value for value in values if value is not None), 0)
    if isinstance(first, datetime):
        values = [0 if value is None else to_us(value) for value in values]
    elif known is not None:
        values = [value or 0 for value in values]
    return Numbers(np.array(values, np.int64), known)


def tag_of(event: Event) -> str:
    """The type of an event as the wire format writes it."""
    return str(type(event).__struct_config__.tag)


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
                parts = self.values(top)
                made = [None if part is None else getattr(part, leaf, None) for part in parts]
            elif path == "type":
                made = [type(event).__struct_config__.tag for event in self._events]
            else:
                made = [getattr(event, path, None) for event in self._events]
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
            return type(event).__struct_config__.tag
        top, _, leaf = path.partition(".")
        part = getattr(event, top, None)
        return getattr(part, leaf, None) if leaf else part


class ArrowEvents(Sequence[Event]):
    """The events of a record batch, each made when somebody asks for it."""

    def __init__(self, recorded: pa.RecordBatch) -> None:
        self._recorded = recorded
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
            (found,) = self._recorded.slice(row, 1).to_pylist()
            made = self._made[row] = event_from_row(found)
        return made

    def __iter__(self) -> Iterator[Event]:
        return (self[row] for row in range(len(self)))


class ArrowColumns:
    """The columns of a record batch."""

    def __init__(self, recorded: pa.RecordBatch, events: ArrowEvents) -> None:
        self._recorded = recorded
        self._events = events
        self._made: dict[str, Sequence[Any]] = {}
        self._asked: dict[str, int] = {}

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
        """One value; the whole column, once enough of its values were asked for."""
        made = self._made.get(path)
        if made is not None:
            return made[row]
        asked = self._asked[path] = self._asked.get(path, 0) + 1
        array = self._array(path)
        is_plain = array is not None and not pa.types.is_nested(array.type)
        if asked * CELLS_PER_COLUMN > self._recorded.num_rows or array is None or not is_plain:
            return self.values(path)[row]
        value = array[row].as_py()
        if value is None and _defaults().get(path, (None, None))[0] is not None:
            return self.values(path)[row]
        return value

    def _array(self, path: str) -> pa.Array | None:
        """The Arrow array of a path; None where the record batch has no such column."""
        top, _, leaf = path.partition(".")
        index = self._recorded.schema.get_field_index(top)
        if index < 0:
            return None
        array = self._recorded.column(index)
        if not leaf:
            return array
        inner = array.type.get_field_index(leaf)
        return None if inner < 0 else pc.struct_field(array, inner)

    def _values(self, path: str) -> Sequence[Any]:
        array = self._array(path)
        fallback, is_list_of_structs = _defaults().get(path, (None, None))
        if array is None or array.null_count == len(array):
            made: list[Any] = [None] * self._recorded.num_rows
        elif pa.types.is_struct(array.type):
            return [getattr(event, path, None) for event in self._events]
        elif pa.types.is_list(array.type):
            made = _lists(array, is_list_of_structs)
        elif pa.types.is_timestamp(array.type):
            moments = array.cast(pa.int64()).to_pylist()
            made = [None if moment is None else from_us(moment) for moment in moments]
        else:
            made = array.to_pylist()
        if fallback is not None and (array is None or array.null_count):
            has_part = self._has_part(path)
            made = [
                fallback if value is None and (has_part is None or has_part[row]) else value
                for row, value in enumerate(made)
            ]
        return made

    def _has_part(self, path: str) -> Sequence[bool] | None:
        """Whether each event has the part that a path goes through; None: all have."""
        top, _, leaf = path.partition(".")
        if not leaf:
            return None
        array = self._array(top)
        if array is None:
            return [False] * self._recorded.num_rows
        return array.is_valid().to_pylist() if array.null_count else None


def _lists(array: pa.Array, inner: Any) -> list[Any]:
    """Lists as tuples; of structs where `inner` names their type."""
    values = array.flatten()
    if inner is None:
        items: list[Any] = values.to_pylist()
    else:
        items = [msgspec.convert(compact(item), inner) for item in values.to_pylist()]
    sizes = array.value_lengths().fill_null(0).to_pylist()
    is_valid = array.is_valid().to_pylist() if array.null_count else None
    made: list[Any] = []
    start = 0
    for row, size in enumerate(sizes):
        made.append(
            tuple(items[start : start + size]) if is_valid is None or is_valid[row] else None
        )
        start += size
    return made


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
