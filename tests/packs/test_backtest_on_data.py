"""A back-test on posts of real people: figures only; no text, handle or id leaves the data.

The changed pack asks a person about everybody who posts often in a day, which tells nothing about
anybody: the back-test has to show that it would.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tocsin.config import Settings
from tocsin.pipeline import activate_first, run_files
from tocsin.pipeline.backtest import BacktestRun
from tocsin.policy import PackSource, load_pack
from tocsin.store import Store, archive_events, backtests
from tocsin.store.backtests import ChangeFilter

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

OFTEN = {
    "id": "posts-often",
    "outcome": "review",
    "priority": 100,
    "when": "count(event, by=account, over=days(1)) >= 5",
    "examples": {
        "hit": [
            {"text": "e", "account": "a", "before": [{"text": t, "account": "a"} for t in "abcd"]}
        ],
        "miss": ["One post only."],
    },
}


def eager() -> PackSource:
    """The default pack with a rule that asks about everybody who posts often."""
    files = dict(load_pack().files)
    clause = yaml.safe_load(files["policy.yaml"])["clauses"][0]["id"]
    files["rules/eager.yaml"] = yaml.safe_dump([OFTEN | {"clause": clause}])
    return PackSource.from_files(files)


def test_a_coarse_rule_shows_what_it_would_do(dev_data: Path, tmp_path: Path) -> None:
    store = Store.open(Settings(database_url=f"sqlite:///{tmp_path / 'tocsin.db'}"))
    activate_first(store)
    source = str(dev_data / "isis_hashtag_2017" / "about_terror_groups.jsonl.gz")
    judged = run_files(store, [source], format_name="tocsin", max_events=4_096)
    archive_events(store)
    done = BacktestRun.begin(store, eager(), by="test", workers=2).run()
    assert done.figures is not None
    assert done.figures.events == judged.accepted
    assert 0.01 <= done.figures.new.subjects / judged.accepted <= 0.9
    assert done.figures.lost.subjects == 0
    (rule,) = [rule for rule in done.figures.rules if rule.rule == "posts-often"]
    assert (rule.hits_before, rule.new.subjects) == (0, done.figures.new.subjects)
    accounts = done.figures.accounts
    assert accounts[0].new >= 5
    assert done.figures.n_accounts < done.figures.new.subjects
    with store.read() as connection:
        where = ChangeFilter(rule="posts-often")
        n_changes = backtests.count_changes(connection, done.id, where)
        first = backtests.count_changes(
            connection, done.id, ChangeFilter(account=accounts[0].account)
        )
    assert n_changes == rule.new.subjects + rule.other
    assert first == accounts[0].total
    store.close()
