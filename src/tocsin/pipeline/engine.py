"""The order of the stages for one batch: features, signals, decisions.

Comes in: a batch of events, the compiled policy and the detectors. Goes out: decisions. Always
holds: pure; the same events under the same versions give the same decisions, however they are
cut into batches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tocsin.detectors import detect
from tocsin.features import compute
from tocsin.plugins import Detector, DetectorInput
from tocsin.policy import CompiledPolicy
from tocsin.records import Decision, EventBatch

__all__ = ["Engine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A policy and the detectors that feed it, at fixed versions.

    `versions` names every version that a decision depends on besides the policy's own.
    """

    policy: CompiledPolicy
    detectors: Sequence[Detector]
    versions: Mapping[str, str] = field(default_factory=dict)

    def judge(self, batch: EventBatch) -> list[Decision]:
        """The decisions about a batch, in the order of its events."""
        features = compute(batch)
        given = DetectorInput(batch=batch, features=features, texts=features)
        signals = detect(given, self.detectors)
        decided = self.policy.decide(batch, features, signals, self.versions)
        return [decision for _, decision in decided]
