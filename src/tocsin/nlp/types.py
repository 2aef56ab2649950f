"""The records that the text models share.

Comes in: nothing. Goes out: frozen records and the two protocols of scorers. Always holds: spans
are offsets in characters of the original text; scores lie in [0, 1]; a record that is written out
holds ids, spans and numbers, never text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

from msgspec import Struct

__all__ = [
    "ROLES",
    "AccountPosts",
    "AccountScore",
    "AccountScorer",
    "Harm",
    "PostScore",
    "PostScorer",
    "PostText",
    "Reading",
    "Role",
    "TextSpan",
    "Threat",
    "ThreatKind",
    "ThreatPart",
]


class Harm(StrEnum):
    """What a post is scored for."""

    SUPPORT = "support"
    INCITEMENT = "incitement"
    THREAT = "threat"


class Role(StrEnum):
    """In which role words of danger are said; `OWN_VOICE` where nothing says otherwise."""

    OWN_VOICE = "own_voice"
    QUOTATION = "quotation"
    REPORT = "report"
    CONDEMNATION = "condemnation"
    MOCKERY = "mockery"
    QUESTION = "question"
    FICTION = "fiction"
    HYPERBOLE = "hyperbole"


ROLES: Final = tuple(Role)


class TextSpan(NamedTuple):
    """Characters `start` to `end` (exclusive) of the original text."""

    start: int
    end: int


class ThreatKind(StrEnum):
    """How a threat is made."""

    DIRECT = "direct"
    CONDITIONAL = "conditional"
    VEILED = "veiled"
    CALL = "call"


class ThreatPart(StrEnum):
    """The parts of a threat that can stand in its text."""

    ACT = "act"
    TARGET = "target"
    TIME = "time"
    PLACE = "place"
    MEANS = "means"
    CAPABILITY = "capability"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostText:
    """One post as the models see it: no author, no time, no platform (they give a set away).

    `language` is what the platform says, "" where it says nothing; `hosts` are the hosts of its
    links; `from_image` holds alternative text and text read from images.
    """

    id: str
    text: str
    language: str = ""
    hosts: tuple[str, ...] = ()
    from_image: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Threat:
    """One threat that stands in a text: its kind, its parts, and whose words it is.

    `own_voice` is false inside quoted or attributed words. `score` in [0, 1] is how plainly the
    text threatens, by its words alone.
    """

    kind: ThreatKind
    score: float
    own_voice: bool
    parts: Mapping[ThreatPart, tuple[TextSpan, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What can be read in a text without a trained model.

    `roles` gives each role a score in [0, 1] (missing: 0); `role` is the leading one. `quoted` are
    spans of other people's words; `own` is the text with these and bare links replaced by blanks
    of the same length. `cues` counts the cues found, by kind, in own words and in quoted ones
    (`"praise"`, `"quoted:praise"`). `marks` are the spans of attribution, negation, condemnation
    and the like, by kind.
    """

    text: str
    language: str
    role: Role = Role.OWN_VOICE
    roles: Mapping[Role, float] = field(default_factory=dict)
    quoted: tuple[TextSpan, ...] = ()
    own: str = ""
    cues: Mapping[str, int] = field(default_factory=dict)
    marks: Mapping[str, tuple[TextSpan, ...]] = field(default_factory=dict)
    threats: tuple[Threat, ...] = ()


class PostScore(Struct, frozen=True, kw_only=True):
    """What `tocsin score` writes for one post.

    `flag`: a person should look, by the shipped review thresholds. `spans` are
    `{"kind", "start", "end"}` in characters of the post's text. `abstained`: the models have no
    opinion, which is not "safe"; then `note` says why and `flag` is false.
    """

    id: str
    scores: dict[str, float]
    role: str
    flag: bool
    spans: list[dict[str, int | str]]
    language: str
    abstained: bool = False
    note: str = ""


class PostScorer(Protocol):
    """Scores posts, each by itself."""

    version: str

    def score(self, posts: Sequence[PostText]) -> list[PostScore]:
        """One score per post, in order."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPosts:
    """An account's recent posts, at most ten, newest last."""

    id: str
    posts: tuple[PostText, ...]


class AccountScore(Struct, frozen=True, kw_only=True):
    """What `tocsin score-accounts` writes: `posts` are the ids that carry the score."""

    id: str
    scores: dict[str, float]
    flag: bool
    posts: list[str]
    abstained: bool = False
    note: str = ""


class AccountScorer(Protocol):
    """Scores accounts by their recent posts."""

    version: str

    def score(self, accounts: Sequence[AccountPosts]) -> list[AccountScore]:
        """One score per account, in order."""
        ...
