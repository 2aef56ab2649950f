"""Verification of the log: what was changed, cut off or rewritten, as far as can be known.

Comes in: a store and, optionally, anchors from outside it. Goes out: an `AuditReport` with
every finding, and in plain words what could not be proved. Always holds: nothing is repaired
or changed. What is checked: the chain of every writer, positions without gaps, checkpoints,
people and keys, content against its commitments, derived tables against a replay of the log, and
the anchors.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import sqlalchemy as sa

from tocsin.records import Anchor, EntryKind, LogHead
from tocsin.store import anchors as anchor_files
from tocsin.store import content as packed_content
from tocsin.store import log, replay, schema
from tocsin.store.archive import line_of_row
from tocsin.store.peopleaudit import people_differences
from tocsin.store.store import Store

__all__ = ["AuditReport", "Finding", "verify"]

MAX_FINDINGS = 1_000
PAGE = 500
"""Log entries whose content is checked together."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is not as it was written; `where` names the entry, item or file."""

    code: str
    where: str
    message: str


@dataclass(slots=True)
class AuditReport:
    """What was checked, what was found, and what cannot be proved."""

    n_entries: int = 0
    n_items: int = 0
    n_erased: int = 0
    n_anchors: int = 0
    n_unlisted: int = 0
    findings: list[Finding] = field(default_factory=list)
    not_proved: list[str] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def add(self, code: str, where: str, message: str) -> None:
        """Note a finding; beyond a thousand they are only counted."""
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(code=code, where=where, message=message))
        else:
            self.n_unlisted += 1


class _Checkpoint(msgspec.Struct):
    """The body of a checkpoint."""

    heads: dict[str, LogHead]


