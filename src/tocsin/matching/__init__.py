"""Policy-free tools that several stages need: normal forms of text with offsets.

Comes in: text. Goes out: match keys that lead back to the original characters.
"""

from tocsin.matching.normal import (
    Document,
    NormalText,
    Part,
    documents,
    normalise,
    normalise_all,
)

__all__ = ["Document", "NormalText", "Part", "documents", "normalise", "normalise_all"]
