"""What every outside model offers, and the answers that it gives.

Comes in: nothing. Goes out: protocols and frozen answers. Always holds: an answer either has what
was asked for, or abstains and says why; never both, never neither; a failure is an abstention,
which is not "safe"; an answer names the model and its version; no answer holds an action. Refused:
answers that contradict themselves (a fault of the adapter: `TocsinError`).

Texts in answers (rationales, translations, text read from images) may repeat what people wrote:
they are content, and belong neither into logs nor into errors.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from tocsin.clock import stable_id
from tocsin.errors import TocsinError

__all__ = [
    "Answer",
    "Classification",
    "Classifier",
    "ClauseText",
    "Embedder",
    "ImageText",
    "Ocr",
    "Opinion",
    "PolicyJudge",
    "Translation",
    "Translator",
    "Vectors",
    "text_hash",
]

Vectors = npt.NDArray[np.float32]
"""One row per text, each of length 1."""


class Answer(Struct, frozen=True, kw_only=True):
    """What is common to all answers.

    `model` is the name that the operator gave; `version` what else is known of it (a release, a
    hash of its weights, the server's own word). `cached`: asked before, so that `latency_ms` is 0.
    `reason` says why there is no opinion, in our words.
    """

    model: str
    version: str = ""
    language: str = ""
    latency_ms: int = 0
    cached: bool = False
    abstained: bool = False
    reason: str = ""

    _asked_for: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        """Hold every answer to its word."""
        given = [name for name in self._asked_for if getattr(self, name) is not None]
        is_whole = len(given) in {0, len(self._asked_for)}
        if not is_whole or self.abstained != (not given) or self.abstained != bool(self.reason):
            raise TocsinError(f"an answer of `{self.model}` is neither an opinion nor abstains")
        for name in given:
            value = getattr(self, name)
            if isinstance(value, float) and not 0 <= value <= 1:
                raise TocsinError(f"`{name}` of an answer of `{self.model}` is outside 0 to 1")


class Classification(Answer, frozen=True, kw_only=True):
    """A label and how sure the model is of it."""

    label: str | None = None
    score: float | None = None

    _asked_for: ClassVar[tuple[str, ...]] = ("label", "score")


class Opinion(Answer, frozen=True, kw_only=True):
    """What a judge says of one post under one clause.

    It can move a case in its queue and explain; there is no field for anything else.
    `queue_priority`: 1 to the front, 0 to the back; none: the case stays where it is. `rationale`
    is for the person who reviews; `draft_rationale` is what a reasoning model thought before it
    answered, which need not be why it answered so.
    """

    clause: str
    label: Literal["breach", "no_breach"] | None = None
    score: float | None = None
    queue_priority: float | None = None
    rationale: str = ""
    draft_rationale: str = ""

    _asked_for: ClassVar[tuple[str, ...]] = ("label", "score", "queue_priority")


class Translation(Answer, frozen=True, kw_only=True):
    """A text in another language, by a machine: shown beside the original, never instead of it."""

    text: str | None = None
    target: str = ""
    by_machine: Literal[True] = True

    _asked_for: ClassVar[tuple[str, ...]] = ("text",)


class ImageText(Answer, frozen=True, kw_only=True):
    """Text that a machine read in an image; "" where there is none."""

    text: str | None = None
    from_image: Literal[True] = True

    _asked_for: ClassVar[tuple[str, ...]] = ("text",)


@dataclass(frozen=True, slots=True)
class ClauseText:
    """A clause in the words that a judge is given."""

    id: str
    text: str

    @property
    def hash(self) -> str:
        """Of its id and words: an answer to other words is another answer."""
        return stable_id("clause", self.id, self.text)


class Embedder(Protocol):
    """Turns texts into vectors."""

    @property
    def name(self) -> str:
        """Which model it is."""
        ...

    @property
    def version(self) -> str:
        """Vectors of different versions must not be compared."""
        ...

    @property
    def dimensions(self) -> int:
        """How long a vector is."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One vector per text, in order.

        Raises:
            OutsideServiceError: there are no vectors. There is no half answer: whoever asked
                abstains.
        """
        ...


class Classifier(Protocol):
    """Gives each text one label."""

    def classify(self, texts: Sequence[str], *, language: str = "") -> list[Classification]:
        """One answer per text, in order; never raises for what the model does."""
        ...


class PolicyJudge(Protocol):
    """Reads a clause and a post, and says whether the post breaches it."""

    def judge(self, clause: ClauseText, text: str, *, language: str = "") -> Opinion:
        """The opinion, or why there is none; never raises for what the model does."""
        ...


class Translator(Protocol):
    """Translates."""

    def translate(self, text: str, *, source: str = "", target: str = "en") -> Translation:
        """The translation, or why there is none; never raises for what the model does."""
        ...


class Ocr(Protocol):
    """Reads the text in an image."""

    def read(self, image: bytes) -> ImageText:
        """The text, or why there is none; never raises for what the model does."""
        ...


def text_hash(text: str | bytes) -> str:
    """The SHA-256 of a text or an image: what is remembered of it where it must not be kept."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return hashlib.sha256(data).hexdigest()
