"""The fixed functions of the rule language.

Comes in: nothing. Goes out: `FUNCTIONS` and `WINDOW_FUNCTIONS` (name -> signature, meaning,
example) and `UNAVAILABLE`.
Always holds: a function is pure, takes time at most proportional to its arguments, cannot make
a longer text, and is not called with a missing argument (its result is then missing), `known`
apart. Refused: see `parse`, which checks every call against the signatures here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tocsin.policy.kinds import NUMBERS, Kind
from tocsin.records import WindowMeasure

__all__ = [
    "FUNCTIONS",
    "SPECIAL",
    "UNAVAILABLE",
    "WINDOW_EXAMPLE",
    "WINDOW_FUNCTIONS",
    "Function",
    "WindowFunction",
]

ANY = frozenset(Kind) - {Kind.UNKNOWN, Kind.NUMBERS}
TEXT = frozenset({Kind.TEXT})
TEXTS = frozenset({Kind.TEXTS})
MEASURES = NUMBERS | {Kind.DURATION}


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function: which kinds each argument may have, what it gives, and its example.

    `result` is None where the result has the kind of the arguments. `example` is a call and
    its value, run as a test. `rest` says whether the last parameter may be repeated.
    """

    name: str
    parameters: tuple[tuple[str, frozenset[Kind]], ...]
    result: Kind | None
    call: Callable[..., Any]
    doc: str
    example: tuple[str, str]
    rest: bool = False

    @property
    def signature(self) -> str:
        """The signature as documentation shows it."""
        shown = [f"{name}: {_kinds(kinds)}" for name, kinds in self.parameters]
        if self.rest:
            shown.append("…")
        result = "same" if self.result is None else self.result.value
        return f"{self.name}({', '.join(shown)}) -> {result}"


def _kinds(kinds: frozenset[Kind]) -> str:
    if kinds == ANY:
        return "any"
    return " | ".join(kind.value for kind in Kind if kind in kinds)


def _any_of(values: Sequence[str], wanted: Sequence[str]) -> bool:
    return not set(wanted).isdisjoint(values)


def _all_of(values: Sequence[str], wanted: Sequence[str]) -> bool:
    return set(wanted).issubset(values)


def _contains_any(text: str, parts: Sequence[str]) -> bool:
    return any(part in text for part in parts)


def _is_known(value: object) -> bool:
    return value is not None


_DEFINED = (
    Function(
        name="len",
        parameters=(("of", TEXT | TEXTS),),
        result=Kind.INT,
        call=len,
        doc="How many characters a text has, or how many texts a list.",
        example=('len("abc")', "3"),
    ),
    Function(
        name="lower",
        parameters=(("text", TEXT),),
        result=Kind.TEXT,
        call=str.lower,
        doc="The text in lower case.",
        example=('lower("Harbour") == "harbour"', "true"),
    ),
    Function(
        name="contains",
        parameters=(("text", TEXT), ("part", TEXT)),
        result=Kind.BOOL,
        call=str.__contains__,
        doc="Whether a text holds another, letter by letter. For words use a phrase bank.",
        example=('contains("the harbour", "harb")', "true"),
    ),
    Function(
        name="contains_any",
        parameters=(("text", TEXT), ("parts", TEXTS)),
        result=Kind.BOOL,
        call=_contains_any,
        doc="Whether a text holds at least one of the parts.",
        example=('contains_any("the harbour", ["quay", "harb"])', "true"),
    ),
    Function(
        name="startswith",
        parameters=(("text", TEXT), ("start", TEXT)),
        result=Kind.BOOL,
        call=str.startswith,
        doc="Whether a text begins with another.",
        example=('startswith("harbour", "harb")', "true"),
    ),
    Function(
        name="endswith",
        parameters=(("text", TEXT), ("end", TEXT)),
        result=Kind.BOOL,
        call=str.endswith,
        doc="Whether a text ends with another.",
        example=('endswith("harbour", "bour")', "true"),
    ),
    Function(
        name="any_of",
        parameters=(("values", TEXTS), ("wanted", TEXTS)),
        result=Kind.BOOL,
        call=_any_of,
        doc="Whether at least one of the wanted texts is among the values.",
        example=('any_of(["a", "b"], ["b", "c"])', "true"),
    ),
    Function(
        name="all_of",
        parameters=(("values", TEXTS), ("wanted", TEXTS)),
        result=Kind.BOOL,
        call=_all_of,
        doc="Whether all of the wanted texts are among the values.",
        example=('all_of(["a", "b"], ["b", "c"])', "false"),
    ),
    Function(
        name="min",
        parameters=(("a", MEASURES), ("b", MEASURES)),
        result=None,
        call=min,
        doc="The least of two or more numbers, or of two or more durations.",
        example=("min(3, 5, 2)", "2"),
        rest=True,
    ),
    Function(
        name="max",
        parameters=(("a", MEASURES), ("b", MEASURES)),
        result=None,
        call=max,
        doc="The greatest of two or more numbers, or of two or more durations.",
        example=("max(days(1), hours(30)) == hours(30)", "true"),
        rest=True,
    ),
    Function(
        name="abs",
        parameters=(("a", MEASURES),),
        result=None,
        call=abs,
        doc="A number or a duration without its sign.",
        example=("abs(2 - 5)", "3"),
    ),
    Function(
        name="days",
        parameters=(("n", NUMBERS),),
        result=Kind.DURATION,
        call=lambda n: timedelta(days=n),
        doc="A duration of so many days.",
        example=("days(1) == hours(24)", "true"),
    ),
    Function(
        name="hours",
        parameters=(("n", NUMBERS),),
        result=Kind.DURATION,
        call=lambda n: timedelta(hours=n),
        doc="A duration of so many hours.",
        example=("hours(1) == minutes(60)", "true"),
    ),
    Function(
        name="minutes",
        parameters=(("n", NUMBERS),),
        result=Kind.DURATION,
        call=lambda n: timedelta(minutes=n),
        doc="A duration of so many minutes.",
        example=("minutes(90) / hours(1)", "1.5"),
    ),
    Function(
        name="known",
        parameters=(("value", ANY),),
        result=Kind.BOOL,
        call=_is_known,
        doc="Whether a value is there at all; never missing itself.",
        example=('known("abc")', "true"),
    ),
)

