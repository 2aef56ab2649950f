"""Addresses: found, brought into one form, compared."""

from __future__ import annotations

import pytest

from tocsin.matching import LinkPattern, find_links, host_suffixes, parse_link


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("(see https://en.harbour.example/w/A_(b)).", ["https://en.harbour.example/w/A_(b)"]),
        ("write to joe.bloggs@site.org or x@mail.com", []),
        ("end.Then go on... e.g. this", []),
        ("join t.me/IronDawn, irondawn.example!", ["t.me/IronDawn", "irondawn.example"]),
        ("hxxp://bad.example/x", ["hxxp://bad.example/x"]),
        ("«www.harbour.example»", ["www.harbour.example"]),
        ("прочти пример.com/a", ["пример.com/a"]),
        ("https://u:p@harbour.example/a", ["https://u:p@harbour.example/a"]),
    ],
)
def test_finding(text: str, found: list[str]) -> None:
    assert [text[link.start : link.end] for link in find_links(text)] == found


@pytest.mark.parametrize(
    ("address", "canonical"),
    [
        ("HTTP://Harbour.Example:80", "http://harbour.example/"),
        ("https://harbour.example./a/./b/../c#x", "https://harbour.example/a/c"),
        ("harbour.example/%7ea%2fb%c3%bc", "http://harbour.example/~a%2Fb%C3%BC"),
        (
            "https://harbour.example/ü?b=2&utm_source=x&a=1&fbclid=z",
            "https://harbour.example/%C3%BC?b=2&a=1",
        ),
        ("http://Пример.example/", "http://xn--e1afmkfd.example/"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("ftp://harbour.example:21/f", "ftp://harbour.example/f"),
        ("http://harbour.example/100%", "http://harbour.example/100%25"),
        ("https://iron%64awn%2Eexample/", "https://irondawn.example/"),
        ("javascript:alert(1)", None),
        ("http://", None),
        ("http://a b.example/", None),
        ("http://harbour.example:99999/", None),
        ("http://" + "a" * 300 + ".example", None),
        ("http://localhost/", None),
    ],
)
def test_canonical_form(address: str, canonical: str | None) -> None:
    link = parse_link(address)
    assert (link and link.url) == canonical
    if link is not None:
        assert parse_link(link.url) == link


@pytest.mark.parametrize(
    ("entry", "address", "is_match"),
    [
        ("irondawn.example", "https://a.b.irondawn.example/x", True),
        ("www.irondawn.example", "http://irondawn.example", True),
        ("*.irondawn.example", "http://irondawn.example", True),
        ("irondawn.example", "http://notirondawn.example", False),
        ("talk.example/c/iron/", "http://talk.example/c/iron", True),
        ("talk.example/c/iron", "http://talk.example/c/ironing", False),
        ("talk.example/w?v=7", "http://talk.example/w?a=1&v=7", True),
        ("talk.example/w?v=7", "http://talk.example/w?v=8", False),
    ],
)
def test_patterns(entry: str, address: str, is_match: bool) -> None:
    pattern = LinkPattern.parse(entry)
    assert pattern is not None
    assert pattern.matches(parse_link(address)) is is_match


def test_suffixes_stop_at_two_labels_and_leave_addresses_whole() -> None:
    assert list(host_suffixes("a.b.c.example")) == ["a.b.c.example", "b.c.example", "c.example"]
    assert list(host_suffixes("192.0.2.7")) == ["192.0.2.7"]
