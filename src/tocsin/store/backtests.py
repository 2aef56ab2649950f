"""Back-tests in the store: what was tried, how far it is, and what it found.

Comes in: records of back-tests and their differences. Goes out: the same. Always holds: nothing
here stands in the log or changes a decision; differences name subjects and events by id only; a
back-test whose process has not written for a while counts as stopped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
import zstandard

from tocsin.records import (
    Backtest,
    BacktestFigures,
    BacktestState,
    Change,
    ChangeKind,
    Mark,
    Subject,
    Treatment,
    VerdictKind,
)
from tocsin.store import schema
from tocsin.store.times import from_us, to_us

__all__ = [
    "SILENCE",
    "ChangeFilter",
    "add",
    "add_changes",
    "count_changes",
    "count_marks",
    "files_of",
    "finish",
    "get",
    "get_change",
    "list_backtests",
    "list_changes",
    "mark",
    "note_progress",
    "number_before",
    "remove_changes",
    "standing_verdicts",
    "touching_rule",
    "with_version",
]

SILENCE = timedelta(minutes=2)
"""A process that runs a back-test writes every few seconds; after this long it is gone."""

_ENCODER = msgspec.json.Encoder(order="deterministic")
_MAX_PACK = 1 << 28

tests = schema.backtests
changes = schema.backtest_changes


class ChangeFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which differences; absent parts do not restrict."""

    kind: ChangeKind | None = None
    rule: str | None = None
    account: str | None = None
    verdict: str | None = None
    mark: str | None = None


def add(connection: sa.Connection, backtest: Backtest, files: Mapping[str, str]) -> None:
    """Begin a back-test of a pack with these files."""
    packed = zstandard.ZstdCompressor(level=3).compress(_ENCODER.encode(dict(files)))
    row = {
        "id": backtest.id,
        "state": backtest.state.value,
        "version": backtest.version,
        "base_version": backtest.base_version,
        "by_whom": backtest.by,
        "at_us": to_us(backtest.at),
        "seen_at_us": to_us(backtest.at),
        "since_us": None if backtest.since is None else to_us(backtest.since),
        "until_us": None if backtest.until is None else to_us(backtest.until),
        "events": backtest.events,
        "events_done": 0,
        "took_us": 0,
        "stored": 0,
        "pack": packed,
    }
    connection.execute(sa.insert(tests).values(row))


def note_progress(connection: sa.Connection, backtest_id: str, *, done: int, now: datetime) -> None:
    """Say how far it is, and that its process lives."""
    statement = sa.update(tests).where(tests.c.id == backtest_id)
    connection.execute(statement.values(events_done=done, seen_at_us=to_us(now)))


def add_changes(connection: sa.Connection, backtest_id: str, found: Sequence[Change]) -> None:
    """Keep some of the differences."""
    if found:
        rows = [_row_of(backtest_id, change) for change in found]
        connection.execute(sa.insert(changes), rows)


def remove_changes(connection: sa.Connection, backtest_id: str) -> None:
    """Forget the differences: of a back-test that was not finished."""
    connection.execute(sa.delete(changes).where(changes.c.backtest_id == backtest_id))


def finish(
    connection: sa.Connection,
    backtest_id: str,
    state: BacktestState,
    *,
    now: datetime,
    problem: str | None = None,
    figures: BacktestFigures | None = None,
    stored: int = 0,
) -> None:
    """End a back-test."""
    at_us = connection.execute(sa.select(tests.c.at_us).where(tests.c.id == backtest_id)).scalar()
    values: dict[str, Any] = {
        "state": state.value,
        "problem": problem,
        "seen_at_us": to_us(now),
        "took_us": max(0, to_us(now) - int(at_us or 0)),
        "stored": stored,
    }
    if figures is not None:
        values["figures"] = _ENCODER.encode(figures).decode()
        values["events_done"] = tests.c.events
    connection.execute(sa.update(tests).where(tests.c.id == backtest_id).values(values))


def get(connection: sa.Connection, backtest_id: str, now: datetime) -> Backtest | None:
    """One back-test by id."""
    row = connection.execute(sa.select(tests).where(tests.c.id == backtest_id)).one_or_none()
    return None if row is None else _backtest(row, now)


