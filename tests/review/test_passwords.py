from __future__ import annotations

from datetime import timedelta

import pytest

from tocsin.errors import InputError
from tocsin.review.passwords import MAX_CHARACTERS, MIN_CHARACTERS, Passwords, lock_after


@pytest.fixture(scope="module")
def passwords() -> Passwords:
    return Passwords()


def test_a_hash_fits_its_password_only(passwords: Passwords) -> None:
    hashed = passwords.hash("four plain words here")
    assert hashed.startswith("$argon2id$")
    assert passwords.fits(hashed, "four plain words here")
    assert not passwords.fits(hashed, "four plain words there")
    assert not passwords.is_outdated(hashed)


def test_the_same_password_has_another_hash_each_time(passwords: Passwords) -> None:
    assert passwords.hash("four plain words here") != passwords.hash("four plain words here")


def test_nobody_has_no_password(passwords: Passwords) -> None:
    assert not passwords.fits(None, "anything at all")


def test_a_damaged_hash_fits_nothing(passwords: Passwords) -> None:
    assert not passwords.fits("not a hash", "anything at all")


@pytest.mark.parametrize("length", [0, MIN_CHARACTERS - 1, MAX_CHARACTERS + 1])
def test_too_short_and_too_long_is_refused(passwords: Passwords, length: int) -> None:
    with pytest.raises(InputError, match="password"):
        passwords.hash("x" * length)


def test_the_lock_grows_and_is_bounded() -> None:
    locks = [lock_after(failures) for failures in range(20)]
    assert locks[:5] == [None] * 5
    grown = [lock for lock in locks if lock is not None]
    assert grown == sorted(grown)
    assert grown[0] == timedelta(seconds=30)
    assert grown[-1] == timedelta(minutes=15)
