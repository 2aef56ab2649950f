"""Cues: words that tell in whose voice, and about what, a text speaks.

Comes in: texts, and the lists in this folder. Goes out: where cues stand, by kind and language.
Always holds: one scan for all languages. Refused: a list that cannot be read.
"""

from tocsin.nlp.cues.lists import (
    DANGER,
    FUNCTION,
    KINDS,
    CueFileError,
    load_cues,
    read_cues,
)
from tocsin.nlp.cues.scan import CueHit, Cues, CueScan, scan_cues, shipped_cues

__all__ = [
    "DANGER",
    "FUNCTION",
    "KINDS",
    "CueFileError",
    "CueHit",
    "CueScan",
    "Cues",
    "load_cues",
    "read_cues",
    "scan_cues",
    "shipped_cues",
]
