"""What people wrote appears in no log record, no error and nothing that is printed unasked."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import sqlalchemy as sa

from tests.support.cases import PLAIN_POLICY
from tests.support.runs import environment, open_store, run_command
from tocsin.enforcement import deliver_due
from tocsin.errors import TocsinError
from tocsin.pipeline import Intake, Live, run_files
from tocsin.plugins import Receipt
from tocsin.records import Action, ActionKind, VerdictKind
from tocsin.review.verdicts import Ruling, decide
from tocsin.store import Store, cases, deadletters, schema
from tocsin.store.query import query_events

CANARY: Final = "kestrel4711"
LINK: Final = "https://iron-dawn.example/library"


def lines() -> Iterator[bytes]:
    """Good and bad lines; each holds the canary somewhere."""
    post = {"id": "p1", "text": f"dawn of iron rises {CANARY}", "title": CANARY}
    actor = {"id": "a1", "handle": CANARY, "name": CANARY, "bio": CANARY}
    good = {"id": "e1", "type": "post.created", "actor": actor, "post": post}
    yield json.dumps(good).encode()
    yield json.dumps({**good, "id": "e2", "post": {**post, "id": "p2", "links": [LINK]}}).encode()
    yield f'{{"id":"{CANARY}'.encode()
    yield json.dumps({**good, "id": "e3", "post": {"id": "p", "text": [CANARY]}}).encode()
    yield json.dumps({**good, "id": "e4", "type": CANARY}).encode()
    yield json.dumps({**good, "id": "e5", "at": CANARY}).encode()
    yield json.dumps({**good, "id": "e6", "post": {"id": "p", "visibility": CANARY}}).encode()
    yield json.dumps({**good, "id": "e7", "post": {"id": "p", "text": CANARY * 10_000}}).encode()
    yield f'{{"id":"e8","text":"{CANARY}'.encode() + b"\xff\0"
    yield json.dumps({**good, "id": "e9", CANARY: CANARY, "post": {CANARY: 1}}).encode()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\n".join(lines()) + b"\n")
    return path


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    opened = open_store(database_url, tmp_path)
    yield opened
    opened.close()


class Refusing:
    """A connector that trips over what it is given, and says so."""

    name = "refusing"

    def actions(self) -> dict[ActionKind, bool]:
        return dict.fromkeys(ActionKind, True)

    def deliver(self, action: Action, attempt: int) -> Receipt:
        raise RuntimeError(action.id)


def test_logs_of_a_whole_run_hold_no_content(
    store: Store, source: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        summary = run_files(store, [str(source)])
        assert (summary.accepted, summary.dead_letters) == (2, 8)
        deliver_due(store, Refusing())
        with store.read() as connection:
            case = cases.list_cases(connection, cases.CaseFilter(clause="terror.support"))[0]
        ruling = Ruling(
            case=case.id,
            version=case.version,
            kind=VerdictKind.VIOLATION,
            clause="terror.support",
            actions=(ActionKind.HIDE,),
            note=CANARY,
        )
        decide(store, PLAIN_POLICY, ruling, reviewer="usr_1")
    assert "delivery of act_" in caplog.text
    formatted = logging.Formatter("%(message)s")
    said = "\n".join(formatted.format(record) for record in caplog.records)
    assert CANARY not in said


def test_reasons_of_refusals_hold_no_content(store: Store, source: Path) -> None:
    run_files(store, [str(source)])
    with store.read() as connection:
        rows = deadletters.list_rows(connection)
    assert len(rows) == 8
    assert not [row.letter.message for row in rows if CANARY in row.letter.message]


def test_a_fault_of_the_database_holds_no_content(
    store: Store, source: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The table that decisions go into is gone: everything that can fail fails."""
    live = Live.open(store)
    with store.database.write() as connection:
        connection.execute(sa.text("DROP TABLE reports"))
        connection.execute(sa.text("DROP TABLE case_decisions"))
    intake = Intake(live)
    intake.start()
    with caplog.at_level(logging.DEBUG), pytest.raises(Exception) as caught:  # noqa: PT011  # any
        run_files(store, [str(source)])
    intake.stop()
    told = "".join(traceback.format_exception(caught.value))
    assert "case_decisions" in told
    assert CANARY not in told
    assert CANARY not in caplog.text


@pytest.mark.parametrize(
    "sql",
    [
        "select cast(post.text as int) from events",
        "select error(actor.handle) from events",
        "select * from events where post.text",
        "select list_extract([1], cast(post.title as int)) from events",
    ],
)
def test_errors_of_questions_hold_no_content(store: Store, source: Path, sql: str) -> None:
    run_files(store, [str(source)])
    with pytest.raises(TocsinError) as caught:
        query_events(store, sql)
    assert CANARY not in str(caught.value)


COMMANDS = [
    ("run", "events.jsonl"),
    ("decisions",),
    ("deadletters", "list"),
    ("deadletters", "replay", "--all"),
    ("enforce", "--dry-run"),
    ("enforce",),
    ("reconcile",),
    ("audit", "verify"),
    ("audit", "anchor"),
    ("archive",),
    ("rebuild",),
    ("bank", "list"),
    ("policy", "list"),
]
"""What may be shown to whoever stands by; asked for one thing, `explain`, `query` and
`deadletters show` do show it."""


def test_commands_print_no_content_unasked(
    database_url: str,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TOCSIN_DB", database_url)
    monkeypatch.setenv("TOCSIN_WEBHOOK_URL", "http://127.0.0.1:9/actions")
    monkeypatch.chdir(tmp_path)
    assert source.name == "events.jsonl"
    for words in COMMANDS:
        for more in ((), ("--json",)):
            ran = run_command(capfd, *words, *more)
            assert ran.status in (0, 3, 4), ran.err
            assert CANARY not in ran.err
            assert CANARY not in ran.out, words


def test_the_chain_holds_ids_and_commitments_only(store: Store, source: Path) -> None:
    run_files(store, [str(source)])
    with store.read() as connection:
        entries = schema.log_entries
        bodies = connection.execute(sa.select(entries.c.body, entries.c.commitments)).all()
    assert not [row for row in bodies if CANARY in row.body + row.commitments]
