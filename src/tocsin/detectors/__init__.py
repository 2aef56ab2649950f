"""Detectors: features and content in, signals out.

Comes in: a batch with its features and normal texts. Goes out: signals with a score in [0, 1],
evidence and the detector's version. Always holds: what `plugins.Detector` promises, checked for
each of ours by `testing.detector_conformance`; nothing here decides anything.
"""

from tocsin.detectors.banks import BankDetectors
from tocsin.detectors.panels import PANELS, BankPanel, panel_views
from tocsin.detectors.run import detect

__all__ = ["PANELS", "BankDetectors", "BankPanel", "detect", "panel_views"]
