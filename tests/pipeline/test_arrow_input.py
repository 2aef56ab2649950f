"""The same events as JSON lines and as Arrow leave the same log, decisions and archive."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from tests.support.runs import batcher_of, made_lines, open_store, rows_by_table
from tocsin.ingest import Item, LineReader, file_batches, read_body
from tocsin.pipeline import Live
from tocsin.records import EventPolicy, decode_event, events_to_arrow
from tocsin.store import Store, archive_events, log, schema
from tocsin.store.content import unpack
from tocsin.testing import FakeClock

ARROW = "application/vnd.apache.arrow.stream"
SIZE = 64
_AWKWARD = [
    {"id": f"awkward-{number}", "type": "post.updated", "post": {"id": "p", "text": text}}
    for number, text in enumerate(['said "so"', "two\nlines", "back\\slash", "\u2028\U0001f600"])
]
_SENT = made_lines(400)
LINES = [
    *_SENT[:200],
    *map(msgspec.json.encode, _AWKWARD),
    *_SENT[150:],  # fifty come again
    msgspec.json.encode({"id": "late", "type": "account.created", "actor": {"handle": "a"}}),
]


def stream(lines: Iterable[bytes], rows_per_message: int) -> bytes:
    now = FakeClock().now()
    events = [decode_event(line, now=now, policy=EventPolicy()) for line in lines]
    table = pa.Table.from_batches([events_to_arrow(events)])
    table = table.select(
        [name for name in table.schema.names if table[name].null_count < len(table)]
    )
    found = BytesIO()
    with pa.ipc.new_stream(found, table.schema) as writer:
        writer.write_table(table, max_chunksize=rows_per_message)
    return found.getvalue()


def taken(store: Store, items: Iterable[Item]) -> tuple[list[bool], int]:
    """Which events were new, and how many batches were columns from the start."""
    live = Live.open(store)
    is_new: list[bool] = []
    n_columns = 0
    for found in file_batches(items, batcher_of(store, SIZE)):
        n_columns += found.events.recorded is not None
        is_new += live.take(found.events, found.dead_letters).is_new
    return is_new, n_columns


def left(store: Store) -> dict[str, Any]:
    """All that a run left, but what is random: salts, and hashes over them."""
    found: dict[str, Any] = dict(rows_by_table(store))
    with store.read() as connection:
        found["log"] = [(e.kind, e.at, e.body) for e in log.entries(connection)]
        content = schema.log_content.c
        rows = connection.execute(sa.select(content.position, content.name, content.packed))
        found["content"] = sorted((row.position, row.name, unpack(row.packed)) for row in rows)
    archive_events(store)
    tables = [pq.read_table(path) for path in sorted((store.folder / "archive").glob("*/*"))]
    found["archive"] = [table.drop_columns("salt").to_pylist() for table in tables]
    return found


def run(folder: Path, items: Iterable[Item]) -> tuple[dict[str, Any], list[bool], int]:
    folder.mkdir()
    store = open_store(f"sqlite:///{folder}/t.db", folder, clock=FakeClock())
    try:
        is_new, n_columns = taken(store, items)
        return left(store), is_new, n_columns
    finally:
        store.close()


@pytest.mark.parametrize("rows_per_message", [100, 230, 4_096])
def test_arrow_leaves_what_json_lines_leave(tmp_path: Path, rows_per_message: int) -> None:
    reader = LineReader(BytesIO(b"\n".join(LINES)), source="lines")
    expected, was_new, n_columns = run(tmp_path / "lines", reader)
    assert n_columns == 0
    assert was_new.count(False) == 50
    assert expected["archive"]
    assert len(expected["decisions"]) > 30
    for name, rows, uses_columns in (
        ("columns", rows_per_message, rows_per_message < len(LINES)),
        ("rows", SIZE - 1, False),  # messages that fill no batch are read as events
    ):
        body = stream(LINES, rows)
        found, is_new, n_columns = run(tmp_path / name, read_body(body, ARROW, source="lines"))
        assert is_new == was_new
        assert (n_columns > 0) == uses_columns
        for part, value in expected.items():
            assert found[part] == value, part
