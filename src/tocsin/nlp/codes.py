"""What the codes of judged posts mean, in words.

Comes in: a code: one letter for the stance, then marks. Goes out: words. Always holds: every code
that people gave a post is said in full; a letter that means nothing is said to be unknown. Refused:
nothing.
"""

from __future__ import annotations

from typing import Final

__all__ = ["code_in_words"]

_STANCES: Final = {
    "S": "support",
    "s": "leaning towards support",
    "N": "report or news",
    "C": "condemnation",
    "M": "mockery",
    "Q": "quotes others",
    "K": "question",
    "F": "fiction or game",
    "O": "about something else",
}
_MARKS: Final = {
    "i": "call to attack",
    "t": "threat",
    "h": "violent words, not meant",
}


def code_in_words(code: str) -> str:
    """What people said of a post.

    >>> code_in_words("Sit"), code_in_words("O"), code_in_words("?")
    ('support, call to attack, threat', 'about something else', 'unknown code')
    """
    stance = _STANCES.get(code[:1])
    marks = [_MARKS.get(letter) for letter in code[1:]]
    if stance is None or None in marks:
        return "unknown code"
    said = [mark for mark in marks if mark]
    return ", ".join(said if stance == _STANCES["O"] and said else [stance, *said])
