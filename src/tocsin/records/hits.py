"""What rules found: hits of rules in shadow, and all that judging one batch gave.

Comes in: nothing. Goes out: frozen structs and their canonical JSON. Always holds: a rule in
shadow decides nothing, so that its hits stand beside the decisions, never among them.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec import Struct

from tocsin.records.decisions import Decision, Outcome, Subject

__all__ = ["Judgement", "ShadowHit", "decode_shadow_hit", "encode_shadow_hit"]


class ShadowHit(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a rule in shadow would have decided about one subject, had it alone been active.

    `is_overridden`: an active `allow` rule would have overridden it.
    """

    rule: str
    rule_version: str
    event: str
    event_at: datetime | None = None
    subject: Subject
    actor: str | None = None
    language: str
    clause: str
    outcome: Outcome
    priority: int
    is_overridden: bool = False


class Judgement(Struct, frozen=True, kw_only=True):
    """What judging one batch gave, in the order of its events."""

    decisions: tuple[Decision, ...] = ()
    shadow: tuple[ShadowHit, ...] = ()


_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(ShadowHit)


def encode_shadow_hit(hit: ShadowHit) -> bytes:
    """Canonical JSON: one line."""
    return _ENCODER.encode(hit)


def decode_shadow_hit(encoded: bytes | str) -> ShadowHit:
    """The hit that `encode_shadow_hit` wrote."""
    return _DECODER.decode(encoded)
