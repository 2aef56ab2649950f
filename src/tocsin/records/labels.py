"""Labels: what is remembered of an account or a handle, for a while and for a reason.

Comes in: nothing. Goes out: what a rule or a person changes (`LabelChange`), what stands of it
(`LabelStanding`), and how rules read that (`LabelTable`). Always holds: a label is Tocsin's own
memory and does nothing on the platform (the action `label` does); what a person said of a label
stands above what a rule says, until it ends or is withdrawn; a rule that puts on what rules have
put on already can only prolong it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec
from msgspec import Struct

from tocsin.records.events import Actor

__all__ = [
    "MAX_KEY",
    "NO_LABELS",
    "LabelChange",
    "LabelHolder",
    "LabelSaid",
    "LabelStanding",
    "LabelTable",
    "after_rule",
    "folded_handle",
    "handle_key",
]


MAX_KEY = 512
"""Characters of an account's key or a handle, as in events."""


class LabelHolder(StrEnum):
    """What a label is kept for."""

    ACCOUNT = "account"
    HANDLE = "handle"


class LabelChange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One label that is put on, or taken off.

    `for_s` is for how many seconds it stands, from the moment of the event; None: until somebody
    takes it off. `reason` is for people. In a decision, `key` says whose label it is, and `rule`
    which of its reasons changed it.
    """

    name: str
    holder: LabelHolder = LabelHolder.ACCOUNT
    is_added: bool = True
    for_s: int | None = None
    reason: str = ""
    key: str | None = None
    rule: str | None = None


class LabelSaid(Struct, frozen=True, kw_only=True):
    """What somebody said of one label: that it is on, or that it is off.

    `by` is a person, or a rule; then `rule_version` and `decision` say which. `position`,
    `ordinal` and `place` are where it stands in the log: entry, decision, change.
    """

    by: str
    is_added: bool
    since: datetime
    expires_at: datetime | None = None
    rule_version: str | None = None
    decision: str | None = None
    position: int = 0
    ordinal: int = 0
    place: int = 0

    def holds_at(self, moment: datetime) -> bool:
        """Whether it has not ended at this moment."""
        return self.expires_at is None or moment < self.expires_at


class LabelStanding(Struct, frozen=True, kw_only=True):
    """What a person said last of one label, and what rules say of it."""

    person: LabelSaid | None = None
    rule: LabelSaid | None = None

    def said_at(self, moment: datetime) -> LabelSaid | None:
        """What counts at this moment: a person's word, or else the rules'."""
        for said in (self.person, self.rule):
            if said is not None and said.holds_at(moment):
                return said
        return None

    def is_on(self, moment: datetime) -> bool:
        """Whether the label stands at this moment.

        >>> LabelStanding().is_on(datetime(2026, 3, 1))
        False
        """
        said = self.said_at(moment)
        return said is not None and said.is_added


class LabelTable(Protocol):
    """The labels that stand at the events of one batch."""

    def has(self, row: int, holder: LabelHolder, name: str) -> bool | None:
        """Whether the row's account or handle has a label; None where the event names none."""
        ...


class _NoLabels:
    def has(self, row: int, holder: LabelHolder, name: str) -> bool | None:
        del row, holder, name
        return False


NO_LABELS: LabelTable = _NoLabels()
"""For callers that keep no labels: nobody has any."""


def after_rule(standing: LabelStanding, said: LabelSaid) -> LabelStanding:
    """What stands when a rule has said one thing more.

    A late event, or a rule that labels for a shorter time, never cuts short what stands. Taking
    off ends what rules have put on.
    """
    old = standing.rule
    if not said.is_added:
        rule = None
    elif old is None:
        rule = said
    elif old.expires_at is None or (
        said.expires_at is not None and said.expires_at <= old.expires_at
    ):
        rule = old
    else:
        since = min(old.since, said.since) if old.holds_at(said.since) else said.since
        rule = msgspec.structs.replace(said, since=since)
    return standing if rule is old else LabelStanding(person=standing.person, rule=rule)


def handle_key(actor: Actor | None) -> str | None:
    """The handle that labels are kept for: without case and a leading `@`; None if none is known.

    Labels of a handle are those of whoever has it now; labels of an account follow the account.

    >>> handle_key(Actor(handle="@Quiet_Reader"))
    'quiet_reader'
    """
    return folded_handle(actor.handle) if actor is not None and actor.handle else None


def folded_handle(handle: str) -> str | None:
    """A handle as labels are kept for it; None where nothing is left.

    Folding can make a text longer; what is kept is as long as a handle may be.
    """
    return handle.strip().removeprefix("@").casefold()[:MAX_KEY] or None
