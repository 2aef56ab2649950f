"""The text models in the pipeline: asked before the log is held, and the same on every path."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support import runs
from tests.support.runs import decided, judge, open_store
from tests.support.tiny_model import tiny_model, tiny_weights
from tocsin.detectors import text_models
from tocsin.errors import InputError
from tocsin.nlp.remembered import PostJudge
from tocsin.nlp.scorer import JudgedPost
from tocsin.nlp.types import PostText
from tocsin.nlp.weights import write_weights
from tocsin.pipeline import Live, activate, batch_to_check, check, run_examples
from tocsin.pipeline.backtest.pair import Pair, PairSource, Side
from tocsin.policy import PackSource
from tocsin.records import EventPolicy
from tocsin.store import Store, banks
from tocsin.testing import FakeClock, bank_entry, batch_of, post_event

THREAT = "I will kill you tomorrow outside your office"
RULES = f"""\
- id: threat
  clause: terror.support
  when: signal("threat_review").score == 1 and post.views < 100
  outcome: review
  priority: 300
  examples:
    hit: [{{text: "{THREAT}", views: 3}}]
    miss: [{{text: "{THREAT}", views: 300}}, {{text: The tram was late, views: 3}}]
"""
PACK = {**runs.PACK, "rules/text.yaml": RULES}


class Watched:
    """A model that notes what it is asked, and whether somebody could write meanwhile."""

    def __init__(self, model: PostJudge) -> None:
        self.version = model.version
        self.weights = model.weights
        self.asked: list[str] = []
        self.path: Path | None = None
        self._model = model

    def judge(self, posts: Sequence[PostText]) -> list[JudgedPost]:
        self.asked += [post.text for post in posts]
        if self.path is not None:
            other = sqlite3.connect(self.path, timeout=0, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
            other.close()
        return self._model.judge(posts)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Watched:
    watched = Watched(tiny_model())
    monkeypatch.setattr(text_models, "loaded", lambda _folder="": watched)
    return watched


@pytest.fixture
def store(tmp_path: Path, model: Watched) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'tocsin.db'}", tmp_path, clock=FakeClock())
    activate(opened, PackSource.from_files(PACK), by="test", reason="to read text")
    model.asked.clear()
    yield opened
    opened.close()


def line(number: int, text: str, views: int = 3) -> bytes:
    return b'{"id":"n%d","type":"post.created","post":{"id":"p%d","text":"%s","views":%d}}' % (
        number,
        number,
        text.encode(),
        views,
    )


def test_models_are_asked_before_the_log_is_held(
    store: Store, model: Watched, tmp_path: Path
) -> None:
    live = Live.open(store)
    model.path = tmp_path / "tocsin.db"
    summary = judge(store, [line(1, THREAT), line(2, "The tram was late")], live=live)
    assert summary.new_decisions == 1
    assert model.asked == [THREAT, "The tram was late"]


def test_a_bank_that_changed_meanwhile_has_them_asked_again_outside(
    store: Store, model: Watched, tmp_path: Path
) -> None:
    live = Live.open(store)
    with store.write("editor") as transaction:
        banks.edit(transaction, [bank_entry("x", bank="slogans")], by="a", reason="seen today")
    model.path = tmp_path / "tocsin.db"
    assert judge(store, [line(1, THREAT)], live=live).new_decisions == 1
    assert model.asked == [THREAT, THREAT]  # `Remembered` would look the second one up


def test_only_rows_where_a_rule_can_still_hit_are_read(store: Store, model: Watched) -> None:
    judge(store, [line(1, THREAT, views=500), line(2, THREAT)])
    assert model.asked == [THREAT]


def test_what_came_before_is_not_read_again(store: Store, model: Watched) -> None:
    live = Live.open(store)
    judge(store, [line(1, THREAT)], live=live)
    model.asked.clear()
    judge(store, [line(1, THREAT)], live=live)
    assert model.asked == []
    judge(store, [line(1, THREAT), line(2, f"{THREAT}!")], live=live)
    assert len(decided(store)) == 2


def test_a_check_and_a_back_test_read_as_the_stream_does(store: Store) -> None:
    live = Live.open(store)
    now = store.clock.now()
    looked = live.look(batch_to_check(line(1, THREAT), now=now, policy=EventPolicy()))
    [decision] = looked.decisions
    assert [signal.name for signal in decision.signals] == ["threat_review"]

    sides = [Side(files=files, entries=()) for files in (runs.PACK, PACK)]
    pair = Pair.of(PairSource(before=sides[0], after=sides[1], lateness_s=0))
    before, after = pair.judge(batch_of(post_event(THREAT, views=3)), None)
    assert before == []
    assert [one.signals for _, one in after] == [decision.signals]


def test_examples_of_rules_are_held_against_the_models() -> None:
    report = check(PackSource.from_files(PACK))
    assert report.policy is not None, report.render()


def test_examples_are_kept(store: Store) -> None:
    report = check(PackSource.from_files(PACK))
    assert report.policy is not None, report.render()
    assert all(one.is_kept for one in run_examples(report.policy, store.clock))


def test_another_version_of_the_weights_decides_new_events_only(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge(store, [line(1, THREAT)])
    [before] = decided(store)
    other = tiny_model(version="ba9876543210")
    monkeypatch.setattr(text_models, "loaded", lambda _folder="": other)
    judge(store, [line(1, THREAT), line(2, THREAT)])
    made = decided(store)
    assert made[0] == before
    assert b"ba9876543210" in made[1]
    assert b"0123456789ab" in made[0]


def test_a_pack_that_reads_no_text_loads_no_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_folder: str = "") -> PostJudge:
        raise AssertionError

    monkeypatch.setattr(text_models, "loaded", refuse)
    opened = open_store(f"sqlite:///{tmp_path / 'plain.db'}", tmp_path, clock=FakeClock())
    assert judge(opened, [line(1, THREAT)]).accepted == 1
    opened.close()


def test_a_deployment_may_bring_weights_of_its_own(tmp_path: Path) -> None:
    gate = dict.fromkeys(("support", "incitement", "threat", "affinity"), 99.0)
    version = write_weights(tmp_path / "weights", tiny_weights(gate=gate))
    text_model = str(tmp_path / "weights")
    opened = open_store(
        f"sqlite:///{tmp_path / 'own.db'}", tmp_path, clock=FakeClock(), text_model_dir=text_model
    )
    activate(opened, PackSource.from_files(PACK), by="test", reason="to read text")
    judge(opened, [line(1, THREAT)])
    [made] = decided(opened)
    assert version.encode() in made
    opened.close()


def test_weights_that_are_not_there_are_named(tmp_path: Path) -> None:
    report = check(PackSource.from_files(PACK))
    assert report.policy is not None, report.render()
    with pytest.raises(InputError, match="weights of text models") as refused:
        run_examples(report.policy, FakeClock(), (), str(tmp_path / "nothing"))
    assert str(tmp_path / "nothing") in str(refused.value.where)
