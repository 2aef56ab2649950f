"""Rules as records: the states of a rule version, and a rule as a pack wrote it.

Comes in: nothing. Goes out: frozen structs and their canonical JSON. Always holds: the state
belongs to a rule *version*, so that a rule whose condition changes begins anew.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec
from msgspec import Struct

from tocsin.records.decisions import Outcome, SubjectKind
from tocsin.records.labels import LabelChange

__all__ = ["RuleState", "StateChange", "WrittenRule", "decode_written", "encode_written"]


class RuleState(StrEnum):
    """Where a rule version stands in its life."""

    DRAFT = "draft"  # checked and tried on examples and history, never asked live
    SHADOW = "shadow"  # asked live and counted, decides nothing
    ACTIVE = "active"  # decides
    RETIRED = "retired"  # never asked, kept for explanation


class StateChange(Struct, frozen=True, kw_only=True):
    """One entry of the log that gave a rule version a state; `proposal` is what led to it."""

    position: int
    rule: str
    rule_version: str
    state: RuleState
    by: str
    reason: str
    proposal: str | None = None
    at: datetime


class WrittenRule(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rule as one version of a pack wrote it; `state` is what its file says."""

    id: str
    version: str
    clause: str
    outcome: Outcome
    priority: int
    subject: SubjectKind
    events: tuple[str, ...]
    basis: str
    labels: tuple[LabelChange, ...] = ()
    when: str
    state: RuleState = RuleState.ACTIVE
    note: str | None = None


_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(WrittenRule)


def encode_written(rule: WrittenRule) -> bytes:
    """Canonical JSON: one line."""
    return _ENCODER.encode(rule)


def decode_written(encoded: bytes | str) -> WrittenRule:
    """The rule that `encode_written` wrote."""
    return _DECODER.decode(encoded)