def verify(
    store: Store,
    *,
    anchor_file: Path | None = None,
    public_key: str | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> AuditReport:
    """Check everything, in pages, so that memory does not grow with the log.

    `anchor_file` should come from a place that the database's holder cannot write to;
    `public_key` (hexadecimal) is the anchors' key as it was noted at the time of setting up.
    """
    report = AuditReport()
    with store.read() as connection:
        _verify_chains(connection, report, on_progress)
        _verify_content(connection, report)
        _verify_archive(store, connection, report)
        _verify_derived(store, connection, report)
        _verify_people(connection, report)
        _verify_anchors(connection, report, anchor_file, public_key)
    report.not_proved.append(
        "that no dead letter, session or failed log-in was removed: these are not in the log"
    )
    if report.n_erased:
        report.not_proved.append(
            f"what the {report.n_erased} erased items said: only their commitments are left"
        )
    return report


def _verify_chains(
    connection: sa.Connection, report: AuditReport, on_progress: Callable[[int], None] | None
) -> None:
    """Check every entry: its place, its predecessor, its hash."""
    table = schema.log_entries
    heads: dict[str, LogHead] = {}
    expected = 1
    for row in _streamed(connection, sa.select(table).order_by(table.c.position)):
        where = f"entry {row.position}"
        if row.position != expected:
            gap = f"entries {expected} to {row.position - 1} are missing"
            report.add("AUDIT.GAP", where, gap)
        expected = row.position + 1
        head = heads.get(row.writer, LogHead(seq=0, hash=log.GENESIS))
        if row.previous != head.hash or row.writer_seq != head.seq + 1:
            message = f"does not follow the last entry of writer {row.writer}"
            report.add("AUDIT.CHAIN", where, message)
        recomputed = log.entry_hash(
            row.position, row.writer, row.writer_seq, row.kind, row.at_us,
            row.body, row.commitments, row.previous,
        )  # fmt: skip
        if recomputed != row.hash:
            report.add("AUDIT.HASH", where, "its content differs from its hash: it was changed")
        heads[row.writer] = LogHead(seq=row.writer_seq, hash=row.hash)
        if row.kind == EntryKind.CHECKPOINT.value:
            _verify_checkpoint(connection, report, row)
        report.n_entries += 1
        if on_progress is not None:
            on_progress(1)


def _streamed(connection: sa.Connection, statement: sa.Select[Any]) -> Iterator[Any]:
    """The rows of a statement, a thousand in memory at a time."""
    with connection.execute(statement.execution_options(yield_per=1_000)) as rows:
        yield from rows


def _verify_checkpoint(connection: sa.Connection, report: AuditReport, row: Any) -> None:
    where = f"entry {row.position}"
    try:
        named = msgspec.json.decode(row.body, type=_Checkpoint).heads
    except msgspec.DecodeError:
        report.add("AUDIT.CHECKPOINT", where, "is no checkpoint")
        return
    for writer, head in named.items():
        found = _entry_of(connection, writer, head.seq)
        if found is None or found.hash != head.hash or found.position >= row.position:
            message = f"names an entry of writer {writer} that is not in the log"
            report.add("AUDIT.CHECKPOINT", where, message)


def _entry_of(connection: sa.Connection, writer: str, seq: int) -> Any:
    """Hash and position of one entry of a writer's chain; None if there is none."""
    table = schema.log_entries
    statement = sa.select(table.c.hash, table.c.position)
    return connection.execute(
        statement.where(table.c.writer == writer, table.c.writer_seq == seq)
    ).first()


def _commitments(
    connection: sa.Connection, first: int, last: int
) -> dict[tuple[int, str], dict[int, bytes]]:
    """(position, name) -> ordinal -> commitment, of a stretch; what is verified is taken out."""
    table = schema.log_entries
    rows = connection.execute(
        sa.select(table.c.position, table.c.commitments).where(
            table.c.position.between(first, last), table.c.commitments != "{}"
        )
    )
    found: dict[tuple[int, str], dict[int, bytes]] = {}
    for row in rows:
        try:
            named = log.decode_commitments(row.commitments)
        except msgspec.DecodeError:
            continue  # its hash, or its content, tells
        for name, values in named.items():
            found[row.position, name] = dict(enumerate(packed_content.split_commitments(values)))
    return found


def _verify_content(connection: sa.Connection, report: AuditReport) -> None:
    """Content that stands in the database, against its commitments."""
    content, entries, files = schema.log_content, schema.log_entries, schema.archive_files
    stretches = connection.execute(
        sa.select(files.c.first_position, files.c.last_position).distinct()
    ).all()
    for first in range(1, log.last_position(connection) + 1, PAGE):
        last = first + PAGE - 1
        commitments = _commitments(connection, first, last)
        statement = sa.select(content).where(content.c.position.between(first, last))
        for row in connection.execute(statement.order_by(content.c.position, content.c.name)):
            expected = commitments.pop((row.position, row.name), None)
            _verify_items(report, row, expected)
        for position, name in commitments:
            is_archived = name == "events" and any(a <= position <= b for a, b in stretches)
            if not is_archived:
                report.add("AUDIT.CONTENT_MISSING", f"entry {position}, {name}", "is nowhere")
    stray = sa.select(content.c.position, content.c.name).where(
        content.c.position.not_in(sa.select(entries.c.position))
    )
    for row in _streamed(connection, stray.order_by(content.c.position, content.c.name)):
        where = f"entry {row.position}, {row.name}"
        report.add("AUDIT.CONTENT_EXTRA", where, "content that no entry commits to")


def _verify_items(report: AuditReport, row: Any, expected: dict[int, bytes] | None) -> None:
    where = f"entry {row.position}, {row.name}"
    if expected is None:
        report.add("AUDIT.CONTENT_EXTRA", where, "content that no entry commits to")
        return
    try:
        items = packed_content.unpack(row.packed)
    except Exception as error:  # noqa: BLE001  # any decoding fault means that it was changed
        message = f"the content cannot be read ({type(error).__name__})"
        report.add("AUDIT.CONTENT", where, message)
        return
    if len(items) != len(expected):
        message = f"{len(items)} items where {len(expected)} were committed to"
        report.add("AUDIT.CONTENT", where, message)
    size = packed_content.SALT_BYTES
    for ordinal, item in enumerate(items):
        salt = row.salts[ordinal * size : (ordinal + 1) * size]
        _verify_item(report, f"{where} {ordinal}", expected.get(ordinal), salt, item)


def _verify_item(
    report: AuditReport, where: str, expected: bytes | None, salt: bytes, item: bytes
) -> None:
    report.n_items += 1
    if not item:
        report.n_erased += 1
    elif expected is None or packed_content.commit(salt, item) != expected:
        report.add("AUDIT.CONTENT", where, "differs from what was committed to: it was changed")


def _verify_archive(store: Store, connection: sa.Connection, report: AuditReport) -> None:
    """Content that stands in archive files, one stretch of the log at a time."""
    files, content = schema.archive_files, schema.log_content
    stretch = (files.c.first_position, files.c.last_position)
    for first, last in connection.execute(sa.select(*stretch).distinct().order_by(*stretch)).all():
        here = content.c.position.between(first, last), content.c.name == "events"
        waiting = set(connection.execute(sa.select(content.c.position).where(*here)).scalars())
        commitments = {
            position: values
            for (position, name), values in _commitments(connection, first, last).items()
            if name == "events" and position not in waiting
        }
        listed = sa.select(files.c.path).where(stretch[0] == first, stretch[1] == last)
        for path in connection.execute(listed.order_by(files.c.path)).scalars().all():
            _verify_file(store.folder / path, path, report, commitments)
        for position, missing in commitments.items():
            if missing:
                message = f"the content of {len(missing)} events is nowhere"
                report.add("AUDIT.CONTENT_MISSING", f"entry {position}", message)


def _verify_file(
    path: Path, name: str, report: AuditReport, commitments: dict[int, dict[int, bytes]]
) -> None:
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=4_096):
                for event in batch.to_pylist():
                    where = f"{name}, entry {event['position']} event {event['ordinal']}"
                    expected = commitments.get(event["position"], {})
                    commitment = expected.pop(event["ordinal"], None)
                    line = line_of_row(event)
                    _verify_item(report, where, commitment, event["salt"] or b"", line)
    except Exception as error:  # noqa: BLE001  # any reading fault means that it was changed
        message = f"the archive file cannot be read ({type(error).__name__})"
        report.add("AUDIT.ARCHIVE", name, message)


