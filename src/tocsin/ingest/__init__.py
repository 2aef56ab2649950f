"""Ingest: foreign bytes in, validated events out, exactly once; what is refused is kept.

Comes in: files, streams and HTTP bodies in any format that has an adapter. Goes out: batches of
events with their canonical JSON, and dead letters. Always holds: bad input never stops the rest
and never takes memory without bound; where the cuts between batches fall changes nothing.
Refused: what `records.codec` and the adapters refuse, each with its reason.
"""

from tocsin.ingest.adapters import ADAPTERS
from tocsin.ingest.batching import (
    DEFAULT_MAX_EVENTS,
    Batch,
    Batcher,
    file_batches,
    live_batches,
)
from tocsin.ingest.body import BodyLimits, read_body
from tocsin.ingest.lines import Block, Item, Line, LineReader, RefusedLine, Row, Rows, open_lines
from tocsin.ingest.parse import WIRE_FORMAT, Parsed, Redacting, parse_lines

__all__ = [
    "ADAPTERS",
    "DEFAULT_MAX_EVENTS",
    "WIRE_FORMAT",
    "Batch",
    "Batcher",
    "Block",
    "BodyLimits",
    "Item",
    "Line",
    "LineReader",
    "Parsed",
    "Redacting",
    "RefusedLine",
    "Row",
    "Rows",
    "file_batches",
    "live_batches",
    "open_lines",
    "parse_lines",
    "read_body",
]
