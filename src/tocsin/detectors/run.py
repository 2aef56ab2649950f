"""The step: events, features and texts in, signals out.

Comes in: the input of detectors, the detectors, and the rows to look at. Goes out: one sparse
table. Always holds: a detector that fails on a row never stops the rest: the signals of that row
are marked as abstained, with a note that names the detector and the class of the exception, and
nothing else of it (its message could hold content).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tocsin.plugins import Detector, DetectorInput
from tocsin.records import Signal, SignalTable

__all__ = ["detect"]


def detect(
    given: DetectorInput,
    detectors: Iterable[Detector],
    rows: Sequence[int] | None = None,
    known: SignalTable | None = None,
) -> SignalTable:
    """The signals of all detectors for these rows (all rows where None), beside `known` ones."""
    wanted = range(len(given.batch)) if rows is None else rows
    merged = {row: dict(signals) for row, signals in known.items()} if known else {}
    for detector in detectors:
        for row, signals in _from_one(given, detector, wanted).items():
            into = merged.setdefault(row, {})
            for name, signal in signals.items():
                other = into.get(name)
                into[name] = signal if other is None else _stronger(other, signal)
    return merged


def _from_one(given: DetectorInput, detector: Detector, rows: Sequence[int]) -> SignalTable:
    try:
        return detector.detect(given, rows)
    except Exception as error:  # noqa: BLE001  # whatever a detector does, the rest goes on
        if len(rows) == 1:
            return {rows[0]: _abstained(detector, error)}
    found: dict[int, dict[str, Signal]] = {}
    for row in rows:
        for own_row, signals in _from_one(given, detector, [row]).items():
            found[own_row] = dict(signals)
    return found


def _abstained(detector: Detector, error: Exception) -> dict[str, Signal]:
    note = f"{detector.name} failed with {type(error).__name__}"
    return {
        spec.name: Signal(
            name=spec.name,
            detector=detector.name,
            version=detector.version,
            abstained=True,
            note=note,
        )
        for spec in detector.specs()
    }


def _stronger(one: Signal, other: Signal) -> Signal:
    """Two detectors gave the same signal: one that abstained says least; else the higher score."""
    return max(one, other, key=lambda signal: (not signal.abstained, signal.score))
