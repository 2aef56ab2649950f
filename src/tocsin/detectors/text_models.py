"""Support, incitement and threats, as the text models read a post.

Comes in: posts that were created or updated, a model of posts, and the banks of protectees. Goes
out: the signals of `SPECS`, with role, spans, probabilities and judged posts nearby as evidence.
Always holds: a score is the calibrated probability of the model, rounded; where the model has no
opinion the signal is abstained and says why; `*_review` is given only where the model's own review
threshold for the harm is passed; a protectee is named by the id of its entry only. A row
without a post, or whose post has no text, has no signal.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

from tocsin.detectors.aimed import Aimed, Protectees
from tocsin.detectors.entries import live, of_kinds, version_of
from tocsin.detectors.text_evidence import Fields, evidence_of, part_kind, role_evidence
from tocsin.detectors.text_reading import DETECTOR, REVIEW
from tocsin.nlp.hashed import GRAMS_VERSION
from tocsin.nlp.posts import post_text
from tocsin.nlp.remembered import PostJudge, Remembered
from tocsin.nlp.scorer import HARMS, JudgedPost
from tocsin.nlp.starter import load_post_model
from tocsin.nlp.tables import tables_version
from tocsin.nlp.types import PostText, Reading, Role, ThreatPart
from tocsin.nlp.vector import CUE_VERSION
from tocsin.plugins import Cost, DetectorExample, DetectorInput
from tocsin.records import (
    BankEntry,
    BankKind,
    EventBatch,
    Evidence,
    Post,
    Signal,
    SignalSpec,
    SignalTable,
    entry_id,
    rounded_score,
)

__all__ = ["KINDS", "NAMES", "SPECS", "TextModelDetector", "build", "loaded"]

_METHOD: Final = f"text-models/1 {CUE_VERSION} {GRAMS_VERSION}"
KINDS: Final = frozenset({BankKind.PROTECTEE})

_TYPES: Final = frozenset({"post.created", "post.updated"})
MAX_AIMED: Final = 10

_NOTABLE: Final = 0.1
"""From this probability on a post's evidence is written down in full."""

_PLAIN: Final = 0.5
"""From this score on a threat is one by its words alone."""

_OWN_VOICE: Final = "own_voice"
_TO_PROTECTEE: Final = "threat_to_protectee"

SPECS: Final = (
    SignalSpec(
        name="support",
        doc="How likely a post supports a designated group or an attack: calibrated, abstained "
        "in languages without measured data.",
    ),
    SignalSpec(
        name="incitement",
        doc="How likely a post calls on others to attack: calibrated, abstained likewise.",
    ),
    SignalSpec(
        name="threat",
        doc="How likely a post threatens a person, a group or a place: calibrated, abstained "
        "likewise.",
    ),
    SignalSpec(
        name="support_review",
        doc="1 where support passes the review threshold of the model card; otherwise there is no "
        "such signal.",
    ),
    SignalSpec(
        name="incitement_review",
        doc="1 where incitement passes its review threshold, likewise.",
    ),
    SignalSpec(name="threat_review", doc="1 where a threat passes its review threshold, likewise."),
    SignalSpec(
        name=_TO_PROTECTEE,
        doc="How plainly, by its words alone, the author threatens somebody in a bank of "
        "protectees; no signal where nobody is found.",
    ),
    SignalSpec(
        name=_OWN_VOICE,
        doc="1 where the words are the author's own, or a plain threat among them is; 0 where they "
        "are quoted, reported, condemned, mocked, asked, made up or exaggerated. Given beside the "
        "signals that a person should look at.",
    ),
)
NAMES: Final = frozenset(spec.name for spec in SPECS)
"""All signals that this detector gives."""


