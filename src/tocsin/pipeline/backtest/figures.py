"""From a tally to what people read: figures, and the list of differences.

Comes in: the whole tally, and what people said of the subjects before. Goes out: figures and
differences. Always holds: the list is in an order drawn by hash from the candidate pack and the
subject, so that its first rows are a fair sample; figures count every difference, also where the
list is cut (`limit`), and each rule keeps its first `samples`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

import msgspec

from tocsin.matching import wilson
from tocsin.pipeline.backtest.tally import Seen, SubjectKey, Tally
from tocsin.records import (
    AccountFigures,
    BacktestFigures,
    Change,
    ChangeKind,
    DayFigures,
    JudgedFigures,
    Mark,
    RuleFigures,
    Subject,
    VerdictKind,
)
from tocsin.store.times import from_us

__all__ = [
    "ACCOUNTS_SHOWN",
    "Precision",
    "changes_of",
    "figures_of",
    "kept_of",
    "precision_of",
]

ACCOUNTS_SHOWN = 100
"""Accounts that the figures name: those with the most differences."""

Verdicts = Mapping[SubjectKey, VerdictKind]


class Precision(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the newly hit are right, from marks: the share and its interval at 95 %."""

    right: int
    wrong: int
    unsure: int
    share: float
    low: float
    high: float


def precision_of(marks: Mapping[tuple[ChangeKind, Mark], int]) -> Precision | None:
    """What the marks say of the newly hit, with Wilson's interval; None where they say nothing.

    Valid where the marked ones are a fair sample: the list is in an order drawn by hash. Marks
    of `unsure` count in neither direction.

    >>> found = precision_of({(ChangeKind.NEW, Mark.RIGHT): 9, (ChangeKind.NEW, Mark.WRONG): 1})
    >>> found and (found.share, round(found.low, 3), round(found.high, 3))
    (0.9, 0.596, 0.982)
    """
    right, wrong, unsure = (marks.get((ChangeKind.NEW, mark), 0) for mark in Mark)
    bounds = wilson(right, right + wrong)
    if bounds is None:
        return None
    low, high = bounds
    return Precision(
        right=right,
        wrong=wrong,
        unsure=unsure,
        share=right / (right + wrong),
        low=low,
        high=high,
    )


def changes_of(tally: Tally, verdicts: Verdicts, version: str) -> list[Change]:
    """Every subject that would be treated differently, in the order drawn by hash."""
    moved = [(key, seen) for key, seen in tally.seen.items() if seen.before != seen.after]
    moved.sort(key=lambda item: (_drawn(version, item[0]), item[0]))
    return [
        _change(number, key, seen, verdicts.get(key)) for number, (key, seen) in enumerate(moved, 1)
    ]


def kept_of(changes: Sequence[Change], *, limit: int, samples: int) -> list[Change]:
    """The first `limit` differences, and of every rule the first `samples`."""
    if len(changes) <= limit:
        return list(changes)
    of_rule: Counter[str] = Counter()
    kept = []
    for index, change in enumerate(changes):
        is_sample = any(of_rule[rule] < samples for rule in change.rules)
        of_rule.update(change.rules)
        if index < limit or is_sample:
            kept.append(change)
    return kept


def figures_of(
    tally: Tally, changes: Sequence[Change], *, reads_labels: bool = False
) -> BacktestFigures:
    """Everything that is counted."""
    new = [change for change in changes if change.kind is ChangeKind.NEW]
    lost = [change for change in changes if change.kind is ChangeKind.LOST]
    accounts = _accounts(changes)
    return BacktestFigures(
        events=tally.events,
        subjects_before=sum(seen.before is not None for seen in tally.seen.values()),
        subjects_after=sum(seen.after is not None for seen in tally.seen.values()),
        new=_judged(new),
        lost=_judged(lost),
        other=len(changes) - len(new) - len(lost),
        rules=_rules(tally, changes),
        accounts=tuple(accounts[:ACCOUNTS_SHOWN]),
        n_accounts=len(accounts),
        reads_labels=reads_labels,
        days=tuple(
            DayFigures(day=day, events=n_events, before=before, after=after)
            for day, (n_events, before, after) in sorted(tally.days.items())
        ),
    )


def _drawn(version: str, key: SubjectKey) -> bytes:
    text = "\0".join((version, *key)).encode("utf-8", "surrogatepass")
    return blake2b(text, digest_size=8).digest()


def _change(number: int, key: SubjectKey, seen: Seen, verdict: VerdictKind | None) -> Change:
    if seen.first is None:
        raise AssertionError("a subject whose treatment differs has an event at which it does")
    subject = Subject(kind=key[0], id=key[1])  # type: ignore[arg-type]  # a kind that a decision had
    return Change(
        number=number,
        kind=_kind(seen),
        subject=subject,
        actor=seen.actor,
        event=seen.first.event,
        position=seen.first.position,
        ordinal=seen.first.ordinal,
        at=from_us(seen.first.at_us),
        language=seen.first.language,
        before=seen.before,
        after=seen.after,
        rules_before=tuple(sorted(seen.rules_before)),
        rules_after=tuple(sorted(seen.rules_after)),
        rules=tuple(sorted(_responsible(seen))),
        verdict=verdict,
    )


def _kind(seen: Seen) -> ChangeKind:
    if seen.before is None:
        return ChangeKind.NEW
    return ChangeKind.LOST if seen.after is None else ChangeKind.OTHER


def _responsible(seen: Seen) -> set[str]:
    """The rules that only one pack's treatment rests on; all, where both rest on the same."""
    return seen.rules_before ^ seen.rules_after or seen.rules_after


def _judged(changes: Iterable[Change]) -> JudgedFigures:
    found = Counter(change.verdict for change in changes)
    return JudgedFigures(
        subjects=found.total(),
        harmless=found[VerdictKind.HARMLESS],
        violation=found[VerdictKind.VIOLATION],
    )


def _rules(tally: Tally, changes: Sequence[Change]) -> tuple[RuleFigures, ...]:
    """Every rule that hit, those with the most differences first."""
    by_rule: dict[str, dict[ChangeKind, list[Change]]] = {}
    for change in changes:
        for rule in change.rules:
            by_rule.setdefault(rule, {}).setdefault(change.kind, []).append(change)
    found = []
    for rule, (before, after) in tally.hits.items():
        own = by_rule.get(rule, {})
        found.append(
            RuleFigures(
                rule=rule,
                hits_before=before,
                hits_after=after,
                new=_judged(own.get(ChangeKind.NEW, ())),
                lost=_judged(own.get(ChangeKind.LOST, ())),
                other=len(own.get(ChangeKind.OTHER, ())),
            )
        )
    return tuple(sorted(found, key=lambda one: (-_moved(one), one.rule)))


def _moved(rule: RuleFigures) -> int:
    return rule.new.subjects + rule.lost.subjects + rule.other


def _accounts(changes: Iterable[Change]) -> list[AccountFigures]:
    """Every account with a difference, those with the most first."""
    counted: dict[str, Counter[ChangeKind]] = {}
    for change in changes:
        if change.actor is not None:
            counted.setdefault(change.actor, Counter())[change.kind] += 1
    found = [
        AccountFigures(
            account=account,
            new=of[ChangeKind.NEW],
            lost=of[ChangeKind.LOST],
            other=of[ChangeKind.OTHER],
        )
        for account, of in counted.items()
    ]
    return sorted(found, key=lambda one: (-one.total, one.account))
