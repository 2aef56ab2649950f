"""Reads what a post says, in whose voice, without a trained model.

Comes in: posts. Goes out: one `Reading` each, in order. Always holds: one scan for the whole
batch; the same reading alone or in a batch, and whatever language the platform names. Refused:
nothing. `threats` are left empty: they are found elsewhere.

A post without a word of danger, praise or a group, and without talk of such words, gets a cheap
reading: its cues, its quotation marks, and roles by counts alone. The others are read whole:
attributed words, negation, whose words the danger is in.

Words from an image are somebody else's until shown otherwise: their cues count as `image:<kind>`,
and no span points into them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import yaml

from tocsin.matching import host_suffixes
from tocsin.nlp.addresses import addresses, host_names
from tocsin.nlp.cues import DANGER, KINDS, CueHit, Cues, shipped_cues
from tocsin.nlp.quotes import Marked, marked, n_words, rows_with_marks
from tocsin.nlp.roles import CAP, Signs, leading, role_scores
from tocsin.nlp.signs import DANGEROUS, QUOTED, Counts, counts_of, signs_of
from tocsin.nlp.spans import HitIndex, blanked, merged
from tocsin.nlp.speaker import Speakers, sentences, speakers
from tocsin.nlp.types import PostText, Reading, Role, TextSpan

__all__ = ["IMAGE", "Reader", "news_hosts"]

IMAGE: Final = "image:"
"""Before the kind of a cue that stands in words from an image."""

_ASKS: Final = ("?", "؟", "？")
_INTRODUCED_WITHIN: Final = 3  # characters between "they shouted" and a short quotation
_LONGEST_VERB: Final = 40
_NAMED_WITHIN: Final = 14  # and between its end and "they wrote"
_UNMARKED: Final = frozenset({"first_person", "second_person", "third_person", "question"})
_ROLE_PLACES: Final = [
    place
    for place, kind in enumerate(KINDS)
    if kind in {"report", "condemnation", "mockery", "fiction", "hyperbole", "laughter", "sport"}
]
_NO_QUOTES: Final = Marked((), (), ())
_PLAIN: Final = {Role.OWN_VOICE: 1.0}
"""The roles of a text without signs, shared by most readings."""


@cache
def news_hosts() -> frozenset[str]:
    """Hosts of well-known news organisations, from `news_hosts.yaml`."""
    source = files("tocsin.nlp").joinpath("news_hosts.yaml").read_text(encoding="utf-8")
    return frozenset(yaml.safe_load(source)["hosts"])


class Reader:
    """Reads posts; safe to share between threads.

    >>> post = PostText(id="1", text="“We will burn the harbour”, they wrote. This is disgusting.")
    >>> [reading] = Reader().read([post])
    >>> reading.role.value, [reading.text[start:end] for start, end in reading.quoted]
    ('condemnation', ['We will burn the harbour'])
    """

    def __init__(self, cues: Cues | None = None, hosts: Iterable[str] | None = None) -> None:
        self._cues = shipped_cues() if cues is None else cues
        self._hosts = news_hosts() if hosts is None else frozenset(hosts)

    def read(self, posts: Sequence[PostText]) -> list[Reading]:
        """One reading per post, in order."""
        with_image = [row for row, post in enumerate(posts) if post.from_image]
        texts = [post.text for post in posts]
        texts += [posts[row].from_image for row in with_image]
        scan = self._cues.scan(texts)
        counts = scan.counts()
        images = {
            row: _by_kind(counts[len(posts) + place].tolist(), IMAGE)
            for place, row in enumerate(with_image)
        }
        is_whole = _asks_for_whole(counts)
        has_roles: list[bool] = (counts[:, _ROLE_PLACES].sum(axis=1) > 0).tolist()
        table = counts[: len(posts)].tolist()
        links = addresses(texts[: len(posts)])
        with_marks = rows_with_marks(texts[: len(posts)])
        readings = []
        for row, post in enumerate(posts):
            seen = _Seen(links.get(row, ()), row in with_marks)
            if is_whole[row] or row in images:
                readings.append(self._whole(post, seen, scan.hits_of(row), images.get(row, {})))
            else:
                readings.append(self._cheap(post, seen, table[row], has_roles=has_roles[row]))
        return readings

    def _cheap(
        self, post: PostText, seen: _Seen, counts: Sequence[int], *, has_roles: bool
    ) -> Reading:
        """The reading of a post without danger."""
        text, links = post.text, seen.links
        cues = _by_kind(counts) if any(counts) else {}
        quoted: tuple[TextSpan, ...] = marked(text).quotations if seen.has_marks else ()
        has_news = bool(post.hosts or links) and self._is_news(post, links)
        is_asking = "?" in text or (not text.isascii() and any(mark in text for mark in _ASKS))
        if has_roles or quoted or has_news or is_asking:
            signs = _signs_of_counts(cues, len(quoted), int(is_asking), int(has_news))
            roles: Mapping[Role, float] = dict(role_scores(signs))
            role = leading(roles)
        else:
            roles, role = _PLAIN, Role.OWN_VOICE
        if has_news:
            cues["news_host"] = 1
        return Reading(
            text=text,
            language=post.language,
            role=role,
            roles=roles,
            quoted=quoted,
            own=blanked(text, merged((*quoted, *links)) if links else quoted),
            cues=cues,
        )

    def _whole(
        self, post: PostText, seen: _Seen, hits: Sequence[CueHit], image: Mapping[str, int]
    ) -> Reading:
        """The reading of a post in which danger may stand."""
        text, links = post.text, seen.links
        voices = _voices(text, hits, has_marks=seen.has_marks)
        counts = counts_of(hits, voices.quoted)
        image_danger = sum(image.get(IMAGE + kind, 0) for kind in DANGEROUS)
        signs = signs_of(text, hits, voices.quoted, voices.lines, counts)._replace(
            quotations=min(len(voices.quoted), CAP),
            marked=min(len(voices.marked), CAP),
            attributions=min(_n_kind(voices.speakers.others, "attribution"), CAP),
            sources=min(_n_kind(voices.speakers.others, "source"), CAP),
            news_host=int(self._is_news(post, links)),
            image_danger=int(image_danger > 0),
        )
        signs = signs._replace(headline=_headline(signs, has_link=bool(post.hosts or links)))
        roles = dict(role_scores(signs))
        return Reading(
            text=text,
            language=post.language,
            role=leading(roles),
            roles=roles,
            quoted=voices.quoted,
            own=blanked(text, merged((*voices.quoted, *links))),
            cues={**_cues(counts, signs), **image},
            marks=_marks(hits, voices),
        )

    def _is_news(self, post: PostText, links: Iterable[TextSpan]) -> bool:
        if any(not self._hosts.isdisjoint(host_suffixes(host)) for host in post.hosts):
            return True
        text = post.text
        return any(not self._hosts.isdisjoint(host_names(text[start:end])) for start, end in links)


def _asks_for_whole(counts: npt.NDArray[np.int64]) -> list[bool]:
    """Rows with danger; with a judgement that a negation may turn; with words about violence."""

    def has(*kinds: str) -> npt.NDArray[np.bool_]:
        places = [KINDS.index(kind) for kind in kinds]
        found: npt.NDArray[np.bool_] = counts[:, places].sum(axis=1) > 0
        return found

    is_turned = has("condemnation") & has("negation")
    is_said = has("attribution", "source") & has("event", "condemnation", "revulsion", "intent")
    whole: list[bool] = (has(*DANGER) | is_turned | is_said).tolist()
    return whole


class _Seen(NamedTuple):
    """What one look at the whole batch found in a text."""

    links: tuple[TextSpan, ...]
    has_marks: bool


class _Voices(NamedTuple):
    """Who says what: quotations with marks, attributed words, both; the sentences."""

    marked: tuple[TextSpan, ...]
    short: tuple[TextSpan, ...]
    speakers: Speakers
    quoted: tuple[TextSpan, ...]
    lines: tuple[TextSpan, ...]


def _voices(text: str, hits: Sequence[CueHit], *, has_marks: bool) -> _Voices:
    found = marked(text) if has_marks else _NO_QUOTES
    cues = HitIndex(hits)
    introduced = {span for span in found.short if _is_message(text, span, cues)}
    quotations = merged((*found.quotations, *introduced))
    lines = tuple(sentences(text))
    who = speakers(text, hits, quotations, lines)
    short = tuple(span for span in found.short if span not in introduced)
    return _Voices(quotations, short, who, merged((*quotations, *who.attributed)), lines)


def _is_message(text: str, span: TextSpan, cues: HitIndex) -> bool:
    """Whether a word or two in marks are more than a name: said by somebody, or dangerous."""
    near = cues.between(span.start - _LONGEST_VERB, span.end + _NAMED_WITHIN + 1)
    if any(
        hit.kind in {"attribution", "source"}
        and (0 < span.start - hit.end <= _INTRODUCED_WITHIN or hit.start > span.end)
        for hit in near
    ):
        return True
    is_dangerous = any(hit.kind in DANGEROUS and span.start <= hit.start < span.end for hit in near)
    return is_dangerous and n_words(text[span.start : span.end]) > 1


def _headline(signs: Signs, *, has_link: bool) -> int:
    """How much a text that tells of something and speaks to nobody reads like a headline."""
    if signs.first_person or signs.second_person or signs.praise or signs.menace:
        return 0
    told = signs.reports + signs.events
    if has_link:
        return 2 if told else 0
    return int(told > 1)


def _signs_of_counts(cues: dict[str, int], n_quoted: int, n_asking: int, n_news: int) -> Signs:
    def capped(kind: str) -> int:
        return min(cues.get(kind, 0), CAP)

    return Signs(
        quotations=min(n_quoted, CAP),
        marked=min(n_quoted, CAP),
        attributions=capped("attribution"),
        sources=capped("source"),
        reports=capped("report"),
        news_host=n_news,
        events=capped("event"),
        condemnations=capped("condemnation"),
        revulsion=capped("revulsion"),
        mockery=capped("mockery"),
        questions=n_asking,
        asking_words=capped("question"),
        fiction=capped("fiction"),
        hyperbole=capped("hyperbole"),
        laughter=capped("laughter"),
        sport=capped("sport"),
        first_person=capped("first_person"),
        second_person=capped("second_person"),
    )


def _by_kind(row: Sequence[int], before: str = "") -> dict[str, int]:
    return {before + kind: count for kind, count in zip(KINDS, row, strict=True) if count}


def _cues(counts: Counts, signs: Signs) -> dict[str, int]:
    """Counts by kind, quoted ones under their own names, and what grammar says of them."""
    found = dict(counts.own)
    found.update({QUOTED + kind: count for kind, count in counts.quoted.items()})
    for name in ("negated", "spared", "recanted", "menace", "aimed", "news_host", "questions"):
        if value := getattr(signs, name):
            found[name] = value
    return found


def _marks(hits: Sequence[CueHit], voices: _Voices) -> dict[str, tuple[TextSpan, ...]]:
    """Where the cues stand that tell the role, by kind; and what kind of quotation it is."""
    found: dict[str, list[TextSpan]] = {}
    own = {(hit.start, hit.end) for hit in voices.speakers.own}
    for hit in hits:
        if hit.kind in _UNMARKED or (hit.kind == "attribution" and (hit.start, hit.end) in own):
            continue
        found.setdefault(hit.kind, []).append(TextSpan(hit.start, hit.end))
    marks = {kind: merged(spans) for kind, spans in sorted(found.items())}
    apart = {
        "quotation": voices.marked,
        "attributed": voices.speakers.attributed,
        "scare_quote": voices.short,
    }
    marks.update({name: spans for name, spans in apart.items() if spans})
    return marks


def _n_kind(hits: Iterable[CueHit], kind: str) -> int:
    return sum(hit.kind == kind for hit in hits)
