"""Regular expressions that run in time proportional to the text, whatever they are and it is.

Comes in: a pattern. Goes out: a `Regex`, which finds spans of characters and knows which literal
texts every match holds. Always holds: RE2 runs it, with bounded memory; letters match in either
case; `^` and `$` stand at the ends of lines, and no match crosses a line, so that one in a text of
several parts stays inside its part. Refused: what needs backtracking, what is no expression, what
is too large; the `RegexError` says which characters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

import re2

__all__ = ["Regex", "RegexError", "compile_regex"]

_MAX_MEMORY: Final = 1 << 19
"""Bytes for one program and its states: RE2 drops states beyond it and stays linear."""

_MIN_LITERAL = 3
"""A shorter literal stands in too many texts to sift them."""

_BACKTRACKING: Final = (
    ("(?<=", "a look behind"),
    ("(?<!", "a look behind"),
    ("(?=", "a look ahead"),
    ("(?!", "a look ahead"),
    ("(?>", "an atomic group"),
    ("(?(", "a conditional group"),
    ("(?P=", "a reference back to a group"),
    ("(?P>", "a recursion"),
    ("(?R", "a recursion"),
    ("(?&", "a recursion"),
)
_REFERENCES: Final = "123456789kg"
_HEXADECIMAL: Final = frozenset("0123456789abcdefABCDEF")
_HINT: Final = "say what must be there, and join conditions with `and` and `not`"
_REASONS: Final = {
    "missing )": "a bracket is not closed",
    "unexpected )": "there is no opening bracket for `)`",
    "missing ]": "a class is not closed",
    "invalid character class range": "there is no such class of characters",
    "invalid escape sequence": "there is no such escape",
    "bad repetition operator": "a repetition is repeated",
    "no argument for repetition operator": "there is nothing to repeat",
    "invalid repetition size": "repetitions go up to 1,000, nested ones together",
    "invalid perl operator": "there is no such group",
    "invalid named capture group": "there is no such name of a group",
    "trailing \\": "nothing follows the `\\`",
    "pattern too large": "the expression is too large",
}


class RegexError(ValueError):
    """Why a pattern is refused: characters `start` to `end` of it."""

    def __init__(self, message: str, start: int, end: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = max(end, start + 1)
        self.hint = hint


class _Part(NamedTuple):
    """A piece of a pattern; `text` is the character that a literal stands for."""

    kind: str
    start: int
    end: int
    text: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Regex:
    """A compiled expression; safe to share between threads.

    `literals`: every text in normal form that matches holds one of them; empty where unknown.
    """

    pattern: str
    literals: tuple[str, ...]
    _compiled: Any

    def is_in(self, text: str) -> bool:
        """Whether any part of a text matches."""
        return self._compiled.search(text.encode("utf-8", "surrogatepass")) is not None

    def is_in_key(self, key: str) -> bool:
        """Whether any part of a text in normal form matches."""
        for literal in self.literals:
            if literal in key:
                break
        else:
            if self.literals:
                return False
        return self._compiled.search(key.encode("utf-8", "surrogatepass")) is not None

    def spans(self, text: str, at_most: int) -> Iterator[tuple[int, int]]:
        """The characters of the first matches, in order; matches of nothing are left out.

        >>> list(compile_regex("d.wn").spans("ünder dawn, DOWN", 5))
        [(6, 10), (12, 16)]
        """
        raw = text.encode("utf-8", "surrogatepass")
        found = 0
        for match in self._compiled.finditer(raw):
            start, end = match.span()
            if start == end:
                continue
            yield _n_characters(raw[:start]), _n_characters(raw[:end])
            found += 1
            if found >= at_most:
                return


@lru_cache(maxsize=8_192)
def compile_regex(pattern: str) -> Regex:
    """Compile a pattern, once.

    >>> compile_regex("(iron|steel) +dawn").literals
    ('dawn',)

    Raises:
        RegexError: it needs backtracking, is no expression, or is too large.
    """
    parts = list(_parts(pattern))
    options = re2.Options()
    options.case_sensitive = False
    options.never_nl = True
    options.log_errors = False
    options.max_mem = _MAX_MEMORY
    try:
        compiled = re2.compile(f"(?m){pattern}".encode(), options)
    except re2.error as error:
        raise _explained(pattern, parts, error) from None
    return Regex(pattern, _Literals(parts).required(), compiled)


def _explained(pattern: str, parts: Sequence[_Part], error: Exception) -> RegexError:
    raw = error.args[0] if error.args else b""
    said = raw.decode(errors="replace") if isinstance(raw, bytes) else str(raw)
    reason, _, fragment = said.partition(": ")
    for known, message in _REASONS.items():
        if reason.startswith(known):
            reason = message
            break
    fragment = fragment.removeprefix("(?m)")
    at = _opened(parts) if "bracket is not" in reason else pattern.rfind(fragment)
    if not fragment or at < 0:
        return RegexError(reason, 0, len(pattern))
    end = at + 1 if "bracket" in reason or "class is" in reason else at + len(fragment)
    if reason == "there is no opening bracket for `)`":
        at = _unopened(parts)
        end = at + 1
    return RegexError(reason, at, end)


def _opened(parts: Sequence[_Part]) -> int:
    opened: list[int] = []
    for part in parts:
        if part.kind == "(":
            opened.append(part.start)
        elif part.kind == ")" and opened:
            opened.pop()
    return opened[-1] if opened else -1


def _unopened(parts: Sequence[_Part]) -> int:
    depth = 0
    for part in parts:
        depth += (part.kind == "(") - (part.kind == ")")
        if depth < 0:
            return part.start
    return 0


def _parts(pattern: str) -> Iterator[_Part]:
    """The pieces of a pattern, refusing what needs backtracking."""
    at = 0
    while at < len(pattern):
        part = _part(pattern, at)
        yield part
        at = part.end


def _part(pattern: str, at: int) -> _Part:
    char = pattern[at]
    if char == "\\":
        return _escape(pattern, at)
    if char == "[":
        return _Part("class", at, _end_of_class(pattern, at))
    if char == "(":
        return _Part("(", at, _end_of_opening(pattern, at))
    if char in ")|":
        return _Part(char, at, at + 1)
    if char in "*+?" or (char == "{" and _counted(pattern, at)):
        return _repetition(pattern, at)
    if char in "^$.":
        return _Part("special", at, at + 1)
    return _Part("literal", at, at + 1, char)


def _escape(pattern: str, at: int) -> _Part:
    char = pattern[at + 1 : at + 2]
    if char and char in _REFERENCES:
        end = at + 2
        raise RegexError("a reference back to a group needs backtracking", at, end, _HINT)
    if char == "Q":
        end = pattern.find("\\E", at)
        return _Part("special", at, len(pattern) if end < 0 else end + 2)
    if char in ("p", "P", "x") and pattern[at + 2 : at + 3] == "{":
        end = pattern.find("}", at)
        return _Part("special", at, len(pattern) if end < 0 else end + 1)
    if char in ("p", "P"):
        return _Part("special", at, min(at + 3, len(pattern)))
    if char in ("x", "0"):
        end = at + 2
        while end < min(at + 4, len(pattern)) and pattern[end] in _HEXADECIMAL:
            end += 1
        return _Part("special", at, end)
    is_literal = char.isascii() and not char.isalnum() and char not in ("", "_")
    return _Part("literal" if is_literal else "special", at, at + 2, char)


def _end_of_class(pattern: str, at: int) -> int:
    end = at + 1
    end += pattern.startswith("^", end)
    end += pattern.startswith("]", end)
    while end < len(pattern) and pattern[end] != "]":
        if pattern[end] == "\\":
            end += 1
        elif pattern.startswith("[:", end) and ":]" in pattern[end:]:
            end = pattern.index(":]", end) + 1
        end += 1
    return min(end + 1, len(pattern))


def _end_of_opening(pattern: str, at: int) -> int:
    for opening, what in _BACKTRACKING:
        if pattern.startswith(opening, at):
            raise RegexError(f"{what} needs backtracking", at, at + len(opening), _HINT)
    if not pattern.startswith("(?", at):
        return at + 1
    end = at + 2
    while end < len(pattern) and pattern[end] not in ":>()":
        end += 1
    is_inside = end < len(pattern) and pattern[end] in ":>"
    return end + 1 if is_inside else min(end, len(pattern))


def _counted(pattern: str, at: int) -> int:
    """The end of `{n}`, `{n,}` or `{n,m}`; 0 where the bracket is a character."""
    end = pattern.find("}", at)
    low, _, high = pattern[at + 1 : end].partition(",")
    return end + 1 if end > 0 and low.isdigit() and (not high or high.isdigit()) else 0


def _repetition(pattern: str, at: int) -> _Part:
    end = _counted(pattern, at) if pattern[at] == "{" else at + 1
    if pattern.startswith("+", end):
        raise RegexError("a possessive repetition needs backtracking", at, end + 1, _HINT)
    least = pattern[at + 1 : end].rstrip("}").partition(",")[0] if pattern[at] == "{" else ""
    is_optional = pattern[at] in "*?" or (least.isdigit() and int(least) == 0)
    end += pattern.startswith("?", end)
    return _Part("optional" if is_optional else "repeated", at, end)


@dataclass(slots=True)
class _Literals:
    """Works out which literals a match must hold."""

    parts: Sequence[_Part]
    at: int = 0

    def required(self) -> tuple[str, ...]:
        """Of these literals a match holds one at least; empty where that is not known."""
        found = self._branches()
        return found if self.at == len(self.parts) else ()

    def _branches(self) -> tuple[str, ...]:
        every: list[tuple[str, ...]] = [self._branch()]
        while self.at < len(self.parts) and self.parts[self.at].kind == "|":
            self.at += 1
            every.append(self._branch())
        if not all(every):
            return ()
        return tuple(dict.fromkeys(literal for branch in every for literal in branch))

    def _branch(self) -> tuple[str, ...]:
        """The best of what stands one after the other."""
        choices: list[tuple[str, ...]] = []
        run = ""
        while self.at < len(self.parts) and self.parts[self.at].kind not in ("|", ")"):
            part = self.parts[self.at]
            self.at += 1
            inner = self._group() if part.kind == "(" else ()
            kind = self.parts[self.at].kind if self.at < len(self.parts) else ""
            is_repeated = kind in ("optional", "repeated")
            self.at += is_repeated
            folded = _folded(part.text) if part.kind == "literal" else ""
            if folded and kind != "optional":
                run += folded
            if not folded or is_repeated:
                choices.append((run,))
                run = ""
            if inner and kind != "optional":
                choices.append(inner)
        choices.append((run,))
        best = max(choices, key=_worth)
        return best if _worth(best)[0] >= _MIN_LITERAL else ()

    def _group(self) -> tuple[str, ...]:
        inner = self._branches()
        self.at += self.at < len(self.parts)  # the closing bracket
        return inner


def _worth(choice: Sequence[str]) -> tuple[int, int]:
    return min(map(len, choice)), -len(choice)


def _folded(char: str) -> str:
    """The one character of a normal form that this one matches; empty where it may be several."""
    folded = char.casefold()
    return folded if len(folded) == 1 and folded.casefold() == folded else ""


def _n_characters(raw: bytes) -> int:
    return len(raw.decode("utf-8", "surrogatepass"))
