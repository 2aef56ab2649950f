"""What rules may name: the features, signals and banks that exist.

Comes in: the specifications of the other stages, through the caller. Goes out: a `Catalogue`.
Always holds: policy knows the other stages only through it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tocsin.records import BankKind, FeatureSpec, SignalSpec

__all__ = ["Catalogue"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The features, signals, banks and labels that a pack is checked against.

    `banks` are those of the store; the pack's own are added while checking. Signals named
    `bank:<name>` are read through `in bank("<name>")` and need no entry in `signals`.
    """

    features: Mapping[str, FeatureSpec]
    signals: Mapping[str, SignalSpec] = field(default_factory=dict)
    banks: Mapping[str, BankKind] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    def with_banks(self, banks: Mapping[str, BankKind]) -> Catalogue:
        """This catalogue and further banks."""
        return replace(self, banks={**self.banks, **banks})

    def with_labels(self, labels: Mapping[str, str]) -> Catalogue:
        """This catalogue and the labels that a pack declares, with what each means."""
        return replace(self, labels=labels)
