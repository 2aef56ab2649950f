"""In which role words of danger are said, by weights that can be read.

Comes in: `Signs`: what stands in a text, counted. Goes out: a score in [0, 1] for each role, and
the leading one. Always holds: whole numbers in, whole hundredths inside, so that equal signs give
equal scores; a score never depends on who posted. Refused: nothing.

Each role has points (hundredths) for its signs, listed in `_POINTS`; `first` counts once, `more`
for each further sign up to three. `OWN_VOICE` is what the strongest other role leaves, and gains
where the writer threatens or praises in the first person. A role leads where its score is
highest; between equals the order of `_PRECEDENCE` decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from tocsin.nlp.types import Role

__all__ = ["CAP", "Signs", "leading", "role_scores"]

CAP: Final = 4
"""Signs are counted up to here: more of the same says nothing new."""


class Signs(NamedTuple):
    """What tells roles apart; counts are capped, flags are 0 or 1.

    `quotations` are spans of other people's words, `marked` those among them with marks.
    `headline`: words of news or of events, and nobody who speaks or is spoken to; 2 with a link.
    `own_danger` and `quoted_danger` count praise, calls and words of harm in the writer's own words
    and in others'. `menace`: words of harm that are going to happen, without a negation, in a
    sentence of the writer's own; `aimed`: and the reader is spoken to. `negated`: praise or a
    call that a negation takes back; `spared`: harm that one does; `recanted`: a condemnation.
    """

    own_danger: int = 0
    quoted_danger: int = 0
    quotations: int = 0
    marked: int = 0
    attributions: int = 0
    sources: int = 0
    reports: int = 0
    news_host: int = 0
    headline: int = 0
    events: int = 0
    condemnations: int = 0
    revulsion: int = 0
    negated: int = 0
    spared: int = 0
    recanted: int = 0
    dismissive: int = 0
    groups: int = 0
    mockery: int = 0
    questions: int = 0
    asking_words: int = 0
    fiction: int = 0
    hyperbole: int = 0
    laughter: int = 0
    sport: int = 0
    first_person: int = 0
    second_person: int = 0
    menace: int = 0
    aimed: int = 0
    praise: int = 0
    image_danger: int = 0


class _Points(NamedTuple):
    first: int
    more: int = 0


_POINTS: Final[Mapping[Role, Mapping[str, _Points]]] = {
    Role.QUOTATION: {
        "quotations": _Points(28, 3),
        "marked": _Points(16),
        "quoted_danger": _Points(25, 3),
        "attributions": _Points(18, 3),
        "sources": _Points(10, 3),
        "image_danger": _Points(56),
    },
    Role.REPORT: {
        "reports": _Points(34, 16),
        "news_host": _Points(40),
        "headline": _Points(18, 8),
        "events": _Points(10, 5),
        "attributions": _Points(8, 2),
        "groups": _Points(5),
        "dismissive": _Points(5),
        "first_person": _Points(-12, -6),
        "second_person": _Points(-12, -6),
        "menace": _Points(-25),
        "praise": _Points(-8, -4),
        "questions": _Points(-12),
    },
    Role.CONDEMNATION: {
        "condemnations": _Points(58, 12),
        "negated": _Points(52, 10),
        "spared": _Points(30, 6),
        "revulsion": _Points(26, 10),
        "dismissive": _Points(6),
        "events": _Points(4, 2),
        "recanted": _Points(-70),
        "menace": _Points(-30),
    },
    Role.MOCKERY: {
        "mockery": _Points(46, 18),
        "dismissive": _Points(8),
        "groups": _Points(6),
        "laughter": _Points(12),
        "menace": _Points(-25),
    },
    Role.QUESTION: {
        "questions": _Points(54, 8),
        "asking_words": _Points(10),
        "menace": _Points(-30),
        "condemnations": _Points(-8),
    },
    Role.FICTION: {"fiction": _Points(50, 16)},
    Role.HYPERBOLE: {
        "hyperbole": _Points(52, 16),
        "laughter": _Points(14),
        "sport": _Points(40, 18),
    },
}
_PRECEDENCE: Final = (
    Role.CONDEMNATION,
    Role.MOCKERY,
    Role.FICTION,
    Role.HYPERBOLE,
    Role.QUESTION,
    Role.REPORT,
    Role.QUOTATION,
    Role.OWN_VOICE,
)
_TARGETED_REVULSION: Final = 26
"""Disgust beside a quotation, a group or an attack is about them."""
_ABOUT_QUOTATION: Final = {Role.CONDEMNATION: 40, Role.MOCKERY: 34, Role.FICTION: 28}
"""What is said of a quotation is the message; the quotation is its object."""
_WORTH_RAISING: Final = 22
_NOTHING_QUOTED: Final = -14
"""A quotation without danger, in a text with danger of its own."""
_REPORTED: Final = -25
"""Indirect speech beside words of news is how news is written."""
_ALL_QUOTED: Final = 8
"""The writer's own words hold no danger."""
_FIRST_PERSON: Final = 10
_AIMED: Final = 6
_MOST: Final = 95
_MOST_QUOTED: Final = 88
"""What is plainly said of a quotation outranks it."""


def leading(scores: Mapping[Role, float]) -> Role:
    """The role that leads; `OWN_VOICE` where there are no scores.

    >>> leading({Role.REPORT: 0.4, Role.MOCKERY: 0.4}).value
    'mockery'
    """
    best = Role.OWN_VOICE
    highest = scores.get(best, 0.0)
    for role in reversed(_PRECEDENCE):
        if scores.get(role, 0.0) >= highest and scores.get(role, 0.0) > 0:
            best, highest = role, scores[role]
    return best


@lru_cache(maxsize=65_536)
def role_scores(signs: Signs) -> Mapping[Role, float]:
    """The score of each role that has one.

    >>> scores = role_scores(Signs(quotations=1, quoted_danger=1, condemnations=1, attributions=1))
    >>> leading(scores).value, leading(role_scores(Signs(own_danger=1, menace=1))).value
    ('condemnation', 'own_voice')
    """
    points = {role: _points(signs, weights) for role, weights in _POINTS.items()}
    if signs.revulsion and (signs.quoted_danger or signs.groups or signs.events):
        points[Role.CONDEMNATION] += _TARGETED_REVULSION
    if signs.quoted_danger or signs.quotations:
        for role, extra in _ABOUT_QUOTATION.items():
            points[role] += extra * (points[role] >= _WORTH_RAISING)
    if signs.reports and not signs.marked:
        points[Role.QUOTATION] += _REPORTED
    if signs.own_danger and not signs.quoted_danger:
        points[Role.QUOTATION] += _NOTHING_QUOTED
    if (signs.quoted_danger or signs.marked) and not signs.own_danger:
        points[Role.QUOTATION] += _ALL_QUOTED
    if not (signs.quotations or signs.quoted_danger or signs.image_danger):
        points[Role.QUOTATION] = 0
    points[Role.QUOTATION] = min(points[Role.QUOTATION], _MOST_QUOTED)
    points = {role: min(max(value, 0), _MOST) for role, value in points.items()}
    own = 100 - max(points.values())
    if signs.own_danger:
        own += _FIRST_PERSON * min(signs.first_person, 1) + _AIMED * signs.aimed
    points[Role.OWN_VOICE] = min(max(own, 0), 100)
    return {role: value / 100 for role, value in points.items() if value}


def _points(signs: Signs, weights: Mapping[str, _Points]) -> int:
    total = 0
    for name, (first, more) in weights.items():
        count = getattr(signs, name)
        if count:
            total += first + more * (min(count, CAP) - 1)
    return total
