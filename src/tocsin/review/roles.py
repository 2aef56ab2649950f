"""Roles: who may do what.

Comes in: a role and a permission. Goes out: whether it is allowed, with the roles that may.
Always holds: `PERMISSIONS` names every role; a permission that nobody has does not exist; the
web layer asks here and nowhere else. Refused: names of roles that do not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tocsin.errors import InputError, PermissionDenied

__all__ = ["PERMISSIONS", "Permission", "Role", "may", "parse_role", "require"]


class Role(StrEnum):
    """What somebody works as; one per user."""

    ANALYST = "analyst"
    MODERATOR = "moderator"
    INVESTIGATOR = "investigator"
    APPEALS = "appeals"
    LEAD = "lead"
    ADMIN = "admin"


class Permission(StrEnum):
    """One thing that can be allowed."""

    CASES_READ = "cases.read"
    CASES_DECIDE = "cases.decide"
    VERDICTS_REVERSE = "verdicts.reverse"  # anybody's, at any time; one's own in the window is free
    DECISIONS_READ = "decisions.read"
    ACCOUNTS_READ = "accounts.read"
    ACTIONS_READ = "actions.read"
    BANKS_READ = "banks.read"
    DEADLETTERS_READ = "deadletters.read"
    AUDIT_READ = "audit.read"
    RULES_READ = "rules.read"
    POLICY_BACKTEST = "policy.backtest"
    POLICY_PROPOSE = "policy.propose"
    POLICY_APPROVE = "policy.approve"  # what somebody else proposed
    SAMPLES_JUDGE = "samples.judge"
    AUTOMATION_READ = "automation.read"
    AUTOMATION_CHANGE = "automation.change"  # confirm what a rule earned, take it away
    ALERTS_ACKNOWLEDGE = "alerts.acknowledge"
    EVENTS_WRITE = "events.write"
    LABELS_WRITE = "labels.write"  # to read labels is to read accounts


_READ = frozenset(
    {
        Permission.CASES_READ,
        Permission.DECISIONS_READ,
        Permission.ACCOUNTS_READ,
        Permission.ACTIONS_READ,
        Permission.BANKS_READ,
        Permission.RULES_READ,
        Permission.AUTOMATION_READ,
    }
)

_CASES = frozenset({Permission.CASES_DECIDE, Permission.SAMPLES_JUDGE, Permission.LABELS_WRITE})

PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.ANALYST: _READ
        | {Permission.DEADLETTERS_READ, Permission.POLICY_BACKTEST, Permission.POLICY_PROPOSE},
        Role.MODERATOR: _READ | _CASES,
        Role.INVESTIGATOR: _READ | _CASES | {Permission.AUDIT_READ},
        Role.APPEALS: _READ | {Permission.VERDICTS_REVERSE, Permission.AUDIT_READ},
        Role.LEAD: frozenset(Permission) - {Permission.EVENTS_WRITE},
        Role.ADMIN: frozenset(Permission),
    }
)
"""Role -> what it allows. Who runs the machine alone is `admin` and may do everything; what a
second person must do is refused elsewhere, by comparing people, not roles."""


def may(role: Role, permission: Permission) -> bool:
    """Whether somebody of this role may do this.

    >>> may(Role.ANALYST, Permission.CASES_DECIDE)
    False
    """
    return permission in PERMISSIONS[role]


def require(role: Role, permission: Permission) -> None:
    """Nothing, if it is allowed.

    Raises:
        PermissionDenied: names the permission and the roles that have it.
    """
    if not may(role, permission):
        able = ", ".join(f"`{other}`" for other in Role if may(other, permission))
        raise PermissionDenied(
            f"your role `{role}` does not allow `{permission}`", hint=f"roles that may: {able}"
        )


def parse_role(name: str) -> Role:
    """The role of this name.

    Raises:
        InputError: there is none; lists those that there are.
    """
    try:
        return Role(name)
    except ValueError:
        known = ", ".join(f"`{role}`" for role in Role)
        raise InputError("there is no such role", where="role", hint=f"one of {known}") from None
