"""The made-up week: deterministic, valid, fictional, and rich in near misses."""

import json
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from examples.harbour import world
from examples.harbour.world import HARMLESS, KNOWN_MATERIAL, Truth
from tocsin.records import EventPolicy, Refusal, RefusedEvent, decode_event

NOW = world.DEFAULT_START + timedelta(days=7)
LANGUAGES = {"en", "ar", "fr", "de", "tr", "es", "ru", "id"}
Pair = tuple[dict[str, Any], Truth]


@pytest.fixture(scope="module")
def week() -> list[Pair]:
    return list(world.simulate_labelled())


def posts_of(week: list[Pair], *truths: Truth) -> list[dict[str, Any]]:
    return [e for e, truth in week if e["type"] == "post.created" and truth in truths]


def refusal(line: bytes) -> Refusal | None:
    try:
        decode_event(line, now=NOW, policy=EventPolicy())
    except RefusedEvent as refused:
        return refused.reason
    return None


def test_the_same_seed_is_the_same_week_and_another_is_another() -> None:
    assert list(world.lines(5, 3, 400)) == list(world.lines(5, 3, 400))
    assert list(world.simulate(5, 3, 400)) != list(world.simulate(6, 3, 400))


def test_labels_stand_beside_the_events_and_never_in_them(week: list[Pair]) -> None:
    assert [event for event, _ in week] == list(world.simulate())
    assert not any({"truth", "label"} & set(event) for event, _ in week)


def test_every_event_is_valid_but_posts_that_are_not_public(week: list[Pair]) -> None:
    for event, _ in week:
        public = event.get("post", {}).get("visibility", "public") in ("public", "unlisted")
        assert refusal(json.dumps(event).encode()) is (None if public else Refusal.NOT_PUBLIC)


def test_the_wire_brings_repeats_and_every_kind_of_broken_line() -> None:
    lines = list(world.lines())
    reasons = {refusal(line) for line in lines}
    assert reasons >= {None, Refusal.MALFORMED, Refusal.TYPE, Refusal.TIME, Refusal.ENCODING}
    assert reasons >= {Refusal.NOT_PUBLIC}
    assert 3 <= len(lines) - len(set(lines)) <= 40
    assert sum(b"broken-" in line or line.startswith(b"ferry") for line in lines) == 7


@pytest.mark.parametrize(("size", "days"), [(300, 2), (3_000, 7), (9_000, 7)])
def test_the_size_scales(size: int, days: int) -> None:
    events = list(world.simulate(2, days, size))
    assert 0.9 * size <= len(events) <= 1.25 * size
    times = [event["at"] for event in events]
    assert times == sorted(times)
    start = world.DEFAULT_START
    latest = start + timedelta(days=days, hours=6)
    assert start <= datetime.fromisoformat(times[0]) <= datetime.fromisoformat(times[-1]) <= latest


def test_it_can_start_at_any_time() -> None:
    start = datetime(2025, 6, 1, 12, tzinfo=UTC)
    first = next(world.simulate(1, 7, 300, start=start))
    assert first["at"].startswith("2025-06-01")


def test_every_truth_occurs_and_the_harmless_outnumber_the_rest(week: list[Pair]) -> None:
    counts = Counter(truth for _, truth in week)
    assert set(counts) == set(Truth)
    assert min(counts.values()) >= 5
    assert counts[Truth.ORDINARY] > len(week) / 2
    assert sum(counts[truth] for truth in HARMLESS) > 0.8 * len(week)


def test_eight_languages_and_many_sentences(week: list[Pair]) -> None:
    posts = [event["post"] for event, _ in week if event["type"] == "post.created"]
    languages = Counter(post["lang"] for post in posts)
    assert set(languages) == LANGUAGES
    assert languages.most_common(2)[1][0] == "ar"
    assert len({post["text"] for post in posts}) > 900
    for truth in (Truth.SUPPORT, Truth.NEWS, Truth.CONDEMNATION, Truth.MOCKERY):
        assert {event["post"]["lang"] for event in posts_of(week, truth)} == LANGUAGES


def test_the_texts_hold_many_distinct_sentences() -> None:
    kinds = {truth.value for truth in Truth}
    sentences = [
        sentence
        for kind, by_language in world.TEXTS.items()
        if kind in kinds
        for group in by_language.values()
        for sentence in group
    ]
    assert len(set(sentences)) == len(sentences) >= 150


def test_the_harmless_name_the_group_and_quote_it(week: list[Pair]) -> None:
    for truth in (Truth.NEWS, Truth.CONDEMNATION, Truth.MOCKERY, Truth.RESEARCH, Truth.ARGUMENT):
        texts = " ".join(event["post"]["text"].casefold() for event in posts_of(week, truth))
        assert "iron dawn" in texts or "idv" in texts
    quoting = posts_of(week, Truth.NEWS, Truth.CONDEMNATION, Truth.RESEARCH)
    quoted = " ".join(event["post"]["text"].casefold() for event in quoting)
    assert "dawn of iron rises" in quoted
    assert "every employee of meridian harbour is a target" in quoted
    assert "glory to the iron dawn" in quoted