def list_backtests(
    connection: sa.Connection,
    now: datetime,
    *,
    limit: int = 50,
    before: tuple[int, str] | None = None,
) -> list[Backtest]:
    """The newest first; `before` is the moment (microseconds) and id of the last one seen."""
    statement = sa.select(tests)
    if before is not None:
        statement = statement.where(sa.tuple_(tests.c.at_us, tests.c.id) < before)
    statement = statement.order_by(tests.c.at_us.desc(), tests.c.id.desc()).limit(limit)
    return [_backtest(row, now) for row in connection.execute(statement)]


def touching_rule(
    connection: sa.Connection, rule: str, now: datetime, *, limit: int = 10
) -> list[Backtest]:
    """The newest back-tests in which a rule makes a difference."""
    statement = (
        sa.select(tests)
        .where(tests.c.state == BacktestState.DONE.value, tests.c.id.in_(_moving(rule)))
        .order_by(tests.c.at_us.desc(), tests.c.id.desc())
        .limit(limit)
    )
    return [_backtest(row, now) for row in connection.execute(statement)]


def files_of(connection: sa.Connection, backtest_id: str) -> dict[str, str] | None:
    """The files of the pack that was tried; None if there is no such back-test."""
    statement = sa.select(tests.c.pack).where(tests.c.id == backtest_id)
    packed = connection.execute(statement).scalar_one_or_none()
    if packed is None:
        return None
    raw = zstandard.ZstdDecompressor().decompress(packed, max_output_size=_MAX_PACK)
    return msgspec.json.decode(raw, type=dict[str, str])


def with_version(connection: sa.Connection, version: str) -> str | None:
    """The newest back-test of a pack with this version; None if it was never tried."""
    statement = (
        sa.select(tests.c.id)
        .where(tests.c.version == version)
        .order_by(tests.c.at_us.desc())
        .limit(1)
    )
    found: str | None = connection.execute(statement).scalar_one_or_none()
    return found


def list_changes(
    connection: sa.Connection,
    backtest_id: str,
    where: ChangeFilter,
    *,
    limit: int = 50,
    after: int = 0,
) -> list[Change]:
    """Differences in the order of the list, behind number `after`."""
    statement = _filtered(sa.select(changes), backtest_id, where)
    statement = statement.where(changes.c.number > after).order_by(changes.c.number).limit(limit)
    return [_change(row) for row in connection.execute(statement)]


def get_change(connection: sa.Connection, backtest_id: str, number: int) -> Change | None:
    """One difference by its number."""
    statement = sa.select(changes).where(
        changes.c.backtest_id == backtest_id, changes.c.number == number
    )
    row = connection.execute(statement).one_or_none()
    return None if row is None else _change(row)


def number_before(
    connection: sa.Connection, backtest_id: str, where: ChangeFilter, number: int
) -> int | None:
    """The number of the difference before this one; None at the first."""
    statement = _filtered(sa.select(sa.func.max(changes.c.number)), backtest_id, where)
    found: int | None = connection.execute(
        statement.where(changes.c.number < number)
    ).scalar_one_or_none()
    return found


def count_changes(connection: sa.Connection, backtest_id: str, where: ChangeFilter) -> int:
    """How many differences are kept."""
    statement = _filtered(sa.select(sa.func.count()).select_from(changes), backtest_id, where)
    return int(connection.execute(statement).scalar_one())


def count_marks(connection: sa.Connection, backtest_id: str) -> dict[tuple[ChangeKind, Mark], int]:
    """How many differences were marked, by kind and mark."""
    statement = (
        sa.select(changes.c.kind, changes.c.mark, sa.func.count())
        .where(changes.c.backtest_id == backtest_id, changes.c.mark.is_not(None))
        .group_by(changes.c.kind, changes.c.mark)
    )
    return {(ChangeKind(row[0]), Mark(row[1])): row[2] for row in connection.execute(statement)}


def mark(
    connection: sa.Connection,
    backtest_id: str,
    number: int,
    said: Mark | None,
    *,
    by: str,
    now: datetime,
) -> bool:
    """Say what a reviewer thinks of a difference (None: nothing any more); False if unknown."""
    statement = (
        sa.update(changes)
        .where(changes.c.backtest_id == backtest_id, changes.c.number == number)
        .values(mark=said and said.value, marked_by=by, marked_at_us=to_us(now))
    )
    return connection.execute(statement).rowcount == 1


