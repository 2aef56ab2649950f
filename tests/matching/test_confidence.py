"""Bounds that hold at every look, and an alarm that rings in time: against simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.matching import (
    alarm,
    expected_more,
    fewest_more,
    log_evidence,
    lower_bound,
    upper_bound,
)

ALPHA = 0.05
BARS = st.floats(0.5, 0.99)


@st.composite
def counts(draw: st.DrawFn) -> tuple[int, int]:
    n = draw(st.integers(0, 400))
    return n, draw(st.integers(0, n))


def integral(n: int, k: int, bar: float) -> float:
    """The evidence by its definition, summed up finely."""
    shares = (np.arange(200_000) + 0.5) / 200_000
    logs = k * np.log1p(shares * (1 - bar) / bar) + (n - k) * np.log1p(-shares)
    return float(np.exp(logs).mean())


@pytest.mark.parametrize(
    ("n", "k", "bar"),
    [(0, 0, 0.5), (10, 10, 0.95), (10, 3, 0.9), (200, 150, 0.5), (200, 190, 0.95), (50, 1, 0.2)],
)
def test_the_evidence_is_the_integral(n: int, k: int, bar: float) -> None:
    assert math.exp(log_evidence(n, k, bar)) == pytest.approx(integral(n, k, bar), rel=1e-5)


@given(counts(), BARS)
def test_the_evidence_is_fair_at_the_bar(found: tuple[int, int], bar: float) -> None:
    """The mean over the next sample is the evidence before it: nobody gains by going on."""
    n, k = found
    right = math.exp(log_evidence(n + 1, k + 1, bar) - log_evidence(n, k, bar))
    wrong = math.exp(log_evidence(n + 1, k, bar) - log_evidence(n, k, bar))
    assert bar * right + (1 - bar) * wrong == pytest.approx(1, rel=1e-6)


@given(counts(), BARS, BARS)
def test_the_evidence_falls_as_the_bar_rises(
    found: tuple[int, int], one: float, other: float
) -> None:
    low, high = sorted((one, other))
    assert log_evidence(*found, low) >= log_evidence(*found, high) - 1e-9


@given(counts(), st.floats(0.001, 0.2))
def test_the_bounds_enclose_the_share(found: tuple[int, int], alpha: float) -> None:
    n, k = found
    low, high = lower_bound(n, k, alpha), upper_bound(n, k, alpha)
    assert 0 <= low <= (k / n if n else 1) <= high <= 1
    assert low <= lower_bound(n + 1, k + 1, alpha) + 1e-9
    assert lower_bound(n, k, alpha / 2) <= low + 1e-9


@given(counts(), BARS)
def test_the_bound_exceeds_a_bar_where_the_evidence_says_so(
    found: tuple[int, int], bar: float
) -> None:
    is_refuted = log_evidence(*found, bar) >= -math.log(ALPHA)
    assert (lower_bound(*found, ALPHA) >= bar - 1e-9) is is_refuted or abs(
        lower_bound(*found, ALPHA) - bar
    ) < 1e-9


@given(counts(), BARS)
def test_the_fewest_more_are_enough_and_one_less_is_not(found: tuple[int, int], bar: float) -> None:
    n, k = found
    more = fewest_more(n, k, bar, ALPHA)
    assert log_evidence(n + more, k + more, bar) >= -math.log(ALPHA)
    assert more == 0 or log_evidence(n + more - 1, k + more - 1, bar) < -math.log(ALPHA)


def test_what_is_known_of_small_numbers() -> None:
    assert [fewest_more(0, 0, bar, ALPHA) for bar in (0.8, 0.9, 0.95, 0.975)] == [20, 43, 88, 178]
    assert expected_more(0, 0, 0.9, ALPHA) is None
    assert expected_more(100, 90, 0.9, ALPHA) is None
    assert expected_more(43, 43, 0.9, ALPHA) == 0
    assert lower_bound(100_000, 95_000, ALPHA) == pytest.approx(0.9475, abs=0.0005)


# --- simulations -------------------------------------------------------------------------------


def boundary(bar: float, most_errors: int) -> np.ndarray:
    """For each number of errors the samples at which the bar is refuted."""
    needed = []
    n = 0
    for errors in range(most_errors):
        n = max(n, errors)
        while log_evidence(n, n - errors, bar) < -math.log(ALPHA):
            n += 1
        needed.append(n)
    return np.asarray(needed)


def share_refuted(share: float, bar: float, *, runs: int, errors: int) -> float:
    """The share of runs in which the bar is refuted at any of the looks up to so many errors."""
    random = np.random.default_rng(7)
    times = random.geometric(1 - share, size=(runs, errors)).cumsum(axis=1)
    return float((times > boundary(bar, errors)).any(axis=1).mean())


@pytest.mark.parametrize("bar", [0.8, 0.95])
def test_at_the_bar_it_is_wrongly_refuted_less_often_than_stated(bar: float) -> None:
    """20,000 runs, a look after each of about 150 / (1 - bar) samples."""
    wrong = share_refuted(bar, bar, runs=20_000, errors=150)
    assert 0.02 < wrong < ALPHA, "and the level is not wasted"


def test_a_bound_for_one_look_is_wrong_far_more_often_when_looked_at_after_each() -> None:
    """Why no Clopper-Pearson bound: at the bar, until 30 errors, it is refuted in one of five."""
    bar, errors = 0.95, 30
    needed, n = [], 1
    for most in range(errors):
        while sum(math.comb(n, j) * (1 - bar) ** j * bar ** (n - j) for j in range(most + 1)) > (
            ALPHA
        ):
            n += 1
        needed.append(n)
    random = np.random.default_rng(7)
    times = random.geometric(1 - bar, size=(20_000, errors)).cumsum(axis=1)
    assert (times > np.asarray(needed)).any(axis=1).mean() > 0.2


def test_below_the_bar_it_is_wrongly_refuted_less_often_still() -> None:
    assert share_refuted(0.93, 0.95, runs=20_000, errors=150) < 0.02


def test_above_the_bar_it_is_found_out() -> None:
    assert share_refuted(0.99, 0.95, runs=2_000, errors=20) > 0.95


@pytest.mark.parametrize(
    ("share", "median", "nine_in_ten"), [(0.99, 135, 245), (0.98, 245, 550), (0.97, 620, 1_500)]
)
def test_how_many_samples_it_takes_to_clear_the_bar(
    share: float, median: int, nine_in_ten: int
) -> None:
    """2,000 runs under a bar of 0.95; with every sample right it takes 88."""
    needed = boundary(0.95, 60)
    random = np.random.default_rng(1)
    times = random.geometric(1 - share, size=(2_000, 60)).cumsum(axis=1)
    cleared = times > needed
    took = np.where(cleared.any(axis=1), needed[cleared.argmax(axis=1)], 10**6)
    assert np.quantile(took, 0.5) <= median
    assert np.quantile(took, 0.9) <= nine_in_ten


def test_the_true_share_is_inside_the_bounds_at_all_looks() -> None:
    """The lower bound at 300 looks in each of 300 runs."""
    random = np.random.default_rng(11)
    missed = 0
    for outcomes in random.random((300, 300)) < 0.7:
        right = outcomes.cumsum()
        looks = ((n + 1, int(right[n])) for n in range(300))
        missed += any(log_evidence(n, k, 0.7) >= -math.log(ALPHA) for n, k in looks)
    assert missed / 300 < ALPHA


def alarms(shares: np.ndarray, bar: float, *, calm: float, seed: int) -> np.ndarray:
    """When the alarm rings in each run (a row of shares per sample); -1 if it never does."""
    random = np.random.default_rng(seed)
    odds = (1 - bar) / bar
    errors = np.asarray([2.0, 4.0, 8.0]) * odds
    errors /= 1 + errors
    values = np.zeros((len(shares), 3))
    rang = np.full(len(shares), -1)
    for n, column in enumerate(shares.T):
        is_right = random.random(len(shares)) < column
        right, wrong = (1 - errors) / bar, errors / (1 - bar)
        values = (1 + values) * np.where(is_right[:, None], right, wrong)
        rang = np.where((rang < 0) & (values.mean(axis=1) >= calm), n + 1, rang)
    return rang


def test_the_alarm_of_the_simulation_is_the_one_in_the_code() -> None:
    random = np.random.default_rng(3)
    outcomes = [bool(one) for one in random.random(200) < 0.9]
    first = next(n for n in range(201) if alarm(outcomes[:n], 0.95) >= 30)
    shares = np.asarray([outcomes], dtype=float)  # a share of 1 is right, of 0 is wrong
    assert alarms(shares, 0.95, calm=30, seed=0).tolist() == [first]


@pytest.mark.parametrize("bar", [0.8, 0.95])
def test_the_alarm_seldom_rings_at_the_bar(bar: float) -> None:
    """400 runs of 10,000 samples: on average after 1,000 or later, within 100 in one of ten."""
    rang = alarms(np.full((400, 10_000), bar), bar, calm=1_000, seed=5)
    waited = np.where(rang < 0, 10_000, rang)
    assert waited.mean() > 1_000
    assert (rang[rang > 0] < 100).mean() <= 100 / 1_000


@pytest.mark.parametrize(
    ("share", "median", "nine_in_ten"), [(0.9, 110, 251), (0.8, 30, 60), (0.5, 8, 15)]
)
def test_the_alarm_rings_soon_after_a_rule_went_bad(
    share: float, median: int, nine_in_ten: int
) -> None:
    """From 0.99 to the share, under a bar of 0.95, after 200 good samples."""
    shares = np.full((1_000, 1_000), share)
    shares[:, :200] = 0.99
    rang = alarms(shares, 0.95, calm=1_000, seed=13)
    late = rang[rang > 200] - 200
    assert len(late) >= 990, "hardly any false alarm before"
    assert np.quantile(late, 0.5) <= median
    assert np.quantile(late, 0.9) <= nine_in_ten
