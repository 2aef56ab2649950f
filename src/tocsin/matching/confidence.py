"""How sure a share is: bounds that hold at every look, and an alarm for when it falls.

Comes in: how many of how many samples were right, one after the other. Goes out: evidence that
the true share is above a bar, bounds, how many samples are still needed, and an alarm. Always
holds: whoever looks after every single sample, and stops when it suits, is wrong no more often
than stated; nothing here knows what was sampled. `wilson` alone is for one look at a sample.

The evidence is a mixture of likelihood ratios against `bar` over all shares above it, uniformly:

    evidence(n, k, bar) = ∫ (q / bar)^k ((1 - q) / (1 - bar))^(n - k) dq / (1 - bar),  bar < q < 1

While the chance of each sample, given those before it, is at most `bar`, every one of the ratios
is a non-negative supermartingale that starts at 1, and so is their mean: the chance that it *ever*
reaches 1/α is at most α (Ville 1939). The integral is strictly decreasing in `bar`, so that the
bars that it does not refute form an interval: a confidence sequence.

Sources: H. Robbins, "Statistical methods related to the law of the iterated logarithm", Ann. Math.
Stat. 41 (1970); S. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, "Time-uniform, nonparametric,
nonasymptotic confidence sequences", Ann. Stat. 49 (2021), the one-sided beta-binomial mixture;
J. Shin, A. Ramdas, A. Rinaldo, "E-detectors: a nonparametric framework for sequential change
detection", New England J. Stat. Data Sci. 2 (2024).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

__all__ = [
    "alarm",
    "expected_more",
    "fewest_more",
    "log_evidence",
    "lower_bound",
    "upper_bound",
    "wilson",
]

_STEPS = 50
"""Halvings of an interval of length 1: more digits than a float of this size has."""

_MOST = 1_000_000
"""Samples beyond which "how many more" has no useful answer."""

_ODDS = (2.0, 4.0, 8.0)
"""By how much the odds of an error may have grown, as the alarm looks for it: from a rule that is
slowly worn down to one whose subject suddenly changed. Below twice the odds no quick alarm is
possible; beyond eight times every one of them is quick."""


def log_evidence(n: int, k: int, bar: float) -> float:
    """Natural logarithm of the evidence that a share is above `bar`, of `k` right among `n`.

    Shapes: `0 <= k <= n`, `0 < bar < 1`. 0 without a sample; `log(20)` refutes at 95 %.

    >>> round(math.exp(log_evidence(88, 88, 0.95)), 1)
    20.3
    """
    wrong = n - k
    log_beta = math.lgamma(k + 1) + math.lgamma(wrong + 1) - math.lgamma(n + 2)
    log_ratio = -k * math.log(bar) - (wrong + 1) * math.log1p(-bar)
    return log_beta + log_ratio + _log_at_least(wrong + 1, n + 1, 1 - bar)


def lower_bound(n: int, k: int, alpha: float) -> float:
    """A share that the true one exceeds at all looks together with probability `1 - alpha`.

    >>> lower_bound(0, 0, 0.05), round(lower_bound(88, 88, 0.05), 3)
    (0.0, 0.95)
    """
    if k == 0:
        return 0.0
    wanted = -math.log(alpha)
    low, high = 0.0, k / n
    for _ in range(_STEPS):
        middle = (low + high) / 2
        is_refuted = middle < 1 and log_evidence(n, k, middle) >= wanted
        low, high = (middle, high) if is_refuted else (low, middle)
    return low


def upper_bound(n: int, k: int, alpha: float) -> float:
    """A share that the true one stays below, as `lower_bound`."""
    return 1 - lower_bound(n, n - k, alpha)


def fewest_more(n: int, k: int, bar: float, alpha: float) -> int:
    """How many samples more, if all are right, until the lower bound exceeds the bar.

    >>> fewest_more(0, 0, 0.95, 0.05), fewest_more(88, 88, 0.95, 0.05)
    (88, 0)
    """
    found = _first(lambda more: log_evidence(n + more, k + more, bar) >= -math.log(alpha))
    return _MOST if found is None else found


def expected_more(n: int, k: int, bar: float, alpha: float) -> int | None:
    """How many samples more at the rate so far; None where that rate does not lead there.

    >>> expected_more(50, 49, 0.95, 0.05), expected_more(50, 40, 0.95, 0.05)
    (321, None)
    """
    if n == 0 or k / n <= bar:
        return None
    rate = k / n

    def is_enough(more: int) -> bool:
        return log_evidence(n + more, k + int(more * rate), bar) >= -math.log(alpha)

    return _first(is_enough)


def alarm(outcomes: Iterable[bool], bar: float) -> float:
    """How strongly a sequence of samples says that the share fell below `bar` at some time.

    A Shiryaev-Roberts e-detector: while the chance of each sample to be right is at least `bar`,
    whoever acts at the first value of `c` or more does so after `c` samples or later, on average.

    >>> alarm([True] * 30, 0.95) < 10 < 1_000 < alarm([True] * 30 + [False] * 5, 0.95)
    True
    """
    odds = (1 - bar) / bar
    errors = [grown * odds / (1 + grown * odds) for grown in _ODDS]
    factors = [((1 - error) / bar, error / (1 - bar)) for error in errors]
    values = [0.0] * len(_ODDS)
    for is_right in outcomes:
        values = [
            (1 + value) * (right if is_right else wrong)
            for value, (right, wrong) in zip(values, factors, strict=True)
        ]
    return sum(values) / len(values)


def _first(is_enough: Callable[[int], bool]) -> int | None:
    """The smallest number that is enough, of a condition that stays true once it is."""
    high = 1
    if is_enough(0):
        return 0
    while not is_enough(high):
        high *= 2
        if high > _MOST:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def _log_at_least(least: int, n: int, p: float) -> float:
    """Logarithm of the chance of at least `least` successes of `n`, each of chance `p`."""
    if least > n * p:
        return _log_term(least, n, p) + math.log(_sum_up(least, n, p / (1 - p)))
    below = math.exp(_log_term(least - 1, n, p)) * _sum_down(least - 1, n, p / (1 - p))
    return math.log1p(-min(below, 1 - 1e-15))


def _log_term(j: int, n: int, p: float) -> float:
    choose = math.lgamma(n + 1) - math.lgamma(j + 1) - math.lgamma(n - j + 1)
    return choose + j * math.log(p) + (n - j) * math.log1p(-p)


def _sum_up(start: int, n: int, odds: float) -> float:
    """The terms of a binomial from `start` upwards, as multiples of the first."""
    term = total = 1.0
    for j in range(start, n):
        term *= (n - j) / (j + 1) * odds
        total += term
        if term < total * 1e-17:
            break
    return total


def _sum_down(start: int, n: int, odds: float) -> float:
    """The terms of a binomial from `start` downwards, as multiples of the first."""
    term = total = 1.0
    for j in range(start, 0, -1):
        term *= j / (n - j + 1) / odds
        total += term
        if term < total * 1e-17:
            break
    return total


Z_95 = 1.959963984540054
"""The 97.5 % quantile of the normal distribution."""


def wilson(right: int, judged: int, z: float = Z_95) -> tuple[float, float] | None:
    """The Wilson score interval of a share; None without observations.

    Wilson, E. B. (1927), Journal of the American Statistical Association 22, 209-212.

    >>> [round(bound, 3) for bound in wilson(9, 10)]
    [0.596, 0.982]
    """
    if judged == 0:
        return None
    share, spread = right / judged, z * z / judged
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / judged + spread / (4 * judged))
    return max(0.0, middle - half), min(1.0, middle + half)
