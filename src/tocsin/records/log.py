"""Entries of the ordered log, and the anchors that vouch for it.

Comes in: nothing. Goes out: frozen structs. Always holds: an entry's hash covers its position,
writer, predecessor's hash, kind, time, body and the commitments to its content, but never the
content itself, so that content can be erased and the chain still verifies.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct

__all__ = ["Anchor", "EntryKind", "LogEntry", "LogHead"]


class EntryKind(StrEnum):
    """What an entry records: everything that can change a decision, and what was decided."""

    EVENTS = "events"
    POLICY = "policy.activated"
    BANK = "bank.edited"
    RULE = "rule.changed"  # the state of a rule version: shadow, active, retired
    PROPOSAL = "proposal.changed"  # what waits for a second person, and what became of it
    LABEL = "label.changed"  # by a person; what rules change stands with the decision
    AUTOMATION = "automation.changed"  # a rule version earned to act alone, or lost it
    SAMPLE = "sample.judged"  # a blind judgement about a sampled hit
    ALERT = "alert.acknowledged"  # a person says that they know of it
    OPINION = "opinion.given"  # by an outside model about a case: it moves the case, no more
    VERDICT = "verdict"
    DELIVERY = "action.delivered"
    USER = "user.changed"
    SETTING = "setting.changed"
    CHECKPOINT = "checkpoint"


class LogEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry.

    `position` is the place in the total order over all writers, without gaps, from 1;
    `writer_seq` the place in the writer's own chain, from 1. `commitments` maps the name of
    each kind of content to the salted SHA-256s of its items, 32 bytes each, in order.
    """

    position: int
    writer: str
    writer_seq: int
    kind: EntryKind
    at: datetime
    body: dict[str, Any]
    commitments: dict[str, bytes] = {}
    previous: str
    hash: str


class LogHead(Struct, frozen=True, kw_only=True):
    """The last entry of one writer's chain."""

    seq: int
    hash: str


class Anchor(Struct, frozen=True, kw_only=True):
    """A signed statement, kept outside the database, of where every chain stood.

    `signature` is Ed25519 over the canonical JSON of the other fields, in hexadecimal, as is
    `public_key`.
    """

    at: datetime
    position: int
    heads: dict[str, LogHead]
    public_key: str
    signature: str = ""