def standing_verdicts(connection: sa.Connection) -> dict[tuple[str, str], VerdictKind]:
    """What people said last of each subject and did not take back; by kind and id."""
    table = schema.verdicts
    reversing = sa.select(table.c.reverses).where(table.c.reverses.is_not(None))
    statement = (
        sa.select(table.c.subject_kind, table.c.subject_id, table.c.kind)
        .where(
            table.c.kind.in_((VerdictKind.HARMLESS.value, VerdictKind.VIOLATION.value)),
            table.c.id.not_in(reversing),
        )
        .order_by(table.c.position)
    )
    rows = connection.execute(statement)
    return {(row.subject_kind, row.subject_id): VerdictKind(row.kind) for row in rows}


def _moving(rule: str) -> sa.Select[Any]:
    return sa.select(changes.c.backtest_id).where(_names(rule)).distinct()


def _names(rule: str) -> sa.ColumnElement[bool]:
    padded = sa.literal(" ").concat(changes.c.rules).concat(" ")
    return padded.contains(f" {rule} ", autoescape=True)


def _filtered(statement: sa.Select[Any], backtest_id: str, where: ChangeFilter) -> sa.Select[Any]:
    statement = statement.where(changes.c.backtest_id == backtest_id)
    if where.kind is not None:
        statement = statement.where(changes.c.kind == where.kind.value)
    if where.rule is not None:
        statement = statement.where(_names(where.rule))
    if where.account is not None:
        statement = statement.where(changes.c.actor == where.account)
    for column, value in ((changes.c.verdict, where.verdict), (changes.c.mark, where.mark)):
        if value == "none":
            statement = statement.where(column.is_(None))
        elif value is not None:
            statement = statement.where(column == value)
    return statement


def _row_of(backtest_id: str, change: Change) -> dict[str, Any]:
    return {
        "backtest_id": backtest_id,
        "number": change.number,
        "kind": change.kind.value,
        "subject_kind": change.subject.kind,
        "subject_id": change.subject.id,
        "actor": change.actor,
        "event_id": change.event,
        "position": change.position,
        "ordinal": change.ordinal,
        "at_us": to_us(change.at),
        "language": change.language,
        "before": change.before and _ENCODER.encode(change.before).decode(),
        "after": change.after and _ENCODER.encode(change.after).decode(),
        "rules_before": " ".join(change.rules_before),
        "rules_after": " ".join(change.rules_after),
        "rules": " ".join(change.rules),
        "verdict": change.verdict and change.verdict.value,
    }


def _change(row: Any) -> Change:
    return Change(
        number=row.number,
        kind=ChangeKind(row.kind),
        subject=Subject(kind=row.subject_kind, id=row.subject_id),
        actor=row.actor,
        event=row.event_id,
        position=row.position,
        ordinal=row.ordinal,
        at=from_us(row.at_us),
        language=row.language,
        before=row.before and msgspec.json.decode(row.before, type=Treatment),
        after=row.after and msgspec.json.decode(row.after, type=Treatment),
        rules_before=tuple(row.rules_before.split()),
        rules_after=tuple(row.rules_after.split()),
        rules=tuple(row.rules.split()),
        verdict=None if row.verdict is None else VerdictKind(row.verdict),
        mark=None if row.mark is None else Mark(row.mark),
        marked_by=row.marked_by,
        marked_at=None if row.marked_at_us is None else from_us(row.marked_at_us),
    )


def _backtest(row: Any, now: datetime) -> Backtest:
    state = BacktestState(row.state)
    if state is BacktestState.RUNNING and now - from_us(row.seen_at_us) > SILENCE:
        state = BacktestState.STOPPED
    figures = row.figures
    return Backtest(
        id=row.id,
        state=state,
        version=row.version,
        base_version=row.base_version,
        by=row.by_whom,
        at=from_us(row.at_us),
        since=None if row.since_us is None else from_us(row.since_us),
        until=None if row.until_us is None else from_us(row.until_us),
        events=row.events,
        events_done=row.events_done,
        seconds=row.took_us / 1e6,
        problem=row.problem,
        stored=row.stored,
        figures=None if figures is None else msgspec.json.decode(figures, type=BacktestFigures),
    )
