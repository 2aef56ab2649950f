"""Two packs in one pass: features, normal forms, the scan and windows are made once for both.

Comes in: a batch of events. Goes out: the decisions of both packs. Always holds: each decides as
it would alone (`tests/pipeline/test_backtest.py`); an entry of a bank that only one of them has is
seen by that one only. Dear detectors are asked for each pack apart, where its rules can still hit;
what both ask of a text is computed once (`nlp.remembered`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import msgspec

from tocsin.detectors import detect, text_models
from tocsin.errors import CheckFailedError
from tocsin.features import WindowState, compute
from tocsin.pipeline import registry
from tocsin.pipeline.engine import ask_dear
from tocsin.pipeline.packs import check
from tocsin.plugins import Detector, DetectorInput
from tocsin.policy import CompiledPolicy, PackSource
from tocsin.policy.check import with_states
from tocsin.records import (
    NO_WINDOWS,
    BankEntry,
    Decision,
    EventBatch,
    RuleState,
    Signal,
    SignalTable,
    WindowSpec,
    WindowTable,
)

__all__ = ["Pair", "PairSource", "Side", "window_specs"]

_MARK: Final = "\0"
"""Between the name of a bank and the side whose own entries it holds; no name of a bank has it."""

_BEFORE: Final = "before"
_AFTER: Final = "after"

Decided = Sequence[tuple[int, Decision]]


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One pack: its files, all banks as they stand with it, and states by rule and version.

    With `is_tried`, its rules in draft or shadow judge as if they were active.
    """

    files: Mapping[str, str]
    entries: Sequence[BankEntry]
    states: Mapping[tuple[str, str], RuleState] = {}
    is_tried: bool = False

    def policy(self) -> CompiledPolicy:
        """The pack, compiled, its rules in their states.

        Raises:
            CheckFailedError: it does not pass its check.
        """
        report = check(PackSource.from_files(self.files), self.entries)
        if report.policy is None:
            raise CheckFailedError(f"the pack has {len(report.problems)} mistakes")
        policy = with_states(report.policy, self.states)
        if not self.is_tried:
            return policy
        tried = {
            (rule.id, rule.version): RuleState.ACTIVE
            for rule in policy.rules
            if rule.state in (RuleState.DRAFT, RuleState.SHADOW)
        }
        return with_states(policy, tried)


class PairSource(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a process needs to judge with both packs."""

    before: Side
    after: Side
    lateness_s: int
    text_model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two packs, compiled, and the detectors over the entries of both.

    `dear` are those of each pack, over its own entries.
    """

    before: CompiledPolicy
    after: CompiledPolicy
    detectors: Sequence[Detector]
    dear: tuple[Sequence[Detector], Sequence[Detector]]
    lateness: timedelta
    is_split: bool

    @classmethod
    def of(cls, source: PairSource) -> Pair:
        """Compile both packs."""
        before = {entry.id: entry for entry in source.before.entries}
        after = {entry.id: entry for entry in source.after.entries}
        shared = [entry for entry in before.values() if after.get(entry.id) == entry]
        own = [
            msgspec.structs.replace(entry, bank=f"{entry.bank}{_MARK}{side}")
            for side, mine, others in ((_BEFORE, before, after), (_AFTER, after, before))
            for entry in mine.values()
            if others.get(entry.id) != entry
        ]
        policies = source.before.policy(), source.after.policy()
        reads = (policies[0].signals | policies[1].signals) - text_models.NAMES
        if own:
            reads |= {f"{name}{_MARK}{side}" for name in reads for side in (_BEFORE, _AFTER)}
        return cls(
            before=policies[0],
            after=policies[1],
            detectors=registry.detectors([*shared, *own], reads=reads),
            dear=(
                registry.text_detectors(
                    source.before.entries, policies[0].signals, source.text_model
                ),
                registry.text_detectors(
                    source.after.entries, policies[1].signals, source.text_model
                ),
            ),
            lateness=timedelta(seconds=source.lateness_s),
            is_split=bool(own),
        )

    @property
    def windows(self) -> Sequence[WindowSpec]:
        """The windows that either reads, each once."""
        return window_specs(self.before, self.after)

    def new_windows(self) -> WindowState | None:
        """The windows of both, empty; None where no rule reads any."""
        if not self.windows:
            return None
        conditions = {**self.before.window_conditions, **self.after.window_conditions}
        return WindowState(self.windows, conditions, self.lateness)

    def count(self, batch: EventBatch, windows: WindowState) -> None:
        """Count a batch in windows without judging it."""
        windows.advance(batch, compute(batch))

    def judge(self, batch: EventBatch, windows: WindowState | None) -> tuple[Decided, Decided]:
        """What each of the two decides, with the row of each decision."""
        features = compute(batch)
        counted = NO_WINDOWS if windows is None else windows.advance(batch, features)
        given = DetectorInput(batch=batch, features=features, texts=features)
        signals = detect(given, self.detectors)
        return (
            self._decided(self.before, _BEFORE, given, signals, counted),
            self._decided(self.after, _AFTER, given, signals, counted),
        )

    def _decided(
        self,
        policy: CompiledPolicy,
        side: str,
        given: DetectorInput,
        signals: SignalTable,
        windows: WindowTable,
    ) -> Decided:
        seen = _as_seen(signals, side) if self.is_split else signals
        dear = self.dear[side == _AFTER]
        seen = ask_dear(policy, dear, given, seen, windows)
        return policy.decide(given.batch, given.features, seen, {}, windows=windows)


def window_specs(*policies: CompiledPolicy) -> Sequence[WindowSpec]:
    """The windows that these packs read, each once."""
    return tuple({spec.name: spec for policy in policies for spec in policy.windows}.values())


def _as_seen(signals: SignalTable, side: str) -> SignalTable:
    """The signals as one side sees them: its own entries beside those that both have."""
    return {row: _row_as_seen(found, side) for row, found in signals.items()}


def _row_as_seen(found: Mapping[str, Signal], side: str) -> Mapping[str, Signal]:
    if not any(_MARK in name for name in found):
        return found
    seen = {name: signal for name, signal in found.items() if _MARK not in name}
    for name, signal in found.items():
        bank, mark, owner = name.partition(_MARK)
        if mark and owner == side:
            seen.setdefault(bank, msgspec.structs.replace(signal, name=bank))
    return seen
