"""The order of the stages for one batch: features, signals, decisions.

Comes in: a batch of events, the compiled policy and the detectors. Goes out: decisions. Always
holds: pure but for the windows and the labels, which it moves on; the same events under the same
versions give the same decisions, however they are cut into batches. Detectors run in tiers: those
that say that they are dear see only rows where a rule that reads them can still hit, which changes
no decision.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
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

__all__ = ["Engine", "Windows"]

AUTOMATION = "automation"
"""Names in `versions` what rules had earned; absent where none ever earned or lost anything."""


class Windows(Protocol):
    """Counts batches in order and answers for them."""

    def advance(self, batch: EventBatch, features: Features) -> WindowTable:
        """Count a batch and answer for it."""
        ...


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
    ) -> Judgement:
        """What rules say of a batch, in the order of its events.

        Without `windows`, what rules read of them is missing; without `labels`, nobody has any.
        """
        features = compute(batch)
        counted = NO_WINDOWS if windows is None else windows.advance(batch, features)
        given = DetectorInput(batch=batch, features=features, texts=features)
        signals = self._signals(given, counted)
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

    def _signals(self, given: DetectorInput, windows: WindowTable) -> SignalTable:
        """What detectors find: cheap ones on all rows, dear ones where a rule can still hit."""
        signals = detect(given, self._tiers[0])
        for detector, asked, unknown in self._tiers[1]:
            rows = self.policy.wanted(asked, unknown, given.batch, given.features, signals, windows)
            if rows:
                signals = detect(given, [detector], rows, signals)
        return signals

    @cached_property
    def _tiers(self) -> tuple[Sequence[Detector], Sequence[_Dear]]:
        cheap = [one for one in self.detectors if cost_of(one) is Cost.CHEAP]
        dear = [one for one in self.detectors if cost_of(one) is Cost.DEAR]
        names = [frozenset(spec.name for spec in one.specs()) for one in dear]
        return cheap, [
            (one, names[number], frozenset().union(*names[number:]))
            for number, one in enumerate(dear)
        ]


_Dear = tuple[Detector, frozenset[str], frozenset[str]]
"""A detector, its signals, and all that are unknown when its turn comes."""
