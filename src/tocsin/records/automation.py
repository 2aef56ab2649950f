"""Earned automation: samples of a rule's hits, what people said of them, and what it may do.

Comes in: nothing. Goes out: frozen structs and the levels that they are measured against. Always
holds: everything is counted per rule version, language and action; a sample is of a post or a
piece of media, each once for a rule version; what a person wrote about a sample stands in erasable
content, never in the log's chain.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from msgspec import Struct

from tocsin.records.decisions import ActionKind, Subject

__all__ = [
    "ALPHA",
    "CALM_SAMPLES",
    "DEFAULT_BAR",
    "LOWEST_BAR",
    "Alert",
    "AlertKind",
    "AutomationState",
    "Sample",
    "SampleAnswer",
    "SampleJudgement",
    "SampleState",
    "Standing",
    "Stratum",
    "needed_bar",
]

ALPHA = 0.05
"""The chance that a rule version whose precision never exceeds the bar is ever found eligible, for
each language and each time that it starts to be measured."""

CALM_SAMPLES = 1_000
"""A rule that stays at its bar is demoted without cause once in so many samples, or less often, on
average. Smaller demotes good rules; larger takes longer to notice one that went bad: the figures
stand in `docs/concepts/earned-automation.md`."""

DEFAULT_BAR = 0.95
"""For an action that a clause lists without a bar: one in twenty may be wrong, and is undone."""

LOWEST_BAR = 0.5
"""A rule that is wrong more often than right has no business to act by itself."""


def needed_bar(bar: float, *, solo: bool) -> float:
    """The bar that has to be cleared: in solo mode with half as many errors.

    Where one person writes the rules, judges the samples and confirms, nobody catches a habit of
    seeing what one hoped to see: half of the errors is kept for that.

    >>> needed_bar(0.95, solo=False), needed_bar(0.9, solo=True)
    (0.95, 0.95)
    """
    return round(1 - (1 - bar) / 2, 6) if solo else bar


class Stratum(Struct, frozen=True, kw_only=True, order=True):
    """What is measured by itself: one rule version in one language, and the action it proposes."""

    rule: str
    rule_version: str
    language: str
    action: ActionKind


class AutomationState(StrEnum):
    """Where a stratum stands."""

    MEASURING = "measuring"  # not measured enough
    ELIGIBLE = "eligible"  # measured enough; a second person has to confirm
    EARNED = "earned"  # acts by itself
    DEMOTED = "demoted"  # lost it; measured anew, with samples from then on


class Standing(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A state, and the figures for which it was given.

    `bar` is what had to be cleared, the margin of solo mode included; `epoch` counts how often
    measuring began anew; `lower` is the bound at `alpha`, of `n_violations` among `n_judged`;
    `cancelled` are actions that were still waiting and must not leave any more.
    """

    stratum: Stratum
    clause: str
    state: AutomationState
    epoch: int = 0
    n_judged: int
    n_violations: int
    lower: float
    bar: float
    alpha: float = ALPHA
    reason: str
    by: str
    cancelled: tuple[str, ...] = ()


class SampleAnswer(StrEnum):
    """What a person says of a sampled hit, not knowing which rule hit or what was done."""

    VIOLATION = "violation"  # breaks the clause
    HARMLESS = "harmless"  # does not break the clause
    UNSURE = "unsure"  # somebody else should say


class SampleState(StrEnum):
    """Where a sample stands."""

    WAITING = "waiting"  # nobody judged it
    UNSURE = "unsure"  # one person could not say: it counts as harmless until another does
    VIOLATION = "violation"
    HARMLESS = "harmless"
    DROPPED = "dropped"  # its rule lost its automation before anybody judged it


class Sample(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A hit that chance picked out for people to judge.

    `decision` is None where the rule was in shadow; `event` is what it was about.
    """

    id: str
    stratum: Stratum
    clause: str
    subject: Subject
    event: str
    decision: str | None = None
    epoch: int = 0


class SampleJudgement(Struct, frozen=True, kw_only=True):
    """One person's answer, and where it leaves the sample."""

    sample: str
    reviewer: str
    answer: SampleAnswer
    state: SampleState


AlertKind = Literal["automation.demoted", "automation.eligible"]


class Alert(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that a person should know of, and whether one said that they do."""

    id: str
    kind: AlertKind
    stratum: Stratum
    message: str
    at: datetime
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
