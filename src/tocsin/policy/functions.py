"""The fixed functions of the rule language.

Comes in: nothing. Goes out: `FUNCTIONS`, `WINDOW_FUNCTIONS` and `SPECIAL` (name -> signature,
meaning, example).
Always holds: a function is pure, takes time at most proportional to its arguments, makes no text
that is longer than its normal form, and is not called with a missing argument (its result is then
missing), `known` apart. Refused: see `parse`, which checks every call against the signatures here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tocsin.matching import normalise
from tocsin.policy.kinds import NUMBERS, Kind
from tocsin.records import WindowMeasure

__all__ = [
    "EXAMPLE",
    "FUNCTIONS",
    "SPECIAL",
    "WINDOW_EXAMPLE",
    "WINDOW_FUNCTIONS",
    "Form",
    "Function",
    "WindowFunction",
    "sampled_at",
]

ANY = frozenset(Kind) - {Kind.UNKNOWN, Kind.NUMBERS}
TEXT = frozenset({Kind.TEXT})
TEXTS = frozenset({Kind.TEXTS})
MEASURES = NUMBERS | {Kind.DURATION}


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function: which kinds each argument may have, what it gives, and its example.

    `result` is None where the result has the kind of the arguments. `example` is a call and
    its value for the post of `EXAMPLE`, run as a test. `rest` says whether the last parameter may
    be repeated. `reads` are features that `call` takes before the arguments. `limits`: the first
    argument is a constant above the one and at most the other.
    """

    name: str
    parameters: tuple[tuple[str, frozenset[Kind]], ...]
    result: Kind | None
    call: Callable[..., Any]
    doc: str
    example: tuple[str, str]
    rest: bool = False
    reads: tuple[str, ...] = ()
    limits: tuple[float, float] | None = None

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


def _any_contains(values: Sequence[str], parts: Sequence[str]) -> bool:
    return any(part in value for value in values for part in parts)


def _any_endswith(values: Sequence[str], ends: Sequence[str]) -> bool:
    return any(value.endswith(tuple(ends)) for value in values)


def _overlap(values: Sequence[str], others: Sequence[str]) -> int:
    return len(set(values) & set(others))


def _count_of(text: str, part: str) -> int:
    return text.count(part) if part else 0


def _word_count(text: str) -> int:
    return len(text.split())


def _normal(text: str) -> str:
    return normalise(text).text


def _age(now: datetime, since: datetime) -> timedelta:
    return now - since


def sampled_at(event_id: str) -> float:
    """The rate from which on `sample` picks an event: its hash as a number in [0, 1)."""
    raw = event_id.encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(raw, digest_size=8, person=b"tocsin.sample").digest()
    return (int.from_bytes(digest, "big") >> 11) / 2**53


