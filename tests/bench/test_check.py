"""The benchmark of checks runs and speaks its format; how fast anything is, no test says."""

from __future__ import annotations

from tocsin.bench.check import CheckSizes, bench_check

SMALL = CheckSizes(
    rules=3,
    phrases=9,
    compile_rules=4,
    compile_phrases=12,
    warm=2,
    checks=6,
    http_checks=8,
    clients=2,
)


def test_every_figure_says_what_it_is() -> None:
    found = list(bench_check(sizes=SMALL))
    told = [(m.measure, m.params.get("percentile"), m.params.get("via"), m.unit) for m in found]
    assert told == [
        ("compile_s", None, None, "s"),
        ("check_ms", 50, "process", "ms"),
        ("check_ms", 99, "process", "ms"),
        ("check_ms", 50, "http", "ms"),
        ("check_ms", 99, "http", "ms"),
        ("check_requests_per_s", None, "http", "requests/s/core"),
    ]
    for figure in found:
        assert figure.value > 0
    assert found[0].params == {"rules": 4, "phrases": 12}
    assert {"rules": 3, "phrases": 9, "windows": 6}.items() <= found[-1].params.items()
