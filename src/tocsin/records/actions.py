"""Actions: what is done on the platform.

Comes in: nothing. Goes out: frozen structs. Always holds: an action's id is its idempotency key
and depends only on the authority behind it (a verdict or an automatic decision), its kind and
its subject, so that the same decision never acts twice; suspending an account, limiting it,
removing and warning carry a person's verdict.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from tocsin.clock import stable_id
from tocsin.records.decisions import ActionKind, Subject

__all__ = ["Action", "ActionState", "action_id"]


class ActionState(StrEnum):
    """Where an action stands."""

    WAITING = "waiting"  # in the undo window, or due and not yet delivered
    CANCELLED = "cancelled"  # taken back before it left
    SENT = "sent"  # the platform has it
    APPLIED = "applied"  # the platform says that it did it
    FAILED = "failed"  # the platform says that it could not
    DEAD = "dead"  # could not be delivered; in the dead letters of the outbox


class Action(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing to do to one subject.

    `authority` is `verdict:<id>` or `decision:<id>`; `actor` is the account concerned, where
    the subject is not the account itself; `country` (ISO 3166-1 alpha-2) only for `withhold`;
    `not_before` ends the undo window; `expires_at` is when the platform should lift it.
    """

    id: str
    kind: ActionKind
    subject: Subject
    actor: str | None = None
    clause: str
    authority: str
    not_before: datetime
    expires_at: datetime | None = None
    country: str | None = None
    label: str | None = None
    undoes: str | None = None


def action_id(
    authority: str, kind: ActionKind, subject: Subject, country: str = "", undoes: str = ""
) -> str:
    """The idempotency key of an action; `undoes` where one authority takes several back."""
    undone = (undoes,) if undoes else ()
    return stable_id("act", authority, kind.value, subject.kind, subject.id, country, *undone)
