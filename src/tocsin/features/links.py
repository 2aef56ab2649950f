"""Features of the links of an event.

Comes in: a row of the table. Goes out: canonical addresses and their hosts. Always holds: what
the platform sends wins over what is found in the text.
"""

from __future__ import annotations

from typing import Final

from tocsin.features.table import Feature, Features
from tocsin.matching import find_links, parse_link
from tocsin.matching.links import Link
from tocsin.records import FeatureSpec, ValueType

__all__ = ["FEATURES"]


def _found(table: Features, row: int) -> list[Link] | None:
    post = table.post(row)
    profile = table.profile(row)
    if post is not None:
        sent, text = post.links, post.text
    elif profile is not None:
        sent, text = profile.links, profile.bio
    else:
        return None
    if sent:
        return [link for link in map(parse_link, sent) if link is not None]
    return [found.link for found in find_links(text or "")]


def _links(table: Features, row: int) -> tuple[str, ...] | None:
    found = _found(table, row)
    return None if found is None else tuple(dict.fromkeys(link.url for link in found))


def _hosts(table: Features, row: int) -> tuple[str, ...] | None:
    found = _found(table, row)
    return None if found is None else tuple(dict.fromkeys(link.host for link in found))


FEATURES: Final = (
    Feature(
        FeatureSpec(
            name="links",
            type=ValueType.TEXTS,
            doc="Links in canonical form, as the platform lists them or, where it lists none, as "
            "found in the post's text or the account's bio.",
            example='["https://harbour.example/a"]',
        ),
        _links,
    ),
    Feature(
        FeatureSpec(
            name="links.hosts",
            type=ValueType.TEXTS,
            doc="The hosts of `links`, lower-case ASCII.",
            example='["harbour.example"]',
        ),
        _hosts,
    ),
)