FUNCTIONS: dict[str, Function] = {function.name: function for function in _DEFINED}

SPECIAL: dict[str, tuple[str, str]] = {
    "bank": (
        'X in bank("name"), X not in bank("name")',
        (
            "Whether the bank's detector found an entry in X. `text` and phrase, group or "
            "protectee banks; `account.name` or `account.bio` and phrase or group banks; "
            "`account.handle` and handle banks; `links` and link banks; `media` and hash banks."
        ),
    ),
    "signal": (
        'signal("name").score, signal("name").abstained',
        (
            "A detector's score in [0, 1], missing where it abstained or gave no signal; and "
            "whether it abstained."
        ),
    ),
}
"""Forms that look like calls and are not: their argument is a name, not a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowFunction:
    """One function over a window: what its first argument names, and what it gives.

    `example` is a call and its value after the three posts of `WINDOW_EXAMPLE`, run as a test.
    """

    name: str
    first: str
    result: Kind
    measure: WindowMeasure
    doc: str
    example: tuple[str, str]
    per: timedelta | None = None

    @property
    def signature(self) -> str:
        """The signature as documentation shows it."""
        arguments = f"{self.first}, by=key, over=duration, where=condition"
        return f"{self.name}({arguments}) -> {self.result.value}"


WINDOW_EXAMPLE = (
    "The account `a` posts `#harbour` at 12:00 and at 12:30, `b` at 12:50, each seen 10 times; the "
    "last post asks."
)

WINDOW_FUNCTIONS: dict[str, WindowFunction] = {
    function.name: function
    for function in (
        WindowFunction(
            name="count",
            first="event",
            result=Kind.INT,
            measure=WindowMeasure.COUNT,
            doc="How many events the window holds.",
            example=("count(event, by=hashtag, over=hours(1))", "3"),
        ),
        WindowFunction(
            name="distinct",
            first="key",
            result=Kind.INT,
            measure=WindowMeasure.DISTINCT,
            doc="How many different keys of another kind they have.",
            example=("distinct(account, by=hashtag, over=hours(1))", "2"),
        ),
        WindowFunction(
            name="rate",
            first="event",
            result=Kind.FLOAT,
            measure=WindowMeasure.COUNT,
            doc="How many events a minute, on average over the window.",
            example=("rate(event, by=hashtag, over=hours(1))", "0.05"),
            per=timedelta(minutes=1),
        ),
        WindowFunction(
            name="sum",
            first="feature",
            result=Kind.INT,
            measure=WindowMeasure.SUM,
            doc="What a whole-number feature of theirs adds up to.",
            example=("sum(post.views, by=hashtag, over=hours(1))", "30"),
        ),
        WindowFunction(
            name="first_seen",
            first="event",
            result=Kind.DURATION,
            measure=WindowMeasure.AGE,
            doc="How long ago the first of them was, at the time of the event that asks.",
            example=("first_seen(event, by=hashtag, over=hours(1)) == minutes(50)", "true"),
        ),
    )
}
"""Functions over what happened lately around a key; `docs/concepts/windows.md` says the rest."""

UNAVAILABLE: dict[str, str] = {
    "near_duplicate_of": "the near-duplicate detector",
    "matches": "the regular-expression engine",
    "has_label": "the label engine",
    "sample": "the sampling engine",
}
"""Functions that the language reserves, and the part that each waits for."""
