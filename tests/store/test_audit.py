"""Every kind of tampering is found, and the report says what it cannot prove."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from tests.support.cases import PLAIN_POLICY
from tests.support.erasing import erase_event
from tests.support.runs import judge, made_lines, open_store, rows_by_table
from tocsin.errors import InputError
from tocsin.records import ActionKind, EntryKind, VerdictKind
from tocsin.review.verdicts import Ruling, decide
from tocsin.store import (
    Store,
    anchors,
    archive_events,
    audit,
    cases,
    content,
    keys,
    log,
    people,
    schema,
)
from tocsin.store.audit import AuditReport, verify

Tamper = Callable[[sa.Connection], object]

ENTRIES, CONTENT = schema.log_entries, schema.log_content


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def template(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """A store that was used, to be copied: the name of its database, and its folder."""
    folder = tmp_path_factory.mktemp("template")
    if request.param == "sqlite":
        database, url = "", f"sqlite:///{folder / 'tocsin.db'}"
    else:
        server = request.getfixturevalue("postgres_server")
        database = server.create()
        url = server.url(database)
    opened = open_store(url, folder)
    _use(opened)
    opened.close()
    return database, folder


@pytest.fixture
def store(
    template: tuple[str, Path], tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Store]:
    """A store with archived and waiting events, a case that was decided, and actions."""
    database, folder = template
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    if not database:
        opened = open_store(f"sqlite:///{tmp_path / 'tocsin.db'}", tmp_path)
        yield opened
        opened.close()
        return
    server = request.getfixturevalue("postgres_server")
    copy = server.create(database)
    opened = open_store(server.url(copy), tmp_path)
    yield opened
    opened.close()
    server.drop(copy)


def _use(opened: Store) -> None:
    judge(opened, made_lines(40), batch=8)
    archive_events(opened)
    judge(opened, made_lines(60), batch=8)
    with opened.read() as connection:
        case = cases.list_cases(connection, cases.CaseFilter(clause="terror.support"))[0]
    ruling = Ruling(
        case=case.id,
        version=case.version,
        kind=VerdictKind.VIOLATION,
        clause="terror.support",
        actions=(ActionKind.HIDE,),
        note="seen twice",
    )
    decide(opened, PLAIN_POLICY, ruling, reviewer="usr_1")


def tamper(store: Store, *statements: sa.Executable) -> None:
    with store.database.write() as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount, "nothing was changed"


def codes(report: AuditReport) -> set[str]:
    return {finding.code for finding in report.findings}


def anchored(store: Store) -> Path:
    anchors.write_anchor(store)
    return store.folder / anchors.ANCHOR_FILE


def position_of(store: Store, kind: EntryKind) -> int:
    """The newest entry of a kind."""
    with store.read() as connection:
        statement = sa.select(sa.func.max(ENTRIES.c.position)).where(ENTRIES.c.kind == kind.value)
        return int(connection.execute(statement).scalar_one())


def value(store: Store, statement: sa.Select[Any]) -> Any:
    with store.read() as connection:
        return connection.execute(statement).scalar_one()


# --- an untouched store ------------------------------------------------------------------------


def test_an_untouched_store_is_sound(store: Store) -> None:
    path = anchored(store)
    report = verify(store, anchor_file=path)
    assert report.is_sound, report.findings
    assert report.n_entries == value(store, sa.select(sa.func.max(ENTRIES.c.position)))
    assert report.n_anchors == 1
    assert report.n_erased == 0
    assert report.n_items > 60


def test_it_reports_progress_for_each_entry(store: Store) -> None:
    seen: list[int] = []
    report = verify(store, on_progress=seen.append)
    assert sum(seen) == report.n_entries


def test_without_an_anchor_it_says_what_it_cannot_prove(store: Store) -> None:
    report = verify(store)
    assert any("without an anchor" in limit for limit in report.not_proved)


def test_with_an_anchor_it_says_which_entries_are_newer(store: Store) -> None:
    path = anchored(store)
    covered = anchors.load_anchors(path)[-1].position
    judge(store, made_lines(80), batch=8)
    newest = value(store, sa.select(sa.func.max(ENTRIES.c.position)))
    report = verify(store, anchor_file=path)
    assert report.is_sound
    assert any(f"entries {covered + 1} to {newest}" in limit for limit in report.not_proved)
    assert any("public key" in limit for limit in report.not_proved)
    assert not any("without an anchor" in limit for limit in report.not_proved)


def test_verifying_changes_nothing(store: Store) -> None:
    before = rows_by_table(store)
    verify(store)
    assert rows_by_table(store) == before


# --- the log -----------------------------------------------------------------------------------


def test_a_changed_body_is_found(store: Store) -> None:
    position = position_of(store, EntryKind.VERDICT)
    body = value(store, sa.select(ENTRIES.c.body).where(ENTRIES.c.position == position))
    changed = body.replace("usr_1", "usr_2")
    tamper(store, sa.update(ENTRIES).where(ENTRIES.c.position == position).values(body=changed))
    assert "AUDIT.HASH" in codes(verify(store))


@pytest.mark.parametrize("column", ["kind", "at_us", "writer_seq", "commitments", "previous"])
def test_every_other_part_of_an_entry_is_covered(store: Store, column: str) -> None:
    values = {
        "kind": "user.changed",
        "at_us": 1,
        "writer_seq": 999,
        "commitments": "not JSON",
        "previous": "f" * 64,
    }
    position = position_of(store, EntryKind.VERDICT)
    statement = sa.update(ENTRIES).where(ENTRIES.c.position == position)
    tamper(store, statement.values({column: values[column]}))
    assert "AUDIT.HASH" in codes(verify(store))


def test_a_changed_body_with_its_hash_recomputed_breaks_the_chain(store: Store) -> None:
    rewrite(store, position_of(store, EntryKind.POLICY), "pack", "someone", until_end=False)
    report = verify(store)
    assert "AUDIT.CHAIN" in codes(report)
    assert "AUDIT.HASH" not in codes(report)


def test_a_deleted_entry_in_the_middle_is_found(store: Store) -> None:
    position = position_of(store, EntryKind.VERDICT) - 2
    tamper(store, sa.delete(ENTRIES).where(ENTRIES.c.position == position))
    report = verify(store)
    assert {"AUDIT.GAP", "AUDIT.CHAIN", "AUDIT.CONTENT_EXTRA"} <= codes(report)
    assert any(
        f"entries {position} to {position} are missing" == f.message for f in report.findings
    )


def test_a_cut_off_end_is_found_with_an_anchor_only(store: Store) -> None:
    path = anchored(store)
    last = position_of(store, EntryKind.VERDICT)
    tamper(
        store,
        sa.delete(ENTRIES).where(ENTRIES.c.position == last),
        sa.delete(CONTENT).where(CONTENT.c.position == last),
        sa.delete(schema.verdicts),
        sa.delete(schema.actions).where(schema.actions.c.position == last),
        sa.update(schema.cases)
        .where(schema.cases.c.verdict_id.is_not(None))
        .values(
            state="open",
            open_key=schema.cases.c.subject_kind + ":" + schema.cases.c.subject_id,
            decided_at_us=None,
            verdict_id=None,
            version=schema.cases.c.version - 1,
        ),
    )
    assert verify(store).is_sound, "without an anchor this cannot be known"
    assert codes(verify(store, anchor_file=path)) == {"AUDIT.TRUNCATED"}


def rewrite(store: Store, first: int, old: str, new: str, *, until_end: bool = True) -> None:
    """Change the body of one entry, and the hashes from there on."""
    with store.database.write() as connection:
        rows = connection.execute(
            sa.select(ENTRIES).where(ENTRIES.c.position >= first).order_by(ENTRIES.c.position)
        ).all()
        previous = rows[0].previous
        for row in rows if until_end else rows[:1]:
            body = row.body.replace(old, new) if row.position == first else row.body
            hashed = log.entry_hash(
                row.position, row.writer, row.writer_seq, row.kind, row.at_us,
                body, row.commitments, previous,
            )  # fmt: skip
            connection.execute(
                sa.update(ENTRIES)
                .where(ENTRIES.c.position == row.position)
                .values(body=body, previous=previous, hash=hashed)
            )
            previous = hashed


def test_a_rewritten_history_is_found_with_an_anchor_only(store: Store) -> None:
    path = anchored(store)
    rewrite(store, position_of(store, EntryKind.VERDICT), "usr_1", "usr_2")
    tamper(store, sa.update(schema.verdicts).values(reviewer="usr_2"))
    assert verify(store).is_sound, "without an anchor this cannot be known"
    assert codes(verify(store, anchor_file=path)) == {"AUDIT.REWRITTEN"}


def test_a_checkpoint_that_names_nothing_real_is_found(store: Store) -> None:
    with store.write("other") as transaction:
        transaction.record(EntryKind.SETTING, {"settings": {}})
    anchors.write_anchor(store)
    checkpoint = position_of(store, EntryKind.CHECKPOINT)
    assert verify(store).is_sound
    rewrite(store, checkpoint, '"hash":"', '"hash":"f')
    assert codes(verify(store)) == {"AUDIT.CHECKPOINT"}
    rewrite(store, checkpoint, "heads", "tails")
    assert codes(verify(store)) == {"AUDIT.CHECKPOINT"}


def test_more_than_a_thousand_findings_are_counted(store: Store) -> None:
    report = AuditReport()
    for number in range(1_010):
        report.add("AUDIT.GAP", f"entry {number}", "missing")
    assert (len(report.findings), report.n_unlisted) == (1_000, 10)
    assert store.folder.exists()


# --- content -----------------------------------------------------------------------------------


def content_row(store: Store, kind: EntryKind, name: str) -> Any:
    position = position_of(store, kind)
    with store.read() as connection:
        return connection.execute(
            sa.select(CONTENT).where(CONTENT.c.position == position, CONTENT.c.name == name)
        ).one()


def same_row(row: Any) -> sa.ColumnElement[bool]:
    return sa.and_(CONTENT.c.position == row.position, CONTENT.c.name == row.name)


def test_changed_content_is_found(store: Store) -> None:
    row = content_row(store, EntryKind.VERDICT, "note")
    blob = content.pack([msgspec.json.encode("seen once")])
    tamper(store, sa.update(CONTENT).where(same_row(row)).values(packed=blob))
    report = verify(store)
    assert codes(report) == {"AUDIT.CONTENT"}
    assert report.findings[0].where == f"entry {row.position}, note 0"


def test_changed_salts_are_found(store: Store) -> None:
    row = content_row(store, EntryKind.VERDICT, "note")
    tamper(store, sa.update(CONTENT).where(same_row(row)).values(salts=b"\1" * len(row.salts)))
    assert codes(verify(store)) == {"AUDIT.CONTENT"}


def test_content_that_cannot_be_read_is_found(store: Store) -> None:
    row = content_row(store, EntryKind.VERDICT, "note")
    tamper(store, sa.update(CONTENT).where(same_row(row)).values(packed=b"no zstandard"))
    assert codes(verify(store)) == {"AUDIT.CONTENT", "AUDIT.REPLAY"}


def test_deleted_content_is_found(store: Store) -> None:
    row = content_row(store, EntryKind.VERDICT, "note")
    tamper(store, sa.delete(CONTENT).where(same_row(row)))
    assert codes(verify(store)) == {"AUDIT.CONTENT_MISSING"}


def test_added_content_is_found(store: Store) -> None:
    row = content_row(store, EntryKind.VERDICT, "note")
    stray = {"position": row.position, "name": "more", "packed": row.packed, "salts": row.salts}
    tamper(store, sa.insert(CONTENT).values(stray))
    tamper(store, sa.insert(CONTENT).values({**stray, "position": 10_000}))
    report = verify(store)
    assert codes(report) == {"AUDIT.CONTENT_EXTRA"}
    assert len(report.findings) == 2


def test_more_or_fewer_items_are_found(store: Store) -> None:
    row = content_row(store, EntryKind.EVENTS, "events")
    items = content.unpack(row.packed)
    blob = content.pack(items[:-1])
    size = content.SALT_BYTES
    tamper(
        store, sa.update(CONTENT).where(same_row(row)).values(packed=blob, salts=row.salts[:-size])
    )
    assert "AUDIT.CONTENT" in codes(verify(store))


# --- derived tables ----------------------------------------------------------------------------

T = schema

DERIVED_CHANGES = [
    pytest.param(sa.update(T.decisions).values(priority=1), "priority", id="decision"),
    pytest.param(sa.update(T.decisions).values(trigger_json="{}"), "trigger_json", id="trigger"),
    pytest.param(sa.delete(T.decisions), "not in the table", id="deleted-decision"),
    pytest.param(sa.update(T.cases).values(priority=1), "priority", id="case"),
    pytest.param(sa.update(T.verdicts).values(reviewer="x"), "reviewer", id="verdict"),
    pytest.param(sa.delete(T.verdicts), "not in the table", id="deleted-verdict"),
    pytest.param(sa.update(T.actions).values(state="applied"), "state", id="action"),
    pytest.param(sa.delete(T.actions), "not in the table", id="deleted-action"),
    pytest.param(sa.update(T.bank_entries).values(state="retired"), "state", id="bank-entry"),
    pytest.param(sa.delete(T.bank_edits), "not in the table", id="deleted-bank-edit"),
    pytest.param(sa.update(T.event_ids).values(ordinal=9), "ordinal", id="event-id"),
    pytest.param(sa.update(T.policy_versions).values(version="x"), "version", id="policy"),
    pytest.param(
        sa.insert(T.event_ids).values(id="event-00", position=1, ordinal=77),
        "a row that the log does not give",
        id="added-row",
    ),
]


@pytest.mark.parametrize(("statement", "told"), DERIVED_CHANGES)
def test_changed_derived_rows_are_found(store: Store, statement: sa.Executable, told: str) -> None:
    tamper(store, statement)
    report = verify(store)
    assert codes(report) == {"AUDIT.DERIVED"}
    assert told in report.findings[0].message


def test_where_a_delivery_stands_is_no_matter_of_the_log(store: Store) -> None:
    tamper(store, sa.update(T.actions).values(attempts=7, last_error="timed out"))
    assert verify(store).is_sound


def test_a_log_that_does_not_replay_is_found(store: Store) -> None:
    row = content_row(store, EntryKind.BANK, "entries")
    tamper(store, sa.delete(CONTENT).where(same_row(row)))
    assert {"AUDIT.REPLAY", "AUDIT.CONTENT_MISSING"} <= codes(verify(store))


# --- the archive -------------------------------------------------------------------------------


def archived_path(store: Store) -> Path:
    path = sa.select(T.archive_files.c.path).order_by(T.archive_files.c.path).limit(1)
    return store.folder / str(value(store, path))


def change_table(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    pq.write_table(change(pq.ParquetFile(path).read()), path)


def with_other_text(table: pa.Table) -> pa.Table:
    rows = table.to_pylist()
    rows[0]["post"]["text"] = "another text"
    return pa.Table.from_pylist(rows, schema=table.schema)


ARCHIVE_CHANGES = [
    pytest.param(with_other_text, "AUDIT.CONTENT", id="changed-text"),
    pytest.param(lambda table: table.slice(1), "AUDIT.CONTENT_MISSING", id="lost-row"),
    pytest.param(
        lambda table: pa.concat_tables([table, table.slice(0, 1)]), "AUDIT.CONTENT", id="row-twice"
    ),
    pytest.param(lambda table: table.drop_columns(["salt"]), "AUDIT.ARCHIVE", id="lost-column"),
]


@pytest.mark.parametrize(("change", "code"), ARCHIVE_CHANGES)
def test_a_changed_archive_file_is_found(
    store: Store, change: Callable[[pa.Table], pa.Table], code: str
) -> None:
    change_table(archived_path(store), change)
    assert code in codes(verify(store))


def test_a_missing_archive_file_is_found(store: Store) -> None:
    archived_path(store).unlink()
    assert {"AUDIT.ARCHIVE", "AUDIT.CONTENT_MISSING"} <= codes(verify(store))


def test_an_archive_file_that_is_no_parquet_is_found(store: Store) -> None:
    archived_path(store).write_bytes(b"PAR1 not really PAR1")
    assert "AUDIT.ARCHIVE" in codes(verify(store))


def test_a_forgotten_archive_file_is_found(store: Store) -> None:
    path = archived_path(store).relative_to(store.folder).as_posix()
    tamper(store, sa.delete(T.archive_files).where(T.archive_files.c.path == path))
    assert "AUDIT.CONTENT_MISSING" in codes(verify(store))


# --- anchors -----------------------------------------------------------------------------------


def test_a_forged_anchor_is_found(store: Store, tmp_path: Path) -> None:
    first, _ = anchored(store), judge(store, made_lines(70), batch=8)
    anchors.write_anchor(store)
    lines = first.read_bytes().splitlines()
    forged = tmp_path / "forged.jsonl"
    second = msgspec.json.decode(lines[1])
    second["position"] += 1
    forged.write_bytes(lines[0] + b"\n" + msgspec.json.encode(second) + b"\n")
    report = verify(store, anchor_file=forged)
    assert codes(report) == {"AUDIT.ANCHOR_SIGNATURE"}
    assert report.findings[0].where == "anchor 2"


def test_anchors_of_another_log_do_not_fit(store: Store, sqlite_url: str, tmp_path: Path) -> None:
    other_url = sqlite_url.replace("tocsin.db", "other.db")
    other = open_store(other_url, tmp_path / "other")
    judge(other, made_lines(9))
    path = anchored(other)
    other.close()
    assert codes(verify(store, anchor_file=path)) & {"AUDIT.REWRITTEN", "AUDIT.TRUNCATED"}


def test_half_a_last_line_vouches_for_nothing_and_makes_way(store: Store) -> None:
    path = anchored(store)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 2])
    report = verify(store, anchor_file=path)
    assert (report.is_sound, report.n_anchors) == (True, 1)
    judge(store, made_lines(70), batch=8)
    anchors.write_anchor(store)
    assert path.read_bytes().startswith(whole)
    report = verify(store, anchor_file=path)
    assert (report.is_sound, report.n_anchors) == (True, 2)


@pytest.mark.parametrize("content", [b"{}\n", b"\xff\n", b"{half\n{}"])
def test_a_whole_line_that_is_no_anchor_is_refused(
    store: Store, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "anchors.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match="no anchor") as caught:
        verify(store, anchor_file=path)
    assert caught.value.where == f"{path}:1"


def test_an_empty_file_of_anchors_vouches_for_nothing(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "anchors.jsonl"
    path.write_bytes(b"")
    report = verify(store, anchor_file=path)
    assert any("vouches for nothing" in limit for limit in report.not_proved)


def test_a_missing_file_of_anchors_is_the_callers_mistake(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        verify(store, anchor_file=tmp_path / "none.jsonl")


# --- erasure -----------------------------------------------------------------------------------


@pytest.mark.parametrize("event_id", ["event-45", "event-49"])
@pytest.mark.parametrize("is_archived", [False, True])
def test_an_erased_event_leaves_the_log_sound_and_is_counted(
    store: Store, event_id: str, is_archived: bool
) -> None:
    erase_event(store, event_id)
    if is_archived:
        archive_events(store)
    report = verify(store, anchor_file=anchored(store))
    assert report.is_sound, report.findings
    assert report.n_erased == 1
    assert any("1 erased items" in limit for limit in report.not_proved)


def test_an_erasure_that_forgets_the_copy_in_a_decision_is_found(store: Store) -> None:
    with store.read() as connection:
        before = connection.execute(
            sa.select(schema.decisions.c.trigger_json).where(
                schema.decisions.c.event_id == "event-49"
            )
        ).scalar_one()
    erase_event(store, "event-49")
    tamper(
        store,
        sa.update(schema.decisions)
        .where(schema.decisions.c.event_id == "event-49")
        .values(trigger_json=before),
    )
    report = verify(store)
    assert codes(report) == {"AUDIT.DERIVED"}
    assert "trigger_json" in report.findings[0].message


# --- while others write ------------------------------------------------------------------------


def test_a_log_that_grows_meanwhile_is_sound(store: Store) -> None:
    grown = False

    def grow(_: int) -> None:
        nonlocal grown
        if not grown:
            grown = True
            judge(store, made_lines(90), batch=8)
            archive_events(store)

    report = audit.verify(store, on_progress=grow)
    assert grown
    assert report.is_sound, report.findings


def test_a_forged_file_of_anchors_is_found_by_the_key_that_was_noted(store: Store) -> None:
    assert anchors.write_anchor(store) is not None
    noted = keys.anchor_key(store.folder).public_key().public_bytes_raw().hex()
    path = store.folder / anchors.ANCHOR_FILE
    assert verify(store, anchor_file=path, public_key=noted).is_sound
    (store.folder / "keys" / "anchor.key").unlink()  # whoever forges has another key
    path.unlink()
    assert anchors.write_anchor(store) is not None
    assert verify(store, anchor_file=path).is_sound
    report = verify(store, anchor_file=path, public_key=noted)
    assert {finding.code for finding in report.findings} == {"AUDIT.ANCHOR_SIGNATURE"}


def test_people_and_keys_who_did_not_come_through_the_log_are_found(store: Store) -> None:
    with store.write() as transaction:
        people.add_user(
            transaction, user_id="usr_1", name="ana", role="analyst", password_hash="h", by="t"
        )
        people.add_token(
            transaction,
            token_id="tok_1",
            name="sender",
            token_hash="t" * 64,
            scopes=("events:write",),
            expires_at=None,
            by="t",
        )
        people.update_user(transaction, "usr_1", by="t", role="moderator")
    assert verify(store).is_sound
    users, tokens = schema.users, schema.api_tokens
    for statement, where in (
        (sa.update(users).values(role="admin"), "user usr_1"),
        (sa.update(users).values(role="moderator", password_hash="x"), "user usr_1"),
        (sa.update(users).values(password_hash="h", id="usr_2"), "user usr_2"),
        (sa.update(users).values(id="usr_1"), None),
        (sa.update(tokens).values(scopes="admin"), "token tok_1"),
        (sa.delete(tokens), "token tok_1"),
    ):
        with store.write() as transaction:
            transaction.connection.execute(statement)
        found = {f.where for f in verify(store).findings if f.code == "AUDIT.PEOPLE"}
        assert (where in found) if where else not found
