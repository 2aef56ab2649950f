"""What the match key folds: hand-written tables of characters.

Comes in: nothing. Goes out: constants, and NumPy look-up tables made when first used. Always
holds: no target of a table is itself a source, so that folding twice changes nothing. Source of
the look-alikes: a small selection, by hand, of the pairs that Unicode Technical Standard 39
("confusables") lists between Latin, Cyrillic and Greek lower-case letters; of the characters
removed: Unicode's `Default_Ignorable_Code_Point`, bidirectional controls, Arabic marks.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = [
    "CLASS_DIGIT",
    "CLASS_LATIN",
    "CLASS_LETTER",
    "CLASS_LOOKALIKE",
    "CLASS_MARK",
    "CLASS_SIGN",
    "FOLDED",
    "FROM_LATIN_TO_CYRILLIC",
    "FROM_LATIN_TO_GREEK",
    "LEET",
    "TO_LATIN",
    "classes",
    "fold_table",
    "is_cyrillic",
    "is_greek",
    "is_latin",
]

N_CODE_POINTS = 0x110000

_REMOVED_RANGES: Final = (
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
    # Arabic: signs and diacritics (harakat, Quranic marks), tatweel.
    (0x0610, 0x061A), (0x0640, 0x0640), (0x064B, 0x065F), (0x0670, 0x0670), (0x06D6, 0x06DC),
    (0x06DF, 0x06E4), (0x06E7, 0x06E8), (0x06EA, 0x06ED), (0x08CA, 0x08E1), (0x08E3, 0x08FF),
)  # fmt: skip

_ARABIC: Final = {
    "ا": "أإآٱٲٳ",  # alef forms
    "ي": "ىئیېےۓۍ",  # alef maksura, yeh with hamza, Persian and Urdu yeh
    "و": "ؤ",
    "ه": "ةەۀہۂۃھ",  # teh marbuta, Persian, Kurdish and Urdu heh
    "ك": "کڪ",
}

_SPACES: Final = "\u2800"  # the blank Braille cell, which Python does not count as white space

TO_LATIN: Final = str.maketrans(
    "авеѕіјкмнорстухһԁԛԝгьпαβεζηικνορτυχγωμσϲ",
    "abesijkmhopctyxhdqwrbnabezniknoptuxywmoc",
)
"""Cyrillic and Greek lower-case letters that look like a Latin one."""

FROM_LATIN_TO_CYRILLIC: Final = str.maketrans("aceopxysijhkmtb", "асеорхуѕіјнкмтв")
"""The way back, for a word that is Cyrillic but for a letter or two."""

FROM_LATIN_TO_GREEK: Final = str.maketrans("aopviktux", "αορνικτυχ")

LEET: Final = str.maketrans("0134578@$9", "oieastbasg")
"""Digits and signs that stand for a letter; 2 and 6 are too often just numbers."""

CLASS_LETTER = 1
CLASS_DIGIT = 2  # ASCII digits only
CLASS_SIGN = 4  # @ and $
CLASS_LATIN = 8
CLASS_LOOKALIKE = 16  # Cyrillic and Greek
CLASS_MARK = 32


def is_latin(char: str) -> bool:
    """Whether a lower-case letter is Latin."""
    return char <= "\u024f" or "\u1e00" <= char <= "\u1eff" or "\u0250" <= char <= "\u02af"


def is_greek(char: str) -> bool:
    """Whether a letter is Greek."""
    return "\u0370" <= char <= "\u03ff" or "\u1f00" <= char <= "\u1fff"


def is_cyrillic(char: str) -> bool:
    """Whether a letter is Cyrillic."""
    return "\u0400" <= char <= "\u052f" or "\u1c80" <= char <= "\u1c8f"


def _folded() -> dict[int, str | None]:
    table: dict[int, str | None] = {
        code: None for first, last in _REMOVED_RANGES for code in range(first, last + 1)
    }
    for target, sources in _ARABIC.items():
        table.update({ord(source): target for source in sources})
    table.update({code: " " for code in range(0x3100) if chr(code).isspace()})
    table.update({ord(space): " " for space in _SPACES})
    return table


FOLDED: Final = _folded()
"""For `str.translate`: what each character becomes, None where it is removed."""

REMOVED: Final = 0xFFFFFFFF
"""Stands for a removed character in `fold_table`."""


@cache
def fold_table() -> npt.NDArray[np.uint32]:
    """`FOLDED` as an array over all code points."""
    table = np.arange(N_CODE_POINTS, dtype=np.uint32)
    for code, target in FOLDED.items():
        table[code] = REMOVED if target is None else ord(target)
    return table


@cache
def classes() -> npt.NDArray[np.uint8]:
    """The `CLASS_*` bits of every code point, as far as folding asks for them."""
    table = np.zeros(N_CODE_POINTS, dtype=np.uint8)
    for code in range(0x20000):
        char = chr(code)
        if char.isalpha():
            table[code] = CLASS_LETTER
            if is_latin(char):
                table[code] |= CLASS_LATIN
            elif is_greek(char) or is_cyrillic(char):
                table[code] |= CLASS_LOOKALIKE
        elif unicodedata.category(char).startswith("M"):
            table[code] = CLASS_MARK
    table[0x20000:0x32000] = CLASS_LETTER
    table[ord("0") : ord("9") + 1] = CLASS_DIGIT
    table[[ord("@"), ord("$")]] = CLASS_SIGN
    return table
