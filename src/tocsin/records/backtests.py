"""Back-tests: a pack tried on the events of the past, and where it differs from the one in force.

Comes in: nothing. Goes out: frozen structs and their JSON. Always holds: a back-test changes no
decision; it names events and subjects by id and place in the log, never by what they say.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from tocsin.records.cases import VerdictKind
from tocsin.records.decisions import Subject

__all__ = [
    "AccountFigures",
    "Backtest",
    "BacktestFigures",
    "BacktestState",
    "Change",
    "ChangeKind",
    "DayFigures",
    "JudgedFigures",
    "Mark",
    "RuleFigures",
    "Treatment",
]


class BacktestState(StrEnum):
    """Where a back-test stands."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"  # somebody stopped it, or the process that ran it ended
    FAILED = "failed"


class ChangeKind(StrEnum):
    """How a subject would be treated differently."""

    NEW = "new"  # hit, and was not before
    LOST = "lost"  # no longer hit
    OTHER = "other"  # another clause, outcome or priority


class Mark(StrEnum):
    """What a reviewer says of one difference."""

    RIGHT = "right"
    WRONG = "wrong"
    UNSURE = "unsure"


class Treatment(Struct, frozen=True, kw_only=True, order=True):
    """What a policy says of a subject, over all its events in the range: its strongest decision."""

    priority: int
    outcome: str
    clause: str


class Change(Struct, frozen=True, kw_only=True):
    """One subject that would be treated differently.

    `number` is its place in the list, which is in an order drawn by hash: the first ones are a
    fair sample. `event`, `position` and `ordinal` name the first event at which the two packs
    differ. `rules` are those that make the difference. `verdict` is what people said of the
    subject before.
    """

    number: int
    kind: ChangeKind
    subject: Subject
    actor: str | None
    event: str
    position: int
    ordinal: int
    at: datetime
    language: str
    before: Treatment | None
    after: Treatment | None
    rules_before: tuple[str, ...]
    rules_after: tuple[str, ...]
    rules: tuple[str, ...]
    verdict: VerdictKind | None = None
    mark: Mark | None = None
    marked_by: str | None = None
    marked_at: datetime | None = None


class JudgedFigures(Struct, frozen=True, kw_only=True):
    """What people had said of some subjects."""

    subjects: int = 0
    harmless: int = 0
    violation: int = 0

    @property
    def unjudged(self) -> int:
        """How many nobody has judged."""
        return self.subjects - self.harmless - self.violation


class RuleFigures(Struct, frozen=True, kw_only=True):
    """One rule: its hits under both packs, and the subjects that it alone or with others moves."""

    rule: str
    hits_before: int = 0
    hits_after: int = 0
    new: JudgedFigures = JudgedFigures()
    lost: JudgedFigures = JudgedFigures()
    other: int = 0


class AccountFigures(Struct, frozen=True, kw_only=True):
    """One account: how many of its subjects would be treated differently."""

    account: str
    new: int = 0
    lost: int = 0
    other: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.new + self.lost + self.other


class DayFigures(Struct, frozen=True, kw_only=True):
    """One day of events: how many there were, and how many decisions each pack makes."""

    day: str
    events: int = 0
    before: int = 0
    after: int = 0


class BacktestFigures(Struct, frozen=True, kw_only=True):
    """Everything that a back-test counted.

    `accounts` holds those with the most differences, `n_accounts` says how many there are.
    `reads_labels` says that rules of a pack ask for labels, of which a back-test knows none.
    """

    events: int = 0
    subjects_before: int = 0
    subjects_after: int = 0
    new: JudgedFigures = JudgedFigures()
    lost: JudgedFigures = JudgedFigures()
    other: int = 0
    rules: tuple[RuleFigures, ...] = ()
    accounts: tuple[AccountFigures, ...] = ()
    n_accounts: int = 0
    days: tuple[DayFigures, ...] = ()
    reads_labels: bool = False

    @property
    def changes(self) -> int:
        """How many subjects would be treated differently."""
        return self.new.subjects + self.lost.subjects + self.other


class Backtest(Struct, frozen=True, kw_only=True):
    """One back-test: which pack, beside which, over which events, and what came of it.

    `since` and `until` are what was asked for; None: from the first event, to the last.
    """

    id: str
    state: BacktestState
    version: str
    base_version: str
    by: str
    at: datetime
    since: datetime | None
    until: datetime | None
    events: int
    events_done: int
    seconds: float = 0.0
    problem: str | None = None
    stored: int = 0
    figures: BacktestFigures | None = None
