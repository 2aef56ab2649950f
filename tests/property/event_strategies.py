"""Hypothesis strategies: every event type, with text of all planes and objects left empty."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, get_args

from hypothesis import strategies as st

from tocsin.records import (
    Actor,
    Event,
    ExtraField,
    Media,
    Post,
    ReportFiled,
    ReportTarget,
    SharedObject,
    Target,
)
from tocsin.records.codec import EVENTS_OF_AN_ACCOUNT
from tocsin.records.events import POST_EVENTS

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ALLOWED = frozenset({"channel", "post.tone"})

characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
texts = st.text(characters, max_size=12)
ids = st.text(characters, min_size=1, max_size=8)
counts = st.integers(min_value=0, max_value=2**53)
times = st.datetimes(
    min_value=datetime(1990, 1, 1),  # noqa: DTZ001  # hypothesis adds the zone
    max_value=datetime(2026, 6, 1),  # noqa: DTZ001  # as above
    timezones=st.just(UTC),
)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def lists(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(strategy, max_size=2).map(tuple)


actors = st.builds(
    Actor,
    id=maybe(ids),
    handle=maybe(texts),
    name=maybe(texts),
    bio=maybe(texts),
    links=lists(texts),
    created_at=maybe(times),
    followers=maybe(counts),
    email_hash=maybe(texts),
)
named_actors = st.builds(Actor, id=ids, handle=maybe(texts), created_at=maybe(times))
media = st.builds(
    Media,
    id=maybe(ids),
    kind=st.sampled_from(["image", "video", "audio", "other"]),
    alt=maybe(texts),
)
posts = st.builds(
    Post,
    id=ids,
    url=maybe(texts),
    title=maybe(texts),
    text=maybe(texts),
    hashtags=lists(texts),
    links=lists(texts),
    media=lists(media),
    reply_to=maybe(ids),
    visibility=st.sampled_from(["public", "unlisted"]),
    views=maybe(counts),
)
extras = st.lists(
    st.builds(
        ExtraField, name=st.sampled_from(sorted(ALLOWED)), value=st.sampled_from(["1", '"a"'])
    ),
    max_size=2,
    unique_by=lambda field: field.name,
).map(tuple)


def filled(actor: Actor) -> Actor | None:
    """As the codec leaves it: an empty actor is none."""
    return None if actor == Actor() else actor


payloads: dict[str, st.SearchStrategy[Any]] = {
    "post": posts,
    "media": media,
    "target": st.builds(Target, id=ids, handle=maybe(texts)),
    "object": st.builds(SharedObject, id=ids),
    "reporter": maybe(actors).map(lambda actor: actor and filled(actor)),
    "category": maybe(texts),
    "comment": maybe(texts),
    "reason": maybe(texts),
    "hashtag": ids,
    "rank": maybe(counts),
    "action": ids,
    "applied": st.booleans(),
    "error": maybe(texts),
}


def _events_of(struct: type) -> st.SearchStrategy[Event]:
    is_of_account = struct in EVENTS_OF_AN_ACCOUNT
    fields: dict[str, st.SearchStrategy[Any]] = {
        "id": ids,
        "at": maybe(times),
        "actor": named_actors if is_of_account else maybe(actors).map(lambda a: a and filled(a)),
        "extra": extras,
    }
    fields |= {name: payloads[name] for name in struct.__annotations__ if name in payloads}
    if struct is ReportFiled:
        fields["target"] = st.builds(
            ReportTarget, kind=st.sampled_from(["post", "account", "hashtag"]), id=ids
        )
    return st.builds(struct, **fields)


events = st.one_of([_events_of(struct) for struct in get_args(Event)])

post_events: st.SearchStrategy[Event] = st.one_of(
    [_events_of(struct) for struct in get_args(Event) if struct in POST_EVENTS]
)
"""Events that carry a post."""
