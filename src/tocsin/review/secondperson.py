"""The second person: who may propose a change of policy, and who may say yes to it.

Comes in: names or ids of people, a proposal, the settings. Goes out: who it is, or what stands in
for a second person. Always holds: nobody approves what they proposed themselves, but in solo
mode, where either the same person decides again after a delay, or somebody from outside by a
link that is good for one proposal until it ends. Refused: everybody else, with what to do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from tocsin.clock import random_token
from tocsin.config import Settings
from tocsin.errors import (
    ConflictError,
    InputError,
    NotFoundError,
    PermissionDenied,
    Unauthenticated,
)
from tocsin.records import Proposal, ProposalInvite, ProposalState, SoloWay
from tocsin.review.roles import Permission, Role, require
from tocsin.review.sessions import token_hash
from tocsin.store import people, proposals
from tocsin.store.store import Store

__all__ = [
    "INVITE_PREFIX",
    "MAX_REASON",
    "Colleague",
    "NewInvite",
    "check_second_person",
    "checked_reason",
    "create_invite",
    "find_colleague",
    "find_invite",
    "has_users",
    "is_same_person",
]

INVITE_PREFIX = "tci_"
"""Lets scanners for leaked secrets recognise ours."""

INVITE_FOR = timedelta(days=7)
MAX_REASON = 4_000
"""Characters of a reason: a page of text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """Somebody who proposes or decides: a user, or a name where there are no users."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInvite:
    """An invite that was just made; `secret` is shown once."""

    id: str
    secret: str = field(repr=False)
    expires_at: datetime


def has_users(connection: sa.Connection) -> bool:
    """Whether anybody may log in: only then there can be a second person."""
    return any(not user.is_disabled for user in people.list_users(connection))


def find_colleague(
    connection: sa.Connection, name: str, permission: Permission, *, needs_user: bool = True
) -> Colleague:
    """Who this name or id is, if they may do this.

    Where there are no users, a name is taken as it is. With `needs_user` false, so is the name
    of somebody who is no user: they work at the machine itself.

    Raises:
        InputError: there is no such user, or they are disabled.
        PermissionDenied: their role does not allow it.
    """
    user = people.user_by_name(connection, name) or people.user_by_id(connection, name)
    if user is not None and not user.is_disabled:
        require(Role(user.role), permission)
        return Colleague(id=user.id, name=user.name)
    if user is not None or (needs_user and has_users(connection)):
        raise InputError(
            "there is no such active user",
            where="by",
            hint="name who decides with --by; `tocsin user list` shows the names",
        )
    return Colleague(id=name, name=name)


def is_same_person(connection: sa.Connection, proposal: Proposal, colleague: Colleague) -> bool:
    """Whether somebody is the one who proposed this, by id or by name."""
    proposer = people.user_by_id(connection, proposal.by) or people.user_by_name(
        connection, proposal.by
    )
    known = {proposal.by} if proposer is None else {proposal.by, proposer.id, proposer.name}
    return bool(known & {colleague.id, colleague.name})


def check_second_person(
    connection: sa.Connection,
    settings: Settings,
    proposal: Proposal,
    who: Colleague | ProposalInvite,
    now: datetime,
) -> SoloWay | None:
    """None for a second person; else what stands in for one.

    Raises:
        PermissionDenied: the same person, too soon or not in solo mode; or an invite that is
            not for this.
    """
    if isinstance(who, ProposalInvite):
        if not settings.solo or who.proposal != proposal.id or who.expires_at <= now:
            raise PermissionDenied("the link is not good for this proposal", where=proposal.id)
        return "invited"
    if not is_same_person(connection, proposal, who):
        return None
    if not settings.solo:
        raise PermissionDenied(
            "whoever proposed it cannot decide it: a second person is needed",
            where=proposal.id,
            hint="ask a lead or an admin; whoever works alone sets `solo`",
        )
    due = proposal.at + timedelta(seconds=settings.solo_delay_s)
    if now < due:
        raise PermissionDenied(
            f"in solo mode you decide again from {due:%Y-%m-%d %H:%M} UTC on",
            where=proposal.id,
            hint="or let somebody from outside decide: tocsin policy invite",
        )
    return "delay"


def checked_reason(reason: str, *, is_needed: bool = True) -> str:
    """The reason, without blanks around it.

    Raises:
        InputError: it is missing, or longer than a page.
    """
    found = reason.strip()
    if is_needed and not found:
        raise InputError("a reason is needed", where="reason")
    if len(found) > MAX_REASON:
        raise InputError(f"a reason has {MAX_REASON:,} characters at most", where="reason")
    return found


def create_invite(store: Store, proposal_id: str, *, by: Colleague) -> NewInvite:
    """A link for somebody from outside: its secret, once.

    Raises:
        NotFoundError: there is no such proposal.
        ConflictError: it is decided already.
        PermissionDenied: not in solo mode: there is a second person in the house.
    """
    secret, invite_id = INVITE_PREFIX + random_token(24), f"inv_{random_token(8)}"
    expires_at = store.clock.now() + INVITE_FOR
    with store.write() as transaction:
        proposal = proposals.get(transaction.connection, proposal_id)
        if proposal is None:
            raise NotFoundError("there is no such proposal", where=proposal_id)
        if not store.settings.solo:
            raise PermissionDenied(
                "invites are for solo mode; here a lead or an admin decides", where="solo"
            )
        if proposal.state is not ProposalState.OPEN:
            raise ConflictError(f"the proposal is {proposal.state} already", where=proposal_id)
        proposals.add_invite(
            transaction,
            proposal_id,
            invite_id=invite_id,
            token_hash=token_hash(secret),
            expires_at=expires_at,
            by=by.id,
        )
    return NewInvite(id=invite_id, secret=secret, expires_at=expires_at)


def find_invite(store: Store, secret: str) -> tuple[ProposalInvite, Proposal]:
    """The invite of a link, and its proposal.

    Raises:
        Unauthenticated: there is none, it has ended, or its proposal is decided.
    """
    with store.read() as connection:
        invite = (
            proposals.invite_by_hash(connection, token_hash(secret))
            if secret.startswith(INVITE_PREFIX)
            else None
        )
        proposal = None if invite is None else proposals.get(connection, invite.proposal)
    is_over = invite is not None and invite.expires_at <= store.clock.now()
    is_open = proposal is not None and proposal.state is ProposalState.OPEN
    if invite is None or proposal is None or is_over or not is_open or not store.settings.solo:
        raise Unauthenticated("the link is not good, or no longer", hint="ask for a new one")
    return invite, proposal
