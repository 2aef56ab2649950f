from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from tests.support.runs import start_command
from tocsin.errors import InputError, OutsideServiceError
from tocsin.store import schema
from tocsin.store.database import SCHEMA_VERSION, Database
from tocsin.store.migrations import alembic_config


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


def test_the_migrations_give_the_schema_of_the_code(database: Database) -> None:
    database.migrate()
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []


def test_the_version_of_the_code_is_the_newest_migration(database: Database) -> None:
    with database.read() as connection:
        script = ScriptDirectory.from_config(alembic_config(connection))
    assert script.get_current_head() == SCHEMA_VERSION
    folder = Path(script.versions)
    assert max(path.name[:4] for path in folder.glob("[0-9]*.py")) == SCHEMA_VERSION


def test_migrating_twice_changes_nothing(database: Database) -> None:
    database.migrate()
    with database.write() as connection:
        connection.execute(sa.text("INSERT INTO users VALUES ('u','n','r','h',0,false,0,0)"))
    database.migrate()
    with database.read() as connection:
        assert connection.execute(sa.select(schema.users.c.id)).scalars().all() == ["u"]


def test_a_newer_schema_is_refused_and_left_alone(database: Database) -> None:
    database.migrate()
    with database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(InputError, match="the database has schema 9999") as caught:
        database.migrate()
    assert caught.value.hint


def test_processes_that_start_together_make_the_schema_once(
    database_url: str, tmp_path: Path
) -> None:
    env = {"TOCSIN_DATA_DIR": str(tmp_path / "data")}
    words = ("run", "/dev/null", "--db", database_url)
    started = [start_command(*words, env=env) for _ in range(4)]
    for process in started:
        out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, b""), out


def test_an_unreachable_server_is_an_outside_fault(tmp_path: Path) -> None:
    database = Database(f"postgresql+psycopg://nobody:topsecret@/x?host={tmp_path}")
    with pytest.raises(OutsideServiceError) as caught:
        database.migrate()
    assert "topsecret" not in str(caught.value)
    assert caught.value.hint
    database.close()


def test_a_file_that_is_no_database_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_bytes(b"these are notes, not a database " * 100)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(OutsideServiceError, match="not a database"):
        database.migrate()
    database.close()


def test_an_error_of_a_statement_carries_no_values(database: Database) -> None:
    database.migrate()
    row = {"position": 1, "name": "note", "packed": b"kestrel-4711", "salts": b"kestrel-4711"}
    with pytest.raises(sa.exc.IntegrityError) as caught, database.write() as connection:
        connection.execute(sa.insert(schema.log_content), [row, row])
    assert "kestrel" not in str(caught.value)
