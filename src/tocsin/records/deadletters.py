"""Dead letters: lines that were refused, kept with the reason.

Comes in: a refused line and where it stood. Goes out: frozen structs. Always holds: the id
depends on source, place and digest only, so that reading a file twice gives the same dead
letters; the message never repeats the line; the content of a post that is not public is never
kept, nor more than `MAX_EXCERPT_BYTES` of any line. Refused: nothing.
"""

from __future__ import annotations

from msgspec import Struct

from tocsin.clock import stable_id
from tocsin.records.codec import Refusal

__all__ = ["MAX_EXCERPT_BYTES", "DeadLetter", "dead_letter_id"]

MAX_EXCERPT_BYTES = 64 * 1024
"""The first bytes of a refused line that are kept: enough to see and fix any real event."""


class DeadLetter(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One refused line.

    `offset` is the byte where the line begins in the decompressed source, or its index in an
    array; `line_number` counts from 1; `content` is the line as it came, at most
    `MAX_EXCERPT_BYTES` of it; `truncated` says that `content` is not all of it; `digest` is the
    SHA-256 of the whole line; `format` names the adapter.
    """

    id: str
    source: str
    offset: int
    line_number: int
    reason: Refusal
    message: str
    content: bytes = b""
    truncated: bool = False
    digest: str
    format: str = "tocsin"


def dead_letter_id(source: str, offset: int, digest: str) -> str:
    """The id of the dead letter for the line with this digest at this place."""
    return stable_id("dead", source, str(offset), digest)
