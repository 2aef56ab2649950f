"""Signals: what a detector says about one event, with its evidence.

Comes in: nothing. Goes out: frozen structs. Always holds: a score lies in [0, 1] and is rounded
to `SCORE_DIGITS` before anything reads it, so that equal inputs give equal decisions on every
machine; a detector that cannot tell abstains and says why; spans are offsets in characters of
the original text of the field they name.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

__all__ = ["SCORE_DIGITS", "Evidence", "Signal", "Span", "TextField", "rounded_score"]

SCORE_DIGITS = 4
"""Scores are rounded to this many decimals: finer differences are noise of the platform's
floating point and must not decide anything."""

TextField = Literal["post.text", "post.title", "actor.name", "actor.bio", "actor.handle", "media"]


class Span(Struct, frozen=True, kw_only=True):
    """Characters `start` to `end` (exclusive) of one field of the event."""

    field: TextField
    start: int
    end: int


class Evidence(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that a detector found: where it stands and what it matched."""

    kind: str
    span: Span | None = None
    bank: str | None = None
    entry: str | None = None
    distance: int | None = None
    note: str | None = None


class Signal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A detector's output for one event.

    `name` is what rules call it (`bank:praise`, `support`); `abstained` with a `note` where
    the detector could not tell, in which case `score` means nothing.
    """

    name: str
    detector: str
    version: str
    score: Annotated[float, Meta(ge=0, le=1)] = 0.0
    abstained: bool = False
    note: str | None = None
    evidence: tuple[Evidence, ...] = ()


def rounded_score(score: float) -> float:
    """The score as rules may see it.

    >>> rounded_score(0.123456)
    0.1235
    """
    return round(min(1.0, max(0.0, score)), SCORE_DIGITS)
