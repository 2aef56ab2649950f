"""Features of the links of an event.

Comes in: columns of the batch. Goes out: canonical addresses and their hosts. Always holds: what
the platform sends wins over what is found in the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tocsin.features.table import ACCOUNT_TYPES, Feature, Features
from tocsin.matching import find_links, parse_link
from tocsin.matching.links import Link, host_of, may_hold_link
from tocsin.records import FeatureSpec, ValueType

__all__ = ["FEATURES"]


_READS: Final = ("type", "post.links", "post.text", "actor.links", "actor.bio")


def _found(
    kind: str,
    of_post: Sequence[str] | None,
    text: str | None,
    of_actor: Sequence[str] | None,
    bio: str | None,
) -> Sequence[Link] | None:
    """The links of a post or a profile; `of_post` is None where there is no post."""
    if of_post is not None:
        sent = of_post
    elif kind in ACCOUNT_TYPES:
        sent, text = of_actor or (), bio
    else:
        return None
    if sent:
        return [link for link in map(parse_link, sent) if link is not None]
    return [found.link for found in find_links(text)] if text else ()


def _links(*read: Any) -> tuple[str, ...] | None:
    found = _found(*read)
    return None if found is None else tuple(dict.fromkeys(link.url for link in found))


def _all_hosts(table: Features) -> list[tuple[str, ...] | None]:
    """The same for all rows: most hold nothing that could be a link."""
    sent, texts = table.read("post.links"), table.read("post.text")
    found: list[tuple[str, ...] | None] = [()] * len(sent)
    for row, own in enumerate(sent):
        if own:
            found[row] = _unique_hosts([host for host in map(host_of, own) if host is not None])
        elif own is None or may_hold_link(texts[row] or ""):
            found[row] = _hosts(*(table.cell(path, row) for path in _READS))
    return found


def _unique_hosts(hosts: Sequence[str]) -> tuple[str, ...]:
    return tuple(hosts) if len(hosts) < 2 else tuple(dict.fromkeys(hosts))  # noqa: PLR2004  # one


def _hosts(*read: Any) -> tuple[str, ...] | None:
    found = _found(*read)
    return None if found is None else _unique_hosts([link.host for link in found])


FEATURES: Final = (
    Feature(
        spec=FeatureSpec(
            name="links",
            type=ValueType.TEXTS,
            doc="Links in canonical form, as the platform lists them or, where it lists none, as "
            "found in the post's text or the account's bio.",
            example='["https://harbour.example/a"]',
        ),
        reads=_READS,
        of=_links,
    ),
    Feature(
        spec=FeatureSpec(
            name="links.hosts",
            type=ValueType.TEXTS,
            doc="The hosts of `links`, lower-case ASCII.",
            example='["harbour.example"]',
        ),
        reads=_READS,
        of=_hosts,
        whole=_all_hosts,
    ),
)
