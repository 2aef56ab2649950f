"""Questions in SQL reach the events, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.runs import judge, made_lines, open_store
from tocsin.errors import InputError, TocsinError
from tocsin.records import Judgement
from tocsin.store import Store, archive_events
from tocsin.store.query import query_events
from tocsin.testing import batch_of, post_event

SECRET = "kestrel-4711"


@pytest.fixture
def store(sqlite_url: str, tmp_path: Path) -> Iterator[Store]:
    opened = open_store(sqlite_url, tmp_path)
    judge(opened, made_lines(20))
    archive_events(opened)
    with opened.write() as transaction:
        transaction.record_events(batch_of(post_event(SECRET, event_id="secret")), Judgement())
    yield opened
    opened.close()


def test_the_view_holds_archive_and_waiting_events(store: Store) -> None:
    answer = query_events(
        store, "select count(*) n, count(distinct id) ids, min(id) first from events"
    )
    assert answer.to_pylist() == [{"n": 21, "ids": 21, "first": "event-0"}]


def test_columns_are_those_of_the_wire_format_and_the_place_without_the_salt(
    store: Store,
) -> None:
    names = query_events(store, "select * from events limit 0").column_names
    assert {"id", "type", "at", "actor", "post", "position", "ordinal", "happened_at"} <= set(names)
    assert "salt" not in names
    for table in ("archived_events", "waiting_events"):
        with pytest.raises(InputError, match="salt"):
            query_events(store, f"select salt from {table}")  # noqa: S608  # a test of refusals


@pytest.mark.parametrize(
    "sql",
    [
        "attach '/tmp/other.db'",
        "call pragma_version()",
        "checkpoint",
        "copy (select 1) to '/tmp/out.csv'",
        "create table t (a int)",
        "delete from events",
        "drop view events",
        "explain select 1",
        "export database '/tmp/out'",
        "install httpfs",
        "load json",
        "pragma database_list",
        "reset memory_limit",
        "set threads = 1",
        "select 1; select 2",
        "use memory",
        "",
        ";",
    ],
)
def test_only_one_select_is_answered(store: Store, sql: str) -> None:
    with pytest.raises(InputError, match="only one SELECT"):
        query_events(store, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/passwd')",
        "select * from read_blob('/etc/passwd')",
        "select * from read_parquet('/etc/*')",
        "select * from read_json('http://127.0.0.1/x')",
        "select * from '/etc/passwd'",
        "select * from 'http://127.0.0.1/x.csv'",
        "select * from glob('/*')",
        "select * from sniff_csv('/etc/passwd')",
        "select getenv('HOME')",
        "select * from store",
        "select * from tail",
        "select * from sqlite_master_of_tocsin",
        "with x as (select * from read_csv('/etc/passwd')) select * from x",
        "select (select content from read_text('/etc/passwd'))",
        "from query('select * from read_text(''/etc/passwd'')')",
    ],
)
def test_no_file_network_or_variable_is_reached(store: Store, sql: str) -> None:
    with pytest.raises(InputError) as caught:
        query_events(store, sql)
    assert caught.value.where == "SQL"
    assert "root:" not in str(caught.value)


def test_wrong_sql_says_what_is_wrong_in_lower_case(store: Store) -> None:
    for sql, told in (("select nothing from events", "nothing"), ("selec 1", "syntax error")):
        with pytest.raises(InputError, match=told) as caught:
            query_events(store, sql)
        assert caught.value.message[0].islower()


@pytest.mark.parametrize(
    "sql",
    [
        "select cast(post.text as integer) from events",
        "select error(post.text) from events",
        "select strptime(post.text, '%Y') from events",
        "select case when post.text is null then 1 else error(post.text) end from events",
    ],
)
def test_an_error_never_quotes_the_archive(store: Store, sql: str) -> None:
    with pytest.raises(InputError) as caught:
        query_events(store, sql)
    assert SECRET not in str(caught.value)
    assert "harbour" not in str(caught.value)


def test_a_huge_answer_is_cut_and_stays_small(store: Store) -> None:
    answer = query_events(store, "select * from range(100_000_000_000)", max_rows=25_001)
    assert answer.num_rows == 25_001
    assert answer["range"][-1].as_py() == 25_000


def test_a_question_that_wants_too_much_memory_is_refused(store: Store) -> None:
    with pytest.raises(InputError):
        query_events(store, "select list(range) l from range(1_000_000_000)")


def test_a_question_that_takes_too_long_is_stopped(store: Store) -> None:
    sql = "select count(*) from range(1_000_000_000) a, range(1_000_000_000) b where a.range < 0"
    with pytest.raises(InputError, match=r"longer than 0\.2 s") as caught:
        query_events(store, sql.replace("< 0", "+ b.range = -1"), time_limit_s=0.2)
    assert caught.value.hint


def test_a_missing_archive_file_is_told_apart_from_a_wrong_question(store: Store) -> None:
    next((store.folder / "archive").rglob("*.parquet")).unlink()
    with pytest.raises(TocsinError) as caught:
        query_events(store, "select count(*) from events")
    assert not isinstance(caught.value, InputError)
    assert "audit verify" in str(caught.value.hint)


def test_a_query_leaves_nothing_behind(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    query_events(store, "select * from events order by post.text")
    assert list(empty.iterdir()) == []
