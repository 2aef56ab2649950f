"""When rules are promoted and demoted, over many simulated reviewers: the levels that we state."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from tocsin.records import ALPHA
from tocsin.review.automation import is_alarming, is_enough, is_used_up


def changes(outcomes: Iterable[bool], bar: float) -> list[tuple[int, str]]:
    """What becomes of a rule whose samples are judged one after the other.

    As `check_samples` does: everything is counted anew after a demotion; whoever confirms does so
    at once, which is the worst case for flapping.
    """
    found: list[tuple[int, str]] = []
    n = k = 0
    lately: list[bool] | None = None
    for number, is_right in enumerate(outcomes, 1):
        n, k = n + 1, k + is_right
        if lately is None:
            if is_enough(n, k, bar):
                found.append((number, "earned"))
                lately = []
            continue
        lately.append(is_right)
        if is_alarming(lately, bar) or is_used_up(n, k, bar):
            found.append((number, "demoted"))
            n, k, lately = 0, 0, None
    return found


def runs(share: float, *, n_runs: int, n_samples: int, seed: int) -> list[list[bool]]:
    random = np.random.default_rng(seed)
    drawn = random.random((n_runs, n_samples)) < share
    return [[bool(one) for one in row] for row in drawn]


@pytest.mark.parametrize("share", [0.9, 0.88])
def test_few_rules_are_promoted_wrongly_over_many_looks(share: float) -> None:
    """A look after each of 600 samples; precision at the bar of 0.9, or just below."""
    promoted = sum(
        bool(changes(outcomes, 0.9)) for outcomes in runs(share, n_runs=200, n_samples=600, seed=17)
    )
    assert promoted / 200 <= ALPHA


def test_a_rule_at_its_bar_does_not_flap() -> None:
    """With promotions once in twenty epochs or less, two in one run are rarer than one in 400."""
    counted = [
        len(changes(outcomes, 0.8)) for outcomes in runs(0.8, n_runs=200, n_samples=800, seed=19)
    ]
    assert max(counted) <= 3
    assert sum(counted) / 200 <= 2 * ALPHA


def test_a_rule_that_was_promoted_by_chance_is_found_out() -> None:
    """Begin where 43 of 43 were right: evidence of 20 that is used up by what follows."""
    lost = 0
    for outcomes in runs(0.8, n_runs=100, n_samples=400, seed=23):
        found = changes([True] * 43 + outcomes, 0.9)
        assert found[0] == (43, "earned")
        lost += len(found) > 1 and found[1][0] - 43 <= 100
    assert lost >= 95


def test_a_good_rule_is_promoted_and_keeps_it() -> None:
    """0.99 under a bar of 0.95: confirmed soon, and never lost in 500 samples."""
    earned_after = []
    for outcomes in runs(0.99, n_runs=25, n_samples=500, seed=29):
        found = changes(outcomes, 0.95)
        assert [what for _, what in found] == ["earned"]
        earned_after.append(found[0][0])
    assert np.median(earned_after) <= 200


def test_a_drifting_rule_is_demoted_in_time() -> None:
    """0.99, then 0.8, under a bar of 0.95: the mean is 36 samples, nine in ten within 80."""
    delays = []
    for before, after in zip(
        runs(0.995, n_runs=60, n_samples=250, seed=31),
        runs(0.8, n_runs=60, n_samples=150, seed=37),
        strict=True,
    ):
        found = changes(before + after, 0.95)
        if [what for _, what in found[:2]] == ["earned", "demoted"] and found[1][0] > 250:
            delays.append(found[1][0] - 250)
    assert len(delays) >= 55
    assert np.mean(delays) <= 50
    assert np.quantile(delays, 0.9) <= 80
