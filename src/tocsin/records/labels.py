"""Labels: what is remembered of an account or a handle, for a while and for a reason.

Comes in: nothing. Goes out: what a rule or a person changes (`LabelChange`), and how rules read
what stands (`LabelTable`). Always holds: a label is Tocsin's own memory and does nothing on the
platform (the action `label` does); what a person said of a label stands above what a rule says.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from msgspec import Struct

__all__ = ["NO_LABELS", "LabelChange", "LabelHolder", "LabelTable"]


class LabelHolder(StrEnum):
    """What a label is kept for."""

    ACCOUNT = "account"
    HANDLE = "handle"


class LabelChange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One label that is put on, or taken off.

    `for_s` is for how many seconds it stands, from the moment of the event; None: until somebody
    takes it off. `reason` is for people.
    """

    name: str
    holder: LabelHolder = LabelHolder.ACCOUNT
    is_added: bool = True
    for_s: int | None = None
    reason: str = ""


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
