"""What two packs say of the same events, subject by subject.

Comes in: the decisions of both packs on single events. Goes out: a tally per chunk; tallies of
several chunks become one. Always holds: adding is commutative, so that the same events give the
same tally however they were cut and in whatever order chunks are done. Memory follows the number
of subjects that either pack hits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from tocsin.records import ACTION_STRENGTH, Decision, Outcome, Subject, Treatment

__all__ = ["Place", "Seen", "SubjectKey", "Tally", "treatment_of"]

SubjectKey = tuple[str, str]
"""Kind and id."""


class Place(msgspec.Struct, frozen=True, order=True):
    """An event: where it stands in the log, which it is, and when it happened."""

    position: int
    ordinal: int
    event: str
    at_us: int
    language: str


class Seen(msgspec.Struct):
    """One subject that a pack hit: its strongest treatment by each, and by which rules.

    `first` is the first event at which the two differ.
    """

    actor: str | None
    before: Treatment | None = None
    after: Treatment | None = None
    rules_before: set[str] = msgspec.field(default_factory=set)
    rules_after: set[str] = msgspec.field(default_factory=set)
    first: Place | None = None

    def merge(self, other: Seen) -> None:
        """Take in what another chunk saw of it."""
        self.actor = min((name for name in (self.actor, other.actor) if name), default=None)
        self.before = _stronger(self.before, other.before)
        self.after = _stronger(self.after, other.after)
        self.rules_before |= other.rules_before
        self.rules_after |= other.rules_after
        self.first = _earlier(self.first, other.first)


class Tally(msgspec.Struct):
    """Everything that was counted: `days` by date, `hits` by rule; before and after.

    A day has events, decisions before, decisions after; a rule has hits before and after.
    """

    events: int = 0
    days: dict[str, list[int]] = msgspec.field(default_factory=dict)
    hits: dict[str, list[int]] = msgspec.field(default_factory=dict)
    seen: dict[SubjectKey, Seen] = msgspec.field(default_factory=dict)

    def add_events(self, day: str, n_events: int) -> None:
        """Count events of a day."""
        self.events += n_events
        self.days.setdefault(day, [0, 0, 0])[0] += n_events

    def add(
        self, place: Place, day: str, before: Sequence[Decision], after: Sequence[Decision]
    ) -> None:
        """Count what both packs decided about one event."""
        subjects: dict[Subject, list[Decision | None]] = {}
        for side, decisions in enumerate((before, after)):
            self.days.setdefault(day, [0, 0, 0])[1 + side] += len(decisions)
            for decision in decisions:
                subjects.setdefault(decision.subject, [None, None])[side] = decision
                for reason in decision.reasons:
                    self.hits.setdefault(reason.rule, [0, 0])[side] += 1
        for subject, (one, other) in subjects.items():
            self._add_subject(place, subject, one, other)

    def _add_subject(
        self, place: Place, subject: Subject, before: Decision | None, after: Decision | None
    ) -> None:
        one, other = treatment_of(before), treatment_of(after)
        if one is None and other is None:
            return
        found = Seen(
            actor=next(decision.actor for decision in (before, after) if decision is not None),
            before=one,
            after=other,
            rules_before=set(_standing(before)),
            rules_after=set(_standing(after)),
            first=None if one == other else place,
        )
        self._take(((subject.kind, subject.id), found))

    def merge(self, other: Tally) -> None:
        """Take in another chunk; `other` may no longer be used."""
        self.events += other.events
        _add_up(self.days, other.days)
        _add_up(self.hits, other.hits)
        for item in other.seen.items():
            self._take(item)

    def _take(self, item: tuple[SubjectKey, Seen]) -> None:
        key, found = item
        known = self.seen.get(key)
        if known is None:
            self.seen[key] = found
        else:
            known.merge(found)


def treatment_of(decision: Decision | None) -> Treatment | None:
    """What a decision means for its subject; None where nothing follows from it."""
    if decision is None or decision.outcome is Outcome.ALLOW:
        return None
    return Treatment(
        priority=decision.priority, outcome=decision.outcome.value, clause=decision.clause
    )


def _standing(decision: Decision | None) -> Iterable[str]:
    """The rules that hit and that no `allow` rule overrides."""
    if decision is None or decision.outcome is Outcome.ALLOW:
        return ()
    allowing = [r.priority for r in decision.reasons if r.outcome is Outcome.ALLOW]
    floor = max(allowing, default=-1)
    return [
        reason.rule
        for reason in decision.reasons
        if reason.outcome is not Outcome.ALLOW and reason.priority >= floor
    ]


def _strength(treatment: Treatment) -> tuple[int, int, str]:
    action = Outcome(treatment.outcome).action
    return treatment.priority, -1 if action is None else ACTION_STRENGTH[action], treatment.clause


def _stronger(one: Treatment | None, other: Treatment | None) -> Treatment | None:
    given = [treatment for treatment in (one, other) if treatment is not None]
    return max(given, key=_strength, default=None)


def _earlier(one: Place | None, other: Place | None) -> Place | None:
    return min((place for place in (one, other) if place is not None), default=None)


def _add_up(into: dict[str, list[int]], other: dict[str, list[int]]) -> None:
    for name, numbers in other.items():
        known = into.setdefault(name, [0] * len(numbers))
        for index, number in enumerate(numbers):
            known[index] += number
