"""The evidence of the text models: what they read, where it stands, what it resembles.

Comes in: a judged post, and the fields that its text was made of. Goes out: pieces of evidence.
Always holds: evidence holds kinds, numbers, ids and spans in the fields of the event, never text;
the pieces stand in a fixed order and are cut, so that a hostile text cannot make an endless list.

| kind | says |
|---|---|
| `role` | in whose voice the post speaks; `note` is the role |
| `probability` | `note`: a harm, its calibrated probability, and whether it passes review |
| `quoted` | a span of other people's words |
| `threat.act`, `threat.target`, … | a part of a threat; `note`: of which kind |
| `quoted_threat.act`, … | the same of a threat in the words of others |
| `mark.condemnation`, … | a span that says how the words are meant |
| `example` | a judged post nearby: `entry` is its id; `note`: its code, in words, similarity |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final, NamedTuple

from tocsin.nlp.codes import code_in_words
from tocsin.nlp.nearest import nearest_examples
from tocsin.nlp.scorer import HARMS, JudgedPost
from tocsin.nlp.types import Role, TextSpan, Threat, ThreatPart
from tocsin.nlp.weights import ModelWeights
from tocsin.records import Evidence, Span

__all__ = ["FLAGGED", "Fields", "evidence_of", "part_kind", "role_evidence"]

FLAGGED: Final = ", for review"
"""Ends the note of a probability that passes the review threshold."""

_UNTOLD: Final = frozenset({"event", "intent", "quotation", "violence"})
"""Marks that explain nothing beside the parts of threats and the quoted words."""

MAX_QUOTED: Final = 10
MAX_PARTS: Final = 20
MAX_MARKS: Final = 10


class Fields(NamedTuple):
    """How much of the text that was judged is the post's own text; what follows is its title."""

    text: int
    title: int

    @classmethod
    def of(cls, text: str | None, title: str | None) -> Fields:
        """The fields of a post, as `nlp.posts.post_text` joins them."""
        return cls(len(text or ""), len(title or ""))

    def locate(self, span: TextSpan) -> Span | None:
        """A span in its field; one that reaches over the border ends there."""
        if span.start < self.text:
            return _span("post.text", span.start, min(span.end, self.text))
        start = span.start - self.text - 1
        return _span("post.title", start, min(span.end - self.text - 1, self.title))


def evidence_of(
    judged: JudgedPost, fields: Fields, weights: ModelWeights | None
) -> tuple[Evidence, ...]:
    """All evidence of a post; judged posts nearby where there are weights and a vector."""
    examples: Iterable[Evidence] = ()
    if weights is not None and judged.vector is not None:
        examples = (
            Evidence(
                kind="example",
                entry=example.id,
                note=f"{example.code}: {code_in_words(example.code)}; "
                f"similarity {example.similarity:.2f}",
            )
            for example in nearest_examples(judged.vector, weights)
        )
    return (
        role_evidence(judged.reading.role),
        *_probabilities(judged),
        *_quoted(judged, fields),
        *_parts(judged, fields),
        *_marks(judged, fields),
        *examples,
    )


@cache
def role_evidence(role: Role) -> Evidence:
    """In which role the words are said."""
    return Evidence(kind="role", note=role.value)


def part_kind(threat: Threat, part: ThreatPart) -> str:
    """The kind of evidence that a part of a threat is; `tocsin score` uses the same words."""
    return f"{'threat' if threat.own_voice else 'quoted_threat'}.{part.value}"


def _probabilities(judged: JudgedPost) -> Iterator[Evidence]:
    for harm in HARMS:
        what = judged.abstained or f"{judged.score(harm):.4f}"
        passed = FLAGGED if harm in judged.flagged else ""
        yield Evidence(kind="probability", note=f"{harm.value}: {what}{passed}")


def _quoted(judged: JudgedPost, fields: Fields) -> Iterator[Evidence]:
    for span in judged.reading.quoted[:MAX_QUOTED]:
        place = fields.locate(span)
        if place is not None:
            yield Evidence(kind="quoted", span=place)


def _parts(judged: JudgedPost, fields: Fields) -> list[Evidence]:
    """The parts of threats; the author's own come first."""
    threats = sorted(judged.reading.threats, key=lambda threat: not threat.own_voice)
    found = dict.fromkeys(
        Evidence(kind=part_kind(threat, part), span=place, note=threat.kind.value)
        for threat in threats
        for part, spans in threat.parts.items()
        for span in spans
        if (place := fields.locate(span)) is not None
    )
    return list(found)[:MAX_PARTS]


def _marks(judged: JudgedPost, fields: Fields) -> list[Evidence]:
    found = dict.fromkeys(
        Evidence(kind=f"mark.{kind}", span=place)
        for kind, spans in sorted(judged.reading.marks.items())
        for span in (() if kind in _UNTOLD else spans)
        if span not in judged.reading.quoted and (place := fields.locate(span)) is not None
    )
    return list(found)[:MAX_MARKS]


def _span(field: str, start: int, end: int) -> Span | None:
    if start >= end or start < 0:
        return None
    return Span(field=field, start=start, end=end)  # type: ignore[arg-type]  # two literals
