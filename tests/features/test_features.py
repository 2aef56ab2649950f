"""Each feature: its value, when it is missing, and that the page of the docs lists it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tocsin.features import FEATURES, compute, render_reference
from tocsin.features.text import has_quotation
from tocsin.records import Actor, Event, FeatureValue
from tocsin.testing import T0, account_event, actor, batch_of, event_of, image, post_event

POST = post_event(
    "“Dawn” at https://T.co/x #IronDawnRising ＃Harbour #7 with @Mara",
    title="Ａ Title",
    by=actor("1r0n_dawn_8", created_at=T0 - timedelta(days=3), followers=0, bio="Hi"),
    media=(image(sha256="AB" * 32, md5="cd", alt="A ship"),),
    reply_to="p0",
    views=5,
)
SENT = post_event("#a @b http://c.example", hashtags=("#Dawn", "DAWN"), mentions=("@Mara",),
                  links=("https://Harbour.example?utm_source=1", "http://["))  # fmt: skip
REPORT = event_of(
    {"type": "report.filed", "target": {"kind": "post", "id": "p"}, "category": "threat"}
)


def value(event: Event, name: str) -> FeatureValue | None:
    return compute(batch_of(event)).value(name, 0)


@pytest.mark.parametrize(
    ("event", "name", "expected"),
    [
        (
            POST,
            "text",
            "a title\n“dawn” at https://t.co/x #irondawnrising #harbour #7 with @mara\na ship",
        ),
        (POST, "title", "a title"),
        (POST, "text.length", 63),
        (POST, "text.has_quotation", False),
        (POST, "lang", "und"),
        (POST, "script", "Latn"),
        (POST, "event.type", "post.created"),
        (POST, "post.visibility", "public"),
        (POST, "post.client", None),
        (POST, "post.views", 5),
        (POST, "post.is_reply", True),
        (POST, "post.is_quote", False),
        (POST, "post.is_repost", False),
        (POST, "hashtags", ("irondawnrising", "harbour")),
        (POST, "mentions", ("mara",)),
        (POST, "links", ("https://t.co/x",)),
        (POST, "links.hosts", ("t.co",)),
        (POST, "media", ("sha256:" + "ab" * 32, "md5:cd")),
        (POST, "media.count", 1),
        (POST, "account.handle", "1r0n_dawn_8"),
        (POST, "account.bio", "Hi"),
        (POST, "account.skeleton", "irondawn"),
        (POST, "account.age", timedelta(days=3)),
        (POST, "account.followers", 0),
        (POST, "account.posts", None),
        (POST, "report.category", None),
        (SENT, "hashtags", ("dawn",)),
        (SENT, "mentions", ("mara",)),
        (SENT, "links", ("https://harbour.example/",)),
        (SENT, "account.age", None),
        (REPORT, "report.category", "threat"),
        (REPORT, "report.target_kind", "post"),
        (REPORT, "text", None),
        (REPORT, "hashtags", None),
        (REPORT, "account.id", None),
        (post_event("x", by=Actor(handle="only")), "account.id", "only"),
        (post_event("x", lang="ar-EG"), "lang", "ar"),
        (post_event("x", lang="qme"), "lang", "und"),
        (account_event("h", name="Mara", bio="Sails"), "text", "mara\nsails"),
        (
            account_event("h", bio="at www.harbour.example"),
            "links",
            ("http://www.harbour.example/",),
        ),
    ],
)
def test_values(event: Event, name: str, expected: FeatureValue | None) -> None:
    assert value(event, name) == expected


def test_every_feature_answers_for_every_kind_of_event() -> None:
    wires: tuple[dict[str, Any], ...] = (
        {"type": "trend.observed", "hashtag": "x"},
        {"type": "media.uploaded", "media": {"ocr_text": "Iron"}},
    )
    events = [POST, SENT, REPORT, account_event("h"), *map(event_of, wires)]
    table = compute(batch_of(*events))
    for row in range(len(events)):
        for spec in FEATURES:
            found = table.value(spec.name, row)
            assert found is None or isinstance(found, (bool, int, str, tuple, timedelta, datetime))
    assert table.value("text", 5) == "iron"


def test_age_falls_back_on_the_arrival_time_only_without_a_time() -> None:
    born = datetime(2026, 1, 1, tzinfo=UTC)
    event = post_event("x", at=None, by=actor("h", created_at=born))
    batch = batch_of(event, received_at=born + timedelta(hours=1))
    assert compute(batch).value("account.age", 0) == timedelta(hours=1)


def test_an_unknown_name_is_a_fault() -> None:
    with pytest.raises(KeyError):
        value(POST, "no.such")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('He said "we will take the harbour"', True),
        ("Sie sagte: „Der Hafen gehört uns“", True),
        ("قال «الميناء لنا جميعا»", True),
        ("「港は我々のもの」と言った", True),
        ("> the harbour shall be ours\nno it will not", True),
        ("RT @mara: look at this", True),
        ('the "great" dawn', False),
        ("it's a pity, isn't it, that we don't sail", False),
        ('an open " mark and a lot of text behind it', False),
        ("5 > 3", False),
        ("", False),
    ],
)
def test_quotation(text: str, expected: bool) -> None:
    assert has_quotation(text) is expected


def test_the_reference_page_is_what_the_code_says() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "features.md"
    assert page.read_text(encoding="utf-8") == render_reference()
