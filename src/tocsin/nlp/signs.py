"""The signs of a text: its cues weighed by whose words they are, and by what negates them.

Comes in: a text's cues, its quoted spans and its sentences. Goes out: `Signs` for the roles, and
how often each kind stands in own and in quoted words. Always holds: a cue counts as quoted where it
begins inside a quoted span. Refused: nothing.

A negation takes back what follows it in the same clause ("I do not support", "never kill"), and in
Turkish and German what stands before it ("destekliyorum değil", "unterstütze sie nicht"). Words
like "not stop" and "cannot wait" negate nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import re2

from tocsin.nlp.cues import CueHit
from tocsin.nlp.roles import CAP, Signs
from tocsin.nlp.spans import HitIndex, inside
from tocsin.nlp.speaker import is_subject
from tocsin.nlp.types import TextSpan

__all__ = ["QUOTED", "Counts", "counts_of", "negated", "signs_of"]

QUOTED: Final = "quoted:"
"""Before the kind of a cue that stands in other people's words."""

DANGEROUS: Final = frozenset({"praise", "join_call", "violence"})
_GROUPS: Final = ("group_full_name", "group_name", "group_dismissive")
_NEGATION_REACH: Final = 34  # characters, some five words
_MOST_BETWEEN: Final = 4  # words
_ADJACENT: Final = frozenset({"ما"})
"""Words that negate the next word only; elsewhere they mean "what"."""
_BEHIND: Final = ("nicht", "değil", "degil")
_NEXT: Final = 2  # characters between a word and the next
_CLAUSE: Final = re2.compile(r"[,،;؛:.!?؟\n]")
_STOPPING: Final = re2.compile(
    r"^\W*(?:wait|stop|rest|escape|forget|forgive|survive|hesitate|only|just|leave|live|mercy"
    r"|let you|be safe|seulement|nur|solo|hanya|только|فقط|ننسى|نسامح|ينجو)\b"
)
_ASKS: Final = ("?", "؟", "？")


class Counts(NamedTuple):
    """How often kinds of cues stand in own words and in quoted ones."""

    own: Mapping[str, int]
    quoted: Mapping[str, int]


def counts_of(hits: Sequence[CueHit], quoted: Sequence[TextSpan]) -> Counts:
    """Counts by kind; a cue inside a longer one of its kind is the same cue."""
    own: Counter[str] = Counter()
    others: Counter[str] = Counter()
    ends: dict[str, int] = {}
    for hit in hits:
        if hit.start < ends.get(hit.kind, 0):
            continue
        ends[hit.kind] = hit.end
        (others if inside(hit.start, quoted) else own)[hit.kind] += 1
    return Counts(own, others)


def negated(text: str, hits: Sequence[CueHit], kinds: frozenset[str]) -> list[CueHit]:
    """The cues of these kinds that a negation takes back."""
    every = [hit for hit in hits if hit.kind == "negation"]
    if not every:
        return []
    ends = {hit.end + gap for hit in every for gap in range(1, _NEXT + 1)}
    negations = HitIndex([hit for hit in every if hit.start not in ends])
    cues = HitIndex(hits)
    return [hit for hit in hits if hit.kind in kinds and _is_taken_back(text, hit, negations, cues)]


def _is_taken_back(text: str, hit: CueHit, negations: HitIndex, cues: HitIndex) -> bool:
    before = negations.between(hit.start - 2 * _NEGATION_REACH, hit.start)
    behind = negations.between(hit.end, hit.end + _NEGATION_REACH)
    return any(
        negation.end <= hit.start and _reaches(text, negation, hit, cues) for negation in before
    ) or any(_reaches_back(text, hit, negation) for negation in behind)


def _reaches(text: str, negation: CueHit, hit: CueHit, cues: HitIndex) -> bool:
    """Whether a negation before a cue takes it back."""
    between = text[negation.end : hit.start]
    n_between = len(between.split())
    if n_between > _MOST_BETWEEN or len(between) > _NEGATION_REACH or _CLAUSE.search(between):
        return False
    if n_between and text[negation.start : negation.end] in _ADJACENT:
        return False
    if _STOPPING.search(text[negation.end : hit.end + 1].lower()):
        return False
    return not any(  # "not stop", "refuse to condemn": the second takes the first back
        other.kind in {"first_person", "negation", "condemnation"}
        for other in cues.between(negation.end, hit.start)
    )


