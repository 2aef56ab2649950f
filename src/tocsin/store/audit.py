"""Verification of the log: what was changed, cut off or rewritten, as far as can be known.

Comes in: a store and, optionally, anchors from outside it. Goes out: an `AuditReport` with
every finding, and in plain words what could not be proved. Always holds: nothing is repaired
or changed. What is checked: the chain of every writer, positions without gaps, checkpoints,
content against its commitments, derived tables against a replay of the log, and the anchors.
"""

from __future__ import annotations

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
from tocsin.store.store import Store

__all__ = ["AuditReport", "Finding", "verify"]

MAX_FINDINGS = 1_000

DELIVERY_COLUMNS = frozenset({"attempts", "next_attempt_us", "lease_until_us", "last_error"})
"""Of `actions`: where a delivery stands between two entries of the log."""


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
    findings: list[Finding] = field(default_factory=list)
    not_proved: list[str] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def add(self, code: str, where: str, message: str) -> None:
        """Note a finding; beyond a thousand they are only counted as more of the same."""
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(code=code, where=where, message=message))


def verify(
    store: Store,
    *,
    anchor_file: Path | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> AuditReport:
    """Check everything.

    `anchor_file` should come from a place that the database's holder cannot write to.
    """
    report = AuditReport()
    with store.read() as connection:
        hashes = _verify_chains(connection, report, on_progress)
        commitments = _commitments(connection)
        _verify_content(connection, report, commitments)
        _verify_archive(store, connection, report, commitments)
        _verify_derived(store, connection, report)
    for (position, name), missing in commitments.items():
        if name == "events" and missing:
            message = f"the content of {len(missing)} events is nowhere"
            report.add("AUDIT.CONTENT_MISSING", f"entry {position}", message)
    _verify_anchors(report, hashes, anchor_file)
    return report


def _verify_chains(
    connection: sa.Connection, report: AuditReport, on_progress: Callable[[int], None] | None
) -> dict[tuple[str, int], tuple[str, int]]:
    """Check every entry; (writer, seq) -> (hash, position)."""
    table = schema.log_entries
    heads: dict[str, LogHead] = {}
    hashes: dict[tuple[str, int], tuple[str, int]] = {}
    expected = 1
    rows = connection.execution_options(yield_per=1_000).execute(
        sa.select(table).order_by(table.c.position)
    )
    for row in rows:
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
        hashes[row.writer, row.writer_seq] = (row.hash, row.position)
        if row.kind == EntryKind.CHECKPOINT.value:
            _verify_checkpoint(report, where, msgspec.json.decode(row.body), hashes)
        report.n_entries += 1
        if on_progress is not None:
            on_progress(1)
    return hashes


def _verify_checkpoint(
    report: AuditReport,
    where: str,
    body: dict[str, Any],
    hashes: dict[tuple[str, int], tuple[str, int]],
) -> None:
    for writer, head in body["heads"].items():
        found = hashes.get((writer, head["seq"]))
        if found is None or found[0] != head["hash"]:
            message = f"names an entry of writer {writer} that is not in the log"
            report.add("AUDIT.CHECKPOINT", where, message)


def _commitments(connection: sa.Connection) -> dict[tuple[int, str], dict[int, str]]:
    """(position, name) -> ordinal -> commitment; what is verified is taken out."""
    table = schema.log_entries
    rows = connection.execute(
        sa.select(table.c.position, table.c.commitments).where(table.c.commitments != "{}")
    )
    return {
        (row.position, name): dict(enumerate(values))
        for row in rows
        for name, values in msgspec.json.decode(row.commitments).items()
    }


def _verify_content(
    connection: sa.Connection,
    report: AuditReport,
    commitments: dict[tuple[int, str], dict[int, str]],
) -> None:
    table = schema.log_content
    rows = connection.execution_options(yield_per=100).execute(
        sa.select(table).order_by(table.c.position, table.c.name)
    )
    for row in rows:
        where = f"entry {row.position}, {row.name}"
        expected = commitments.get((row.position, row.name))
        if expected is None:
            report.add("AUDIT.CONTENT_EXTRA", where, "content that no entry commits to")
            continue
        try:
            items = packed_content.unpack(row.packed)
        except Exception as error:  # noqa: BLE001  # any decoding fault means that it was changed
            message = f"the content cannot be read ({type(error).__name__})"
            report.add("AUDIT.CONTENT", where, message)
            expected.clear()
            continue
        if len(items) != len(expected):
            message = f"{len(items)} items where {len(expected)} were committed to"
            report.add("AUDIT.CONTENT", where, message)
        size = packed_content.SALT_BYTES
        for ordinal, item in enumerate(items):
            salt = row.salts[ordinal * size : (ordinal + 1) * size]
            _verify_item(report, f"{where} {ordinal}", expected.pop(ordinal, None), salt, item)
        expected.clear()


def _verify_item(
    report: AuditReport, where: str, expected: str | None, salt: bytes, item: bytes
) -> None:
    report.n_items += 1
    if not item:
        report.n_erased += 1
    elif expected is None or packed_content.commit(salt, item) != expected:
        report.add("AUDIT.CONTENT", where, "differs from what was committed to: it was changed")


def _verify_archive(
    store: Store,
    connection: sa.Connection,
    report: AuditReport,
    commitments: dict[tuple[int, str], dict[int, str]],
) -> None:
    table = schema.archive_files
    for row in connection.execute(sa.select(table).order_by(table.c.path)):
        for event in _rows_of_file(store.folder / row.path, row.path, report):
            where = f"{row.path}, entry {event['position']} event {event['ordinal']}"
            expected = commitments.get((event["position"], "events"), {})
            commitment = expected.pop(event["ordinal"], None)
            _verify_item(report, where, commitment, event["salt"] or b"", line_of_row(event))


def _rows_of_file(path: Path, name: str, report: AuditReport) -> Iterator[dict[str, Any]]:
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=4_096):
                yield from batch.to_pylist()
    except Exception as error:  # noqa: BLE001  # any reading fault means that it was changed
        message = f"the archive file cannot be read ({type(error).__name__})"
        report.add("AUDIT.ARCHIVE", name, message)


