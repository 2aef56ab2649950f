"""Canonical links are stable, and looking only at suspects loses no link."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.detectors import links
from tocsin.matching import LinkPattern, find_links, parse_link
from tocsin.matching.links import _any_link, _plain_link, host_of
from tocsin.testing import T0, bank_entry, post_event
from tocsin.testing.detector_conformance import given as given_events

HOSTS = ("irondawn.example", "1r0n.example", "aaa.example", "пример.com", "t.me", "b-4.example")
ENTRIES = [bank_entry(host, bank="sites", kind="link") for host in HOSTS]
PIECES = (
    *HOSTS, "http://", "https://", "hxxp://", "www.", "/", "a", "A1", " ", ".", "%41", "%", "?q=1",
    "#f", "ＩＲＯＮ", "iron", "dawn.example", "irondawn．example", "irondawn。example", "@",
    "\u200b", "\n", "(", ")", ":", "8", "й",
)  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)


@given(st.one_of(texts, st.text(max_size=40)))
@settings(max_examples=300)
def test_a_canonical_address_is_its_own(address: str) -> None:
    link = parse_link(address)
    assert link is None or parse_link(link.url) == link


@given(st.one_of(texts, texts.map("http://".__add__), st.text("ab./:~-_%A?", max_size=20)))
@settings(max_examples=500)
def test_the_short_way_to_a_canonical_address_gives_what_the_long_one_gives(text: str) -> None:
    short = _plain_link(text)
    assert short is None or short == _any_link(text)


@given(
    st.one_of(
        texts,
        st.builds(
            "{}://{}{}".format,
            st.sampled_from(("http", "https", "ftp", "hxxp", "HTTP", " http", "x")),
            st.sampled_from((*HOSTS, "a.example:80", "[::1]", "A.example", "a.example.", "~a.b")),
            st.one_of(texts.map("/".__add__), st.text(max_size=20).map("/".__add__), st.text()),
        ),
    )
)
@settings(max_examples=1_000)
def test_a_host_is_that_of_the_whole_link(address: str) -> None:
    link = parse_link(address)
    assert host_of(address) == (None if link is None else link.host)


@given(texts)
@settings(max_examples=500, deadline=None)
def test_the_detector_finds_every_link_of_a_bank(text: str) -> None:
    detector = links.build(ENTRIES, T0)
    found = detector.detect(given_events([post_event(text)]), [0]).get(0, {})
    patterns = [pattern for host in HOSTS if (pattern := LinkPattern.parse(host)) is not None]
    is_there = any(pattern.matches(link.link) for link in find_links(text) for pattern in patterns)
    assert bool(found) == is_there