def _reaches_back(text: str, hit: CueHit, negation: CueHit) -> bool:
    """Whether a negation that stands last takes back what is before it."""
    if not text[negation.start : negation.end].lower().startswith(_BEHIND):
        return False
    return not _CLAUSE.search(text[hit.end : negation.start])


def signs_of(
    text: str,
    hits: Sequence[CueHit],
    quoted: Sequence[TextSpan],
    lines: Sequence[TextSpan],
    counts: Counts,
) -> Signs:
    """The signs for the roles, but for those that stand outside the text."""
    own_hits = [hit for hit in hits if not inside(hit.start, quoted)]
    taken = negated(text, own_hits, DANGEROUS)
    spared = [hit for hit in taken if hit.kind == "violence"]
    recanted = negated(text, own_hits, frozenset({"condemnation"}))
    meant = negated(text, own_hits, frozenset({"hyperbole"}))  # "not kidding"
    menaces = _menaces(text, own_hits, lines, taken)
    own, others = counts
    danger = sum(own[kind] for kind in DANGEROUS) - len(taken)
    condemnations = own["condemnation"] - len(recanted)
    return Signs(
        own_danger=_capped(danger),
        quoted_danger=_capped(sum(others[kind] for kind in DANGEROUS)),
        reports=_capped(own["report"] + others["report"]),
        events=_capped(own["event"] + others["event"]),
        condemnations=_capped(condemnations),
        revulsion=_capped(own["revulsion"]),
        negated=_capped(len(taken) - len(spared)),
        spared=_capped(len(spared)),
        recanted=min(len(recanted), 1),
        dismissive=_capped(own["group_dismissive"]),
        groups=_capped(sum(own[kind] for kind in _GROUPS)),
        mockery=_capped(own["mockery"]),
        questions=_capped(_questions(text, own_hits, quoted, lines)),
        asking_words=_capped(own["question"]),
        fiction=_capped(own["fiction"]),
        hyperbole=_capped(own["hyperbole"] - len(meant)),
        laughter=_capped(own["laughter"]),
        sport=_capped(own["sport"]),
        first_person=_capped(sum(is_subject(text, hit) for hit in own_hits)),
        second_person=_capped(own["second_person"]),
        menace=int(bool(menaces)),
        aimed=int(_speaks_to_reader(own_hits, menaces)),
        praise=_capped(own["praise"] + own["jargon"]),
    )


def _capped(count: int) -> int:
    return min(max(count, 0), CAP)


def _menaces(
    text: str, hits: Sequence[CueHit], lines: Sequence[TextSpan], taken: Sequence[CueHit]
) -> list[TextSpan]:
    """Sentences in which harm is going to happen, or ought to."""
    found = []
    cues = HitIndex(hits)
    gone = {hit.start for hit in taken}
    for line in lines:
        here = cues.between(line.start, line.end)
        if text[line.start : line.end].rstrip().endswith(_ASKS):
            continue
        intents = [hit for hit in here if hit.kind == "intent"]
        events = {hit.start for hit in here if hit.kind == "event"}
        if intents and any(
            hit.kind == "violence"
            and hit.start not in gone
            and (hit.start not in events or _is_verb(hit, intents))
            for hit in here
        ):
            found.append(line)
    return found


def _is_verb(hit: CueHit, intents: Sequence[CueHit]) -> bool:
    """Whether a word that also names an event ("attack") is what somebody intends to do."""
    return any(0 < hit.start - intent.end <= _NEXT for intent in intents)


def _speaks_to_reader(hits: Sequence[CueHit], lines: Sequence[TextSpan]) -> bool:
    return any(hit.kind == "second_person" and inside(hit.start, lines) for hit in hits)


def _questions(
    text: str, hits: Sequence[CueHit], quoted: Sequence[TextSpan], lines: Sequence[TextSpan]
) -> int:
    """Questions of the writer's own, where danger stands in questions only, or there is none."""
    asked = [
        line
        for line in lines
        if text[line.start : line.end].rstrip("\"'”’»)] \n").endswith(_ASKS)
        and not inside(line.end - 1, quoted)
    ]
    if not asked:
        return 0
    danger = [hit for hit in hits if hit.kind in DANGEROUS]
    if danger:
        is_asked = all(inside(hit.start, asked) for hit in danger)
        return len(asked) if is_asked else 0
    if any(hit.kind in _GROUPS and inside(hit.start, asked) for hit in hits):
        return len(asked)
    is_mostly_asking = sum(end - start for start, end in asked) * 2 >= len(text)
    return len(asked) if is_mostly_asking else 0
