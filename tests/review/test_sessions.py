"""Log-in, sessions, users and tokens, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.support.cases import new_store
from tocsin.errors import (
    ConflictError,
    InputError,
    NotFoundError,
    PermissionDenied,
    Unauthenticated,
)
from tocsin.records import EntryKind
from tocsin.review import (
    Passwords,
    Role,
    Scope,
    add_user,
    create_token,
    find_session,
    find_token,
    get_user,
    log_in,
    log_out,
    parse_scopes,
    require_scope,
    revoke_token,
    set_disabled,
    set_password,
    set_role,
)
from tocsin.store import log, schema
from tocsin.store.store import Store
from tocsin.testing import FakeClock

PASSWORD = "four plain words here"


@pytest.fixture(scope="module")
def passwords() -> Passwords:
    return Passwords()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(database_url: str, clock: FakeClock, passwords: Passwords) -> Iterator[Store]:
    with new_store(database_url, clock) as opened:
        add_user(opened, passwords, "mo", Role.MODERATOR, PASSWORD, by="test")
        yield opened


def test_the_right_password_begins_a_session(store: Store, passwords: Passwords) -> None:
    new = log_in(store, passwords, "mo", PASSWORD)
    found = find_session(store, new.token)
    assert found == new.session
    assert (found.name, found.role) == ("mo", Role.MODERATOR)


@pytest.mark.parametrize(("name", "password"), [("mo", "wrong"), ("nobody", PASSWORD), ("", "")])
def test_every_failure_reads_the_same(
    store: Store, passwords: Passwords, name: str, password: str
) -> None:
    with pytest.raises(Unauthenticated) as caught:
        log_in(store, passwords, name, password)
    assert caught.value.message == (
        "the name or the password is wrong, or there were too many attempts"
    )


def test_the_store_has_neither_token_nor_password(store: Store, passwords: Passwords) -> None:
    new = log_in(store, passwords, "mo", PASSWORD)
    with store.read() as connection:
        rows = [*connection.execute(sa.select(schema.sessions)).all()]
        users = [*connection.execute(sa.select(schema.users)).all()]
        entries = list(log.entries(connection, kinds=[EntryKind.USER]))
    assert new.token not in repr(rows)
    assert PASSWORD not in repr(users)
    assert "argon2" not in repr(entries)


def test_logging_in_again_ends_the_old_session(store: Store, passwords: Passwords) -> None:
    first = log_in(store, passwords, "mo", PASSWORD)
    second = log_in(store, passwords, "mo", PASSWORD, old_token=first.token)
    assert second.token != first.token
    assert find_session(store, first.token) is None
    assert find_session(store, second.token) is not None


def test_a_token_of_the_attackers_choice_is_never_taken_over(
    store: Store, passwords: Passwords
) -> None:
    new = log_in(store, passwords, "mo", PASSWORD, old_token="planted")
    assert new.token != "planted"
    assert find_session(store, "planted") is None


def test_logging_out_ends_the_session(store: Store, passwords: Passwords) -> None:
    new = log_in(store, passwords, "mo", PASSWORD)
    log_out(store, new.token)
    assert find_session(store, new.token) is None


def test_idling_ends_the_session_and_use_keeps_it(
    store: Store, passwords: Passwords, clock: FakeClock
) -> None:
    new = log_in(store, passwords, "mo", PASSWORD)
    for _ in range(4):
        clock.advance(timedelta(minutes=50))
        assert find_session(store, new.token) is not None
    clock.advance(timedelta(minutes=60))
    assert find_session(store, new.token) is None


def test_a_session_ends_however_busy(store: Store, passwords: Passwords, clock: FakeClock) -> None:
    new = log_in(store, passwords, "mo", PASSWORD)
    for _ in range(15):
        assert find_session(store, new.token) is not None
        clock.advance(timedelta(minutes=45))
    clock.advance(timedelta(minutes=45))
    assert find_session(store, new.token) is None


def test_failures_lock_the_name_for_longer_each_time(
    store: Store, passwords: Passwords, clock: FakeClock
) -> None:
    def fails(password: str) -> None:
        with pytest.raises(Unauthenticated):
            log_in(store, passwords, "mo", password)

    for _ in range(5):
        fails("wrong")
    fails(PASSWORD)  # locked, though right
    clock.advance(timedelta(seconds=31))
    fails("wrong")
    clock.advance(timedelta(seconds=31))
    fails(PASSWORD)  # the second lock is longer
    clock.advance(timedelta(seconds=31))
    assert log_in(store, passwords, "mo", PASSWORD).token
    assert get_user(store, "mo").failed_logins == 0


def test_changes_of_a_user_end_the_sessions(store: Store, passwords: Passwords) -> None:
    new = log_in(store, passwords, "mo", PASSWORD)
    set_role(store, "mo", Role.LEAD, by="test")
    assert find_session(store, new.token) is None

    new = log_in(store, passwords, "mo", PASSWORD)
    set_password(store, passwords, "mo", "another few plain words", by="test")
    assert find_session(store, new.token) is None

    new = log_in(store, passwords, "mo", "another few plain words")
    set_disabled(store, "mo", is_disabled=True, by="test")
    assert find_session(store, new.token) is None
    with pytest.raises(Unauthenticated):
        log_in(store, passwords, "mo", "another few plain words")
    set_disabled(store, "mo", is_disabled=False, by="test")
    assert log_in(store, passwords, "mo", "another few plain words").session.role is Role.LEAD


def test_names_are_plain_and_unique(store: Store, passwords: Passwords) -> None:
    with pytest.raises(ConflictError):
        add_user(store, passwords, "mo", Role.LEAD, PASSWORD, by="test")
    for name in ("", "Mo", "m o", "mо", "x" * 65, "a\u202eb"):
        with pytest.raises(InputError):
            add_user(store, passwords, name, Role.LEAD, PASSWORD, by="test")
    with pytest.raises(NotFoundError):
        get_user(store, "nobody")


def test_a_token_allows_its_scopes_only(store: Store) -> None:
    made = create_token(store, "feed", [Scope.EVENTS_WRITE], by="test")
    assert made.secret.startswith("tcs_")
    assert made.secret not in repr(made)
    token = find_token(store, made.secret)
    assert token is not None
    require_scope(token, Scope.EVENTS_WRITE)
    with pytest.raises(PermissionDenied, match="cases:read"):
        require_scope(token, Scope.CASES_READ)


def test_admin_is_every_scope(store: Store) -> None:
    made = create_token(store, "root", [Scope.ADMIN], by="test")
    token = find_token(store, made.secret)
    assert token is not None
    for scope in Scope:
        require_scope(token, scope)


def test_a_token_ends_and_can_be_revoked(store: Store, clock: FakeClock) -> None:
    soon = clock.now() + timedelta(hours=1)
    brief = create_token(store, "brief", [Scope.ADMIN], by="test", expires_at=soon)
    lasting = create_token(store, "lasting", [Scope.ADMIN], by="test")
    clock.advance(timedelta(hours=1))
    assert find_token(store, brief.secret) is None
    assert find_token(store, lasting.secret) is not None
    revoke_token(store, lasting.id, by="test")
    assert find_token(store, lasting.secret) is None
    assert find_token(store, "tcs_0") is None
    assert find_token(store, "something else") is None
    with pytest.raises(NotFoundError):
        revoke_token(store, "tok_0", by="test")


def test_a_token_without_name_or_scope_is_refused(store: Store, clock: FakeClock) -> None:
    with pytest.raises(InputError):
        create_token(store, " ", [Scope.ADMIN], by="test")
    with pytest.raises(InputError):
        create_token(store, "feed", [], by="test")
    with pytest.raises(InputError):
        create_token(store, "feed", [Scope.ADMIN], by="test", expires_at=clock.now())
    with pytest.raises(InputError, match="no such scope"):
        parse_scopes(["events:write", "everything"])
    assert parse_scopes(["events:write", "events:write"]) == (Scope.EVENTS_WRITE,)
