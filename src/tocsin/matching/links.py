"""Links: found in text, brought into one form, compared by host and path.

Comes in: text, or one address. Goes out: `Link` with a canonical address, and where in the text
it stood. Always holds: a canonical address is its own canonical form; hosts are lower-case
ASCII (IDNA). Refused: what has no usable host (`parse_link` gives None). Nothing here opens a
link or resolves a name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote, unquote, urlsplit

import idna
import re2

__all__ = [
    "FoundLink",
    "Link",
    "LinkPattern",
    "find_links",
    "host_of",
    "host_suffixes",
    "may_hold_link",
    "parse_link",
]

_MAX_HOST = 253  # RFC 1035
_MAX_ADDRESS = 8_000  # as the wire format's `Url`
_PORTS: Final = {"http": 80, "https": 443, "ftp": 21}
_DISARMED: Final = {"hxxp": "http", "hxxps": "https"}

_TRACKING_NAMES: Final = (
    "fbclid gclid dclid gbraid wbraid msclkid yclid twclid ttclid igshid igsh mc_cid mc_eid "
    "_hsenc _hsmi mkt_tok ref_src ref_url oly_anon_id oly_enc_id vero_id wickedid"
)
_TRACKING: Final = frozenset(_TRACKING_NAMES.split())
_TRACKING_PREFIXES: Final = ("utm_", "pk_", "mtm_", "hsa_")

# Without scheme or "www." an address is only seen under one of these; a wider net would take
# "end.Then" for a host.
_TOP_LEVEL: Final = (
    "com org net info biz edu gov mil int app dev blog site online xyz top club live news tv me "
    "io co ly gg cc to ws ai im is tk ml ga cf gq pw su eu uk us ca au nz ie de fr es pt it nl "
    "be ch at dk se no fi pl cz sk hu ro bg gr tr ru ua by kz cn tw hk jp kr in id my th vn ph "
    "sg br mx ar cl za ng ke eg sa ae ir iq sy lb jo ps il link page onion example test"
)
_REST = r"[^\s<>\"`{}|\\^]"
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False  # a log line of RE2 could quote the text
_OPTIONS.case_sensitive = False
_ADDRESS: Final = re2.compile(
    rf"(?:https?|hxxps?|ftp)://{_REST}+"
    rf"|\bwww\.{_REST}+"
    rf"|[\pL\pN][\pL\pN.-]*\.(?:{'|'.join(_TOP_LEVEL.split())})\b(?:[:/?#]{_REST}*)?",
    options=_OPTIONS,
)
_ENDING: Final = ".,;:!?'\"…‚‘’“”«»،؛؟。、！？"
_BRACKETS: Final = {")": "(", "]": "[", "）": "（", "」": "「", "】": "【"}
_BEFORE_MAIL: Final = frozenset("@.-_/")


class Link(NamedTuple):
    """One address: `url` is canonical; `host`, `path` and `query` are parts of it."""

    url: str
    host: str
    path: str
    query: str


class FoundLink(NamedTuple):
    """A link and the characters of the text where it stood."""

    link: Link
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class LinkPattern:
    """A host, or a host and the beginning of a path, as an entry of a bank gives it.

    Subdomains match; a path matches whole segments; where the entry has a query, its parameters
    must all be there.

    >>> wanted = LinkPattern.parse("irondawn.example/join")
    >>> [wanted.matches(parse_link(a)) for a in ("//www.irondawn.example/join/us", "//a.example")]
    [True, False]
    """

    host: str
    path: str
    query: tuple[str, ...] = ()

    @classmethod
    def parse(cls, value: str) -> LinkPattern | None:
        """The pattern of a bank entry; None if it holds no host."""
        link = parse_link(value.strip().removeprefix("*."))
        if link is None:
            return None
        query = tuple(link.query.split("&")) if link.query else ()
        return cls(link.host.removeprefix("www."), link.path.rstrip("/"), query)

    def matches(self, link: Link | None) -> bool:
        """Whether the link lies under this pattern."""
        if link is None or self.host not in host_suffixes(link.host):
            return False
        if self.path and link.path != self.path and not link.path.startswith(self.path + "/"):
            return False
        return not self.query or set(self.query) <= set(link.query.split("&"))


def find_links(text: str) -> list[FoundLink]:
    """Addresses in a text, in order; mail addresses are none.

    >>> [found.link.url for found in find_links("see www.Harbour.example/a?utm_source=x, ok")]
    ['http://www.harbour.example/a']
    """
    return list(_find(text)) if may_hold_link(text) else []


def may_hold_link(text: str) -> bool:
    """False for most texts without any address; quick."""
    return "." in text or (":" in text and "://" in text)


def _find(text: str) -> Iterator[FoundLink]:
    for match in _ADDRESS.finditer(text):
        start, end = match.span()
        is_cut = end < len(text) and text[end].isalnum()  # RE2's word border knows ASCII only
        end = _trimmed(text, start, end)
        is_mail = start > 0 and text[start - 1] in _BEFORE_MAIL
        if (is_cut or is_mail) and "://" not in text[start:end]:
            continue
        link = parse_link(text[start:end])
        if link is not None:
            yield FoundLink(link, start, end)


def _trimmed(text: str, start: int, end: int) -> int:
    """The end of an address without the punctuation of the sentence around it."""
    unpaired = {
        closing: text.count(closing, start, end) - text.count(opening, start, end)
        for closing, opening in _BRACKETS.items()
    }
    while end > start:
        last = text[end - 1]
        if unpaired.get(last, 0) > 0:
            unpaired[last] -= 1
        elif last not in _ENDING:
            return end
        end -= 1
    return end


def parse_link(address: str) -> Link | None:
    """The canonical form of an address; None if it has no usable host.

    Lower-case scheme and host (IDNA), no user, default port, fragment or tracking parameters,
    dot segments resolved, percent-encoding in one form. An address without scheme counts as
    `http`.

    >>> parse_link("HTTPS://Harbour.example:443/a/../b%7e?utm_medium=x&q=1#top").url
    'https://harbour.example/b~?q=1'
    """
    if len(address) > _MAX_ADDRESS:
        return None
    return _plain_link(address) or _any_link(address)


def host_of(address: str) -> str | None:
    """The host of `parse_link(address)`, for callers that need no more.

    What stands behind the first slash after the scheme changes no host.

    >>> host_of("HTTPS://Harbour.example:443/a")
    'harbour.example'
    """
    scheme, _, rest = address.partition("://")
    host = rest.partition("/")[0]
    if scheme in _PORTS and len(address) <= _MAX_ADDRESS and _is_plain_host(host):
        return host
    link = parse_link(address)
    return None if link is None else link.host


def _plain_link(address: str) -> Link | None:
    """An address that is its own canonical form; None where it may not be.

    Most are; the whole way takes ten times as long.
    """
    scheme, _, rest = address.partition("://")
    if scheme not in _PORTS or not rest.isascii() or rest.encode().translate(None, _PLAIN):
        return None
    host, _, path = rest.partition("/")
    path = "/" + path
    if "/." in path or not _is_plain_host(host):
        return None
    return Link(f"{scheme}://{host}{path}", host, path, "")


@lru_cache(maxsize=16_384)  # the same hosts come again
def _is_plain_host(host: str) -> bool:
    return "~" not in host and _ascii_host(host) == host


def _any_link(address: str) -> Link | None:
    if "://" not in address:
        address = "http:" + address if address.startswith("//") else "http://" + address
    try:
        parts = urlsplit(address.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    scheme = _DISARMED.get(parts.scheme, parts.scheme)
    host = _ascii_host(host) if host and scheme in _PORTS else None
    if host is None:
        return None
    shown_port = "" if port is None or port == _PORTS[scheme] else f":{port}"
    path = _canonical_path(parts.path)
    query = _canonical_query(parts.query)
    url = f"{scheme}://{host}{shown_port}{path}"
    return Link(f"{url}?{query}" if query else url, host, path, query)


def host_suffixes(host: str) -> Sequence[str]:
    """The host itself and its parent domains, down to two labels; an IP address has none.

    >>> host_suffixes("a.b.example")
    ('a.b.example', 'b.example')
    """
    labels = host.split(".")
    if ":" in host or labels[-1].isdigit():
        return (host,)
    return (host, *(".".join(labels[index:]) for index in range(1, len(labels) - 1)))


def _ascii_host(host: str) -> str | None:
    if len(host) > _MAX_HOST:
        return None
    if ":" in host:
        return f"[{host.lower()}]"
    if "%" in host:
        host = unquote(host)
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except idna.IDNAError:
            return None
    host = host.lower().strip(".")
    allowed = host.replace(".", "").replace("-", "").replace("_", "")
    is_sound = "." in host and ".." not in host and allowed.isalnum()
    return host if is_sound else None


def _canonical_path(path: str) -> str:
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in map(_canonical_percent, segments):
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments and segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _canonical_query(query: str) -> str:
    kept = [part for part in query.split("&") if part and not _is_tracking(part)]
    return "&".join(map(_canonical_percent, kept))


def _is_tracking(parameter: str) -> bool:
    name = parameter.partition("=")[0].lower()
    return name in _TRACKING or name.startswith(_TRACKING_PREFIXES)


_UNRESERVED: Final = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
)
_PLAIN: Final = bytes(_UNRESERVED) + b"/"
_N_HEX: Final = 2
_HEX: Final = frozenset("0123456789abcdefABCDEF")


def _canonical_percent(text: str) -> str:
    """Escapes of plain characters resolved, all others in upper case, the rest escaped."""
    head, *escaped = text.split("%")
    pieces = [_quoted(head)]
    for piece in escaped:
        digits = piece[:2]
        if len(digits) < _N_HEX or not _HEX.issuperset(digits):
            pieces.append("%25" + _quoted(piece))
            continue
        byte = int(digits, 16)
        pieces.append(chr(byte) if byte in _UNRESERVED else "%" + digits.upper())
        pieces.append(_quoted(piece[2:]))
    return "".join(pieces)


def _quoted(text: str) -> str:
    return quote(text, safe="!$&'()*+,;=:@/?-._~", errors="replace")
