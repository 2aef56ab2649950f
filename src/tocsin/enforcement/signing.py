"""Signatures on webhook bodies, for the sender and for the receiver.

Comes in: the bytes of a body, secrets, a moment. Goes out: the value of the signature header,
or the verdict on one. Always holds: pure functions; the signature covers the time and every
byte of the body, and nothing else, so a receiver trusts the action id *in the body*, never the
headers beside it; digests are compared in constant time; several secrets may be valid at once,
on either side, so that a secret can be changed without losing a delivery. Refused: secrets of
fewer than `MIN_SECRET_BYTES`, and times further than the tolerance from the receiver's clock.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.clock import stable_id
from tocsin.errors import InputError

__all__ = [
    "ATTEMPT_HEADER",
    "DELIVERY_HEADER",
    "IDEMPOTENCY_HEADER",
    "MIN_SECRET_BYTES",
    "SIGNATURE_HEADER",
    "TOLERANCE",
    "SignatureCheck",
    "check_signature",
    "delivery_headers",
    "sign",
]

SIGNATURE_HEADER = "Tocsin-Signature"
IDEMPOTENCY_HEADER = "Tocsin-Idempotency-Key"
DELIVERY_HEADER = "Tocsin-Delivery"
ATTEMPT_HEADER = "Tocsin-Attempt"

TOLERANCE = timedelta(seconds=300)
"""How far the time in a signature may lie from the receiver's clock. Shorter breaks platforms
with a poor clock; longer lets a recorded delivery be played back for longer."""

MIN_SECRET_BYTES = 16
"""128 bits, the least that RFC 2104 (section 3) and NIST SP 800-107 leave unquestioned."""

MAX_HEADER_CHARACTERS = 1_024
MAX_SIGNATURES = 8  # two are enough for a rotation; a flood of them would only cost us time
MAX_TIME_DIGITS = 12  # reaches the year 33658, and keeps the number small


class SignatureCheck(StrEnum):
    """What a receiver finds."""

    VALID = "valid"
    MALFORMED = "malformed"  # no such header, or not of the form `t=…,v1=…`
    STALE = "stale"  # signed too long ago, or in the future: a replay, or a wrong clock
    FORGED = "forged"  # no signature by any of the secrets


def sign(body: bytes, secrets: Sequence[bytes], at: datetime) -> str:
    """The value of the signature header: `t=<unix seconds>,v1=<hex>`, one `v1` per secret.

    Raises:
        InputError: without a secret, or with one that is too short to protect anything.

    Example:
        >>> from datetime import UTC
        >>> sign(b"{}", [b"a secret of 24 bytes ..."], datetime(2026, 1, 2, tzinfo=UTC))[:24]
        't=1767312000,v1=d5e925df'
    """
    _check_secrets(secrets)
    seconds = int(at.timestamp())
    digests = (_digest(body, secret, seconds) for secret in secrets)
    return ",".join([f"t={seconds}", *(f"v1={digest}" for digest in digests)])


def check_signature(
    header: str | None,
    body: bytes,
    secrets: Sequence[bytes],
    now: datetime,
    *,
    tolerance: timedelta = TOLERANCE,
) -> SignatureCheck:
    """Judge a signature header. Valid when any signature in it is by any of the secrets.

    The time is judged last: a forger learns nothing about the receiver's clock.

    Raises:
        InputError: the receiver's own secrets are missing or too short.
    """
    _check_secrets(secrets)
    parsed = _parse(header)
    if parsed is None:
        return SignatureCheck.MALFORMED
    seconds, claimed = parsed
    expected = [_digest(body, secret, seconds) for secret in secrets]
    matches = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in claimed]
    if not any(matches):
        return SignatureCheck.FORGED
    if abs(now.timestamp() - seconds) > tolerance.total_seconds():
        return SignatureCheck.STALE
    return SignatureCheck.VALID


def delivery_headers(
    body: bytes, action_id: str, attempt: int, secrets: Sequence[bytes], at: datetime
) -> dict[str, str]:
    """The headers of one delivery of one action; `attempt` counts from 1.

    The delivery id depends on action and attempt only, so that a delivery repeated after a
    crash is recognised in the logs of both sides.
    """
    return {
        SIGNATURE_HEADER: sign(body, secrets, at),
        IDEMPOTENCY_HEADER: action_id,
        DELIVERY_HEADER: stable_id("dlv", action_id, str(attempt)),
        ATTEMPT_HEADER: str(attempt),
    }


def _check_secrets(secrets: Sequence[bytes]) -> None:
    if not secrets:
        raise InputError("no webhook secret is set", hint="set one of at least 16 random bytes")
    if any(len(secret) < MIN_SECRET_BYTES for secret in secrets):
        message = f"a webhook secret is shorter than {MIN_SECRET_BYTES} bytes"
        raise InputError(message, hint="`openssl rand -hex 32` makes a good one")


def _digest(body: bytes, secret: bytes, seconds: int) -> str:
    return hmac.new(secret, f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()


def _parse(header: str | None) -> tuple[int, list[str]] | None:
    if header is None or len(header) > MAX_HEADER_CHARACTERS or not header.isascii():
        return None
    times: list[str] = []
    signatures: list[str] = []
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if name == "t":
            times.append(value)
        elif name == "v1":
            signatures.append(value)
    if len(times) != 1 or not 0 < len(signatures) <= MAX_SIGNATURES:
        return None
    seconds = times[0]
    if not seconds.isdigit() or len(seconds) > MAX_TIME_DIGITS:
        return None
    return int(seconds), signatures
