"""Connections to SQLite and PostgreSQL, with the same promises on both.

Comes in: a database URL. Goes out: read and write transactions. Always holds: at most one
write transaction runs at a time (SQLite by BEGIN IMMEDIATE, PostgreSQL by an advisory lock), so
that positions in the log have no gaps and readers see them in order; a reader sees one state for
as long as it reads; a committed transaction is on disk; errors carry no values of rows. Refused:
a database whose schema is newer than this program.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tocsin.errors import InputError, NotFoundError, OutsideServiceError
from tocsin.store.driversql import DriverSql

__all__ = ["SCHEMA_VERSION", "Database"]

SCHEMA_VERSION = "0007"
"""The newest migration in `store/migrations`; checked against the folder by a test."""

WRITE_LOCK = 7_205_759_403_792_793
"""Key of PostgreSQL's advisory lock for writers: any fixed number, unlikely to be another's."""

CHECKPOINT_PAGES = 500
"""SQLite takes its log of 2 MB over into the file in one go, and the commit that reaches it waits.
Its own default, 1,000, makes that pause half as long again; all pauses together are the same."""

BUSY_TIMEOUT_S = 60
"""How long a writer waits for another process's transaction; they take milliseconds."""


class Database:
    """One database: short read transactions and exclusive write transactions."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self._file = _file_of(url) if self.is_sqlite else None
        self._idle: list[sa.Connection] = []
        self.engine = _sqlite_engine(url) if self.is_sqlite else _postgres_engine(url)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the database."""
        with _explained(), self.engine.connect() as connection:
            if not self.is_sqlite:  # whose transactions see one state anyway
                connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """The only write transaction of its moment; committed when the block ends well."""
        with _explained(), self._writer() as connection, connection.begin():
            if not self.is_sqlite:
                connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})"))
            yield connection

    @contextmanager
    def _writer(self) -> Iterator[sa.Connection]:
        """A connection that writes; on SQLite one that ended well is kept for the next."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self.engine.connect().execution_options(tocsin_write=True)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        if self.is_sqlite and not self._idle:
            self._idle.append(connection)
        else:  # a server may go away in between, and the pool asks whether it is there
            connection.close()

    def migrate(self, *, create: bool = True) -> None:
        """Bring the schema up to `SCHEMA_VERSION`; where there is none, only if it may be made.

        Raises:
            NotFoundError: there is no database, and none was to be made.
            InputError: the database was made by a newer Tocsin.
        """
        if self._file is not None:
            if not create and not (self._file.is_file() and self._file.stat().st_size):
                raise self._missing()  # merely connecting would make the file
            self._file.parent.mkdir(parents=True, exist_ok=True)
        found = self._schema_version()
        if found is None and not create:
            raise self._missing()
        if found == SCHEMA_VERSION:
            return
        if found is not None and found > SCHEMA_VERSION:
            raise InputError(
                f"the database has schema {found}, this program knows {SCHEMA_VERSION}",
                hint="run the Tocsin that last used this database, or a newer one",
            )
        from tocsin.store import migrations  # noqa: PLC0415  # Alembic takes 0.3 s to import

        with self.write() as connection:
            migrations.upgrade(connection)

    def _missing(self) -> NotFoundError:
        url = sa.make_url(self.url)  # what is shown of it holds no user and no password
        place = self._file or f"{url.host or 'localhost'}/{url.database or ''}"
        return NotFoundError(
            f"there is no database at {place}", hint="`tocsin init` makes one; check --db"
        )

    def _schema_version(self) -> str | None:
        with self.read() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return None
            statement = sa.text("SELECT version_num FROM alembic_version")
            return connection.execute(statement).scalar_one_or_none()

    def close(self) -> None:
        """Release every connection."""
        while self._idle:
            self._idle.pop().close()
        self.engine.dispose()


def _file_of(url: str) -> Path | None:
    path = sa.make_url(url).database
    return Path(path).absolute() if path and path != ":memory:" else None


def _sqlite_engine(url: str) -> sa.Engine:
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S}, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")  # a commit survives a power cut
        cursor.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        cursor.execute("PRAGMA secure_delete=ON")  # what is erased leaves the file, in every build
        cursor.execute("PRAGMA cache_size=-65536")
        cursor.execute("PRAGMA temp_store=MEMORY")
        cursor.execute("PRAGMA trusted_schema=OFF")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        is_write = connection.get_execution_options().get("tocsin_write", False)
        (_BEGIN_WRITE if is_write else _BEGIN_READ).run_at_once(connection)

    return engine


_BEGIN_READ = DriverSql("BEGIN")
_BEGIN_WRITE = DriverSql("BEGIN IMMEDIATE")


def _postgres_engine(url: str) -> sa.Engine:
    try:
        return sa.create_engine(
            url, pool_pre_ping=True, pool_size=4, max_overflow=16, hide_parameters=True
        )
    except ModuleNotFoundError:
        raise InputError(
            "PostgreSQL needs its driver",
            where="database_url",
            hint="pip install 'tocsin[postgres]'",
        ) from None


_OUR_FAULTS = (
    sa.exc.IntegrityError,
    sa.exc.DataError,
    sa.exc.ProgrammingError,
    sa.exc.InternalError,
    sa.exc.NotSupportedError,
)
"""What is left: operational errors, and SQLite's word for a file that is no database."""


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except _OUR_FAULTS:
        raise
    except sa.exc.DatabaseError as error:
        # The driver's first line names host, file or lock; the others may hold content.
        reason = str(error.orig).splitlines()[0] if error.orig else "no reason given"
        raise OutsideServiceError(
            f"the database cannot be used: {reason}",
            hint="check the URL (`--db` or TOCSIN_DB), the disk and that the server runs",
        ) from None
