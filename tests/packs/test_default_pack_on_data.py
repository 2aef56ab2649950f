"""The default pack on texts that nobody wrote for it: how often it would ask a person.

Counts only; the texts are not part of the project. No phrase was taken from them, but counts of
hits told which phrases were too coarse: a guard against regressions, not an unseen sample.
"""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tocsin.clock import SystemClock
from tocsin.ingest import ADAPTERS, Batcher, file_batches, open_lines
from tocsin.pipeline import Engine, check, detectors
from tocsin.policy import load_pack
from tocsin.records import EventPolicy, Outcome

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def engine() -> Engine:
    policy = check(load_pack()).policy
    assert policy is not None
    return Engine(
        policy=policy, detectors=detectors(policy.entries, reads=policy.signals), versions={}
    )


def opened(engine: Engine, path: Path) -> Iterator[str]:
    """The ids of the events about which a person would be asked."""
    with open_lines(str(path)) as reader:
        batcher = Batcher(
            source="data",
            adapter=ADAPTERS["tocsin"],
            policy=EventPolicy(),
            clock=SystemClock(),
            max_events=4_096,
        )
        for batch in file_batches(reader, batcher):
            decided = engine.judge(batch.events).decisions
            yield from {d.event for d in decided if d.outcome is not Outcome.ALLOW}


def labels(path: Path, key: str) -> dict[str, str]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        events = map(json.loads, lines)
        return {event["id"]: event["label"][key] for event in events}


@pytest.mark.parametrize(("name", "at_most"), [("about_terror_groups", 0.005), ("ordinary", 0.001)])
def test_speaking_about_terrorists_and_about_cricket_is_left_alone(
    engine: Engine, dev_data: Path, name: str, at_most: float
) -> None:
    path = dev_data / "isis_hashtag_2017" / f"{name}.jsonl.gz"
    assert sum(1 for _ in opened(engine, path)) <= at_most * len(labels(path, "topic"))


def test_answers_to_hate_are_left_alone_and_some_threats_found(
    engine: Engine, dev_data: Path
) -> None:
    path = dev_data / "hatecheck" / "cases.jsonl.gz"
    kinds = labels(path, "functionality")
    total = Counter(kinds.values())
    found = Counter(kinds[event] for event in opened(engine, path))
    for kind in ("counter_quote_nh", "counter_ref_nh"):
        assert found[kind] <= 0.02 * total[kind]
    threats = ("threat_dir_h", "threat_norm_h")
    share = sum(found[kind] for kind in threats) / sum(total[kind] for kind in threats)
    assert share >= 0.2  # phrases alone see no more: the text models are for the rest
