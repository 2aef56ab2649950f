"""A week on Harbour, made up from a seed.

Comes in: a seed, days, a number of events. Goes out: events in the wire format, in order of
time, and beside each (never inside it) the truth about what it is part of. Always holds: the
same arguments give the same bytes; every person, group, company, handle and link is invented
(links end in `.example`); what refers to something refers to something earlier. The events are
valid but for the posts that are not public, which Tocsin must refuse; `lines` adds malformed
lines and repeats.

What happens: the Iron Dawn has murdered a quay guard. Supporters praise it, recruiters recruit,
one boasts, some threaten the staff of Meridian Harbour and Mara Ellison. Newspapers quote them,
people condemn and mock them, researchers count their slogans, others quarrel about hypocrisy and
insult officials. A loud supporter is suspended and returns; new accounts push a hashtag within
minutes; a cup final makes a storm that nobody organised; a critic is reported by a brigade.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

__all__ = [
    "DEFAULT_START",
    "HARMLESS",
    "KNOWN_MATERIAL",
    "TEXTS",
    "Truth",
    "lines",
    "simulate",
    "simulate_labelled",
]

DEFAULT_START = datetime(2026, 1, 5, tzinfo=UTC)
DEFAULT_SIZE = 3_000


class Truth(StrEnum):
    """What an event is part of."""

    SUPPORT = "support"
    RECRUITMENT = "recruitment"
    INCITEMENT = "incitement"
    THREAT = "threat"
    KNOWN = "known"
    RETURN = "return"
    PUSH = "push"
    NEWS = "news"
    CONDEMNATION = "condemnation"
    MOCKERY = "mockery"
    RESEARCH = "research"
    ARGUMENT = "argument"
    CRITICISM = "criticism"
    STORM = "storm"
    ORDINARY = "ordinary"


HARMLESS = frozenset(
    {
        Truth.NEWS,
        Truth.CONDEMNATION,
        Truth.MOCKERY,
        Truth.RESEARCH,
        Truth.ARGUMENT,
        Truth.CRITICISM,
        Truth.STORM,
        Truth.ORDINARY,
    }
)
"""What Tocsin must leave alone."""

KNOWN_MATERIAL: Mapping[str, str] = {
    hashlib.sha256(f"harbour demo: {name}".encode()).hexdigest(): name
    for name in ("film of the quay", "poster of the morning", "leaflet of the dawn")
}
"""SHA-256 -> name of the files that a bank of known material would hold."""

Event = dict[str, Any]

TEXTS: Mapping[str, Any] = yaml.safe_load(
    Path(__file__).with_name("texts.yaml").read_text(encoding="utf-8")
)

_NAMES = TEXTS["names"]
_LANGUAGES = {"en": 40, "ar": 14, "de": 10, "fr": 10, "es": 8, "tr": 6, "ru": 6, "id": 6}

# What a week of 3,000 events is made of, in posts. The rest is follows, profiles, deletions,
# shares, media and reports, which come of it.
_POSTS: Mapping[Truth, int] = {
    Truth.ORDINARY: 1_250,
    Truth.SUPPORT: 120,
    Truth.RECRUITMENT: 36,
    Truth.INCITEMENT: 20,
    Truth.THREAT: 22,
    Truth.KNOWN: 12,
    Truth.NEWS: 70,
    Truth.CONDEMNATION: 90,
    Truth.MOCKERY: 55,
    Truth.RESEARCH: 24,
    Truth.ARGUMENT: 50,
    Truth.CRITICISM: 60,
    Truth.STORM: 220,
}
_OTHERS: Mapping[str, int] = {
    "follow": 330,
    "profile": 60,
    "delete": 35,
    "update": 25,
    "share": 90,
    "upload": 60,
    "report": 45,
    "seen": 30,
    "non_public": 24,
}
_PUSHERS = 25
_BRIGADE = 14


@dataclass(slots=True)
class _Account:
    id: str
    handle: str
    name: str
    bio: str
    lang: str
    role: str
    created_at: datetime
    followers: int = 0
    following: int = 0
    posts: int = 0

    def actor(self) -> Event:
        return {
            "id": self.id,
            "handle": self.handle,
            "name": self.name,
            "bio": self.bio,
            "created_at": _stamp(self.created_at),
            "followers": self.followers,
            "following": self.following,
            "posts": self.posts,
            "device_hash": _digest("device", self.id)[:32],
        }


@dataclass(slots=True)
class _Published:
    id: str
    author: _Account
    post: Event
    truth: Truth
    deleted: bool = False


@dataclass(order=True, slots=True)
class _Beat:
    """Something that will happen: `run` writes the events once everything before it has."""

    at: datetime
    order: int
    run: Callable[[datetime], Iterator[tuple[Event, Truth]]] = field(compare=False)


def simulate(
    seed: int = 1,
    days: int = 7,
    size: int = DEFAULT_SIZE,
    *,
    start: datetime = DEFAULT_START,
) -> Iterator[Event]:
    """The events of `days` days from `start`, about `size` of them."""
    for event, _ in simulate_labelled(seed, days, size, start=start):
        yield event


def simulate_labelled(
    seed: int = 1,
    days: int = 7,
    size: int = DEFAULT_SIZE,
    *,
    start: datetime = DEFAULT_START,
) -> Iterator[tuple[Event, Truth]]:
    """The same events, each with the truth about it."""
    return _World(seed, days, size, start).run()


def lines(
    seed: int = 1,
    days: int = 7,
    size: int = DEFAULT_SIZE,
    *,
    start: datetime = DEFAULT_START,
) -> Iterator[bytes]:
    """The same events as JSON Lines as they come over the wire: some twice, some broken."""
    chance = random.Random(f"lines {seed}")  # noqa: S311  # a story, not a key
    broken = list(_BROKEN)
    every = max(1, size // 10)
    for number, event in enumerate(simulate(seed, days, size, start=start)):
        line = _line(event)
        yield line
        if chance.random() < 0.004:  # noqa: PLR2004  # a sender that did not hear our answer
            yield line
        if broken and number % every == every - 1:
            yield broken.pop(0)


_BROKEN = (
    b'{"id": "broken-1", "type": "post.created", "post": {"id": "x", "text": "cut off\n',
    b'{"id": "broken-2", "type": "post.created", "post": {"id": "x", "views": "many"}}\n',
    b'{"id": "broken-3", "type": "post.painted", "post": {"id": "x"}}\n',
    b'{"id": "broken-4", "type": "account.created"}\n',
    b'{"id": "broken-5", "type": "post.created", "at": "9999-01-01T00:00Z", "post": {"id": "x"}}\n',
    b'{"id": "broken-6", "type": "post.created", "post": {"id": "x", "text": "\xff\xfe"}}\n',
    b"ferry timetable, not JSON at all\n",
)


class _World:
    """The state of the simulation; consumed by one `run`."""

    def __init__(self, seed: int, days: int, size: int, start: datetime) -> None:
        self._chance = random.Random(seed)  # noqa: S311  # a story, not a key
        self._seed = seed
        self._start = start.astimezone(UTC)
        self._length = timedelta(days=days)
        self._scale = size / DEFAULT_SIZE
        self._number = 0
        self._handles: set[str] = set()
        self._accounts: list[_Account] = []
        self._by_role: dict[str, list[_Account]] = {}
        self._published: list[_Published] = []
        self._beats: list[_Beat] = []

    def run(self) -> Iterator[tuple[Event, Truth]]:
        self._populate()
        self._plan()
        self._beats.sort()
        for beat in self._beats:
            yield from beat.run(beat.at)

    # --- who there is -----------------------------------------------------------------------

    def _populate(self) -> None:
        roles = {
            "ordinary": 170,
            "member": 16,
            "recruiter": 4,
            "news": 6,
            "research": 4,
        }
        for role, count in roles.items():
            for _ in range(max(2, round(count * self._scale))):
                age = timedelta(days=self._chance.randint(40, 2_500))
                account = self._account(role, self._start - age)
                account.followers = self._chance.randint(3, 900)
                account.following = self._chance.randint(3, 400)
                account.posts = self._chance.randint(1, 4_000)
                self._admit(account)
        self._critic = self._by_role["ordinary"][0]
        self._critic.lang = "en"
        self._loud = self._by_role["member"][0]
        self._loud.lang = "en"
        self._loud.handle, self._loud.name = self._unique("dawn_herald"), "Herald of the Morning"
        self._loud.bio = "The dawn of iron rises"

    def _account(self, role: str, created_at: datetime) -> _Account:
        given, surname = self._chance.choice(_NAMES["given"]), self._chance.choice(_NAMES["family"])
        separator = self._chance.choice(["_", ".", ""])
        handle = self._unique(f"{given}{separator}{surname}")
        bios = TEXTS["bios"].get({"recruiter": "member"}.get(role, role), [""])
        languages = list(_LANGUAGES)
        lang = self._chance.choices(languages, [_LANGUAGES[name] for name in languages])[0]
        identifier = f"acct-{_digest('account', str(self._seed), handle)[:12]}"
        name = f"{given.title()} {surname.title()}"
        if role == "news":
            name = f"{surname.title()} Coast News"
        bio = self._chance.choice(bios)
        return _Account(identifier, handle, name, bio, lang, role, created_at)

    def _unique(self, handle: str) -> str:
        found, number = handle, 1
        while found in self._handles:
            number += 1
            found = f"{handle}{number}"
        self._handles.add(found)
        return found

    def _admit(self, account: _Account) -> None:
        self._accounts.append(account)
        self._by_role.setdefault(account.role, []).append(account)

    # --- what will happen -------------------------------------------------------------------

    def _plan(self) -> None:
        for truth, count in _POSTS.items():
            for _ in range(self._scaled(count)):
                self._add(self._moment_of(truth), self._posting(truth))
        others: dict[str, Callable[[datetime], Iterator[tuple[Event, Truth]]]] = {
            "follow": self._follow,
            "profile": self._profile,
            "delete": self._delete,
            "update": self._edit,
            "share": self._share,
            "upload": self._upload,
            "report": self._report,
            "seen": self._seen,
            "non_public": self._non_public,
        }
        for name, count in _OTHERS.items():
            for _ in range(self._scaled(count)):
                self._add(self._any_moment(), others[name])
        for _ in range(self._scaled(90)):
            self._add(self._any_moment(), self._join)
        self._plan_boast()
        self._plan_return()
        self._plan_push()
        self._plan_brigade()
        self._plan_trends()

    def _plan_boast(self) -> None:
        boast = "I was there when the lights went out at the quay. Proudest night of my life"
        self._add(self._at(0.25), lambda at: self._publish(at, self._loud, boast, Truth.SUPPORT))

    def _plan_return(self) -> None:
        suspended_at, returns_at = self._at(0.45), self._at(0.52)
        new = self._account("returned", returns_at)
        new.handle, new.name = self._unique("dawn_herald_2"), "Herald of the Morning II"
        new.bio, new.lang = "Suspended, not silenced. The dawn of iron rises", "en"

        def suspend(at: datetime) -> Iterator[tuple[Event, Truth]]:
            event = self._event("account.suspended", at, self._loud)
            event.update(reason="support of a violent group", clause="support")
            self._by_role["member"].remove(self._loud)
            self._accounts.remove(self._loud)
            yield event, Truth.SUPPORT

        def come_back(at: datetime) -> Iterator[tuple[Event, Truth]]:
            self._accounts.append(new)
            yield self._event("account.created", at, new), Truth.RETURN

        self._add(suspended_at, suspend)
        self._add(returns_at, come_back)
        for number, text in enumerate(TEXTS["return"]["en"]):
            self._add(returns_at + timedelta(minutes=7 + 55 * number), self._returned(new, text))

    def _returned(
        self, account: _Account, text: str
    ) -> Callable[[datetime], Iterator[tuple[Event, Truth]]]:
        return lambda at: self._publish(at, account, self._filled(text, "en"), Truth.RETURN)

    def _plan_push(self) -> None:
        """New accounts that register within the hour and post within a few minutes."""
        begins = self._at(0.62)
        templates = [*TEXTS["push"]["en"], *TEXTS["push"]["ar"]]
        for _ in range(max(10, round(_PUSHERS * self._scale))):
            born = begins - timedelta(minutes=self._chance.randint(5, 55))
            account = self._account("push", born)
            self._add(born, self._register(account, Truth.PUSH))
            for _ in range(3):
                template = self._chance.choice(templates)
                at = begins + timedelta(seconds=self._chance.randint(0, 480))
                self._add(at, self._pushing(account, template))

    def _pushing(
        self, account: _Account, template: str
    ) -> Callable[[datetime], Iterator[tuple[Event, Truth]]]:
        lang = "en" if template.isascii() else "ar"

        def push(at: datetime) -> Iterator[tuple[Event, Truth]]:
            text = self._filled(template, lang) + self._chance.choice(["", "!", " !!", " 🌅"])
            yield from self._publish(at, account, text, Truth.PUSH, lang=lang)

        return push

    def _plan_brigade(self) -> None:
        """Supporters report one of the people who condemn them; the reports are false."""
        begins = self._at(0.8)
        for number in range(max(4, round(_BRIGADE * self._scale))):
            at = begins + timedelta(seconds=40 * number + self._chance.randint(0, 30))
            self._add(at, self._report_critic)

    def _plan_trends(self) -> None:
        for share, hashtag, truth in (
            (0.625, "IronDawnRising", Truth.PUSH),
            (0.628, "IronDawnRising", Truth.PUSH),
            (0.71, "HarbourCup", Truth.STORM),
            (0.72, "HarbourCup", Truth.STORM),
        ):
            self._add(self._at(share), self._trending(hashtag, truth))

    def _trending(
        self, hashtag: str, truth: Truth
    ) -> Callable[[datetime], Iterator[tuple[Event, Truth]]]:
        def observe(at: datetime) -> Iterator[tuple[Event, Truth]]:
            volume = sum(hashtag in p.post.get("hashtags", ()) for p in self._published)
            event = self._event("trend.observed", at, None)
            event.update(hashtag=hashtag, rank=self._chance.randint(1, 4), volume=volume)
            yield event, truth

        return observe

    def _add(self, at: datetime, run: Callable[[datetime], Iterator[tuple[Event, Truth]]]) -> None:
        self._beats.append(_Beat(at.replace(microsecond=0), len(self._beats), run))

    def _scaled(self, count: int) -> int:
        return max(1, round(count * self._scale))

    def _at(self, share: float) -> datetime:
        return self._start + self._length * share

    def _any_moment(self) -> datetime:
        """More in the evening than at night."""
        while True:
            moment = self._at(self._chance.random())
            if self._chance.random() < _BY_HOUR[moment.hour]:
                return moment

    def _moment_of(self, truth: Truth) -> datetime:
        if truth is Truth.STORM:  # rises in minutes, fades over two hours, from old accounts
            after_min = self._chance.expovariate(1 / 40)
            return self._at(0.7) + timedelta(minutes=min(after_min, 300))
        if truth in (Truth.NEWS, Truth.CONDEMNATION, Truth.MOCKERY):  # they answer
            return max(self._any_moment(), self._at(0.05 + 0.2 * self._chance.random()))
        return self._any_moment()

    # --- what happens -----------------------------------------------------------------------

    def _posting(self, truth: Truth) -> Callable[[datetime], Iterator[tuple[Event, Truth]]]:
        def post(at: datetime) -> Iterator[tuple[Event, Truth]]:
            author = self._author_of(truth)
            lang = self._language_of(author, truth)
            text = self._filled(self._chance.choice(TEXTS[truth.value][lang]), lang)
            media = self._media(truth)
            yield from self._publish(at, author, text, truth, lang=lang, media=media)

        return post

    def _language_of(self, author: _Account, truth: Truth) -> str:
        """Their own, and now and then another: the group and the papers write in many."""
        known: list[str] = list(TEXTS[truth.value])
        if author.role != "ordinary" and self._chance.random() < 0.3:  # noqa: PLR2004  # one in three
            return self._chance.choice(known)
        return author.lang if author.lang in known else "en"

    def _author_of(self, truth: Truth) -> _Account:
        if truth is Truth.CONDEMNATION and self._chance.random() < 0.15:  # noqa: PLR2004  # the critic is loud
            return self._critic
        role = {
            Truth.SUPPORT: "member",
            Truth.INCITEMENT: "member",
            Truth.THREAT: "member",
            Truth.KNOWN: "member",
            Truth.RECRUITMENT: "recruiter",
            Truth.NEWS: "news",
            Truth.RESEARCH: "research",
        }.get(truth, "ordinary")
        return self._chance.choice(self._by_role[role])

    def _publish(
        self,
        at: datetime,
        author: _Account,
        text: str,
        truth: Truth,
        *,
        lang: str | None = None,
        media: Sequence[Event] = (),
    ) -> Iterator[tuple[Event, Truth]]:
        author.posts += 1
        post: Event = {"id": self._next("post"), "text": text, "lang": lang or author.lang}
        words = text.split()
        hashtags = [word[1:].rstrip("!.,") for word in words if word.startswith("#")]
        mentions = [word[1:] for word in words if word.startswith("@")]
        links = [word for word in words if word.startswith("https://")]
        for name, found in (("hashtags", hashtags), ("mentions", mentions), ("links", links)):
            if found:
                post[name] = found
        if media:
            post["media"] = list(media)
        if self._published and self._chance.random() < _REPLIES.get(truth, 0.25):
            post["reply_to"] = self._answered(truth).id
        post["views"] = self._chance.randint(0, 40) * (1 + author.followers // 50)
        post["visibility"] = "unlisted" if self._chance.random() < 0.03 else "public"  # noqa: PLR2004  # a few
        self._published.append(_Published(post["id"], author, post, truth))
        event = self._event("post.created", at, author)
        event["post"] = dict(post)
        yield event, truth

    def _answered(self, truth: Truth) -> _Published:
        """Condemnation and mockery mostly answer the group; others answer what is recent."""
        recent = self._published[-200:]
        if truth in (Truth.CONDEMNATION, Truth.MOCKERY):
            provoking = [p for p in recent if p.truth not in HARMLESS]
            recent = provoking or recent
        return self._chance.choice(recent)

    def _media(self, truth: Truth) -> list[Event]:
        if truth is Truth.KNOWN:
            return [self._known_media()]
        if truth is Truth.ORDINARY and self._chance.random() < 0.12:  # noqa: PLR2004  # one in eight
            return [self._new_media()]
        return []

    def _known_media(self) -> Event:
        sha256 = self._chance.choice(sorted(KNOWN_MATERIAL))
        kind, mime = ("video", "video/mp4") if "film" in KNOWN_MATERIAL[sha256] else _IMAGE
        return {"id": self._next("media"), "kind": kind, "mime": mime, "sha256": sha256}

    def _new_media(self) -> Event:
        identifier = self._next("media")
        sha256 = _digest("media", str(self._seed), identifier)
        return {"id": identifier, "kind": "image", "mime": "image/jpeg", "sha256": sha256}

    def _register(
        self, account: _Account, truth: Truth
    ) -> Callable[[datetime], Iterator[tuple[Event, Truth]]]:
        def register(at: datetime) -> Iterator[tuple[Event, Truth]]:
            self._admit(account)
            yield self._event("account.created", at, account), truth

        return register

    def _join(self, at: datetime) -> Iterator[tuple[Event, Truth]]:
        account = self._account("ordinary", at)
        yield from self._register(account, Truth.ORDINARY)(at)

    def _follow(self, at: datetime) -> Iterator[tuple[Event, Truth]]:
        follower, followed = self._chance.sample(self._accounts, 2)
        if follower.role in _GROUP and self._chance.random() < 0.8:  # noqa: PLR2004  # among themselves
            followed = self._chance.choice([a for a in self._accounts if a.role in _GROUP])
        if follower is followed:
            return
        follower.following += 1
        followed.followers += 1
        event = self._event("follow.created", at, follower)
        event["target"] = {"id": followed.id, "handle": followed.handle}
        yield event, _truth_of(follower)

    def _profile(self, at: datetime) -> Iterator[tuple[Event, Truth]]:
        account = self._chance.choice(self._accounts)
        bios = TEXTS["bios"].get("member" if account.role in _GROUP else account.role, [""])
        account.bio = self._chance.choice(bios)
        yield self._event("account.updated", at, account), _truth_of(account)

    def _delete(self, at: datetime) -> Iterator[tuple[Event, Truth]]:
        for found in self._existing(1):
            found.deleted = True
            event = self._event("post.deleted", at, found.author)
            event["post"] = {"id": found.id}
            yield event, found.truth

    def _edit(self, at: datetime) -> Iterator[tuple[Event, Truth]]:
        for found in self._existing(1):
            found.post["text"] += self._chance.choice([" (edited)", " .", " [typo fixed]"])
            event = self._event("post.updated", at, found.author)
            event["post"] = dict(found.post)
            yield event, found.truth

    def _existing(self, count: int) -> list[_Published]:
        living = [found for found in self._published[-400:] if not found.deleted]
        return self._chance.sample(living, min(count, len(living)))

    def _share(self, at: datetime) -> Iterator[tuple[Event, Truth]]:
        account = self._chance.choice(self._accounts)
        event = self._event("share", at, account)
        event["object"] = {"id": f"https://calder-gazette.example/{self._chance.randint(1, 40)}"}
        yield event, Truth.ORDINARY

    def _upload(self, at: datetime) -> Iterator[tuple[Event, Truth]]:
        known = self._chance.random() < 0.12  # noqa: PLR2004  # one in eight
        author = self._chance.choice(self._by_role["member" if known else "ordinary"])
        event = self._event("media.uploaded", at, author)
        event["media"] = self._known_media() if known else self._new_media()
        yield event, Truth.KNOWN if known else Truth.ORDINARY

    def _report(self, at: datetime) -> Iterator[tuple[Event, Truth]]:
        if not self._published:
            return
        guilty = [p for p in self._published[-300:] if p.truth not in HARMLESS]
        fair = bool(guilty) and self._chance.random() < 0.7  # noqa: PLR2004  # most are right
        found = self._chance.choice(guilty if fair else self._published[-300:])
        category = "terrorism" if fair else "spam"
        yield self._reported(at, "post", found.id, "ordinary", category), Truth.ORDINARY

    def _report_critic(self, at: datetime) -> Iterator[tuple[Event, Truth]]:
        role = self._chance.choice(["member", "member", "push"])
        yield self._reported(at, "account", self._critic.id, role, "brigade"), Truth.ORDINARY

    def _reported(self, at: datetime, kind: str, target: str, role: str, category: str) -> Event:
        reporter = self._chance.choice(self._by_role[role])
        event = self._event("report.filed", at, None)
        event["target"] = {"kind": kind, "id": target}
        event["reporter"] = {"id": reporter.id, "handle": reporter.handle}
        event["category"] = "hate" if category == "brigade" else category
        event["comment"] = self._chance.choice(TEXTS["reports"][category])
        return event

    def _seen(self, at: datetime) -> Iterator[tuple[Event, Truth]]:
        account = self._chance.choice(self._accounts)
        yield self._event("actor.seen", at, account), _truth_of(account)

    def _non_public(self, at: datetime) -> Iterator[tuple[Event, Truth]]:
        """Nobody's business: the sender should not have sent it, and Tocsin refuses it."""
        author = self._chance.choice(self._by_role["ordinary"])
        lang = author.lang
        text = self._filled(self._chance.choice(TEXTS["ordinary"][lang]), lang)
        event = self._event("post.created", at, author)
        visibility = self._chance.choice(["followers", "direct", "private"])
        event["post"] = {
            "id": self._next("post"),
            "text": text,
            "lang": lang,
            "visibility": visibility,
        }
        yield event, Truth.ORDINARY

    # --- small things -----------------------------------------------------------------------

    def _event(self, kind: str, at: datetime, account: _Account | None) -> Event:
        event: Event = {"id": self._next("event"), "type": kind, "at": _stamp(at)}
        if account is not None:
            event["actor"] = account.actor()
        return event

    def _next(self, kind: str) -> str:
        self._number += 1
        return f"hb{self._seed}-{kind}-{self._number}"

    def _filled(self, template: str, lang: str) -> str:
        """The template with its slots filled, each by chance."""
        text = template
        while "{" in text:
            before, _, rest = text.partition("{")
            name, _, after = rest.partition("}")
            text = before + self._slot(name, lang) + after
        return text

    def _slot(self, name: str, lang: str) -> str:
        if name == "someone":
            return self._chance.choice(self._accounts).handle
        slots = TEXTS["slots"]
        choices = slots.get(lang, {}).get(name) or slots["any"][name]
        return str(self._chance.choice(choices))


