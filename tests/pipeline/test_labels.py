"""Labels of the live path: rules read what stands, set it for later events, and people overrule.

The pack is that of `tests.support.runs` with rules that read and set labels; what those decided
holds the answers, so that equal decisions are equal labels.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from tests.support import runs
from tests.support.erasing import erase_content
from tests.support.runs import decided, open_store, rows_by_table
from tocsin.clock import SystemClock
from tocsin.pipeline import Live, activate, explain_decision
from tocsin.policy import PackSource
from tocsin.records import Event, LabelHolder, decode_decision, encode_event
from tocsin.store import Store, audit, labels, schema
from tocsin.store.replay import rebuild
from tocsin.testing import T0, FakeClock, actor, batch_of, event_of, post_event

HEAD = yaml.safe_load(runs.PACK["policy.yaml"])
HEAD["labels"] = {"watched": "looked at", "trusted": "left alone", "loud": "heard"}
DAY_S = 86_400
SLOGAN = "The dawn of iron rises"
WHO = actor("reader")
KEY = str(WHO.id)
NUMBERS = count()

Rule = tuple[str, dict[str, Any], int]
"""Condition, labels, priority."""

EXAMPLE = "an example only"
"""With its own name behind it, a text that a rule hits: what its example shows."""

MARK: Rule = (
    'text in bank("slogans")',
    {"add": [{"name": "watched", "for": "days(1)", "reason": "repeated a slogan"}]},
    500,
)
READ: Rule = ('has_label("watched")', {}, 300)


def pack(**rules: Rule) -> PackSource:
    """The pack of runs, with these rules in place of its own."""
    listed = [
        {
            "id": name,
            "clause": "terror.support",
            "when": f'({when}) or text == "{EXAMPLE} {name}"',
            "outcome": "allow" if name.startswith("allow") else "review",
            "priority": priority,
            **({"labels": changes} if changes else {}),
            "examples": {
                "hit": [f"{EXAMPLE} {name}"],
                "miss": ["The harbour swimming club meets."],
            },
        }
        for name, (when, changes, priority) in rules.items()
    ]
    files = {"policy.yaml": yaml.safe_dump(HEAD), "rules/rules.yaml": yaml.safe_dump(listed)}
    return PackSource.from_files({**runs.PACK, **files})


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(database_url: str, tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    opened = open_store(database_url, tmp_path, clock=clock)
    yield opened
    opened.close()


class Line:
    """One live pipeline under some rules, and what it says of each event."""

    def __init__(self, store: Store, **rules: Rule) -> None:
        self.store = store
        activate(store, pack(**rules), by="test", reason="labels")
        self.live = Live.open(store)

    def take(self, *events: Event) -> list[list[str]]:
        """The rules that hit each of these events, judged as one batch."""
        made = self.live.take(batch_of(*events, received_at=self.store.clock.now())).decisions
        return [
            [reason.rule for one in made if one.event == event.id for reason in one.reasons]
            for event in events
        ]

    def say(self, to: labels.Change, *, key: str = KEY, name: str = "watched", **how: Any) -> None:
        holder = how.pop("holder", LabelHolder.ACCOUNT)
        with self.store.write("console") as transaction:
            said = {"to": to, "by": "usr_1", "reason": "seen today", **how}
            labels.change(transaction, (holder, key, name), **said)

    def standing(
        self, key: str = KEY, holder: LabelHolder = LabelHolder.ACCOUNT
    ) -> dict[str, bool]:
        """The labels of an account, and whether each is on."""
        with self.store.read() as connection:
            rows = labels.of_holder(connection, holder, key, now=self.store.clock.now())
        return {row.name: row.is_on for row in rows}


def post(text: str = "plain", minute: float = 0, **fields: Any) -> Event:
    fields.setdefault("by", WHO)
    return post_event(text, at=T0 + timedelta(minutes=minute), id=f"p{next(NUMBERS)}", **fields)


# --- what rules say ------------------------------------------------------------------------------


def test_a_label_counts_from_the_next_event_on_also_in_the_same_batch(store: Store) -> None:
    line = Line(store, mark=MARK, read=READ)
    first = line.take(post(), post(SLOGAN, 1), post(minute=2), post(by="another", minute=2))
    assert first == [[], ["mark"], ["read"], []]
    assert line.take(post(minute=3), post(SLOGAN, 4)) == [["read"], ["mark", "read"]]
    assert line.standing() == {"watched": True}


def test_a_decision_says_which_labels_were_read_and_which_it_set(store: Store) -> None:
    line = Line(store, mark=MARK, read=READ)
    line.take(post(SLOGAN), post(minute=1))
    set_, read = (decode_decision(one) for one in decided(store))
    (change,) = set_.labels
    assert (change.name, change.key, change.rule, change.for_s) == ("watched", KEY, "mark", DAY_S)
    assert read.reasons[0].values['has_label("watched")'] is True
    assert read.labels == ()
    found = explain_decision(store, set_.id)
    assert found is not None
    assert f"watched: put on the account {KEY} for 1 d by mark: repeated a slogan" in found.render()


def test_a_label_ends_by_the_time_of_the_event_that_asks(store: Store, clock: FakeClock) -> None:
    line = Line(store, mark=MARK, read=READ)
    clock.advance(timedelta(days=3))
    line.take(post(SLOGAN))
    day = 24 * 60
    assert line.take(post(minute=day), post(minute=day - 1)) == [[], ["read"]]


def test_a_time_ahead_of_arrival_ends_no_label(store: Store) -> None:
    line = Line(store, mark=MARK, read=READ)
    line.take(post(SLOGAN))
    assert line.take(post(minute=60 * 24 * 9)) == [["read"]]


def test_a_rule_prolongs_what_stands_and_never_cuts_it_short(
    store: Store, clock: FakeClock
) -> None:
    shorter = ('text in bank("slogans")', {"add": [{"name": "watched", "for": "minutes(1)"}]}, 400)
    line = Line(store, mark=MARK, shorter=shorter, read=READ)
    clock.advance(timedelta(days=3))
    line.take(post(SLOGAN), post(SLOGAN, 60), post(SLOGAN, 30))
    with store.read() as connection:
        (row,) = labels.of_holder(connection, LabelHolder.ACCOUNT, KEY, now=T0)
    assert row.since == T0
    assert row.expires_at == T0 + timedelta(hours=25)
    assert (row.by, row.reason, row.source) == ("mark", "repeated a slogan", "rule")


def test_a_rule_takes_off_what_rules_put_on_and_it_can_be_put_on_again(store: Store) -> None:
    calm = ('contains(text, "sorry")', {"remove": [{"name": "watched"}]}, 400)
    line = Line(store, mark=MARK, calm=calm, read=READ)
    took = line.take(
        post(SLOGAN), post("sorry", 1), post(minute=2), post(SLOGAN, 3), post(minute=4)
    )
    assert took == [["mark"], ["calm", "read"], [], ["mark"], ["read"]]
    with store.read() as connection:
        found = labels.history(connection, LabelHolder.ACCOUNT, KEY)
    assert [row.change for row in found] == ["added", "removed", "added"]


def test_of_two_rules_that_disagree_the_stronger_has_its_way(store: Store) -> None:
    off = ('text in bank("slogans")', {"remove": [{"name": "watched"}]}, 600)
    line = Line(store, mark=MARK, off=off, read=READ)
    assert line.take(post(SLOGAN), post(minute=1)) == [["off", "mark"], []]


def test_a_rule_that_is_overridden_labels_nobody(store: Store) -> None:
    allow = ('contains(text, "newsroom")', {"add": [{"name": "trusted"}]}, 900)
    line = Line(store, mark=MARK, allow=allow, read=READ)
    line.take(post(f"{SLOGAN}, says the newsroom"))
    assert line.standing() == {"trusted": True}


def test_a_report_labels_whom_it_is_about_and_never_the_reporter(store: Store) -> None:
    source = pack(mark=MARK, read=READ)
    rules = yaml.safe_load(source.files["rules/rules.yaml"])
    rules.append(
        {
            "id": "reported",
            "clause": "terror.support",
            "when": 'report.category == "terror"',
            "events": ["report.filed"],
            "subject": "account",
            "outcome": "review",
            "priority": 100,
            "labels": {"add": [{"name": "watched"}, {"name": "loud", "of": "handle"}]},
            "examples": {
                "hit": [
                    {
                        "event": {
                            "type": "report.filed",
                            "target": {"kind": "account", "id": "x"},
                            "category": "terror",
                        }
                    }
                ],
                "miss": [
                    {
                        "event": {
                            "type": "report.filed",
                            "target": {"kind": "account", "id": "x"},
                            "category": "noise",
                        }
                    }
                ],
            },
        }
    )
    activate(
        store,
        PackSource.from_files({**source.files, "rules/rules.yaml": yaml.safe_dump(rules)}),
        by="test",
        reason="reports",
    )
    report = event_of(
        {
            "type": "report.filed",
            "actor": {"id": "reporter", "handle": "reporter"},
            "target": {"kind": "account", "id": KEY},
            "category": "terror",
        }
    )
    live = Live.open(store)
    made = live.take(batch_of(report, post(minute=1), post(minute=2, by=actor("reporter"))))
    assert next(one.event for one in made.decisions) == report.id
    assert len(made.decisions) == 2
    with store.read() as connection:
        rows = labels.list_rows(connection, now=T0)
    assert [(row.holder, row.key, row.name) for row in rows] == [("account", KEY, "watched")]


# --- of handles ----------------------------------------------------------------------------------


def test_a_handles_label_is_whoevers_it_is_and_an_accounts_follows_the_account(
    store: Store,
) -> None:
    both = {"add": [{"name": "watched"}, {"name": "loud", "of": "handle"}]}
    line = Line(
        store,
        mark=('text in bank("slogans")', both, 500),
        account=READ,
        handle=('has_label("loud", of=handle)', {}, 200),
    )
    line.take(post(SLOGAN, by=actor("Iron_Voice", id="a1")))
    renamed = post(minute=1, by=actor("gentle_voice", id="a1"))
    successor = post(minute=2, by=actor("@iron_voice", id="a2"))
    nameless = post(minute=3, by=actor(None, id="a3"))
    nobody = post(minute=4, by=None)
    hits = line.take(renamed, successor, nameless, nobody)
    assert hits == [["account"], ["handle"], [], []]
    assert line.standing("iron_voice", LabelHolder.HANDLE) == {"loud": True}


def test_an_account_without_an_id_goes_by_its_handle(store: Store) -> None:
    line = Line(store, mark=MARK, read=READ)
    who = actor("plain_name", id=None)
    assert line.take(post(SLOGAN, by=who), post(minute=1, by=who)) == [["mark"], ["read"]]


# --- what people say -----------------------------------------------------------------------------


def test_a_persons_word_stands_above_the_rules_both_ways(store: Store, clock: FakeClock) -> None:
    calm = ('contains(text, "sorry")', {"remove": [{"name": "watched"}]}, 400)
    line = Line(store, mark=MARK, calm=calm, read=READ)
    line.say("removed", lasts=timedelta(hours=1))
    assert line.take(post(SLOGAN), post(minute=1)) == [["mark"], []]
    assert line.standing() == {"watched": False}
    line.say("added", lasts=timedelta(minutes=30))
    assert line.take(post("sorry", 2), post(minute=3)) == [["calm", "read"], ["read"]]
    clock.advance(timedelta(minutes=31))
    assert line.take(post(minute=31)) == [[]], "what rules took off meanwhile is off"


def test_when_a_persons_word_ends_the_rules_count_again(store: Store, clock: FakeClock) -> None:
    line = Line(store, mark=MARK, read=READ)
    line.say("removed", lasts=timedelta(hours=1))
    line.take(post(SLOGAN))
    clock.advance(timedelta(hours=2))
    assert line.take(post(minute=59), post(minute=60)) == [[], ["read"]]
    line.say("removed")
    assert line.take(post(minute=61)) == [[]]
    line.say("withdrawn")
    assert line.take(post(minute=62)) == [["read"]]


def test_a_word_of_another_process_counts_with_the_next_batch(store: Store) -> None:
    line = Line(store, read=READ)
    assert line.take(post()) == [[]]
    line.say("added", key="reader", holder=LabelHolder.HANDLE)
    assert line.take(post(minute=1)) == [[]]
    line.say("added")
    assert line.take(post(minute=2)) == [["read"]]


# --- beside the log ------------------------------------------------------------------------------


RULES: Mapping[str, Rule] = {
    "mark": MARK,
    "read": READ,
    "loud": (
        'has_label("watched") and contains(text, "harbour")',
        {"add": [{"name": "loud", "of": "handle", "for": "hours(2)"}]},
        450,
    ),
    "calm": (
        'has_label("loud", of=handle) and contains(text, "sorry")',
        {"remove": [{"name": "watched"}, {"name": "loud", "of": "handle"}]},
        460,
    ),
    "not-loud": ('not has_label("loud", of=handle) and contains(text, "bread")', {}, 100),
}


def stream(n_events: int = 240) -> list[Event]:
    """Posts of a few accounts, some of which share or change handles, some late."""
    drawn = random.Random(5)  # noqa: S311  # a test stream
    texts = (SLOGAN, "the harbour at noon", "sorry for that", "bread is dear", "plain")
    return [
        post(
            drawn.choice(texts),
            number * 7 - drawn.choice((0, 0, 0, 90)),
            by=actor(drawn.choice(("one", "Two", "two")), id=f"a{drawn.randrange(4)}"),
        )
        for number in range(n_events)
    ]


STREAM = stream()


Places = dict[tuple[LabelHolder, str, str], tuple[str, datetime | None]]
"""Which label stands of whom: said by which rule, and until when."""


def judged(url: str, folder: Path, size: int) -> tuple[list[bytes], Places]:
    """What is decided of the stream in batches of this size, and the labels that are left."""
    store = open_store(url, folder, clock=FakeClock(T0 + timedelta(days=2)))
    line = Line(store, **RULES)
    for start in range(0, len(STREAM), size):
        line.take(*STREAM[start : start + size])
    assert audit.verify(store).is_sound
    rows = rows_by_table(store)
    rebuild(store)
    assert rows_by_table(store) == rows
    found = decided(store)
    with store.read() as connection:
        left = labels.list_rows(connection, now=T0 + timedelta(hours=20))
    store.close()
    places = {(row.holder, row.key, row.name): (row.by, row.expires_at) for row in left}
    return found, places


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[bytes], Places]:
    """What batches of one event decide."""
    folder = tmp_path_factory.mktemp("expected")
    found = judged(f"sqlite:///{folder / 'tocsin.db'}", folder, 1)
    hits = Counter(reason["rule"] for one in found[0] for reason in json.loads(one)["reasons"])
    assert min(hits[name] for name in RULES) > 10, hits
    return found


@pytest.mark.parametrize("size", [2, 7, 64, 4_096])
def test_any_cut_decides_the_same_and_the_log_gives_the_labels_again(
    database_url: str,
    tmp_path: Path,
    size: int,
    expected: tuple[list[bytes], Places],
) -> None:
    assert judged(database_url, tmp_path, size) == expected


def test_a_transaction_that_fails_leaves_no_label(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(store, mark=MARK, read=READ)

    def full(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr("tocsin.store.rulehits.insert", full)
        with pytest.raises(OSError, match="no space"):
            line.take(post(SLOGAN), post(minute=1))
    assert line.take(post(minute=2)) == [[]]
    assert line.standing() == {}


def test_a_policy_that_reads_no_label_asks_for_none(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(store, mark=MARK)
    monkeypatch.setattr("tocsin.pipeline.live.load_labels", lambda *_: 1 / 0)
    assert line.take(post(SLOGAN), post(minute=1)) == [["mark"], []]
    assert line.standing() == {"watched": True}, "what is set is kept all the same"


def test_why_a_label_stands_can_be_erased_and_whose_it_is_as_well(store: Store) -> None:
    line = Line(store, read=READ)
    line.say("added", reason="a private matter")
    erase_content(store, "reason")
    with store.read() as connection:
        (row,) = labels.of_holder(connection, LabelHolder.ACCOUNT, KEY, now=T0)
    assert (row.is_on, row.reason) == (True, None)
    assert audit.verify(store).is_sound
    erase_content(store, "key")
    rebuild(store)
    assert line.standing() == {}
    assert audit.verify(store).is_sound


def test_what_is_said_of_labels_stands_in_no_chain(store: Store) -> None:
    line = Line(store, read=READ)
    line.say("added", key="kestrel-4711", reason="because of kestrel-4712")
    with store.read() as connection:
        bodies = connection.execute(sa.select(schema.log_entries.c.body)).scalars().all()
    assert not any("kestrel" in body for body in bodies)


def test_a_label_that_somebody_changed_by_hand_is_found(store: Store) -> None:
    line = Line(store, mark=MARK, read=READ)
    line.take(post(SLOGAN))
    line.say("removed")
    with store.database.write() as connection:
        person = schema.account_labels.c.source == "person"
        connection.execute(sa.update(schema.account_labels).where(person).values(is_added=True))
        connection.execute(sa.delete(schema.label_changes))
    found = audit.verify(store).findings
    assert {one.code for one in found} == {"AUDIT.DERIVED"}
    assert {one.where.split()[0] for one in found} == {"account_labels", "label_changes"}


# --- killed --------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_labels_after_kills_are_those_of_an_undisturbed_run(
    sqlite_url: str, tmp_path: Path
) -> None:
    chance = random.Random(20_260_303)  # noqa: S311  # no secret
    source = tmp_path / "events.jsonl"
    source.write_bytes(b"\n".join(encode_event(event) for event in stream(900)) + b"\n")
    rules = runs.pack_folder(tmp_path / "rules", pack(**RULES).files)
    found = {}
    n_kills = 0
    for name, kills in (("calm", 0), ("disturbed", 5)):
        url = sqlite_url.replace("tocsin.db", f"{name}.db")
        env = {
            "TOCSIN_POLICY_DIR": str(rules),
            "TOCSIN_DATA_DIR": str(tmp_path / name / "data"),
            "TOCSIN_BATCH_EVENTS": "8" if kills else "256",
        }
        for left in range(kills, -1, -1):
            process = runs.start_command("run", "--db", url, source, env=env)
            try:
                _, err = process.communicate(timeout=chance.uniform(0.8, 3.0) if left else 200)
                assert process.returncode == 0, err.decode()
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.communicate()
                n_kills += 1
        store = open_store(url, tmp_path / name, clock=SystemClock())
        with store.read() as connection:
            left_on = labels.list_rows(connection, now=T0, limit=500)
        found[name] = (
            decided(store),
            [(row.key, row.name, row.by, row.since, row.expires_at) for row in left_on],
        )
        assert audit.verify(store).is_sound
        store.close()
    assert n_kills, "no kill met a running process"
    assert sorted(found["disturbed"][1]) == sorted(found["calm"][1])
    assert found["disturbed"][0] == found["calm"][0]
    assert found["calm"][1]