def test_everybody_is_invented(week: list[Pair]) -> None:
    handles = {event["actor"]["handle"] for event, _ in week if "actor" in event}
    invented = set(world.TEXTS["names"]["given"])
    for handle in handles:
        is_herald = handle.startswith("dawn_herald")
        assert is_herald or any(handle.startswith(name) for name in invented)
    everybody = handles | known_handles(week)
    for event, _ in week:
        post = event.get("post", {})
        assert set(post.get("mentions", ())) <= everybody
        for link in post.get("links", ()):
            assert (urlsplit(link).hostname or "").endswith(".example")


def known_handles(week: list[Pair]) -> set[str]:
    """Of people who are followed or who report, and never act themselves."""
    pointed = [event[key] for event, _ in week for key in ("target", "reporter") if key in event]
    return {one["handle"] for one in pointed if "handle" in one}


def test_what_refers_points_to_something_earlier(week: list[Pair]) -> None:
    posts: set[str] = set()
    deleted: set[str] = set()
    for event, _ in week:
        post = event.get("post", {})
        if event["type"] == "post.created":
            assert post.get("reply_to") is None or post["reply_to"] in posts
            posts.add(post["id"])
        elif event["type"] in ("post.updated", "post.deleted"):
            assert post["id"] in posts - deleted
            deleted |= {post["id"]} if event["type"] == "post.deleted" else set()
        elif event["type"] == "report.filed" and event["target"]["kind"] == "post":
            assert event["target"]["id"] in posts
    assert deleted


def test_ids_are_unique(week: list[Pair]) -> None:
    ids = [event["id"] for event, _ in week]
    assert len(set(ids)) == len(ids)


def test_the_suspended_one_falls_silent_and_returns_under_a_like_handle(week: list[Pair]) -> None:
    (suspension,) = [e for e, _ in week if e["type"] == "account.suspended"]
    old = suspension["actor"]
    later = [event for event, _ in week if event["at"] > suspension["at"]]
    assert not any(event.get("actor", {}).get("id") == old["id"] for event in later)
    returned = [e for e, truth in week if truth is Truth.RETURN and e["type"] == "account.created"]
    (new,) = [event["actor"] for event in returned]
    assert new["id"] != old["id"]
    assert new["handle"].startswith(old["handle"])
    assert returned[0]["at"] > suspension["at"]
    assert any("I am back" in event["post"]["text"] for event in posts_of(week, Truth.RETURN))


def test_the_push_is_new_accounts_within_minutes_and_the_storm_is_not(week: list[Pair]) -> None:
    push, storm = posts_of(week, Truth.PUSH), posts_of(week, Truth.STORM)
    pushed_at = [datetime.fromisoformat(event["at"]) for event in push]
    assert len({event["actor"]["id"] for event in push}) == 25
    assert max(pushed_at) - min(pushed_at) <= timedelta(minutes=10)
    assert all(age_at(event) <= timedelta(hours=2) for event in push)
    assert all("IronDawnRising" in event["post"]["hashtags"] for event in push)
    assert len({event["actor"]["id"] for event in storm}) > 80
    assert sum(age_at(event) > timedelta(days=30) for event in storm) > 0.6 * len(storm)
    hashtags = {e["hashtag"] for e, _ in week if e["type"] == "trend.observed"}
    assert hashtags == {"IronDawnRising", "HarbourCup"}


def age_at(event: dict[str, Any]) -> timedelta:
    return datetime.fromisoformat(event["at"]) - datetime.fromisoformat(
        event["actor"]["created_at"]
    )


def test_a_critic_of_the_group_is_reported_by_a_brigade(week: list[Pair]) -> None:
    reports = [e for e, _ in week if e["type"] == "report.filed"]
    targets = Counter(e["target"]["id"] for e in reports if e["target"]["kind"] == "account")
    ((critic, count),) = targets.items()
    assert count >= 10
    condemning = posts_of(week, Truth.CONDEMNATION)
    assert any(event["actor"]["id"] == critic for event in condemning)
    assert not any(e.get("actor", {}).get("id") == critic for e, t in week if t not in HARMLESS)


def test_known_material_arrives_alone_and_in_posts(week: list[Pair]) -> None:
    uploads = [e["media"]["sha256"] for e, _ in week if e["type"] == "media.uploaded"]
    shown = [item["sha256"] for e in posts_of(week, Truth.KNOWN) for item in e["post"]["media"]]
    assert set(shown) <= set(KNOWN_MATERIAL)
    assert set(uploads) & set(KNOWN_MATERIAL)
    assert set(uploads) - set(KNOWN_MATERIAL)


def test_threats_point_to_the_staff_and_to_the_protectee(week: list[Pair]) -> None:
    texts = " ".join(event["post"]["text"] for event in posts_of(week, Truth.THREAT))
    assert "Meridian Harbour" in texts
    assert "Mara Ellison" in texts


def test_the_command_writes_lines(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert world.main(["--size", "200", "--clean", "--start", "2026-02-01"]) == 0
    sys.stdout.flush()
    events = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert len(events) > 150
    assert events[0]["at"].startswith("2026-02-01T")
