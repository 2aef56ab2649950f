from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.site import settings_for
from tocsin.errors import InputError
from tocsin.review import Passwords, Role, add_user
from tocsin.store.store import Store
from tocsin.testing import FakeClock
from tocsin.web import check_address


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_this_machine_is_always_allowed(tmp_path: Path, host: str) -> None:
    store = Store.open(settings_for(tmp_path), FakeClock())
    check_address(store, host)
    store.close()


def test_a_public_address_needs_everything_that_protects_it(
    tmp_path: Path, passwords: Passwords
) -> None:
    def refused(**changes: bool) -> str:
        store = Store.open(settings_for(tmp_path, **changes), FakeClock())
        try:
            with pytest.raises(InputError) as caught:
                check_address(store, "0.0.0.0")  # noqa: S104  # the point of the test
            return str(caught.value.where)
        finally:
            store.close()

    assert refused() == "host"
    assert refused(allow_public_address=True) == "secure_cookies"
    assert refused(allow_public_address=True, secure_cookies=True) == "users"
    settings = settings_for(tmp_path, allow_public_address=True, secure_cookies=True)
    store = Store.open(settings, FakeClock())
    add_user(store, passwords, "ada", Role.ADMIN, "four plain words here", by="test")
    check_address(store, "tocsin.example")
    store.close()
