"""Every implementation of windows answers like one that keeps everything, in every cut."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pipeline.test_windows import policy_of
from tocsin.features import WindowState, compute
from tocsin.features.windows import ADD, ASK, NOTHING, PlainWindow, Shape, Steps, Window
from tocsin.records import WindowMeasure
from tocsin.testing import T0, actor, batch_of, post_event

HAS_NUMBA = importlib.util.find_spec("numba") is not None


def ring(shape: Shape) -> Window:
    from tocsin.features.windows.ring import RingWindow  # noqa: PLC0415  # numba is an extra

    return RingWindow(shape)


MAKERS = [
    pytest.param(PlainWindow, id="plain"),
    pytest.param(
        ring, id="ring", marks=pytest.mark.skipif(not HAS_NUMBA, reason="numba is not installed")
    ),
]


class Step(NamedTuple):
    key: int
    time: int
    of: int
    amount: int
    flags: int


def columns(steps: Sequence[Step], watermarks: Sequence[int]) -> Steps:
    def pair(values: list[int]) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
        low = np.array(values, np.int64)
        return np.stack([low * 7 - 3, low], axis=1)

    return Steps(
        keys=pair([step.key for step in steps]),
        times=np.array([step.time for step in steps], np.int64),
        watermarks=np.array(watermarks, np.int64),
        of=pair([step.of for step in steps]),
        amounts=np.array([step.amount for step in steps], np.int64),
        flags=np.array([step.flags for step in steps], np.int64),
    )


def brute(steps: Sequence[Step], shape: Shape) -> list[int]:
    """The answers by keeping everything and looking at all of it."""
    answers = []
    for place, step in enumerate(steps):
        if not step.flags & ASK:
            answers.append(NOTHING)
            continue
        seen = [
            one
            for one in steps[: place + 1]
            if one.flags & ADD
            and one.key == step.key
            and step.time - shape.over_us < one.time <= step.time
        ]
        match shape.measure:
            case WindowMeasure.COUNT:
                answers.append(len(seen))
            case WindowMeasure.DISTINCT:
                answers.append(len({one.of for one in seen}))
            case WindowMeasure.SUM:
                answers.append(sum(one.amount for one in seen))
            case WindowMeasure.AGE:
                answers.append(max((step.time - one.time for one in seen), default=NOTHING))
    return answers


@st.composite
def runs(draw: st.DrawFn) -> tuple[Shape, list[Step], list[int], list[int]]:
    """A shape, steps that keep its lateness, their watermarks, and where the calls are cut."""
    lateness, over = draw(st.integers(0, 12)), draw(st.integers(1, 15))
    shape = Shape(draw(st.sampled_from(list(WindowMeasure))), over, lateness)
    watermark, steps, watermarks = 0, [], []
    moves = st.tuples(st.integers(-lateness, 4), st.integers(0, 3), st.integers(0, 3))
    for move, key, of in draw(st.lists(moves, max_size=60)):
        time = watermark + move
        watermark = max(watermark, time)
        flags = draw(st.sampled_from([ADD | ASK, ADD | ASK, ADD, ASK]))
        steps.append(Step(key, time, of, of * 3, flags))
        watermarks.append(watermark)
    cuts = sorted(draw(st.sets(st.integers(0, len(steps)))) | {0, len(steps)})
    return shape, steps, watermarks, cuts


@pytest.mark.parametrize("make", MAKERS)
@given(run=runs())
@settings(max_examples=300, deadline=None)
def test_answers_are_those_of_one_that_keeps_everything(
    make: Callable[[Shape], Window], run: tuple[Shape, list[Step], list[int], list[int]]
) -> None:
    shape, steps, watermarks, cuts = run
    window = make(shape)
    answers: list[int] = []
    for start, end in pairwise(cuts):
        answers += window.advance(columns(steps[start:end], watermarks[start:end])).tolist()
        if end:
            window.expire(watermarks[end - 1])
    assert answers == brute(steps, shape)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("measure", list(WindowMeasure))
@pytest.mark.parametrize("is_prepared", [False, True])
def test_a_long_run_grows_wraps_and_lets_go(
    make: Callable[[Shape], Window], measure: WindowMeasure, *, is_prepared: bool
) -> None:
    chance = np.random.default_rng(3)
    shape = Shape(measure, 3_000, 40)
    n = 30_000
    watermarks = np.cumsum(chance.integers(0, 2, n))
    times = watermarks - np.where(chance.random(n) < 0.3, chance.integers(0, 41, n), 0)
    keys = chance.integers(0, 2_000, n) * chance.integers(0, 2, n)
    steps = [
        Step(int(key), int(time), int(of), int(of), ADD | ASK)
        for key, time, of in zip(keys, times, chance.integers(0, 500, n), strict=True)
    ]
    found, plain = make(shape), PlainWindow(shape)
    for start in range(0, n, 997):
        cut = columns(steps[start : start + 997], watermarks[start : start + 997].tolist())
        assert found.advance(cut).tolist() == plain.advance(cut).tolist()
        if is_prepared:
            found.prepare(100)
    watermark = int(watermarks[-1])
    found.expire(watermark)
    held = found.stats()
    assert 5_000 < held.entries < 10_000, "about one window's events are held"
    entries = found.entries()
    assert len(entries.times) == held.entries
    assert entries.times.tolist() == sorted(entries.times.tolist())
    again = make(shape)
    again.advance(Steps(*entries[:2], entries.times, *entries[2:], np.full(held.entries, ADD)))
    asked = columns([step._replace(time=watermark, flags=ASK) for step in steps[-500:]],
                    [watermark] * 500)  # fmt: skip
    assert again.advance(asked).tolist() == found.advance(asked).tolist()
    found.expire(watermark + 10_000)
    assert found.stats()[:2] == (0, 0), "keys leave with the last of their events"


ASKED = [
    f"{call}, by={by}, over=minutes(0.15){where})"
    for call in (
        "count(event",
        "distinct(account",
        "distinct(hashtag",
        "sum(account.followers",
        "first_seen(event",
    )
    for by in ("account", "hashtag")
    for where in ("", ', where=text == "loud"')
]
POLICY = policy_of(*(f"{call} >= {'minutes(0)' if 'seen' in call else 0}" for call in ASKED))


@pytest.mark.parametrize("make", MAKERS)
@given(
    moves=st.lists(
        st.tuples(
            st.integers(-8, 6),
            st.sampled_from("abc"),
            st.sets(st.sampled_from("xyz")),
            st.sampled_from(["loud", "soft"]),
        ),
        max_size=25,
    )
)
@settings(max_examples=150, deadline=None)
def test_peeking_answers_like_counting_and_changes_no_answer(
    make: Callable[[Shape], Window], moves: list[tuple[int, str, set[str], str]]
) -> None:
    lateness = timedelta(seconds=5)
    peeked, plain = (
        WindowState(POLICY.windows, POLICY.window_conditions, lateness, make) for _ in range(2)
    )
    second = 100
    for number, (move, who, tags, text) in enumerate(moves):
        second = max(0, second + move)
        event = post_event(
            text,
            event_id=f"event-{number}",
            at=T0 + timedelta(seconds=second),
            by=actor(f"account-{who}", followers=number),
            hashtags=tuple(sorted(tags)),
        )
        batch = batch_of(event, received_at=T0 + timedelta(hours=1))
        features = compute(batch)
        answers = [
            peeked.peek(batch, features),
            plain.advance(batch, features),
            peeked.advance(batch, features),
        ]
        before, after, counted = ([a.window(spec, 0) for spec in POLICY.windows] for a in answers)
        assert before == after == counted
