"""`tocsin policy automation`, `automate`, `demote` and `tocsin alerts`, as a user runs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.earning import BAR, judge_all, new_store, take
from tests.support.runs import Ran, run_command
from tocsin.matching import fewest_more
from tocsin.pipeline import Live
from tocsin.records import ALPHA, SampleAnswer
from tocsin.store import Store
from tocsin.testing import FakeClock

N_NEEDED = fewest_more(0, 0, BAR, ALPHA)
HIDE = ("slogan", "--language", "en", "--action", "hide", "--reason", "as measured")


class Tocsin:
    """The program over one database."""

    def __init__(self, store: Store, capfd: pytest.CaptureFixture[str]) -> None:
        self.store = store
        self._capfd = capfd

    def __call__(self, *words: str, status: int = 0) -> Ran:
        settings = self.store.settings
        where = ("--db", settings.database_url, "--data-dir", str(settings.folder))
        ran = run_command(self._capfd, *words, *where)
        assert ran.status == status, ran.err
        return ran


@pytest.fixture
def tocsin(sqlite_url: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Iterator[Tocsin]:
    store = new_store(sqlite_url, tmp_path, FakeClock())
    yield Tocsin(store, capfd)
    store.close()


def test_where_rules_stand(tocsin: Tocsin) -> None:
    live = Live.open(tocsin.store)
    (bar,) = tocsin("policy", "automation", "--json").json
    assert (bar["rule"], bar["bar"], bar["n_sampled"]) == ("slogan", BAR, 0)
    assert "slogan" in tocsin("policy", "automation").out
    take(live, range(10))
    judge_all(live, lambda _: SampleAnswer.VIOLATION, most=8)
    (row,) = tocsin("policy", "automation", "slogan", "--json").json
    assert row["stratum"]["language"] == "en"
    assert (row["n_sampled"], row["n_judged"], row["n_violations"]) == (10, 8, 8)
    assert row["fewest_more"] == row["expected_more"] == N_NEEDED - 8
    shown = tocsin("policy", "automation").out.splitlines()
    assert shown[0].split() == [
        "RULE", "VERSION", "LANG", "ACTION", "STATE", "SAMPLED", "JUDGED", "VIOLATIONS", "LOWER",
        "BAR", "FEWEST", "EXPECTED",
    ]  # fmt: skip
    assert str(N_NEEDED - 8) in shown[1]
    assert (
        "no such rule could act by itself" in tocsin("policy", "automation", "other", status=2).err
    )


def test_confirm_demote_and_acknowledge(tocsin: Tocsin) -> None:
    live = Live.open(tocsin.store)
    take(live, range(25))
    early = tocsin("policy", "automate", *HIDE, "--by", "lead", status=2)
    assert "only what is `eligible` can be confirmed" in early.err
    judge_all(live, lambda _: SampleAnswer.VIOLATION)
    assert "automation.eligible" in tocsin("alerts").out
    done = tocsin("policy", "automate", *HIDE, "--by", "lead")
    assert "slogan does hide by itself in en" in done.out
    assert tocsin("alerts").out.splitlines()[-1] == "0 alerts"

    take(live, [100])
    (decision,) = tocsin("decisions", "--event", "event-100", "--json").json
    assert decision["automatic"] == ["hide"]
    tocsin("policy", "demote", *HIDE, "--by", "lead")
    take(live, [101])
    (decision,) = tocsin("decisions", "--event", "event-101", "--json").json
    assert "automatic" not in decision
    (alert,) = tocsin("alerts", "--json").json
    assert (alert["kind"], alert["message"]) == ("automation.demoted", "as measured")
    assert tocsin("alerts", "--acknowledge", alert["id"], "--json").json == []
    assert len(tocsin("alerts", "--all", "--json").json) == 2
    tocsin("alerts", "--acknowledge", alert["id"], status=2)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("other", "--language", "en", "--action", "hide"), "has no such rule"),
        (("slogan", "--language", "en", "--action", "hid"), "there is no such action"),
        (("slogan", "--language", "xx", "--action", "hide"), "has earned nothing there"),
    ],
)
def test_what_cannot_be_meant_is_refused(tocsin: Tocsin, words: tuple[str, ...], told: str) -> None:
    Live.open(tocsin.store)
    ran = tocsin("policy", "demote", *words, "--reason", "r", status=2)
    assert told in ran.err
