"""Wire events as the text models see them.

Comes in: events, posts, and the JSON of an account with its posts. Goes out: `PostText` and
`AccountPosts`. Always holds: no author, no time and no platform goes with the text; the post's
text comes first, unchanged, so that spans are offsets in it, and a title follows after one line
break; a post that the wire format refuses is refused here too. Refused: an account without an id
or posts, with a message that names the field and repeats none of its content.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from tocsin.matching.links import find_links, host_of
from tocsin.nlp.types import AccountPosts, PostText
from tocsin.records import (
    Event,
    EventPolicy,
    Post,
    PostDeleted,
    Refusal,
    RefusedEvent,
    convert_event,
    decode_json,
    post_of,
)

__all__ = [
    "MAX_ACCOUNT_POSTS",
    "SCORING_POLICY",
    "account_posts",
    "platform_language",
    "post_text",
    "text_of_event",
]

MAX_ACCOUNT_POSTS: Final = 10
"""An account is scored by at most so many of its posts, the newest."""

SCORING_POLICY: Final = EventPolicy(accept_non_public=True)
"""Scoring keeps nothing and decides nothing: who asks may ask about any post."""

_CREATED: Final = "post.created"
_UNKNOWN_LANGUAGES: Final = frozenset({"", "und", "qme", "qst", "qht", "qam", "qct", "zxx", "art"})
_OLD_CODES: Final = {"in": "id", "iw": "he", "ji": "yi"}


def platform_language(code: str | None) -> str:
    """What the platform says of the language, as a primary subtag; "" where it says nothing.

    >>> [platform_language(code) for code in ("en-GB", "in", "und", None)]
    ['en', 'id', '', '']
    """
    primary = (code or "").lower().replace("_", "-").partition("-")[0]
    return "" if primary in _UNKNOWN_LANGUAGES else _OLD_CODES.get(primary, primary)


def post_text(post: Post, *, id: str | None = None) -> PostText:  # noqa: A002  # the record's word
    r"""One post; `id` is the one that the score will carry, the post's own by default.

    >>> post_text(Post(id="p1", text="Look!", title="Harbour", links=("https://a.example/x",)))
    PostText(id='p1', text='Look!\nHarbour', language='', hosts=('a.example',), from_image='')
    """
    text = post.text or ""
    if post.title:
        text = f"{text}\n{post.title}"
    found = [host_of(link) for link in post.links]
    found += [one.link.host for one in find_links(text)]
    seen = [part for media in post.media for part in (media.alt, media.ocr_text) if part]
    return PostText(
        id=id or post.id,
        text=text,
        language=platform_language(post.lang),
        hosts=tuple(dict.fromkeys(host for host in found if host)),
        from_image="\n".join(seen),
    )


def text_of_event(event: Event) -> PostText | None:
    """The post of an event under the event's id; None where the event shows none."""
    post = post_of(event)
    if post is None or isinstance(event, PostDeleted):
        return None
    return post_text(post, id=event.id)


def account_posts(line: bytes, *, now: datetime) -> AccountPosts:
    """An account as `{"id", "posts": [...]}`, each post a `post` object or a whole event.

    Of more than `MAX_ACCOUNT_POSTS` posts the last ones count.

    Raises:
        RefusedEvent: with the reason and the field.
    """
    given = decode_json(line)
    if not isinstance(given, Mapping):
        raise RefusedEvent(Refusal.TYPE, "expected an object with `id` and `posts`")
    account, posts = given.get("id"), given.get("posts")
    if not isinstance(account, str) or not account:
        raise RefusedEvent(Refusal.TYPE, "expected a string with at least one character - at $.id")
    if not isinstance(posts, list) or not posts:
        raise RefusedEvent(Refusal.TYPE, "expected a list with at least one post - at $.posts")
    first = max(0, len(posts) - MAX_ACCOUNT_POSTS)
    read = _posts(posts[first:], first, now)
    return AccountPosts(id=account, posts=tuple(read))


def _posts(posts: Iterable[Any], first: int, now: datetime) -> Iterable[PostText]:
    for index, one in enumerate(posts, start=first):
        if not isinstance(one, Mapping):
            raise RefusedEvent(Refusal.TYPE, f"expected an object - at $.posts[{index}]")
        wrapped = one if "type" in one else {"id": one.get("id"), "type": _CREATED, "post": one}
        try:
            text = text_of_event(convert_event(wrapped, now=now, policy=SCORING_POLICY))
        except RefusedEvent as error:
            raise RefusedEvent(error.reason, f"{error.message}, of $.posts[{index}]") from None
        if text is None:
            raise RefusedEvent(Refusal.TYPE, f"this event shows no post - at $.posts[{index}]")
        yield text
