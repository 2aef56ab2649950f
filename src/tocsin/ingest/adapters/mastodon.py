"""Mastodon statuses and webhook bodies.

Comes in: a status, or `{event, created_at, object}` of a webhook. Goes out: `post.created` and
`post.updated` (also for the status that a boost or a quote carries), `account.created`,
`account.updated`, `account.suspended`, and `report.filed`, one for each reported post, or for
the account where no post is named; reported posts go out too, where they are public. Always
holds: the event id is made of the kind, the object's id and the time of its last change, since
webhooks carry no id of their own; e-mail and IP addresses are not read and `redacted` takes them
out. A change in how a report is handled gives the same `report.filed` again, which
de-duplication drops. Refused: other objects, and, by the codec, statuses that are not public.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tocsin.ingest.adapters.markup import read_markup
from tocsin.ingest.adapters.values import Fields
from tocsin.records import ACCEPTED_VISIBILITIES, Refusal, RefusedEvent

__all__ = ["MastodonAdapter"]

_Wire = dict[str, Any]

_PRIVATE_KEYS = frozenset({"email", "ip", "ips", "unconfirmed_email", "sign_up_ip"})
_MEDIA_KINDS = {"image": "image", "gifv": "video", "video": "video", "audio": "audio"}
_VISIBILITIES = {
    "public": "public",
    "unlisted": "unlisted",
    "private": "followers",
    "direct": "direct",
}
_STATUS_EVENTS = frozenset({"status.created", "status.updated"})
_ACCOUNT_EVENTS = {
    "account.created": "account.created",
    "account.approved": "account.updated",
    "account.updated": "account.updated",
}
_REPORT_EVENTS = frozenset({"report.created", "report.updated"})


class MastodonAdapter:
    """Statuses and webhook bodies."""

    name = "mastodon"

    def events(self, obj: Any) -> Iterable[Mapping[str, Any]]:
        """The status, account or report, and the statuses inside it."""
        given = Fields(obj)
        if "event" not in given:
            if "visibility" in given and "account" in given:
                return _status(given)
            raise RefusedEvent(Refusal.UNSUPPORTED, "expected a status or a webhook body")
        kind = given.text("event")
        if kind in _STATUS_EVENTS:
            return _status(given.record("object"))
        if kind in _ACCOUNT_EVENTS:
            return (_account_event(_ACCOUNT_EVENTS[kind], given),)
        if kind in _REPORT_EVENTS:
            return _report(given.record("object"))
        raise RefusedEvent(Refusal.UNSUPPORTED, "this webhook event is not one that we read")

    def redacted(self, obj: Any) -> Any:
        """The object without e-mail and IP addresses, at any depth."""
        if isinstance(obj, dict):
            return {
                key: self.redacted(item) for key, item in obj.items() if key not in _PRIVATE_KEYS
            }
        if isinstance(obj, list):
            return [self.redacted(item) for item in obj]
        return obj


def _status(status: Fields, *, is_inner: bool = False) -> Iterator[_Wire]:
    status_id = status.required("id")
    boosted = status.record("reblog")
    quote = status.record("quote")
    quoted = quote.record("quoted_status")
    if not is_inner:
        for inner in (boosted, quoted):
            if inner:
                yield from _status(inner, is_inner=True)
    created_at, edited_at = status.text("created_at"), status.text("edited_at")
    kind = "updated" if edited_at else "created"
    yield {
        "id": f"mastodon:status.{kind}:{status_id}:{edited_at or created_at or ''}",
        "type": f"post.{kind}",
        "at": edited_at or created_at,
        "actor": _actor(status.record("account")),
        "post": {
            "id": status_id,
            "url": status.text("url") or status.text("uri"),
            "lang": status.text("language"),
            "reply_to": status.ident("in_reply_to_id"),
            "repost_of": boosted.ident("id"),
            "quote_of": quoted.ident("id") or quote.ident("quoted_status_id"),
            "visibility": _VISIBILITIES.get(status.text("visibility") or "", "private"),
            "client": status.record("application").text("name"),
            **({} if boosted else _content(status)),
        },
    }


def _content(status: Fields) -> _Wire:
    body = read_markup(status.text("content"))
    options = [option.text("title") for option in status.record("poll").records("options")]
    return {
        "title": status.text("spoiler_text"),
        "text": "\n".join(part for part in (body.text, *options) if part),
        "hashtags": [name for tag in status.records("tags") if (name := tag.text("name"))],
        "mentions": [acct for one in status.records("mentions") if (acct := one.text("acct"))],
        "links": list(body.links),
        "media": [_media(item) for item in status.records("media_attachments")],
    }


def _media(item: Fields) -> _Wire:
    return {
        "id": item.ident("id"),
        "kind": _MEDIA_KINDS.get(item.text("type") or "", "other"),
        "alt": item.text("description"),
        "url": item.text("url") or item.text("remote_url"),
    }


def _actor(account: Fields) -> _Wire:
    """The public face of an account."""
    bio = read_markup(account.text("note"))
    fields = [read_markup(field.text("value")) for field in account.records("fields")]
    links = [link for part in (bio, *fields) for link in part.links]
    return {
        "id": account.ident("id"),
        "handle": account.text("acct") or account.text("username"),
        "name": account.text("display_name"),
        "bio": bio.text or None,
        "links": list(dict.fromkeys(links)),
        "created_at": account.text("created_at"),
        "followers": account.count("followers_count"),
        "following": account.count("following_count"),
        "posts": account.count("statuses_count"),
    }


def _admin_actor(account: Fields) -> _Wire:
    """As `_actor`, from what administrators see; only the public part of it is read."""
    public = account.record("account")
    actor = _actor(public) if public else {}
    username, domain = account.text("username"), account.text("domain")
    handle = f"{username}@{domain}" if username and domain else username
    return actor | {
        "id": account.required("id"),
        "handle": actor.get("handle") or handle,
        "created_at": account.text("created_at") or actor.get("created_at"),
    }


def _account_event(kind: str, body: Fields) -> _Wire:
    account = body.record("object")
    at = body.text("created_at")
    if account.flag("suspended"):
        kind = "account.suspended"
    return {
        "id": f"mastodon:{body.text('event')}:{account.required('id')}:{at or ''}",
        "type": kind,
        "at": at,
        "actor": _admin_actor(account),
    }


def _report(report: Fields) -> Iterator[_Wire]:
    report_id = report.required("id")
    reporter = report.record("account")
    statuses = report.records("statuses")
    targets = [("post", status.required("id")) for status in statuses]
    for status in statuses:
        if _VISIBILITIES.get(status.text("visibility") or "") in ACCEPTED_VISIBILITIES:
            yield from _status(status, is_inner=True)
    for kind, target_id in targets or [("account", report.record("target_account").required("id"))]:
        yield {
            "id": f"mastodon:report.created:{report_id}:{kind}:{target_id}",
            "type": "report.filed",
            "at": report.text("created_at"),
            "target": {"kind": kind, "id": target_id},
            "reporter": _admin_actor(reporter) if reporter else None,
            "category": report.text("category"),
            "comment": report.text("comment"),
        }