class TextModelDetector:
    """A model of posts, and the protectees that threats can point to.

    `reads` are the signals that are given: those that rules read.
    """

    name = DETECTOR
    cost = Cost.DEAR

    def __init__(
        self,
        model: PostJudge,
        protectees: Sequence[BankEntry],
        reads: Collection[str] = NAMES,
    ) -> None:
        banks = version_of(_METHOD, protectees)
        self.version = f"{model.version}.{tables_version()[:8]}.{banks[:8]}"
        self._model = model
        self._reads = NAMES.intersection(reads)
        self._gives_probabilities = not self._reads.isdisjoint(harm.value for harm in HARMS)
        self._protectees = Protectees(protectees)

    def specs(self) -> Sequence[SignalSpec]:
        """The signals of the text models."""
        return SPECS

    def examples(self) -> Sequence[DetectorExample]:
        """Found in the author's own voice; left alone where others are quoted."""
        return EXAMPLES

    def detect(self, given: DetectorInput, rows: Sequence[int]) -> SignalTable:
        """Signals for these rows."""
        asked = {row: found for row in rows if (found := _post_of(given.batch, row)) is not None}
        judged = self._model.judge([post for post, _ in asked.values()])
        return {
            row: signals
            for (row, (_, fields)), one in zip(asked.items(), judged, strict=True)
            if (signals := self._signals(one, fields))
        }

    def _signals(self, judged: JudgedPost, fields: Fields) -> dict[str, Signal]:
        aimed = self._protectees.aimed(judged.reading)
        is_asked = bool(judged.flagged or aimed)
        if not is_asked and not self._gives_probabilities:
            return {}
        scores = [(harm.value, judged.score(harm)) for harm in HARMS]
        role = (role_evidence(judged.reading.role),)
        evidence: tuple[Evidence, ...] = role
        if is_asked or max(score for _, score in scores) >= _NOTABLE:
            evidence = evidence_of(judged, fields, self._model.weights)
        found = [self._of_harm(judged, name, score, evidence) for name, score in scores]
        found += [self._signal(f"{harm.value}{REVIEW}", 1.0, evidence) for harm in judged.flagged]
        if aimed:
            plainest = max(one.threat.score for one in aimed)
            told = [*_targets(aimed, fields), *evidence]
            found.append(self._signal(_TO_PROTECTEE, plainest, told))
        if is_asked:
            found.append(self._signal(_OWN_VOICE, float(_is_own(judged.reading)), role))
        return {signal.name: signal for signal in found if signal.name in self._reads}

    def _of_harm(
        self, judged: JudgedPost, name: str, score: float, evidence: Sequence[Evidence]
    ) -> Signal:
        if not judged.abstained:
            return self._signal(name, score, evidence)
        return Signal(
            name=name,
            detector=self.name,
            version=self.version,
            abstained=True,
            note=judged.abstained,
        )

    def _signal(self, name: str, score: float, evidence: Sequence[Evidence]) -> Signal:
        return Signal(
            name=name,
            detector=self.name,
            version=self.version,
            score=rounded_score(score),
            evidence=tuple(evidence),
        )


def _is_own(reading: Reading) -> bool:
    """Whether the author speaks: all in all, or in a plain threat beside the words of others."""
    return reading.role is Role.OWN_VOICE or any(
        threat.own_voice and threat.score >= _PLAIN for threat in reading.threats
    )


def _targets(aimed: Sequence[Aimed], fields: Fields) -> list[Evidence]:
    """The entries that threats point to, by id, each once at each place."""
    found = dict.fromkeys(
        Evidence(
            kind=part_kind(one.threat, ThreatPart.TARGET),
            span=fields.locate(one.span),
            bank=one.entry.bank,
            entry=one.entry.id,
            note=one.threat.kind.value,
        )
        for one in aimed
    )
    return list(found)[:MAX_AIMED]


def _post_of(batch: EventBatch, row: int) -> tuple[PostText, Fields] | None:
    """The post of a row as the models see it; None where there is none to read."""
    cell = batch.columns.cell
    if cell("type", row) not in _TYPES:
        return None
    text, title = cell("post.text", row), cell("post.title", row)
    media = cell("post.media", row) or ()
    if not (text or title or media):
        return None
    post = Post(
        id=cell("post.id", row),
        text=text,
        title=title,
        links=cell("post.links", row) or (),
        lang=cell("post.lang", row),
        media=media,
    )
    read = post_text(post)
    return (read, Fields.of(text, title)) if read.text or read.from_image else None


def build(
    entries: Iterable[BankEntry],
    now: datetime,
    model: PostJudge | None = None,
    reads: Collection[str] | None = None,
) -> TextModelDetector:
    """The detector over the live entries of the banks of protectees, for these signals (None: all).

    `model` None: the one that ships.

    Raises:
        InputError: the weights are not there, or damaged.
    """
    alive = live(of_kinds(entries, KINDS), now)
    judge = loaded() if model is None else model
    return TextModelDetector(judge, alive, NAMES if reads is None else reads)


@cache
def loaded(folder: str = "") -> PostJudge:
    """The model in a folder ("": the one that ships), loaded once in a process.

    Raises:
        InputError: the weights are not there, or damaged.
    """
    return Remembered(load_post_model(Path(folder) if folder else None))


_PERSON: Final = BankEntry(
    id=entry_id("people", "Mara Ellison"),
    bank="people",
    kind=BankKind.PROTECTEE,
    value="Mara Ellison",
    aliases=("مارا إليسون",),
)


def _example(text: str, expect: dict[str, bool], note: str) -> DetectorExample:
    return DetectorExample(
        event={"id": "e", "type": "post.created", "post": {"id": "p", "text": text}},
        expect=expect,
        bank_entries=(_PERSON,),
        note=note,
    )


_NOTHING: Final = dict.fromkeys(NAMES - {_OWN_VOICE}, False)

EXAMPLES: Final = (
    _example(
        "Mara Ellison, I will kill you tomorrow outside your office.",
        {"threat": True, "threat_review": True, _TO_PROTECTEE: True, _OWN_VOICE: True},
        "a threat to somebody in a bank",
    ),
    _example(
        "مارا إليسون سأقتلك غدا أمام مكتبك",
        {"threat_review": True, _TO_PROTECTEE: True},
        "the same in Arabic",
    ),
    _example(
        "They wrote to Mara Ellison: “I will kill you tomorrow outside your office”. "
        "The police are investigating, and we stand by her.",
        _NOTHING,
        "a threat that is quoted and condemned",
    ),
    _example("The tram was late again, so we walked along the harbour.", _NOTHING, "ordinary"),
    _example("", _NOTHING, "no text"),
)
