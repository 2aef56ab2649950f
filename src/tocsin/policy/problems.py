"""Problems of a pack: where, what, and what to do, rendered like a compiler's.

Comes in: places in the files of a pack, and messages. Goes out: `Problem` values and their text.
Always holds: a message starts lower case, ends without a full stop, names symbols in backticks
and says what was expected; a place is a file, a line and a column from 1, counted in characters;
a rendered source line is short, and shows no control characters. Refused: nothing.
"""

from __future__ import annotations

import difflib
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

__all__ = ["CODES", "Code", "Document", "Place", "Problem", "Problems", "Severity", "did_you_mean"]

MAX_SHOWN = 120
"""Longer source lines are cut around the place: what fits beside a line number in a terminal."""


class Severity(StrEnum):
    """Whether a pack may be activated with it."""

    ERROR = "error"
    WARNING = "warning"


class Code(StrEnum):
    """What is wrong; stable, never renamed or reused. `CODES` says what each means."""

    YAML = "POLICY.YAML"
    ALIAS = "POLICY.ALIAS"
    MISSING_FILE = "POLICY.MISSING_FILE"
    UNUSED_FILE = "POLICY.UNUSED_FILE"
    UNKNOWN_KEY = "POLICY.UNKNOWN_KEY"
    MISSING_KEY = "POLICY.MISSING_KEY"
    DUPLICATE_KEY = "POLICY.DUPLICATE_KEY"
    SHAPE = "POLICY.SHAPE"
    VALUE = "POLICY.VALUE"
    DUPLICATE_ID = "POLICY.DUPLICATE_ID"
    UNKNOWN_CLAUSE = "POLICY.UNKNOWN_CLAUSE"
    OUTCOME = "POLICY.OUTCOME"
    AUTOMATIC = "POLICY.AUTOMATIC"
    LEGAL = "POLICY.LEGAL"
    SUBJECT = "POLICY.SUBJECT"
    BASIS = "POLICY.BASIS"
    BANK_ENTRY = "POLICY.BANK_ENTRY"
    BANK_KIND = "POLICY.BANK_KIND"
    EXAMPLE = "POLICY.EXAMPLE"
    NO_HIT_EXAMPLE = "POLICY.NO_HIT_EXAMPLE"
    SYNTAX = "POLICY.SYNTAX"
    TOO_LARGE = "POLICY.TOO_LARGE"
    NOT_ALLOWED = "POLICY.NOT_ALLOWED"
    UNKNOWN_NAME = "POLICY.UNKNOWN_NAME"
    UNKNOWN_FUNCTION = "POLICY.UNKNOWN_FUNCTION"
    UNKNOWN_SIGNAL = "POLICY.UNKNOWN_SIGNAL"
    UNKNOWN_BANK = "POLICY.UNKNOWN_BANK"
    UNKNOWN_LABEL = "POLICY.UNKNOWN_LABEL"
    UNKNOWN_RULE = "POLICY.UNKNOWN_RULE"
    RULE_CYCLE = "POLICY.RULE_CYCLE"
    REGEX = "POLICY.REGEX"
    UNAVAILABLE = "POLICY.UNAVAILABLE"
    ARGUMENTS = "POLICY.ARGUMENTS"
    TYPE = "POLICY.TYPE"
    UNIT = "POLICY.UNIT"
    BANK_USE = "POLICY.BANK_USE"
    NO_MISS_EXAMPLE = "POLICY.NO_MISS_EXAMPLE"
    REGEX_REACH = "POLICY.REGEX_REACH"
    NEVER_HITS = "POLICY.NEVER_HITS"
    ALWAYS_HITS = "POLICY.ALWAYS_HITS"
    NO_PURPOSES = "POLICY.NO_PURPOSES"
    NAMES_PEOPLE = "POLICY.NAMES_PEOPLE"
    NAMES_OFFICIALS = "POLICY.NAMES_OFFICIALS"
    SEVERE_AUTOMATIC = "POLICY.SEVERE_AUTOMATIC"