def _verify_derived(store: Store, connection: sa.Connection, report: AuditReport) -> None:
    """Every derived row is what the log gives when it is replayed into an empty database."""
    scratch = sa.create_engine("sqlite://")
    with scratch.connect() as replayed:
        schema.metadata.create_all(replayed, tables=list(schema.DERIVED))
        try:
            replay.replay_log(store, connection, replayed)
        except Exception as error:  # noqa: BLE001  # a log that was changed may not replay at all
            message = f"the log cannot be replayed ({type(error).__name__})"
            report.add("AUDIT.REPLAY", "derived tables", message)
            return
        for table in schema.DERIVED:
            _compare_table(report, table, connection, replayed)
    scratch.dispose()


def _compare_table(
    report: AuditReport, table: sa.Table, connection: sa.Connection, replayed: sa.Connection
) -> None:
    ignored = DELIVERY_COLUMNS if table is schema.actions else frozenset()
    keys = [column.name for column in table.primary_key]
    names = keys + sorted(
        column.name
        for column in table.columns
        if column.name not in ignored and column.name not in keys
    )
    statement = sa.select(*(table.c[name] for name in names))
    found, expected = (
        {tuple(row[: len(keys)]): tuple(row) for row in side.execute(statement)}
        for side in (connection, replayed)
    )
    for key in sorted(expected.keys() | found.keys(), key=str):
        if found.get(key) == expected.get(key):
            continue
        where = f"{table.name} {' '.join(map(str, key))}"
        if key not in found:
            report.add("AUDIT.DERIVED", where, "the log gives this row; it is not in the table")
        elif key not in expected:
            report.add("AUDIT.DERIVED", where, "a row that the log does not give")
        else:
            changed = [
                n for n, a, b in zip(names, found[key], expected[key], strict=True) if a != b
            ]
            message = f"differs from what the log gives, in {', '.join(changed)}"
            report.add("AUDIT.DERIVED", where, message)


def _verify_anchors(
    report: AuditReport,
    hashes: dict[tuple[str, int], tuple[str, int]],
    anchor_file: Path | None,
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
    public_key = anchors[0].public_key
    for number, anchor in enumerate(anchors, 1):
        _verify_anchor(report, hashes, anchor, f"anchor {number}", public_key)
    report.n_anchors = len(anchors)
    last = anchors[-1]
    covered = last.position
    newest = max((position for _, position in hashes.values()), default=0)
    if newest > covered:
        report.not_proved.append(
            f"entries {covered + 1} to {newest} are newer than the last anchor"
            f" ({last.at:%Y-%m-%d %H:%M:%S} UTC): they could have been rewritten or cut off"
        )
    report.not_proved.append(
        f"that the anchors are genuine: compare their public key {public_key} with the one that"
        " you noted when the deployment was set up"
    )


def _verify_anchor(
    report: AuditReport,
    hashes: dict[tuple[str, int], tuple[str, int]],
    anchor: Anchor,
    where: str,
    public_key: str,
) -> None:
    if not anchor_files.is_signed_by(anchor, public_key):
        report.add("AUDIT.ANCHOR_SIGNATURE", where, "its signature is not by the anchors' key")
        return
    for writer, head in anchor.heads.items():
        found = hashes.get((writer, head.seq))
        if found is None:
            message = f"entry {head.seq} of writer {writer} is gone: the log was cut off"
            report.add("AUDIT.TRUNCATED", where, message)
        elif found[0] != head.hash:
            message = f"entry {head.seq} of writer {writer} is another one: the log was rewritten"
            report.add("AUDIT.REWRITTEN", where, message)
