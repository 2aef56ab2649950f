"""Decisions: the outcome for one subject with its reasons.

Comes in: nothing. Goes out: frozen structs and their canonical JSON. Always holds: a decision
carries everything that `explain` needs (values read, signals, spans, versions, what was
missing) and no wall-clock time, so that the same log gives the same bytes; its id is the hash
of subject, trigger and the digest of every version it read.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

import msgspec
from msgspec import Struct

from tocsin.clock import stable_id
from tocsin.records.labels import LabelChange
from tocsin.records.signals import Signal, Span

__all__ = [
    "ACTION_STRENGTH",
    "ITEM_ACTIONS",
    "PERSON_ONLY_ACTIONS",
    "ActionKind",
    "Decision",
    "Outcome",
    "Reason",
    "Subject",
    "SubjectKind",
    "Value",
    "decision_id",
    "decode_decision",
    "encode_decision",
]

Value = bool | int | float | str | list[str]
"""A feature's value as a decision stores it."""

SubjectKind = Literal["post", "account", "hashtag", "campaign", "media"]


class Subject(Struct, frozen=True, kw_only=True):
    """What a decision, case or action is about."""

    kind: SubjectKind
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


class ActionKind(StrEnum):
    """What can be done on the platform, mildest first."""

    NOTIFY = "notify"
    LABEL = "label"
    WARN = "warn"
    INTERSTITIAL = "interstitial"
    STOP_TRENDING = "stop_trending"
    LIMIT = "limit"
    WITHHOLD = "withhold"
    HIDE = "hide"
    REMOVE = "remove"
    SUSPEND = "suspend"
    RESTORE = "restore"


ACTION_STRENGTH = {
    kind: rank for rank, kind in enumerate(kind for kind in ActionKind if kind != "restore")
}
"""Order of severity; `restore` undoes others and is not in it."""

ITEM_ACTIONS = frozenset({ActionKind.LABEL, ActionKind.INTERSTITIAL, ActionKind.HIDE})
"""What a bank match may do by itself: to the item only, reversible."""

PERSON_ONLY_ACTIONS = frozenset(
    {ActionKind.SUSPEND, ActionKind.LIMIT, ActionKind.REMOVE, ActionKind.WARN}
)
"""Never automatic, whatever a policy says: these touch a person, or cannot be taken back."""


class Outcome(StrEnum):
    """What a rule points to: leave alone, a person looks, or a proposed action."""

    ALLOW = "allow"
    REVIEW = "review"
    LABEL = "label"
    INTERSTITIAL = "interstitial"
    STOP_TRENDING = "stop_trending"
    LIMIT = "limit"
    HIDE = "hide"
    REMOVE = "remove"
    SUSPEND = "suspend"

    @property
    def action(self) -> ActionKind | None:
        """The action that this outcome proposes, if any."""
        if self in (Outcome.ALLOW, Outcome.REVIEW):
            return None
        return ActionKind(self.value)


class Reason(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule that hit: what it read and what was missing.

    `values` maps each name and each call that the rule read to its value (JSON types; times as
    RFC 3339, durations as seconds); what had no value is listed in `missing` instead. `spans` says
    where regular expressions matched, by the same names.
    """

    rule: str
    rule_version: str
    clause: str
    outcome: Outcome
    priority: int
    values: dict[str, Value] = {}
    missing: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()
    spans: dict[str, tuple[Span, ...]] = {}


class Decision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The outcome for one subject.

    `clause`, `outcome` and `priority` are those of the strongest reason. `automatic` lists the
    actions that were taken without a person, and `held` says for each proposed one that was
    not, why. `labels` are put on and taken off the account or handle with it. `replaces` links a
    re-judgement under newer versions to what it replaces.
    """

    id: str
    subject: Subject
    event: str
    event_at: datetime | None = None
    actor: str | None = None
    language: str
    clause: str
    outcome: Outcome
    priority: int
    reasons: tuple[Reason, ...]
    signals: tuple[Signal, ...] = ()
    automatic: tuple[ActionKind, ...] = ()
    held: dict[str, str] = {}
    labels: tuple[LabelChange, ...] = ()
    versions: dict[str, str]
    replaces: str | None = None


def decision_id(subject: Subject, event: str, versions: dict[str, str]) -> str:
    """The id of the decision on `subject` triggered by `event` under these versions."""
    digest = ";".join(f"{name}={version}" for name, version in sorted(versions.items()))
    return stable_id("dec", subject.kind, subject.id, event, digest)


_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(Decision)


def encode_decision(decision: Decision) -> bytes:
    """Canonical JSON: one line, keys of maps sorted."""
    return _ENCODER.encode(decision)


def decode_decision(encoded: bytes | str) -> Decision:
    """The decision that `encode_decision` wrote."""
    return _DECODER.decode(encoded)
