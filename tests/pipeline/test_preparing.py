"""Packs are compiled before they are in force, and nothing decides differently for it."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.test_live import NO_SLOGANS, changed_pack, edit, hits
from tests.support.runs import PACK, open_store
from tocsin.pipeline import Live, Preparing, activate
from tocsin.pipeline.packs import prepare
from tocsin.store import prepared

SLOGAN = "The dawn of iron rises tonight."
BANK = "banks/slogans.yaml"
MORE_SLOGANS = changed_pack(
    **{BANK: PACK[BANK].replace("entries:\n", "entries:\n- harbour bells at dawn\n")}
)


def test_a_prepared_pack_is_taken_over_as_it_was_compiled(
    database_url: str, tmp_path: Path
) -> None:
    store = open_store(database_url, tmp_path)
    live = Live.open(store)
    policy = live.prepare(MORE_SLOGANS)
    assert live.policy is not policy
    assert hits(live, "harbour bells at dawn") == 0, "it is not in force"
    activate(store, MORE_SLOGANS, by="test", reason="more slogans")
    assert hits(live, "harbour bells at dawn") == 1
    assert hits(live, SLOGAN) == 1
    assert live.policy is policy
    store.close()


def test_a_pack_that_another_process_prepares_is_found(database_url: str, tmp_path: Path) -> None:
    store, other = (open_store(database_url, tmp_path) for _ in range(2))
    live = Live.open(store)
    preparing = Preparing(live)
    assert not preparing.look()
    prepare(other, NO_SLOGANS)
    assert preparing.look()
    assert not preparing.look(), "it was compiled already"
    assert hits(live, SLOGAN) == 1
    activate(other, NO_SLOGANS, by="test", reason="no slogans")
    assert hits(live, SLOGAN) == 0
    with store.read() as connection:
        assert prepared.version(connection) is None
    store.close()
    other.close()


def test_a_pack_that_cannot_be_compiled_is_left_alone(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url, tmp_path)
    live = Live.open(store)
    preparing = Preparing(live)
    prepare(store, changed_pack(**{"rules/rules.yaml": "- id: x"}))
    assert not preparing.look()
    assert live.problem is None
    assert hits(live, SLOGAN) == 1
    store.close()


def test_a_thread_prepares_until_it_is_stopped(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url, tmp_path)
    preparing = Preparing(Live.open(store))
    preparing.start()
    assert any(thread.name == "tocsin-preparing" for thread in threading.enumerate())
    preparing.stop()
    assert not any(thread.name == "tocsin-preparing" for thread in threading.enumerate())
    store.close()


def test_a_bank_edit_between_preparing_and_activating_is_kept(
    sqlite_url: str, tmp_path: Path
) -> None:
    store = open_store(sqlite_url, tmp_path)
    live = Live.open(store)
    live.prepare(MORE_SLOGANS)
    edit(store, "gulls over the pier")
    activate(store, MORE_SLOGANS, by="test", reason="more slogans")
    for text in ("gulls over the pier", "harbour bells at dawn", SLOGAN):
        assert hits(live, text) == 1
    store.close()


@pytest.mark.usefixtures("_no_collector")
def test_what_was_replaced_is_freed_without_the_collector(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url, tmp_path)
    live = Live.open(store)
    first = weakref.ref(live.policy)
    for source in (NO_SLOGANS, MORE_SLOGANS, NO_SLOGANS):
        activate(store, source, by="test", reason="another")
        hits(live, SLOGAN)
    assert first() is None
    store.close()


@pytest.fixture
def _no_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()