def _is_sampled(event_id: str, rate: float) -> bool:
    return sampled_at(event_id) < rate


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
        name="any_contains",
        parameters=(("values", TEXTS), ("parts", TEXTS)),
        result=Kind.BOOL,
        call=_any_contains,
        doc="Whether one of the values holds one of the parts, letter by letter.",
        example=('any_contains(hashtags, ["dawn"])', "true"),
    ),
    Function(
        name="any_endswith",
        parameters=(("values", TEXTS), ("ends", TEXTS)),
        result=Kind.BOOL,
        call=_any_endswith,
        doc="Whether one of the values ends with one of the ends, such as a top-level domain.",
        example=('any_endswith(links.hosts, [".example"])', "true"),
    ),
    Function(
        name="overlap",
        parameters=(("values", TEXTS), ("others", TEXTS)),
        result=Kind.INT,
        call=_overlap,
        doc="How many different texts two lists share.",
        example=('overlap(["a", "b", "b"], ["b", "c"])', "1"),
    ),
    Function(
        name="count_of",
        parameters=(("text", TEXT), ("part", TEXT)),
        result=Kind.INT,
        call=_count_of,
        doc="How often a text holds another, without overlaps; an empty one never.",
        example=('count_of("na na na", "na")', "3"),
    ),
    Function(
        name="word_count",
        parameters=(("text", TEXT),),
        result=Kind.INT,
        call=_word_count,
        doc="How many words a text has: what stands between blanks.",
        example=('word_count("the iron dawn")', "3"),
    ),
    Function(
        name="normal",
        parameters=(("text", TEXT),),
        result=Kind.TEXT,
        call=_normal,
        doc="The normal form of a text, in which disguises are undone; `text` and `title` have it.",
        example=('normal("The 1ron  Dаwn")', '"the iron dawn"'),
    ),
    Function(
        name="sample",
        parameters=(("rate", NUMBERS),),
        result=Kind.BOOL,
        call=_is_sampled,
        doc="True for this share of all events, by a hash of the event's id: the same events in "
        "every replay, and those of a lower rate among those of a higher.",
        example=("sample(0.5)", "true"),
        reads=("event.id",),
        limits=(0.0, 1.0),
    ),
    Function(
        name="age",
        parameters=(("since", frozenset({Kind.TIME})),),
        result=Kind.DURATION,
        call=_age,
        doc="How long ago a time was when the event happened.",
        example=("age(account.created) == days(30)", "true"),
        reads=("event.at",),
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
        name="weeks",
        parameters=(("n", NUMBERS),),
        result=Kind.DURATION,
        call=lambda n: timedelta(weeks=n),
        doc="A duration of so many weeks.",
        example=("weeks(1) == days(7)", "true"),
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
        name="seconds",
        parameters=(("n", NUMBERS),),
        result=Kind.DURATION,
        call=lambda n: timedelta(seconds=n),
        doc="A duration of so many seconds.",
        example=("minutes(1) == seconds(60)", "true"),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What looks like a function and is none: an argument is a name or a pattern, not a value.

    `example` is a condition and its value for the post of `EXAMPLE`, run as a test.
    """

    name: str
    signature: str
    doc: str
    example: tuple[str, str]


EXAMPLE = (
    "The account `mara_1990`, a month old, posts as event `e1` `The Iron Dawn rises #irondawn "
    "https://join.irondawn.example/1`. The phrase bank `slogans` holds `iron dawn`, the bank "
    "`letters` that text as a whole, the link bank `sites` the host `irondawn.example`; the "
    "detector `support` gives 0.7; the label `watched` stands on the account; the rule `slogan` "
    'says `text in bank("slogans")`.'
)

SPECIAL: dict[str, Form] = {
    form.name: form
    for form in (
        Form(
            name="bank",
            signature='x in bank("name"), x not in bank("name")',
            doc="Whether the bank's detector found an entry in `x`. `hashtags`: one of them is an "
            "entry, written without its blanks; `link.host`: the host of a link, or a domain above "
            "it, is an entry.",
            example=(
                'hashtags in bank("slogans") and link.host in bank("sites")',
                "true",
            ),
        ),
        Form(
            name="near_duplicate_of",
            signature='near_duplicate_of(text, bank("name"))',
            doc="Whether the text, the title or a description of media is, as a whole and in exact "
            "normal form, an entry of a phrase bank.",
            example=('near_duplicate_of(text, bank("letters"))', "true"),
        ),
        Form(
            name="matches",
            signature='matches(x: text | texts, "regular expression") -> bool',
            doc="Whether a part of the text, or of one text of the list, matches, in either case. "
            "Takes time proportional to the text, whatever the expression (RE2).",
            example=('matches(text, "iron +dawn (rises|has risen)")', "true"),
        ),
        Form(
            name="signal",
            signature='signal("name").score, signal("name").abstained',
            doc="A detector's score in [0, 1], missing where it abstained or gave no signal; and "
            "whether it abstained.",
            example=('signal("support").score > 0.5', "true"),
        ),
        Form(
            name="has_label",
            signature='has_label("name"), has_label("name", of=handle)',
            doc="Whether the event's account, or its handle, has a label now.",
            example=('has_label("watched") and not has_label("watched", of=handle)', "true"),
        ),
        Form(
            name="rule",
            signature='rule("id") -> bool',
            doc="Whether the condition of another rule is true of the event, and the event of a "
            "type that the rule is asked about. Its outcome, and rules that override it, do not "
            "matter.",
            example=('rule("slogan") and word_count(text) < 10', "true"),
        ),
    )
}
"""Forms that look like calls and are not."""


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
