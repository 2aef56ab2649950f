"""The step: a batch of events in, a table of features out."""

from __future__ import annotations

from typing import Final

from tocsin.features import account, event, language, links, media, text
from tocsin.features.table import Feature, Features
from tocsin.records import EventBatch, FeatureSpec

__all__ = ["FEATURES", "compute"]

_FAMILIES: Final = (text, language, event, links, media, account)
_REGISTRY: Final[dict[str, Feature]] = {
    feature.spec.name: feature for family in _FAMILIES for feature in family.FEATURES
}

FEATURES: Final[tuple[FeatureSpec, ...]] = tuple(feature.spec for feature in _REGISTRY.values())
"""Every feature that rules may read."""


def compute(batch: EventBatch) -> Features:
    """The features of a batch: normal texts at once, everything else when asked for."""
    return Features(batch, _REGISTRY)
