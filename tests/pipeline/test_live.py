"""Banks and policies take effect at once in a pipeline that runs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.runs import PACK, decided, judge, open_store
from tocsin.errors import CheckFailedError, InputError
from tocsin.pipeline import Live, activate
from tocsin.policy import PackSource
from tocsin.records import BankKind, EntryKind, EntryState, entry_id
from tocsin.store import Store, audit, banks, log, policies
from tocsin.testing import FakeClock, bank_entry

_COUNT = iter(range(1_000_000))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(database_url: str, tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    opened = open_store(database_url, tmp_path, clock=clock)
    yield opened
    opened.close()


def hits(live: Live, text: str) -> int:
    """How many decisions a post with this text leads to."""
    line = b'{"id":"n%d","type":"post.created","post":{"id":"p%d","text":"%s"}}'
    number = next(_COUNT)
    summary = judge(live.store, [line % (number, number, text.encode())], live=live)
    assert summary.accepted == 1
    return summary.new_decisions


def edit(store: Store, *values: str, **fields: object) -> None:
    entries = [bank_entry(value, bank="slogans", **fields) for value in values]  # type: ignore[arg-type]  # fields of an entry
    with store.write("editor") as transaction:
        banks.edit(transaction, entries, by="analyst", reason="seen today")


def changed_pack(**changes: str) -> PackSource:
    return PackSource.from_files({**PACK, **changes})


NO_SLOGANS = changed_pack(
    **{
        "rules/rules.yaml": PACK["rules/rules.yaml"].replace(
            'text in bank("slogans")', 'contains(lower(text), "vanguard of the iron dawn")'
        ).replace("The dawn of iron rises tonight.", "The Vanguard of the Iron Dawn is here.")
    }
)  # fmt: skip


def test_a_bank_edit_takes_effect_with_the_next_batch(store: Store) -> None:
    live = Live.open(store)
    assert hits(live, "iron never sleeps") == 0
    edit(store, "iron never sleeps")
    assert hits(live, "iron never sleeps") == 1
    edit(store, "iron never sleeps", state=EntryState.RETIRED)
    assert hits(live, "iron never sleeps") == 0
    assert hits(live, "dawn of iron rises") == 1


def test_a_decision_names_the_banks_that_it_read(store: Store) -> None:
    live = Live.open(store)
    hits(live, "dawn of iron rises")
    edit(store, "iron never sleeps")
    hits(live, "dawn of iron rises")
    before, after = (line.split(b'"versions":')[1] for line in decided(store))
    assert before != after


def test_a_note_changes_nothing_that_decides(store: Store) -> None:
    live = Live.open(store)
    edit(store, "iron never sleeps")
    hits(live, "dawn of iron rises")
    edit(store, "iron never sleeps", note="seen on a wall")
    hits(live, "dawn of iron rises")
    before, after = (line.split(b'"versions":')[1] for line in decided(store))
    assert before == after


def test_an_activated_policy_takes_effect_with_the_next_batch(store: Store) -> None:
    live = Live.open(store)
    assert hits(live, "dawn of iron rises") == 1
    activate(store, NO_SLOGANS, by="lead", reason="a trial")
    assert hits(live, "dawn of iron rises") == 0
    assert hits(live, "the Vanguard of the Iron Dawn") == 1
    assert live.policy.version == NO_SLOGANS.version


def test_a_pack_with_mistakes_is_not_activated(store: Store) -> None:
    live = Live.open(store)
    before = live.policy.version
    broken = changed_pack(**{"rules/rules.yaml": "- id: x"})
    unkept = changed_pack(
        **{"rules/rules.yaml": PACK["rules/rules.yaml"].replace("dawn of iron rises", "sun sets")}
    )
    for source, told in ((broken, "mistakes"), (unkept, "examples")):
        with pytest.raises(CheckFailedError, match=told) as caught:
            activate(store, source, by="lead", reason="a trial")
        assert caught.value.hint
    assert hits(live, "dawn of iron rises") == 1
    assert live.policy.version == before
    assert live.problem is None


def test_a_policy_that_cannot_compile_keeps_the_old_engine_and_says_so(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    live = Live.open(store)
    before = live.policy.version
    with store.write("other-version") as transaction:
        policies.activate(transaction, "0" * 32, {"policy.yaml": "x: ["}, by="x", reason="y")
    with caplog.at_level(logging.ERROR):
        assert hits(live, "dawn of iron rises") == 1
    assert isinstance(live.problem, CheckFailedError)
    assert live.policy.version == before
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    hits(live, "another batch")
    assert len(caplog.records) == 1, "said once, not at every batch"
    activate(store, NO_SLOGANS, by="lead", reason="mended")
    assert hits(live, "dawn of iron rises") == 0
    assert live.problem is None


def test_without_a_policy_that_compiles_nothing_starts(store: Store) -> None:
    Live.open(store)
    with store.write() as transaction:
        policies.activate(transaction, "0" * 32, {"policy.yaml": "x: ["}, by="x", reason="y")
    with pytest.raises(CheckFailedError, match="mistakes"):
        Live.open(store)


def test_an_entry_that_expires_is_retired_through_the_log_at_its_moment(
    store: Store, clock: FakeClock
) -> None:
    live = Live.open(store)
    edit(store, "iron never sleeps", expires_at=clock.now() + timedelta(hours=1))
    assert hits(live, "iron never sleeps") == 1
    clock.advance(timedelta(minutes=59, seconds=59))
    assert hits(live, "iron never sleeps") == 1
    clock.advance(timedelta(seconds=1))
    assert hits(live, "iron never sleeps") == 0
    with store.read() as connection:
        edits = banks.history(connection, entry_id("slogans", "iron never sleeps"))
        entries = list(log.entries(connection, kinds=[EntryKind.BANK]))
    assert [(e.by, e.state) for e in edits] == [("analyst", "active"), ("timer", "retired")]
    assert entries[-1].at == clock.now()
    assert audit.verify(store).is_sound


def test_an_entry_that_another_process_adds_expired_never_decides(
    store: Store, clock: FakeClock
) -> None:
    live = Live.open(store)
    edit(store, "iron never sleeps", expires_at=clock.now() - timedelta(hours=1))
    assert hits(live, "iron never sleeps") == 0


def test_a_batch_that_fails_leaves_no_trace_in_the_pipeline(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = Live.open(store)
    edit(store, "iron never sleeps", expires_at=clock.now() + timedelta(hours=1))
    hits(live, "plain")
    clock.advance(timedelta(hours=2))
    with monkeypatch.context() as patched:
        patched.setattr("tocsin.store.Transaction.record_events", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            hits(live, "iron never sleeps")
    # the place in the log that the lost edit had now holds another one
    edit(store, "iron and coal")
    assert hits(live, "iron and coal") == 1
    assert hits(live, "iron never sleeps") == 0
    assert audit.verify(store).is_sound


def test_a_pack_does_not_change_back_what_a_person_decided(store: Store) -> None:
    live = Live.open(store)
    edit(store, "dawn of iron rises", state=EntryState.DISPUTED)
    assert hits(live, "dawn of iron rises") == 0
    activate(store, NO_SLOGANS, by="lead", reason="a new version")
    activate(store, PackSource.from_files(PACK), by="lead", reason="and back")
    assert hits(live, "dawn of iron rises") == 0
    assert hits(live, "الفجر الحديدي") == 1


def test_a_new_version_of_a_pack_is_tried_with_its_own_entries(store: Store) -> None:
    live = Live.open(store)
    words = PACK["banks/slogans.yaml"].replace("- dawn of iron rises", "- value: dawn of iron")
    anywhere = words.replace("- value: dawn of iron", "- {value: dawn of iron, match: substring}")
    activate(store, changed_pack(**{"banks/slogans.yaml": words}), by="lead", reason="words")
    assert hits(live, "newdawn of irony") == 0
    rules = PACK["rules/rules.yaml"].replace("dawn of iron rises tonight", "newdawn of irony")
    changes = {"banks/slogans.yaml": anywhere, "rules/rules.yaml": rules}
    activate(store, changed_pack(**changes), by="lead", reason="anywhere")
    assert hits(live, "newdawn of irony") == 1


def test_a_new_version_of_a_pack_can_prolong_what_expired(store: Store, clock: FakeClock) -> None:
    live = Live.open(store)

    def until(day: str) -> PackSource:
        entry = f"- {{value: iron never sleeps, expires_at: {day}T00:00:00Z}}\n- dawn of iron rises"
        slogans = PACK["banks/slogans.yaml"].replace("- dawn of iron rises", entry)
        return changed_pack(**{"banks/slogans.yaml": slogans})

    activate(store, until("2026-03-02"), by="lead", reason="for a day")
    assert hits(live, "iron never sleeps") == 1
    clock.advance(timedelta(days=2))
    assert hits(live, "iron never sleeps") == 0
    activate(store, until("2026-03-02"), by="lead", reason="the same again")
    assert hits(live, "iron never sleeps") == 0
    activate(store, until("2026-04-01"), by="lead", reason="for a month")
    assert hits(live, "iron never sleeps") == 1


def test_what_a_pack_no_longer_brings_is_retired(store: Store) -> None:
    live = Live.open(store)
    assert hits(live, "الفجر الحديدي") == 1
    smaller = PACK["banks/slogans.yaml"].replace("- الفجر الحديدي\n", "")
    assert smaller != PACK["banks/slogans.yaml"]
    source = changed_pack(**{"banks/slogans.yaml": smaller})
    activate(store, source, by="lead", reason="smaller")
    assert hits(live, "الفجر الحديدي") == 0


def test_a_bank_keeps_its_kind(store: Store) -> None:
    live = Live.open(store)
    with pytest.raises(InputError, match="kind `phrase`, not `handle`") as caught:
        edit(store, "someone", kind=BankKind.HANDLE)
    assert caught.value.hint
    assert hits(live, "dawn of iron rises") == 1


def test_a_second_start_activates_nothing(store: Store) -> None:
    Live.open(store)
    Live.open(store)
    with store.read() as connection:
        assert len(policies.list_activations(connection)) == 1
