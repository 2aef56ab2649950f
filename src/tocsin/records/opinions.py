"""Opinions on cases: what an outside model said, and how far that may move a case in its queue.

Comes in: nothing. Goes out: frozen structs, and how places in the queue are added up. Always holds:
an opinion has no field for a decision, an action or a verdict; it moves a case by at most
`MOST_MOVED` of 1,000, never across `ESCALATED_PRIORITY`, and never back from there; no opinion
moves nothing; the model's own words stand in erasable content, never in the log's chain. Refused:
an entry that moves a case further.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from tocsin.records.cases import ESCALATED_PRIORITY

__all__ = ["MOST_MOVED", "CaseOpinion", "moves_of", "place_in_queue"]

MOST_MOVED: Final = 50
"""Of 1,000: enough to order cases that rules hold for alike, too little to overrule the rules."""

_HIGHEST: Final = 1_000
_UNDECIDED: Final = 0.5


class CaseOpinion(Struct, frozen=True, kw_only=True):
    """What the log keeps of one answer.

    `decision` and `event` are those that the post was taken from; `words` is a hash of the clause
    as the model read it. `label`, `score` and `queue_priority` are None together: the model had no
    opinion, and `reason` says why, in our words. `is_current` says that the case still stood on
    that decision when the answer came: else it moves nothing. `by` is who had the model asked.
    """

    case: str
    decision: str
    event: str
    clause: str
    words: str
    model: str
    version: str
    style: str
    label: Literal["breach", "no_breach"] | None
    score: float | None
    queue_priority: float | None
    moves: Annotated[int, Meta(ge=-MOST_MOVED, le=MOST_MOVED)]
    reason: str
    is_current: bool
    by: str


def moves_of(queue_priority: float | None) -> int:
    """How far an opinion wants to move a case: from -50 to 50.

    >>> [moves_of(wish) for wish in (None, 0.0, 0.5, 0.9, 1.0)]
    [0, -50, 0, 40, 50]
    """
    if queue_priority is None:
        return 0
    return round(2 * MOST_MOVED * (queue_priority - _UNDECIDED))


def place_in_queue(priority: int, moves: int) -> int:
    """Where a case stands that rules and people gave this priority.

    What is grave or escalated stays so whatever a model says, and nothing becomes so by it.

    >>> place_in_queue(640, 40), place_in_queue(890, 40), place_in_queue(900, -50)
    (680, 899, 900)
    """
    if priority >= ESCALATED_PRIORITY:
        return min(priority + max(moves, 0), _HIGHEST)
    return max(0, min(priority + moves, ESCALATED_PRIORITY - 1))
