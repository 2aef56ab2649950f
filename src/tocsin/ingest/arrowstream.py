"""What an Arrow IPC stream must look like before any of its values are touched.

Comes in: the bytes of a stream, or its schema. Goes out: nothing. Always holds: what passes
takes no more memory than its own bytes, since compressed buffers (which may claim any size) and
dictionaries do not pass. Refused: those, and columns that the wire format does not have
(`InputError`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

import pyarrow as pa

from tocsin.errors import InputError
from tocsin.records import EVENT_SCHEMA

__all__ = ["check_messages", "check_schema"]

_REQUIRED = frozenset({"id", "type"})
_UTC_NAMES = frozenset({"UTC", "Etc/UTC", "+00:00"})

# Places of fields in the tables `Message` and `RecordBatch` of Arrow's Message.fbs.
_MESSAGE_HEADER = 2
_BATCH_COMPRESSION = 3
_SCHEMA_TYPE, _BATCH_TYPE = "schema", "record batch"


def check_messages(body: bytes) -> None:
    """Look at each message of the stream without unpacking it.

    Raises:
        InputError: a message is compressed, or of a kind that events do not need.
        pyarrow.ArrowException, OSError, ValueError: the stream is not Arrow's.
    """
    reader = pa.ipc.MessageReader.open_stream(pa.BufferReader(body))
    while True:
        try:
            message = reader.read_next_message()
        except StopIteration:
            return
        if message.type == _SCHEMA_TYPE:
            continue
        if message.type != _BATCH_TYPE:
            raise _refused("the stream holds dictionaries or tensors", "write plain columns")
        if _is_compressed(message.metadata.to_pybytes()):
            hint = "write it without compression"
            raise _refused("the stream's buffers are compressed", hint)


def check_schema(schema: pa.Schema) -> None:
    """Compare the columns with those of the wire format.

    Raises:
        InputError: a column that events do not have or of another type, or `id` or `type` missing.
    """
    wanted = {field.name: field.type for field in EVENT_SCHEMA}
    if not _all_fit(schema, wanted):
        hint = "docs/reference/events.md lists the columns and their types"
        raise _refused("a column is not one of the wire format, or of another type", hint)
    if missing := sorted(_REQUIRED - set(schema.names)):
        raise _refused(f"the column `{missing[0]}` is missing", "every event needs `id` and `type`")


def _all_fit(fields: Iterable[pa.Field], wanted: dict[str, pa.DataType]) -> bool:
    given = list(fields)
    is_unique = len({field.name for field in given}) == len(given)
    return is_unique and all(
        field.name in wanted and _fits(field.type, wanted[field.name]) for field in given
    )


def _fits(given: pa.DataType, wanted: pa.DataType) -> bool:
    if pa.types.is_struct(wanted):
        children = {field.name: field.type for field in wanted}
        return bool(pa.types.is_struct(given)) and _all_fit(given, children)
    if pa.types.is_list(wanted):
        is_list = pa.types.is_list(given) or pa.types.is_large_list(given)
        return bool(is_list) and _fits(given.value_type, wanted.value_type)
    if pa.types.is_timestamp(wanted):
        is_time = pa.types.is_timestamp(given) and given.unit != "ns"
        return bool(is_time) and given.tz in _UTC_NAMES
    if pa.types.is_string(wanted):
        return bool(pa.types.is_string(given) or pa.types.is_large_string(given))
    if pa.types.is_integer(wanted):
        return bool(pa.types.is_integer(given))
    return bool(given == wanted)


def _is_compressed(metadata: bytes) -> bool:
    """Whether a `RecordBatch` message names a compression (flatbuffers, read by hand)."""
    try:
        (root,) = struct.unpack_from("<I", metadata)
        header = _field(metadata, root, _MESSAGE_HEADER)
        (offset,) = struct.unpack_from("<I", metadata, header)
        return bool(header) and _field(metadata, header + offset, _BATCH_COMPRESSION) != 0
    except struct.error:
        raise ValueError("the metadata ends early") from None


def _field(metadata: bytes, table: int, place: int) -> int:
    """Where the field of a table stands; 0 if it is absent."""
    (back,) = struct.unpack_from("<i", metadata, table)
    vtable = table - back
    if vtable < 0:
        raise struct.error
    (size,) = struct.unpack_from("<H", metadata, vtable)
    slot = 4 + 2 * place
    if slot >= size:
        return 0
    (offset,) = struct.unpack_from("<H", metadata, vtable + slot)
    return table + offset if offset else 0


def _refused(message: str, hint: str) -> InputError:
    return InputError(message, where="Arrow IPC stream", hint=hint)
