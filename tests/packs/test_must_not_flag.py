"""The shipped pack on people's real words about terror: what it must leave alone.

Uses the development data, which is not part of the project; counts only, never a text.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from tocsin.clock import SystemClock
from tocsin.detectors import detect
from tocsin.features import compute
from tocsin.ingest import ADAPTERS, Batcher, file_batches, open_lines
from tocsin.pipeline import check, detectors
from tocsin.plugins import DetectorInput
from tocsin.policy import CompiledPolicy, load_pack
from tocsin.records import Decision, EventBatch, EventPolicy, Outcome


@pytest.fixture(scope="module")
def policy() -> CompiledPolicy:
    report = check(load_pack())
    assert report.policy is not None
    return report.policy


SETS = {
    "isis_hashtag_2017/about_terror_groups": 0.002,
    "isis_hashtag_2017/ordinary": 0.0002,
    "davidson/posts": 0.002,
    "mlma/posts_ar": 0.002,
    "mlma/posts_fr": 0.002,
    "mlma/posts_en": 0.002,
}
"""The share of each set that banks may open a case for."""

ORDINARY = "isis_hashtag_2017/ordinary"
EVERY = 8
"""The text models read one batch of so many: they are slower than banks by far."""

READ_AT_MOST = 0.01
READ_AT_MOST_OF_ORDINARY = 0.001
"""With the text models too. The sets of abuse (`davidson`, `mlma`) hold real threats."""


def test_talk_about_terror_and_ordinary_talk_open_hardly_any_case(
    policy: CompiledPolicy, dev_data: Path
) -> None:
    over = {}
    for name, ceiling in SETS.items():
        by_banks, by_all = _shares_opened(policy, dev_data / f"{name}.jsonl.gz")
        print(name, f"{by_banks:.4%} by banks, {by_all:.4%} with text models")
        read_at_most = READ_AT_MOST_OF_ORDINARY if name == ORDINARY else READ_AT_MOST
        if by_banks > ceiling or (name.startswith("isis") and by_all > read_at_most):
            over[name] = (by_banks, by_all)
    assert over == {}


def _shares_opened(policy: CompiledPolicy, path: Path) -> tuple[float, float]:
    """The share that banks open a case for, and that all rules do (of a part of the set)."""
    banks = {name for name in policy.signals if name.startswith("bank:")}
    by_banks, n_posts = _opened(policy, path, reads=banks)
    by_all, n_read = _opened(policy, path, reads=policy.signals, every=EVERY)
    assert n_posts > 1_000
    return len(by_banks) / n_posts, len(by_all) / n_read


def _opened(
    policy: CompiledPolicy, path: Path, *, reads: Collection[str], every: int = 1
) -> tuple[list[Decision], int]:
    """The decisions that open a case, and of how many posts."""
    found = detectors(policy.entries, reads=frozenset(reads))
    opened, n_posts = [], 0
    for number, batch in enumerate(_batches(path)):
        if number % every:
            continue
        n_posts += len(batch)
        features = compute(batch)
        given = DetectorInput(batch=batch, features=features, texts=features)
        opened += [
            decision
            for _, decision in policy.decide(batch, features, detect(given, found), {})
            if decision.outcome is not Outcome.ALLOW
        ]
    return opened, n_posts


def _batches(path: Path) -> Iterator[EventBatch]:
    batcher = Batcher(
        source="test",
        adapter=ADAPTERS["tocsin"],
        policy=EventPolicy(),
        clock=SystemClock(),
        max_events=256,
    )
    with open_lines(path) as reader:
        for batch in file_batches(reader, batcher):
            assert not batch.dead_letters
            yield batch.events


def test_quoting_counter_speech_is_left_alone(policy: CompiledPolicy, dev_data: Path) -> None:
    quoting = ("counter_quote_nh", "counter_ref_nh")
    path = dev_data / "hatecheck" / "cases.jsonl.gz"
    with gzip.open(path) as file:
        kind_of = {line["id"]: line["label"]["functionality"] for line in map(json.loads, file)}
    found, _ = _opened(policy, path, reads=policy.signals)
    opened = Counter(kind_of[decision.event] for decision in found)
    print(dict(opened))
    n_quoting = sum(kind in quoting for kind in kind_of.values())
    assert n_quoting > 100
    assert sum(opened[kind] for kind in quoting) <= 0.02 * n_quoting