def _verify_derived(store: Store, connection: sa.Connection, report: AuditReport) -> None:
    """Every derived row is what the log gives when it is replayed into an empty database.

    SQLite keeps a database without a name in a file that is gone when the connection closes.
    """
    scratch = sa.create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(""), poolclass=sa.StaticPool
    )
    try:
        with scratch.connect() as replayed:
            schema.metadata.create_all(replayed, tables=list(schema.DERIVED))
            if _is_replayed(store, connection, replayed, report):
                for table in schema.DERIVED:
                    _compare_table(report, table, connection, replayed)
    finally:
        scratch.dispose()


def _is_replayed(
    store: Store, connection: sa.Connection, replayed: sa.Connection, report: AuditReport
) -> bool:
    try:
        replay.replay_log(store, connection, replayed)
    except Exception as error:  # noqa: BLE001  # a log that was changed may not replay at all
        message = f"the log cannot be replayed ({type(error).__name__})"
        report.add("AUDIT.REPLAY", "derived tables", message)
        return False
    return True


def _compare_table(
    report: AuditReport, table: sa.Table, connection: sa.Connection, replayed: sa.Connection
) -> None:
    ignored = replay.DELIVERY_COLUMNS if table is schema.actions else frozenset()
    keys = [column.name for column in table.primary_key]
    names = keys + sorted(
        column.name
        for column in table.columns
        if column.name not in ignored and column.name not in keys
    )
    sides = (_ordered_rows(side, table, names, keys) for side in (connection, replayed))
    for found, expected in _pairs(*sides, n_keys=len(keys)):
        if found == expected:
            continue
        where = f"{table.name} {' '.join(map(str, (found or expected or ())[: len(keys)]))}"
        if found is None:
            report.add("AUDIT.DERIVED", where, "the log gives this row; it is not in the table")
        elif expected is None:
            report.add("AUDIT.DERIVED", where, "a row that the log does not give")
        else:
            changed = [n for n, a, b in zip(names, found, expected, strict=True) if a != b]
            message = f"differs from what the log gives, in {', '.join(changed)}"
            report.add("AUDIT.DERIVED", where, message)


