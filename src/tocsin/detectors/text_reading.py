"""What the text models read in one post, put together again from a decision's signals.

Comes in: the signals of a decision. Goes out: a `TextReading`, for the case page, the API and
panels; None where no text model had a part in it. Always holds: it says what the decision stored,
nothing is judged again; it holds ids, numbers and spans, no text. Refused: nothing: a note of
another version that cannot be read is shown as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from tocsin.detectors.text_evidence import FLAGGED
from tocsin.nlp.codes import code_in_words
from tocsin.nlp.types import Harm, Role, ThreatPart
from tocsin.records import Evidence, Signal, Span

__all__ = ["DETECTOR", "ReadExample", "ReadHarm", "ReadSpan", "TextReading", "text_reading"]

DETECTOR: Final = "text_models"
REVIEW: Final = "_review"
"""How the names of signals end that say that a review threshold was passed."""

_ROLES: Final = {
    Role.OWN_VOICE: "the author's own words",
    Role.QUOTATION: "words of others, quoted",
    Role.REPORT: "a report of what others said or did",
    Role.CONDEMNATION: "condemned",
    Role.MOCKERY: "mocked",
    Role.QUESTION: "asked about",
    Role.FICTION: "fiction or a game",
    Role.HYPERBOLE: "exaggeration, not meant",
}
_MISSING: Final = {
    "+first": "the first layer alone: no sentence vectors are installed",
    "+second": "without the third layer: its vectors are not installed",
}
"""What the version of a model says of layers that could not be asked."""

_PARTS: Final = {
    ThreatPart.ACT: "what is to happen",
    ThreatPart.TARGET: "whom it points to",
    ThreatPart.TIME: "when",
    ThreatPart.PLACE: "where",
    ThreatPart.MEANS: "with what",
    ThreatPart.CAPABILITY: "what they say they can do",
}


class ReadHarm(Struct, frozen=True, kw_only=True):
    """A harm and its probability; None where the model has no opinion, and `note` says why.

    `is_flagged`: it passed the review threshold of the model card.
    """

    name: str
    probability: float | None
    note: str | None
    is_flagged: bool


class ReadSpan(Struct, frozen=True, kw_only=True):
    """A stretch of the text: its kind, the kind in words, where it stands, and a note."""

    kind: str
    title: str
    span: Span
    note: str | None


class ReadExample(Struct, frozen=True, kw_only=True):
    """A judged post nearby: its id, what people said of it, and the cosine of the vectors."""

    id: str
    code: str
    title: str
    similarity: float | None


class TextReading(Struct, frozen=True, kw_only=True):
    """All that the models said of a post, as far as the decision stored it.

    `model`, `tables` and `banks` are the versions of the weights, of the cue tables and of the
    protectees; `missing` says which layers could not be asked, because an extra is not installed.
    """

    role: str | None
    role_title: str | None
    harms: tuple[ReadHarm, ...]
    spans: tuple[ReadSpan, ...]
    examples: tuple[ReadExample, ...]
    version: str
    model: str
    tables: str
    banks: str
    missing: str | None


def text_reading(signals: Iterable[Signal]) -> TextReading | None:
    """What the text models read, from the signals that a decision stored."""
    own = [signal for signal in signals if signal.detector == DETECTOR]
    if not own:
        return None
    evidence = list(dict.fromkeys(item for signal in own for item in signal.evidence))
    role = next((item.note for item in evidence if item.kind == "role"), None)
    version = own[0].version
    model, tables, banks = (*version.split("."), "", "")[:3]
    return TextReading(
        role=role,
        role_title=_ROLES.get(Role(role)) if role in set(Role) else role,
        harms=_harms(own, evidence),
        spans=_spans(evidence),
        examples=tuple(_example(item) for item in evidence if item.kind == "example"),
        version=version,
        model=model,
        tables=tables,
        banks=banks,
        missing=next((what for end, what in _MISSING.items() if model.endswith(end)), None),
    )


def _harms(signals: Sequence[Signal], evidence: Sequence[Evidence]) -> tuple[ReadHarm, ...]:
    flagged = {
        signal.name.removesuffix(REVIEW) for signal in signals if signal.name.endswith(REVIEW)
    }
    noted: dict[str, str] = {}
    for item in evidence:
        if item.kind == "probability" and item.note is not None:
            name, _, what = item.note.partition(": ")
            noted[name] = what.removesuffix(FLAGGED)
            flagged |= {name} if what.endswith(FLAGGED) else set()
    for signal in signals:
        if signal.name in set(Harm):
            noted[signal.name] = signal.note or "" if signal.abstained else f"{signal.score:.4f}"
    return tuple(
        ReadHarm(
            name=harm,
            probability=_number(noted[harm]),
            note=noted[harm] if _number(noted[harm]) is None else None,
            is_flagged=harm in flagged,
        )
        for harm in Harm
        if harm in noted
    )


def _spans(evidence: Sequence[Evidence]) -> tuple[ReadSpan, ...]:
    """The stretches, each once for all that is said of it, in the order of the text."""
    found = [
        ReadSpan(kind=item.kind, title=_title(item.kind), span=item.span, note=item.note)
        for item in evidence
        if item.span is not None and item.bank is None
    ]
    return tuple(sorted(found, key=lambda one: (one.span.field, one.span.start, one.span.end)))


def _title(kind: str) -> str:
    """A kind of evidence in words."""
    family, _, what = kind.partition(".")
    if family == "quoted":
        return "words of others"
    if family == "mark":
        return f"cue: {what.replace('_', ' ')}"
    if family in {"threat", "quoted_threat"} and what in set(ThreatPart):
        whose = "threat" if family == "threat" else "threat in the words of others"
        return f"{whose}: {_PARTS[ThreatPart(what)]}"
    return kind


def _example(item: Evidence) -> ReadExample:
    code, _, told = (item.note or "").partition(": ")
    _, _, similarity = told.rpartition(" ")
    return ReadExample(
        id=item.entry or "",
        code=code,
        title=code_in_words(code),
        similarity=_number(similarity),
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
