"""The order of the stages for one batch: features, signals, decisions.

Comes in: a batch of events, the compiled policy and the detectors. Goes out: decisions. Always
holds: pure but for the windows and the labels, which it moves on; the same events under the same
versions give the same decisions, however they are cut into batches. Detectors run in tiers: those
that say that they are dear see only rows where a rule that reads them can still hit, which changes
no decision. What can be said of a batch before it is its turn (features, signals) may be found out
ahead (`look_ahead`), while the log is free for others; it decides nothing by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import compress
from typing import Protocol

from tocsin.detectors import detect
from tocsin.features import Features, compute
from tocsin.pipeline.labels import BatchLabels, judge_in_order
from tocsin.plugins import Cost, Detector, DetectorInput, cost_of
from tocsin.policy import CompiledPolicy, EarnedGate, Gate, default_gate
from tocsin.records import (
    NO_LABELS,
    NO_WINDOWS,
    Decision,
    EventBatch,
    Judgement,
    LabelTable,
    ShadowHit,
    SignalTable,
    WindowTable,
)

__all__ = ["Engine", "LookAhead", "Windows", "ask_dear"]

AUTOMATION = "automation"
"""Names in `versions` what rules had earned; absent where none ever earned or lost anything."""


class Windows(Protocol):
    """Counts batches in order and answers for them."""

    def advance(self, batch: EventBatch, features: Features) -> WindowTable:
        """Count a batch and answer for it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAhead:
    """What is known of a batch before its turn: its features, and all its signals.

    It holds for engines with this policy and these detectors, whatever happened since: both read
    nothing but the batch.
    """

    batch: EventBatch
    features: Features
    signals: SignalTable
    policy: CompiledPolicy
    detectors: Sequence[Detector]

    def only(self, is_kept: Sequence[bool], batch: EventBatch) -> LookAhead:
        """The same for `batch`, which is this one without the rows where `is_kept` says no."""
        old_rows = compress(range(len(is_kept)), is_kept)
        signals = {
            row: self.signals[old] for row, old in enumerate(old_rows) if old in self.signals
        }
        return replace(self, batch=batch, features=compute(batch), signals=signals)


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A policy and the detectors that feed it, at fixed versions.

    `versions` names every version that a decision depends on besides the policy's own; `gate` says
    what may happen without a person.
    """

    policy: CompiledPolicy
    detectors: Sequence[Detector]
    versions: Mapping[str, str] = field(default_factory=dict)
    gate: Gate = default_gate

    def under(self, gate: EarnedGate) -> Engine:
        """This engine, with what rules have earned since."""
        versions = {name: digest for name, digest in self.versions.items() if name != AUTOMATION}
        if gate.digest:
            versions[AUTOMATION] = gate.digest
        return replace(self, versions=versions, gate=gate)

    def judge(
        self,
        batch: EventBatch,
        windows: Windows | None = None,
        labels: BatchLabels | None = None,
        ahead: LookAhead | None = None,
    ) -> Judgement:
        """What rules say of a batch, in the order of its events.

        Without `windows`, what rules read of them is missing; without `labels`, nobody has any.
        `ahead` is what was found out about the batch before; it changes no decision, and is left
        aside where the policy or a detector is another one since.
        """
        if ahead is not None and not self._may_use(ahead, batch):
            ahead = None
        features = compute(batch) if ahead is None else ahead.features
        counted = NO_WINDOWS if windows is None else windows.advance(batch, features)
        if ahead is None:
            given = DetectorInput(batch=batch, features=features, texts=features)
            signals = self._signals(given, counted)
        else:
            signals = ahead.signals
        shadow: dict[int, list[ShadowHit]] = {}

        def ask(
            table: LabelTable, rows: Collection[int] | None = None
        ) -> list[tuple[int, Decision]]:
            # a row that is asked again, with other labels, has its shadow hits anew
            for row in rows or ():
                shadow.pop(row, None)
            shadow.update(
                self.policy.shadow_hits(
                    batch, features, signals, windows=counted, labels=table, rows=rows
                )
            )
            return self.policy.decide(
                batch,
                features,
                signals,
                self.versions,
                self.gate,
                windows=counted,
                labels=table,
                rows=rows,
            )

        decided = ask(NO_LABELS) if labels is None else judge_in_order(labels, ask)
        return Judgement(
            decisions=tuple(decision for _, decision in decided),
            shadow=tuple(hit for row in sorted(shadow) for hit in shadow[row]),
        )

    @property
    def has_dear(self) -> bool:
        """Whether a detector takes long, so that it is worth while to look ahead."""
        return bool(self._tiers[1])

    def look_ahead(self, batch: EventBatch) -> LookAhead:
        """Find out what does not depend on what stands before the batch in the log."""
        features = compute(batch)
        given = DetectorInput(batch=batch, features=features, texts=features)
        return LookAhead(
            batch=batch,
            features=features,
            signals=self._signals(given, None),
            policy=self.policy,
            detectors=self.detectors,
        )

    def _may_use(self, ahead: LookAhead, batch: EventBatch) -> bool:
        return (
            ahead.batch is batch
            and ahead.policy is self.policy
            and ahead.detectors is self.detectors
        )

    def _signals(self, given: DetectorInput, windows: WindowTable | None) -> SignalTable:
        """What detectors find: cheap ones on all rows, dear ones where a rule can still hit."""
        cheap, dear = self._tiers
        return ask_dear(self.policy, dear, given, detect(given, cheap), windows)

    @cached_property
    def _tiers(self) -> tuple[Sequence[Detector], Sequence[Detector]]:
        cheap = [one for one in self.detectors if cost_of(one) is Cost.CHEAP]
        return cheap, [one for one in self.detectors if cost_of(one) is Cost.DEAR]


def ask_dear(
    policy: CompiledPolicy,
    dear: Sequence[Detector],
    given: DetectorInput,
    signals: SignalTable,
    windows: WindowTable | None,
) -> SignalTable:
    """The signals with those of dear detectors, where a rule that reads them can still hit.

    `windows` is None where they are not counted yet: what reads them is then taken as unknown.
    """
    names = [frozenset(spec.name for spec in one.specs()) for one in dear]
    for place, detector in enumerate(dear):
        unknown = frozenset().union(*names[place:])
        rows = policy.wanted(names[place], unknown, given.batch, given.features, signals, windows)
        if rows:
            signals = detect(given, [detector], rows, signals)
    return signals
