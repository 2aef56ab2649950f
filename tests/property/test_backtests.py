"""A back-test finds what judging live found, however the log is cut and whatever the range.

Windows are counted ahead far enough, and not too far.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.pipeline.test_backtest import WINDOWS, pack, stored_hits
from tests.support.runs import judge, open_store
from tocsin.config import Settings
from tocsin.errors import InputError
from tocsin.pipeline import Live, activate
from tocsin.pipeline.backtest import BacktestRun
from tocsin.pipeline.backtest.chunks import judge_chunk
from tocsin.pipeline.backtest.pair import Pair
from tocsin.pipeline.backtest.tally import Tally
from tocsin.policy import PackSource
from tocsin.store import Store, archive_events
from tocsin.testing import FakeClock

START = datetime(2026, 1, 16, tzinfo=UTC)
SHORT = {name: WINDOWS[name] for name in ("busy", "copied")}

events = st.lists(
    st.tuples(
        st.integers(0, 2),  # account
        st.integers(0, 1),  # text
        st.sampled_from((0, 3, 90, 700, 2_000)),  # minutes since the event before
        st.sampled_from((0, 0, 0, 5, 800, 3_000)),  # how late it is, in minutes
    ),
    min_size=4,
    max_size=40,
)
cuts = st.sets(st.integers(1, 39), max_size=6)
hours = st.none() | st.integers(0, 24 * 20)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with its policy and no event."""
    folder = tmp_path_factory.mktemp("template")
    store = open_store(f"sqlite:///{folder / 'tocsin.db'}", folder, clock=FakeClock(START))
    activate(store, PackSource.from_files(pack(windows=SHORT)), by="test", reason="windows")
    store.close()
    return folder


def line(number: int, account: int, text: int, at: datetime) -> bytes:
    event: dict[str, Any] = {
        "id": f"e{number}",
        "type": "post.created",
        "at": at.isoformat(),
        "actor": {"id": f"a{account}", "handle": f"a{account}"},
        "post": {"id": f"p{number}", "text": ("The ferry is late.", "Fresh bread!")[text]},
    }
    return json.dumps(event).encode()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=events, cut=cuts, since=hours, until=hours, n_chunks=st.integers(1, 6))
def test_chunks_find_what_was_found_live(
    template: Path,
    made: list[tuple[int, int, int, int]],
    cut: set[int],
    since: int | None,
    until: int | None,
    n_chunks: int,
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(shutil.copytree(template, Path(name) / "store"))
        clock = FakeClock(START)
        store = Store(
            Settings(
                database_url=f"sqlite:///{folder / 'tocsin.db'}", data_dir=str(folder / "data")
            ),
            clock,
        )
        live = Live.open(store)
        for number, (account, text, minutes, late) in enumerate(made):
            now = clock.advance(timedelta(minutes=minutes))
            judge(store, [line(number, account, text, now - timedelta(minutes=late))], live=live)
            if number in cut:
                archive_events(store)
        bounds = [None if one is None else START + timedelta(hours=one) for one in (since, until)]
        if None not in bounds and bounds[0] >= bounds[1]:  # type: ignore[operator]  # both are there
            bounds.reverse()
        if bounds[0] != bounds[1] or bounds[0] is None:
            assert _found(store, bounds, n_chunks) == stored_hits(store, *bounds)
        live.close()
        store.close()


def _found(
    store: Store, bounds: list[datetime | None], n_chunks: int
) -> dict[tuple[str, str], set[str]]:
    """Subject -> rules, from every chunk for itself."""
    files = pack(windows=SHORT)
    try:
        run = BacktestRun.begin(
            store,
            PackSource.from_files(files),
            by="test",
            since=bounds[0],
            until=bounds[1],
            workers=n_chunks,
        )
    except InputError:  # no stretch has an event of that range
        return {}
    pair = Pair.of(run.source)
    whole = Tally()
    for chunk in run.plan.chunks:
        with store.read() as connection:
            whole.merge(judge_chunk(store, connection, pair, run.plan, chunk, lambda _n: None))
    return {key: seen.rules_after for key, seen in whole.seen.items()}
