"""The codes of judged posts: what they say of harms, and in words.

Comes in: a code: one letter for the stance, then marks. Goes out: a `PostCode`, or words. Always
holds: every code that people gave a post is said in full; in words, a letter that means nothing is
said to be unknown. Refused: by `parse_code`, what is no code.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from tocsin.errors import InputError
from tocsin.nlp.types import Harm

__all__ = ["PostCode", "code_in_words", "parse_code"]

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


class PostCode(NamedTuple):
    """A stance letter and marks."""

    stance: str
    marks: str

    def harms(self) -> dict[Harm, bool]:
        """What it says of calls and threats; a call to others to attack is a threat too."""
        calls = "i" in self.marks
        return {Harm.INCITEMENT: calls, Harm.THREAT: calls or "t" in self.marks}


def parse_code(code: str, *, where: str) -> PostCode:
    """The parts of a code.

    >>> parse_code("Sit", where="line 1")
    PostCode(stance='S', marks='it')

    Raises:
        InputError: this is no code.
    """
    found = PostCode(code[:1], code[1:])
    if found.stance not in _STANCES or not set(found.marks) <= _MARKS.keys():
        raise InputError("this is no code", where=where, hint="as `S`, `N`, `Ct`, `Oh`")
    return found


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
