"""Which role may do what, written out once more, so that a change is a decision."""

from __future__ import annotations

import pytest

from tocsin.errors import InputError, PermissionDenied
from tocsin.review import PERMISSIONS, Permission, Role, may, parse_role, require

TABLE = """
permission         analyst moderator investigator appeals lead admin
cases.read         yes     yes       yes          yes     yes  yes
cases.decide       -       yes       yes          -       yes  yes
verdicts.reverse   -       -         -            yes     yes  yes
decisions.read     yes     yes       yes          yes     yes  yes
accounts.read      yes     yes       yes          yes     yes  yes
actions.read       yes     yes       yes          yes     yes  yes
banks.read         yes     yes       yes          yes     yes  yes
rules.read         yes     yes       yes          yes     yes  yes
policy.backtest    yes     -         -            -       yes  yes
policy.propose     yes     -         -            -       yes  yes
policy.approve     -       -         -            -       yes  yes
deadletters.read   yes     -         -            -       yes  yes
audit.read         -       -         yes          yes     yes  yes
samples.judge      -       yes       yes          -       yes  yes
automation.read    yes     yes       yes          yes     yes  yes
automation.change  -       -         -            -       yes  yes
alerts.acknowledge -       -         -            -       yes  yes
events.write       -       -         -            -       -    yes
labels.write       -       yes       yes          -       yes  yes
"""


def expected() -> dict[tuple[Role, Permission], bool]:
    header, *rows = (line.split() for line in TABLE.strip().splitlines())
    return {
        (Role(role), Permission(name)): cell == "yes"
        for name, *cells in rows
        for role, cell in zip(header[1:], cells, strict=True)
    }


def test_every_role_has_exactly_the_permissions_of_the_table() -> None:
    found = {(role, given): may(role, given) for role in Role for given in Permission}
    assert found == expected()


def test_every_role_is_in_the_table_of_permissions() -> None:
    assert set(PERMISSIONS) == set(Role)


def test_a_refusal_names_the_roles_that_may() -> None:
    with pytest.raises(PermissionDenied) as caught:
        require(Role.ANALYST, Permission.CASES_DECIDE)
    assert "`lead`" in str(caught.value)
    assert "`appeals`" not in str(caught.value)


def test_what_is_allowed_passes() -> None:
    require(Role.MODERATOR, Permission.CASES_DECIDE)
    assert parse_role("lead") is Role.LEAD


def test_an_unknown_role_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError) as caught:
        parse_role("king")
    assert "`moderator`" in str(caught.value)