CODES: dict[Code, str] = {
    Code.YAML: "the file is not YAML that we read",
    Code.ALIAS: "YAML anchors, aliases and tags are refused: a pack says what it means in place",
    Code.MISSING_FILE: "the pack has no `policy.yaml`, or no rules",
    Code.UNUSED_FILE: "a YAML file lies where nothing reads it",
    Code.UNKNOWN_KEY: "a key that this mapping does not have",
    Code.MISSING_KEY: "a key that this mapping must have",
    Code.DUPLICATE_KEY: "the same key twice in one mapping",
    Code.SHAPE: "a list where a mapping or a word is expected, or the like",
    Code.VALUE: "a value outside its range or its choices",
    Code.DUPLICATE_ID: "two clauses, rules, banks or entries with one id",
    Code.UNKNOWN_CLAUSE: "a rule or an entry points to a clause that the policy does not have",
    Code.OUTCOME: "a rule proposes an action that its clause does not allow",
    Code.AUTOMATIC: "a clause would let an action happen by itself that never may",
    Code.LEGAL: "a legal mapping that its scheme does not have",
    Code.SUBJECT: "the outcome, the subject and the events of a rule do not fit together",
    Code.BASIS: "a rule says that it rests on a bank, and tests something else",
    Code.BANK_ENTRY: "a bank's entry that may not enter a bank",
    Code.BANK_KIND: "a bank of one kind in the pack and of another in the store",
    Code.EXAMPLE: "an example that is not an event",
    Code.NO_HIT_EXAMPLE: "a rule without an example that it must hit",
    Code.SYNTAX: "`when` is not an expression",
    Code.TOO_LARGE: "an expression, a number or a file beyond its limit",
    Code.NOT_ALLOWED: "Python that the rule language does not have",
    Code.UNKNOWN_NAME: "a feature that does not exist",
    Code.UNKNOWN_FUNCTION: "a function that does not exist",
    Code.UNKNOWN_SIGNAL: "a signal that no detector gives",
    Code.UNKNOWN_BANK: "a bank that neither the pack nor the store has",
    Code.UNKNOWN_LABEL: "a label that `policy.yaml` does not declare",
    Code.UNKNOWN_RULE: "a rule that the pack does not have",
    Code.RULE_CYCLE: "rules that name each other in a circle",
    Code.REGEX: "a regular expression that is none, or that would need backtracking",
    Code.UNAVAILABLE: "a signal whose detector is not installed",
    Code.ARGUMENTS: "a function called with too few, too many or named arguments",
    Code.TYPE: "values of types that do not go together",
    Code.UNIT: "a duration used as a number, or a number as a duration",
    Code.BANK_USE: "a bank tested against something that its kind cannot match",
    Code.NO_MISS_EXAMPLE: "a rule without an example that it must not hit",
    Code.REGEX_REACH: "a regular expression that finds more or less than it seems to",
    Code.NEVER_HITS: "a rule that no event can hit",
    Code.ALWAYS_HITS: "a rule that hits every event",
    Code.NO_PURPOSES: "a clause that protects no purpose (news, research, art, countering)",
    Code.NAMES_PEOPLE: "a clause, rule or bank that names a religion or an ethnicity",
    Code.NAMES_OFFICIALS: "a clause, rule or bank that names officials or criticism of them",
    Code.SEVERE_AUTOMATIC: "a clause of the gravest severity with actions that need no person",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Characters of one line of one file; `line` and `column` from 1."""

    file: str
    line: int
    column: int
    length: int
    source: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Document:
    """One file of a pack, with its lines."""

    file: str
    text: str

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        at = self.text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = self.text.find("\n", at + 1)
        return starts

    def place(self, start: int, end: int) -> Place:
        """The place of the characters `start` to `end`, cut at the end of the first line."""
        start = min(max(start, 0), len(self.text))
        line = bisect_right(self._starts, start) - 1
        first = self._starts[line]
        stop = self.text.find("\n", first)
        stop = len(self.text) if stop < 0 else stop
        source = self.text[first:stop].removesuffix("\r")
        length = max(1, min(end, first + len(source)) - start)
        return Place(self.file, line + 1, start - first + 1, length, source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake or warning."""

    code: Code
    message: str
    place: Place
    severity: Severity = Severity.ERROR
    hint: str | None = None
    seconds: tuple[tuple[str, Place], ...] = ()

    def render(self) -> str:
        """The problem as text of several lines, with the source line and carets."""
        head = f"{self.place}: {self.severity}: {self.message} [{self.code}]"
        number = str(self.place.line)
        lines = [head, *_pointed(self.place, number)]
        margin = " " * len(number)
        if self.hint is not None:
            lines.append(f"{margin} = {self.hint}")
        for label, place in self.seconds:
            lines.append(f"{margin} = {label}: {place}")
            lines.extend(_pointed(place, str(place.line).rjust(len(number))))
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """The problem as JSON values."""
        return {
            "code": self.code.value,
            "severity": self.severity.value,
            "message": self.message,
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "hint": self.hint,
            "seconds": [{"label": label, "where": str(place)} for label, place in self.seconds],
        }


@dataclass(slots=True)
class Problems:
    """Collects every problem of a pack, so that all are reported at once.

    `n_errors` is how many mistakes there were so far.
    """

    found: list[Problem] = field(default_factory=list)
    n_errors: int = 0

    def error(
        self,
        code: Code,
        message: str,
        place: Place,
        hint: str | None = None,
        *seconds: tuple[str, Place],
    ) -> None:
        """Add a mistake: the pack cannot be activated."""
        self.n_errors += 1
        self.found.append(
            Problem(code=code, message=message, place=place, hint=hint, seconds=seconds)
        )

    def warn(
        self,
        code: Code,
        message: str,
        place: Place,
        hint: str | None = None,
    ) -> None:
        """Add a warning: the pack can be activated, and somebody should look."""
        self.found.append(
            Problem(
                code=code,
                message=message,
                place=place,
                hint=hint,
                severity=Severity.WARNING,
            )
        )

    def ordered(self, severity: Severity) -> tuple[Problem, ...]:
        """All of one severity by file, line and column."""
        chosen = [problem for problem in self.found if problem.severity is severity]
        chosen.sort(key=lambda p: (p.place.file, p.place.line, p.place.column))
        return tuple(chosen)


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A hint that names the nearest known word, if any is near.

    >>> did_you_mean("acount.age", ["account.age", "post.views"])
    'did you mean `account.age`?'
    >>> did_you_mean("zebra", ["account.age"]) is None
    True
    """
    near = difflib.get_close_matches(word[:80], sorted(set(known)), n=1, cutoff=0.7)
    return f"did you mean `{near[0]}`?" if near else None


def _pointed(place: Place, number: str) -> Sequence[str]:
    margin = " " * len(number)
    source, column = _cut(place.source, place.column - 1)
    length = max(1, min(place.length, len(source) - column))
    carets = "^" * max(1, sum(map(_width, source[column : column + length])))
    padding = "".join("\t" if c == "\t" else " " * _width(c) for c in source[:column])
    shown = "".join(
        c if c == "\t" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in source
    )
    return f"{margin} |", f"{number} | {shown}", f"{margin} | {padding}{carets}"


def _cut(source: str, column: int) -> tuple[str, int]:
    """At most `MAX_SHOWN` characters of a line around a column, and the column in them."""
    if len(source) <= MAX_SHOWN:
        return source, column
    first = max(0, min(column - MAX_SHOWN // 3, len(source) - MAX_SHOWN))
    return source[first : first + MAX_SHOWN], column - first


def _width(char: str) -> int:
    """How many cells of a terminal a character takes."""
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