def _ordered_rows(
    connection: sa.Connection, table: sa.Table, names: list[str], keys: list[str]
) -> Iterator[tuple[Any, ...]]:
    """The rows in the order of their keys, byte by byte, whatever the database's language."""
    is_postgresql = connection.dialect.name == "postgresql"
    order = [
        column.collate("C") if is_postgresql and isinstance(column.type, sa.String) else column
        for column in (table.c[name] for name in keys)
    ]
    statement = sa.select(*(table.c[name] for name in names)).order_by(*order)
    return (tuple(row) for row in _streamed(connection, statement))


def _pairs(
    found: Iterator[tuple[Any, ...]], expected: Iterator[tuple[Any, ...]], *, n_keys: int
) -> Iterator[tuple[tuple[Any, ...] | None, tuple[Any, ...] | None]]:
    """Rows of equal key together; None where only one side has the key."""
    one, other = next(found, None), next(expected, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one[:n_keys] < other[:n_keys]):
            yield one, None
            one = next(found, None)
        elif one is None or other[:n_keys] < one[:n_keys]:
            yield None, other
            other = next(expected, None)
        else:
            yield one, other
            one, other = next(found, None), next(expected, None)


def _verify_people(connection: sa.Connection, report: AuditReport) -> None:
    """Who may log in or call, as what: only what went through the log."""
    for where, message in people_differences(connection):
        report.add("AUDIT.PEOPLE", where, message)


def _verify_anchors(
    connection: sa.Connection,
    report: AuditReport,
    anchor_file: Path | None,
    public_key: str | None,
) -> None:
    if anchor_file is None:
        report.not_proved.append(
            "without an anchor from outside the database, a log that was rewritten from some"
            " entry on, with all hashes recomputed, or cut off at its end, looks sound"
        )
        return
    anchors = anchor_files.load_anchors(anchor_file)
    if not anchors:
        report.not_proved.append(f"{anchor_file} holds no anchor, so it vouches for nothing")
        return
    key = public_key or anchors[0].public_key
    for number, anchor in enumerate(anchors, 1):
        _verify_anchor(connection, report, anchor, f"anchor {number}", key)
    report.n_anchors = len(anchors)
    last = anchors[-1]
    covered = last.position
    newest = log.last_position(connection)
    if newest > covered:
        report.not_proved.append(
            f"entries {covered + 1} to {newest} are newer than the last anchor"
            f" ({last.at:%Y-%m-%d %H:%M:%S} UTC): they could have been rewritten or cut off"
        )
    if public_key is None:
        report.not_proved.append(
            f"that the anchors are genuine: compare their public key {key} with the one that you"
            " noted when the deployment was set up, or give that one with --public-key"
        )


def _verify_anchor(
    connection: sa.Connection,
    report: AuditReport,
    anchor: Anchor,
    where: str,
    public_key: str,
) -> None:
    if not anchor_files.is_signed_by(anchor, public_key):
        report.add("AUDIT.ANCHOR_SIGNATURE", where, "its signature is not by the anchors' key")
        return
    for writer, head in anchor.heads.items():
        found = _entry_of(connection, writer, head.seq)
        if found is None:
            message = f"entry {head.seq} of writer {writer} is gone: the log was cut off"
            report.add("AUDIT.TRUNCATED", where, message)
        elif found.hash != head.hash:
            message = f"entry {head.seq} of writer {writer} is another one: the log was rewritten"
            report.add("AUDIT.REWRITTEN", where, message)
