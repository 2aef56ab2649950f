"""Threats in a text: direct, conditional, veiled, or a call to others; whose words, at whom.

Comes in: a text, and the spans of other people's words in it. Goes out: `Threat` records, in the
order of the text. Always holds: a text's threats depend on that text alone; parts are spans inside
it; what is denied, aimed at things or at the speaker is no threat; words of somebody else, quoted
or told, are found and marked as not the author's own. Refused: nothing; in a language without a
file nothing is found, which says nothing about the text.

The score says how plainly the words threaten, before any model: the score of the rule, times what
the target and the surroundings take from it (`_TAKEN`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Final

import re2
import yaml

from tocsin.nlp.arabizi import Arabizi, is_arabizi, transliterate
from tocsin.nlp.threat_context import Context, Surroundings
from tocsin.nlp.threat_grammar import Grammar, Rule, read_grammar
from tocsin.nlp.threat_targets import Aim, Target, target_after, target_before
from tocsin.nlp.threat_tokens import Tokens, rough_line, tokenise
from tocsin.nlp.types import TextSpan, Threat, ThreatKind, ThreatPart

__all__ = ["LANGUAGES", "find_threats", "grammar"]

LANGUAGES: Final = ("en", "ar", "fr", "de", "es", "tr", "ru", "id")

MIN_SCORE = 0.2
"""What is less plain is left out."""

MAX_THREATS = 20
"""Of one text; the plainest are kept."""

_AIMS: Final = {
    Aim.PERSON: 1.0,
    Aim.GROUP: 1.0,
    Aim.UNKNOWN: 0.75,
    Aim.COUNTED: 0.4,
    Aim.OPPONENT: 0.45,
}
_WEAK_AIMS: Final = {**_AIMS, Aim.UNKNOWN: 0.72}
"""Of acts that are done to things as well as to people."""

_TAKEN: Final = {
    "asked": 0.65,
    "laughed": 0.45,
    "played": 0.4,
    "trifling": 0.4,
}


@dataclass(frozen=True, slots=True)
class _Found:
    """One match: the words of the whole and of the act, and the target.

    From `said_from` to the end of the act stand the words that join a target to it.
    """

    rule: Rule
    first: int
    last: int
    act: tuple[int, int]
    target: Target | None
    said_from: int


@cache
def grammar(language: str) -> Grammar:
    """The grammar of one of `LANGUAGES`, read once."""
    path = files("tocsin.nlp") / "cues" / f"{language}.threat.yaml"
    # this loader makes nothing but text: "no" and "off" are words here
    return read_grammar(yaml.load(path.read_text("utf-8"), yaml.BaseLoader))  # noqa: S506


@cache
def _any_anchor() -> Any:
    """One expression for the words without which no language threatens."""
    options = re2.Options()
    options.max_mem = 64 << 20
    sources = (grammar(language).anchors.source for language in LANGUAGES)
    return re2.compile("|".join(sources).encode(), options)


def find_threats(
    text: str,
    quoted: Sequence[TextSpan] = (),
    attributed: Sequence[TextSpan] = (),
    languages: Sequence[str] = LANGUAGES,
) -> tuple[Threat, ...]:
    """The threats in a text.

    `quoted` and `attributed` are spans of other people's words, found elsewhere; what the words
    around a threat say about that is seen here as well.

    >>> [found] = find_threats("We know where you live, Mara Ellison.")
    >>> found.kind.value, found.own_voice
    ('veiled', True)
    """
    if "ar" in languages and _MAYBE_ARABIZI.search(text.encode("utf-8", "replace")):
        found = _in_arabizi(text, (*quoted, *attributed))
        if found:
            return found
    rough = rough_line(text)
    if len(languages) == len(LANGUAGES) and not _any_anchor().search(rough):
        return ()
    grammars = [grammar(language) for language in languages]
    anchored = [known for known in grammars if known.anchors.compiled.search(rough)]
    if not anchored:
        return ()
    tokens = tokenise(text)
    foreign = (*quoted, *attributed)
    threats = [one for known in anchored for one in _threats(text, tokens, known, foreign)]
    return tuple(_plainest(threats))


_MAYBE_ARABIZI: Final = re2.compile(rb"(?i)[a-z][235679][a-z]|\b[35][a-z]{3}|[a-z]{2}[37]\b")


def _in_arabizi(text: str, foreign: Sequence[TextSpan]) -> tuple[Threat, ...]:
    """The threats in Arabic written with Latin letters and digits, placed in the original."""
    if not is_arabizi(text):
        return ()
    read = transliterate(text)
    return tuple(
        replace(
            threat,
            own_voice=threat.own_voice and not _meets(places[ThreatPart.ACT], foreign),
            parts=places,
        )
        for threat in find_threats(read.text, languages=["ar"])
        if (places := _placed(read, threat)).get(ThreatPart.ACT)
    )


def _placed(read: Arabizi, threat: Threat) -> dict[ThreatPart, tuple[TextSpan, ...]]:
    placed = {
        part: tuple(span for at in spans if (span := read.original_span(*at)))
        for part, spans in threat.parts.items()
    }
    return {part: spans for part, spans in placed.items() if spans}


def _meets(spans: Sequence[TextSpan], others: Sequence[TextSpan]) -> bool:
    """Whether any of these spans shares characters with any of the others."""
    return any(one.start < b and a < one.end for one in spans for a, b in others)


def _threats(
    text: str, tokens: Tokens, known: Grammar, foreign: Sequence[TextSpan]
) -> Iterator[tuple[int, int, Threat]]:
    found = list(_matches(text, tokens, known))
    if not found:
        return
    context = Context(tokens, known.context)
    parts = Context(tokens, known.parts)
    for one in found:
        around = context.around(one.first, one.last, (one.said_from, one.act[1]))
        if around.negated and "keeps" not in one.rule.traits:
            continue
        if context.covers("peaceful", one.act[0], one.last):
            continue
        if "keeps" not in one.rule.traits and context.covers("harmless", one.act[0], one.last):
            continue
        if "free" in one.rule.traits and context.ends_at("led_by", one.first):
            continue
        score = _score(one, around)
        if score < MIN_SCORE:
            continue
        is_foreign = _meets([tokens.span(*one.act)], foreign)
        threat = Threat(
            kind=_kind(one.rule, around),
            score=score,
            own_voice=not (is_foreign or around.attributed),
            parts=_parts(tokens, one, context, parts),
        )
        yield one.act[0], one.act[1], threat


def _matches(text: str, tokens: Tokens, known: Grammar) -> Iterator[_Found]:
    capitals: frozenset[int] | None = None
    words = frozenset(tokens.words)
    for rule in known.rules:
        needed = rule.expression.words
        if needed is not None and needed.isdisjoint(words):
            continue  # most rules are spared the search
        for match in rule.expression.compiled.finditer(tokens.line):
            if capitals is None:
                capitals = _capitals(text, tokens)
            one = _found(rule, match, tokens, known, capitals)
            if one is not None:
                yield one


def _found(
    rule: Rule, match: Any, tokens: Tokens, known: Grammar, capitals: frozenset[int]
) -> _Found | None:
    """The match, unless its target says that nobody is threatened."""
    groups = {
        name: tokens.words_of(*match.span(index))
        for name, index in rule.expression.groups
        if match.span(index)[0] < match.span(index)[1]
    }
    first, last = tokens.words_of(*match.span())
    if first < last and not _has_letters(tokens.words[first]):
        first += 1
    act = groups.get("act", (first, last))
    target = None
    for name, read in (("target", target_after), ("subject", target_before)):
        if name in groups and target is None:
            target = read(tokens.words, *groups[name], known.words, capitals)
    if target is None and "subject" in rule.traits:
        target = Target(Aim.NONE, first, first)
    if target is not None and not _counts(target, rule):
        return None
    said_from = act[0]
    if target is not None and "subject" not in groups:
        said_from = min(act[0], target.first)
    if target is not None and "subject" in groups:
        first = groups["subject"][1] if target.aim is Aim.NONE else target.first
        said_from = max(first, target.last)
    return _Found(rule, first, last, act, target, said_from)


def _counts(target: Target, rule: Rule) -> bool:
    if target.aim is Aim.NONE:
        return "bare" in rule.traits
    if target.aim is Aim.PERSON and "group" in rule.traits:
        return False
    return target.aim in _AIMS


def _has_letters(word: str) -> bool:
    return any(char.isalnum() for char in word) and word[0] not in "#@"


def _capitals(text: str, tokens: Tokens) -> frozenset[int]:
    """Words that begin with a capital letter inside a sentence: names, most likely."""
    if not text.isascii() and not any(char.isupper() for char in text):
        return frozenset()
    found = []
    for index, word in enumerate(tokens.words):
        if index and _has_letters(word) and _has_letters(tokens.words[index - 1]):
            start, end = tokens.span(index, index + 1)
            if text[start].isupper() and not text[start:end].isupper():
                found.append(index)
    return frozenset(found)


def _score(one: _Found, around: Surroundings) -> float:
    score = one.rule.score
    if one.target is not None and one.target.aim is not Aim.NONE:
        aims = _WEAK_AIMS if "weak" in one.rule.traits else _AIMS
        score *= aims[one.target.aim]
    for name, share in _TAKEN.items():
        if getattr(around, name) and not (name == "asked" and "asks" in one.rule.traits):
            score *= share
    return round(min(score, 1.0), 3)


def _kind(rule: Rule, around: Surroundings) -> ThreatKind:
    if rule.kind is ThreatKind.DIRECT and around.conditional:
        return ThreatKind.CONDITIONAL
    return rule.kind


_SENTENCE_PARTS: Final = (ThreatPart.TIME, ThreatPart.PLACE, ThreatPart.MEANS)


def _parts(
    tokens: Tokens, one: _Found, context: Context, parts: Context
) -> dict[ThreatPart, tuple[TextSpan, ...]]:
    """The act and target, and what its sentence says of time, place and means."""
    found: dict[ThreatPart, tuple[TextSpan, ...]] = {ThreatPart.ACT: (tokens.span(*one.act),)}
    if one.target is not None and one.target.first < one.target.last:
        found[ThreatPart.TARGET] = (tokens.span(one.target.first, one.target.last),)
    begin, end = context.sentence(one.first, one.last)
    for part in _SENTENCE_PARTS:
        spans = tuple(tokens.span(*at) for at in parts.found(part) if begin <= at[0] < end)
        if spans:
            found[part] = spans
    capable = tuple(tokens.span(*at) for at in parts.found(ThreatPart.CAPABILITY))
    if capable:
        found[ThreatPart.CAPABILITY] = capable
    return found


def _plainest(threats: Iterable[tuple[int, int, Threat]]) -> list[Threat]:
    """Of threats whose acts overlap the plainest, in the order of the text."""
    kept: list[tuple[int, int, Threat]] = []
    for one in sorted(threats, key=lambda one: (-one[2].score, one[0], one[1])):
        if len(kept) < MAX_THREATS and all(one[1] <= a or b <= one[0] for a, b, _ in kept):
            kept.append(one)
    return [threat for _, _, threat in sorted(kept, key=lambda one: one[:2])]
