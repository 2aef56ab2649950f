"""HTML becomes the text that readers see, in time that grows with its length only."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.ingest.adapters.markup import read_markup


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (None, ""),
        ("plain", "plain"),
        ("<p>a<p>b", "a\n\nb"),
        ("a<br/>b<br >c<BR>d", "a\nb\nc\nd"),
        ("a<script>alert(1)</script>b<style>p {}</style>", "ab"),
        ("&lt;b&gt; &#x1F600; &nbsp;", "<b> 😀"),
        ("a < b and <unknown>c", "a < b and c"),
        ("a<!-- <b> -->b<!-- never ends", "ab"),
        ('a<i title="1>2">b</i><i title=it\'s>c', "abc"),
        ("seen <a href=", "seen"),
        ("<ul><li>one</li><li>two</li></ul>", "one\ntwo"),
        ("&#" + "9" * 5_000 + ";", "&#" + "9" * 5_000 + ";"),
    ],
)
def test_markup_becomes_the_text_that_readers_see(html: str | None, text: str) -> None:
    assert read_markup(html).text == text


@pytest.mark.parametrize(
    "tag",
    [
        '<a href="https://a.example/?x=1&amp;y=2">',
        "<A rel = nofollow HREF = 'https://a.example/?x=1&y=2' >",
        "<a href=https://a.example/?x=1&y=2>",
    ],
)
def test_links_are_found_however_they_are_written(tag: str) -> None:
    assert read_markup(f"{tag}a</a>{tag}b</a>").links == ("https://a.example/?x=1&y=2",)


def test_mentions_and_hashtags_are_no_links() -> None:
    html = (
        '<a href="https://a.example" class="u-url mention">@a</a><a class=x>b</a><a href="">c</a>'
    )
    assert read_markup(html).links == ()


HOSTILE = ["<!--", "<![", "</", "<a ", "<a href='", "<a x=y", "<a b='>'", " <a/", "<", "&#", "<a ="]


@pytest.mark.parametrize("part", HOSTILE)
def test_no_markup_takes_more_than_its_share_of_time(part: str) -> None:
    html = part * (200_000 // len(part))
    start = time.process_time()
    assert len(read_markup(html).text) <= len(html)
    assert time.process_time() - start < 2


@given(st.text(alphabet="<>/!-a pbr='\"&#;", max_size=40))
def test_any_text_is_read(html: str) -> None:
    assert len(read_markup(html).text) <= 2 * len(html)
