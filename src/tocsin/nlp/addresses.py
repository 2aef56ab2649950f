"""Addresses in many texts at once.

Comes in: texts. Goes out: for each where its addresses stand, and the hosts of these. Always holds:
one search for the whole batch; a text has the same addresses in every batch. Refused: nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Final

import re2

from tocsin.matching import host_suffixes
from tocsin.nlp.types import TextSpan

__all__ = ["addresses", "holds_address", "host_names"]

_ADDRESS: Final = re2.compile(r"(?:https?://|www\.)[^\s<>\"“”«»]+".encode())
_BREAK: Final = b"\n"  # in no address
_SCHEMES: Final = ("http://", "https://")
_BEHIND_HOST: Final = "/:?#"


def holds_address(text: str) -> bool:
    """Whether an address may stand in a text; a cheap look."""
    return "://" in text or "www." in text


def addresses(texts: Sequence[str]) -> dict[int, tuple[TextSpan, ...]]:
    """The addresses in each text that holds one, by place.

    >>> addresses(["see https://e.org/a, or www.e.org", "nothing"])
    {0: (TextSpan(start=4, end=20), TextSpan(start=24, end=33))}
    """
    rows = [row for row, text in enumerate(texts) if holds_address(text)]
    pieces = [texts[row].encode("utf-8", "surrogatepass") for row in rows]
    starts = list(accumulate((len(piece) + 1 for piece in pieces), initial=0))
    found: dict[int, tuple[TextSpan, ...]] = {}
    for match in _ADDRESS.finditer(_BREAK.join(pieces)):
        start, end = match.span()
        place = bisect_right(starts, start) - 1
        row, base = rows[place], starts[place]
        span = _in_characters(texts[row], pieces[place], start - base, end - base)
        found[row] = (*found.get(row, ()), span)
    return found


def _in_characters(text: str, piece: bytes, start: int, end: int) -> TextSpan:
    if text.isascii():
        return TextSpan(start, end)
    first = len(piece[:start].decode("utf-8", "surrogatepass"))
    return TextSpan(first, first + len(piece[start:end].decode("utf-8", "surrogatepass")))


def host_names(address: str) -> frozenset[str]:
    """The host of an address, and the hosts above it.

    >>> sorted(host_names("https://news.e.org:80/a"))
    ['e.org', 'news.e.org']
    """
    for scheme in _SCHEMES:
        if address.startswith(scheme):
            address = address.removeprefix(scheme)
            break
    for mark in _BEHIND_HOST:
        address = address.partition(mark)[0]
    return _names(address.lower())


@lru_cache(maxsize=4_096)
def _names(host: str) -> frozenset[str]:
    return frozenset(host_suffixes(host))