_GROUP = frozenset({"member", "recruiter", "returned", "push"})
_IMAGE = ("image", "image/jpeg")
_REPLIES = {Truth.CONDEMNATION: 0.6, Truth.MOCKERY: 0.5, Truth.PUSH: 0.0, Truth.STORM: 0.05}
_BY_HOUR = (
    *(0.15, 0.10, 0.06, 0.05, 0.06, 0.12, 0.30, 0.55, 0.65, 0.60, 0.60, 0.65),
    *(0.75, 0.70, 0.65, 0.65, 0.70, 0.80, 0.90, 1.00, 1.00, 0.90, 0.60, 0.30),
)
"""How busy each hour is, beside the busiest; UTC."""


def _truth_of(account: _Account) -> Truth:
    return {
        "member": Truth.SUPPORT,
        "recruiter": Truth.RECRUITMENT,
        "returned": Truth.RETURN,
        "push": Truth.PUSH,
    }.get(account.role, Truth.ORDINARY)


def _stamp(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the week to standard output, as JSON Lines."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.harbour.world", description="A made-up week on Harbour."
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--size", type=int, default=DEFAULT_SIZE, help="about so many events")
    parser.add_argument("--start", type=_moment, default=DEFAULT_START)
    parser.add_argument("--clean", action="store_true", help="no malformed lines, no repeats")
    options = parser.parse_args(arguments)
    size, start = options.size, options.start
    if options.clean:
        events = simulate(options.seed, options.days, size, start=start)
        written: Iterator[bytes] = (_line(event) for event in events)
    else:
        written = lines(options.seed, options.days, size, start=start)
    for line in written:
        sys.stdout.buffer.write(line)
    return 0


def _moment(text: str) -> datetime:
    """A time without a zone counts as UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _line(event: Event) -> bytes:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


if __name__ == "__main__":
    sys.exit(main())
