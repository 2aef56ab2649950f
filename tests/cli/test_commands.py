"""Each command as a user runs it, for people and for programs."""

from __future__ import annotations

import gzip
import io
import json
import shlex
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.pipeline.test_windows import pack as window_pack
from tests.support.cases import PLAIN_POLICY, case_about
from tests.support.runs import PACK, Ran, environment, made_lines, pack_folder, run_command
from tocsin.config import Settings
from tocsin.records import ActionKind, VerdictKind, entry_id
from tocsin.review import Ruling, decide
from tocsin.store import Store

SUMMARY_KEYS = [
    "events", "accepted", "duplicates", "dead_letters", "decisions", "new_decisions",
    "by_clause", "by_outcome", "seconds",
]  # fmt: skip


class Tocsin:
    """The program over one database."""

    def __init__(self, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capfd = capfd

    def __call__(self, *words: str | Path, status: int = 0) -> Ran:
        ran = run_command(self._capfd, *words)
        assert ran.status == status, ran.err
        assert "Traceback" not in ran.err
        return ran

    def json(self, *words: str | Path, status: int = 0) -> list[dict[str, object]]:
        """The JSON that a command prints; nothing else may stand on standard output."""
        return self(*words, "--json", status=status).json

    def file(self, lines: list[bytes], name: str = "events.jsonl") -> Path:
        path = self.folder / name
        packed = b"\n".join(lines) + b"\n"
        path.write_bytes(gzip.compress(packed) if name.endswith(".gz") else packed)
        return path


@pytest.fixture
def tocsin(
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Tocsin:
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TOCSIN_DB", database_url)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return Tocsin(tmp_path, capfd)


# --- run and decisions ---------------------------------------------------------------------------


def test_run_ends_with_one_object_of_a_fixed_shape(tocsin: Tocsin) -> None:
    first = tocsin.file([*made_lines(30), b"{bad"])
    second = tocsin.file(made_lines(40), "more.jsonl.gz")
    ran = tocsin("run", first, second, "--json", "--batch", "9")
    summary = json.loads(ran.out.splitlines()[-1])
    assert list(summary) == SUMMARY_KEYS
    assert summary["events"] == 71
    assert (summary["accepted"], summary["duplicates"], summary["dead_letters"]) == (40, 30, 1)
    assert summary["by_clause"] == {"terror.support": 9, "terror.known": 7}
    assert summary["decisions"] == sum(summary["by_clause"].values())
    assert summary["decisions"] == sum(summary["by_outcome"].values())
    assert summary["seconds"] >= 0
    assert "refused" in ran.err, "what is for people goes to standard error"
    again = tocsin.json("run", first, second)[-1]
    assert (again["new_decisions"], again["accepted"]) == (0, 0)
    assert again["duplicates"] == 70


def test_run_tells_people_what_was_found(tocsin: Tocsin) -> None:
    ran = tocsin("run", tocsin.file([*made_lines(30), b"{bad"]))
    assert "30 accepted" in ran.out
    assert "CLAUSE" in ran.out
    assert "terror.support" in ran.out
    assert "tocsin deadletters list" in ran.out
    assert ran.err == "", "no progress bar where standard error is no terminal"


def test_run_reads_what_is_no_regular_file(tocsin: Tocsin) -> None:
    assert tocsin.json("run", "/dev/null")[-1]["events"] == 0


def test_decisions_are_listed_for_people_and_as_json_lines(tocsin: Tocsin) -> None:
    tocsin("run", tocsin.file(made_lines(40)))
    every = tocsin.json("decisions")
    assert len(every) > 5
    assert {"id", "subject", "event", "clause", "outcome", "reasons", "versions"} <= set(every[0])
    hidden = tocsin.json("decisions", "--outcome", "hide")
    assert {found["outcome"] for found in hidden} == {"hide"}
    assert tocsin.json("decisions", "--rule", "slogan", "--language", "fr") == []
    by_event = tocsin.json("decisions", "--event", str(every[0]["event"]))
    assert by_event == every[:1]
    shown = tocsin("decisions", "--limit", "2")
    assert f"2 of {len(every)} decisions" in shown.out
    assert str(every[-1]["id"]) in shown.out


def test_explain_names_rule_values_and_spans(tocsin: Tocsin) -> None:
    tocsin("run", tocsin.file(made_lines(10)))
    (decision,) = tocsin.json("decisions", "--rule", "slogan", "--event", "event-3")
    shown = tocsin("explain", str(decision["id"])).out
    assert "slogan" in shown
    assert "terror.support" in shown
    explained = tocsin.json("explain", "event-3")[0]
    assert explained == tocsin.json("explain", str(decision["id"]))[0]


def test_explain_of_an_event_that_no_rule_hit(tocsin: Tocsin) -> None:
    calm = (
        b'{"id": "calm", "type": "post.created", "post": {"id": "p", "text": "the ferry is late"}}'
    )
    ran = tocsin("run", tocsin.file([calm]))
    assert ran.out.startswith("1 event in ")
    assert tocsin("explain", "calm").out == "the event was judged and no rule hit\n"
    assert tocsin.json("explain", "calm") == [{"event": "calm", "decisions": []}]
    assert "no decision and no event" in tocsin("explain", "unknown", status=2).err


def test_an_unknown_type_is_told_the_nearest(tocsin: Tocsin) -> None:
    lines = [b'{"id":"e1","type":"post.creatd"}', b'{"id":"e2","type":"zzzz"}',
             b'{"id":"e3","type":"post.creatd", bad']  # fmt: skip
    tocsin("run", tocsin.file(lines))
    messages = [str(letter["message"]) for letter in tocsin.json("deadletters", "list")]
    assert messages[0] == "unknown event type, the nearest is `post.created` - at `$.type`"
    assert not any("creatd" in message or "zzzz" in message for message in messages)


def test_init_without_anybody_to_ask_says_that_nobody_can_log_in(
    tocsin: Tocsin, monkeypatch: pytest.MonkeyPatch
) -> None:
    hint = "nobody can log in yet: tocsin user add NAME --role admin"
    assert hint in tocsin("init").out
    monkeypatch.setattr(sys, "stdin", io.StringIO("four plain words here\n"))
    tocsin("user", "add", "ana", "--role", "admin", "--password-stdin")
    assert hint not in tocsin("init").out


def test_wrong_sql_is_told_in_lower_case(tocsin: Tocsin) -> None:
    tocsin("run", "/dev/null")
    assert "error: SQL: parser error: " in tocsin("query", "select from where", status=2).err


# --- a database that is not there ----------------------------------------------------------------


NEEDS_A_DATABASE = [
    "archive", "audit verify", "audit anchor", "bank list", "bank list slogans",
    "bank history ent_1", "bank set ent_1 active --reason r", "deadletters list",
    "deadletters show dead_1", "deadletters replay --all", "deadletters dismiss dead_1",
    "decisions", "decisions --json", "enforce", "enforce --dry-run", "explain e1",
    "policy list", "policy check pack --stored", "policy test pack --stored",
    "policy export copy --version v1", "query 'select 1'", "rebuild", "reconcile", "token list",
    "token revoke tok_1", "user list", "user disable mo", "user role mo lead",
    "user password mo --password-stdin",
]  # fmt: skip


@pytest.mark.parametrize("words", NEEDS_A_DATABASE)
def test_what_needs_a_database_never_makes_one(
    words: str, tocsin: Tocsin, database_url: str
) -> None:
    ran = tocsin(*shlex.split(words), status=2)
    assert ran.err.startswith("error: there is no database at ")
    assert "hint: `tocsin init` makes one; check --db" in ran.err
    assert ran.out == ""
    assert not (tocsin.folder / "tocsin.db").exists()
    assert not (tocsin.folder / "data").exists()
    if database_url.startswith("postgresql"):
        engine = sa.create_engine(database_url)
        assert sa.inspect(engine).get_table_names() == []
        engine.dispose()


def test_nothing_is_left_of_a_path_that_was_mistyped(tocsin: Tocsin) -> None:
    missing = tocsin.folder / "srv" / "tocsn.db"
    ran = tocsin("decisions", "--db", f"sqlite:///{missing}", status=2)
    assert f"there is no database at {missing}\n" in ran.err
    assert not missing.parent.exists()
    empty = tocsin.folder / "empty.db"
    empty.touch()
    tocsin("decisions", "--db", f"sqlite:///{empty}", status=2)
    assert empty.stat().st_size == 0


def test_the_password_of_a_database_is_not_shown(tocsin: Tocsin, postgres_url: str) -> None:
    url = sa.make_url(postgres_url).set(password="kestrel-4711")  # made up
    ran = tocsin("decisions", "--db", url.render_as_string(hide_password=False), status=2)
    assert "there is no database at " in ran.err
    assert "kestrel" not in ran.err


@pytest.mark.parametrize(
    "words",
    [
        "init --solo",
        "run /dev/null",
        "bank add slogans one --kind phrase --reason r",
        "bank import /dev/null --reason r",
        "policy activate pack --reason r",
        "token add feed --scope events:write",
    ],
)
def test_what_begins_a_deployment_makes_the_database(words: str, tocsin: Tocsin) -> None:
    tocsin(*shlex.split(words))
    assert tocsin.json("decisions") == []


# --- policy --------------------------------------------------------------------------------------


def test_policy_check_test_activate_list_and_export(tocsin: Tocsin) -> None:
    pack = tocsin.folder / "pack"
    assert tocsin("policy", "check", pack).out
    assert tocsin("policy", "test", pack).out.endswith("4 of 4 examples kept\n")
    assert all(result["should_hit"] == result["did_hit"]
               for result in tocsin.json("policy", "test", pack))  # fmt: skip
    (active,) = tocsin.json("policy", "activate", pack, "--reason", "the first")
    assert active["rules"] == 2
    (listed,) = tocsin.json("policy", "list")
    assert (listed["version"], listed["reason"]) == (active["version"], "the first")
    assert "the first" in tocsin("policy", "list").out
    copy = tocsin.folder / "copy"
    tocsin("policy", "export", copy, "--version", str(active["version"]))
    assert {
        path.relative_to(copy).as_posix(): path.read_text() for path in copy.rglob("*.yaml")
    } == dict(PACK)
    tocsin("policy", "export", copy, status=2)
    tocsin("policy", "export", tocsin.folder / "other", "--version", "unknown", status=2)


def test_policy_check_reports_every_mistake(tocsin: Tocsin) -> None:
    rules = tocsin.folder / "pack" / "rules" / "rules.yaml"
    rules.write_text(rules.read_text().replace("slogans", "slogan").replace("links in", "lnks in"))
    report = json.loads(tocsin("policy", "check", "pack", "--json", status=4).out)
    assert len(report["problems"]) >= 2
    shown = tocsin("policy", "check", "pack", status=4)
    assert "^" in shown.out + shown.err


def test_policy_test_names_the_example_that_is_not_kept(tocsin: Tocsin) -> None:
    rules = tocsin.folder / "pack" / "rules" / "rules.yaml"
    rules.write_text(rules.read_text().replace("The price of iron rises", "The dawn of iron rises"))
    ran = tocsin("policy", "test", "pack", status=4)
    assert "must not hit and did" in ran.out
    assert "rules/rules.yaml:" in ran.out
    tocsin("policy", "activate", "pack", "--reason", "x", status=4)


def test_policy_functions_lists_what_rules_may_call(tocsin: Tocsin) -> None:
    functions = tocsin.json("policy", "functions")
    keys = {"group", "name", "signature", "doc", "call", "value"}
    assert all(set(function) == keys for function in functions)
    assert {function["group"] for function in functions} == {"function", "window", "form"}
    shown = tocsin("policy", "functions").out
    assert all(str(function["signature"]) in shown for function in functions)
    assert 'matches(text, "iron +dawn (rises|has risen)")  gives  true' in shown


# --- banks ---------------------------------------------------------------------------------------


def test_bank_add_list_set_and_history(tocsin: Tocsin) -> None:
    add = ("bank", "add", "slogans", "iron never sleeps", "--kind", "phrase", "--by", "ana")
    (added,) = tocsin.json(*add, "--reason", "seen", "--expires", "2030-05-01", "--severity", "5")
    entry = entry_id("slogans", "iron never sleeps")
    assert added == {"changed": 1, "entries": [entry]}
    assert tocsin.json(*add, "--reason", "seen", "--expires", "2030-05-01", "--severity", "5") == [
        {"changed": 0, "entries": [entry]}
    ]
    (found,) = tocsin.json("bank", "list", "slogans")
    assert (found["value"], found["severity"], found["judged_by"]) == (
        "iron never sleeps",
        5,
        "ana",
    )
    assert found["expires_at"] == "2030-05-01T23:59:59Z"
    tocsin("bank", "set", entry, "disputed", "--reason", "an appeal", "--by", "ben")
    history = tocsin.json("bank", "history", entry)
    assert [(edit["by"], edit["state"]) for edit in history] == [
        ("ana", "active"), ("ben", "disputed"),
    ]  # fmt: skip
    assert tocsin.json("bank", "list", "slogans", "--state", "active") == []
    (summary,) = tocsin.json("bank", "list")
    assert summary == {"bank": "slogans", "kind": "phrase", "state": "disputed", "entries": 1}
    assert "iron never sleeps" in tocsin("bank", "list", "slogans").out


def test_a_designated_group_needs_its_designation(tocsin: Tocsin) -> None:
    add = ("bank", "add", "groups", "the Iron Dawn", "--kind", "group", "--reason", "named")
    for partly in ((), ("--list", "National list"), ("--local-reason", "  ")):
        ran = tocsin(*add, *partly, status=2)
        assert "needs its list, reference and date" in ran.err
        assert "hint: " in ran.err
    tocsin(*add, "--list", "National list", "--reference", "NL-12", "--date", "2026-01-05")
    (found,) = tocsin.json("bank", "list", "groups")
    assert found["designation"] == {
        "list": "National list", "reference": "NL-12", "date": "2026-01-05",
    }  # fmt: skip


def test_bank_import_takes_what_list_prints_all_or_none(tocsin: Tocsin) -> None:
    tocsin("bank", "add", "slogans", "one", "--kind", "phrase", "--reason", "r")
    tocsin("bank", "add", "slogans", "two", "--kind", "phrase", "--reason", "r")
    printed = tocsin("bank", "list", "slogans", "--json").out
    path = tocsin.folder / "entries.jsonl"
    path.write_text(printed)
    words = ("bank", "import", path, "--bank", "copied", "--reason", "a copy")
    assert tocsin.json(*words)[0]["changed"] == 2
    assert {str(e["value"]) for e in tocsin.json("bank", "list", "copied")} == {"one", "two"}
    for bad in ("{}", "no json", '{"value": 3, "kind": "phrase"}', "[]", '{"value": "x"}'):
        path.write_text(printed.splitlines()[0] + "\n" + bad + "\n")
        ran = tocsin("bank", "import", path, "--bank", "refused", "--reason", "r", status=2)
        assert f"{path}:2" in ran.err
    tocsin("bank", "list", "refused", status=2)


def test_a_bank_refuses_another_kind(tocsin: Tocsin) -> None:
    tocsin("bank", "add", "slogans", "one", "--kind", "phrase", "--reason", "r")
    ran = tocsin("bank", "add", "slogans", "two", "--kind", "handle", "--reason", "r", status=2)
    assert "kind `phrase`" in ran.err


# --- dead letters --------------------------------------------------------------------------------


def test_dead_letters_are_listed_shown_fixed_and_replayed(tocsin: Tocsin) -> None:
    broken = b'{"id":"e1","type":"post.created","post":{"id":"p1","text":7}}'
    source = tocsin.file([*made_lines(3), broken, b"{bad"])
    tocsin("run", source)
    listed = tocsin.json("deadletters", "list")
    assert [(letter["line_number"], letter["reason"]) for letter in listed] == [
        (4, "INPUT.TYPE"), (5, "INPUT.MALFORMED"),
    ]  # fmt: skip
    assert {letter["source"] for letter in listed} == {str(source)}
    assert not any("content" in letter for letter in listed)
    first, second = (str(letter["id"]) for letter in listed)
    assert "2 of 2 dead letters" in tocsin("deadletters", "list").out
    assert len(tocsin.json("deadletters", "list", "--reason", "INPUT.TYPE")) == 1

    shown = tocsin("deadletters", "show", first)
    assert shown.out.encode() == broken + b"\n"
    assert "INPUT.TYPE" in shown.err
    assert tocsin.json("deadletters", "show", first)[0]["content"] == broken.decode()

    ran = tocsin("deadletters", "replay", "--all", "--json", status=4)
    assert json.loads(ran.out)["replayed"] == 0
    fixed = tocsin.file([broken.replace(b"7", b'"dawn of iron rises"')], "fixed.json")
    assert tocsin.json("deadletters", "replay", first, "--line", fixed) == [
        {"replayed": 1, "known_already": 0, "refused": {}}
    ]
    again = tocsin("deadletters", "replay", first)
    assert f"{first}: known already" in again.out
    assert "0 replayed, 1 known already, 0 refused again" in again.out
    assert len(tocsin.json("decisions", "--event", "e1")) == 1
    tocsin("deadletters", "dismiss", second)
    assert tocsin.json("deadletters", "list") == []
    states = {letter["state"] for letter in tocsin.json("deadletters", "list", "--all")}
    assert states == {"replayed", "dismissed"}
    tocsin("deadletters", "replay", first, second, "--line", fixed, status=2)
    tocsin("deadletters", "replay", "--all", first, status=2)


def test_a_replay_after_a_change_of_settings_takes_what_was_refused(
    tocsin: Tocsin, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = b'{"id":"e1","type":"post.created","post":{"id":"p1","visibility":"direct"}}'
    tocsin("run", tocsin.file([private]))
    (letter,) = tocsin.json("deadletters", "list")
    assert letter["reason"] == "INPUT.NOT_PUBLIC"
    shown = tocsin("deadletters", "show", str(letter["id"]))
    assert shown.out == ""
    assert "the line was not kept" in shown.err
    monkeypatch.setenv("TOCSIN_ACCEPT_NON_PUBLIC", "true")
    ran = tocsin("deadletters", "replay", str(letter["id"]), status=4)
    assert "give the whole line" in ran.out
    line = tocsin.file([private], "line.json")
    tocsin("deadletters", "replay", str(letter["id"]), "--line", line)


def test_a_letter_of_local_media_says_how_to_run_it_again(tocsin: Tocsin) -> None:
    media = tocsin.folder / "media"
    media.mkdir()
    line = b'{"id":"e1","type":"post.created","post":{"id":"p1","media":[{"url":"../secret.png"}]}}'
    tocsin("run", tocsin.file([line]), "--media-root", media)
    (letter,) = tocsin.json("deadletters", "list")
    assert "--media-root" in str(letter["message"])
    ran = tocsin("deadletters", "replay", "--all", status=4)
    assert "run the file again with --media-root" in ran.out


# --- archive, query, rebuild, audit --------------------------------------------------------------


def test_query_archive_and_rebuild(tocsin: Tocsin) -> None:
    tocsin("run", tocsin.file(made_lines(30)))
    sql = "select type, count(*) n from events group by type"
    assert tocsin.json("query", sql) == [{"type": "post.created", "n": 30}]
    assert "post.created  30" in tocsin("query", sql).out
    limited = tocsin("query", "select id from events order by position, ordinal", "--limit", "2")
    assert limited.out.splitlines()[1:3] == ["event-0", "event-1"]
    assert "first 2 rows" in limited.out
    assert tocsin.json("query", "select max(happened_at) m from events")[0]["m"]
    assert tocsin.json("archive") == [{"events": 0, "files": []}]
    (rebuilt,) = tocsin.json("rebuild")
    assert int(str(rebuilt["entries"])) >= 3
    assert tocsin("rebuild").out.endswith("entries applied\n")
    assert tocsin.json("audit", "verify")[0]["sound"] is True


def test_audit_anchor_and_verify(tocsin: Tocsin) -> None:
    tocsin("run", tocsin.file(made_lines(10)))
    anchors = tocsin.folder / "data" / "anchors.jsonl"
    assert tocsin.json("audit", "anchor")[0] == {"anchor": None, "file": str(anchors)}
    (report,) = tocsin.json("audit", "verify", "--anchor", anchors)
    assert list(report) == [
        "sound", "entries", "items", "erased", "anchors", "findings", "not_proved",
    ]  # fmt: skip
    assert (report["sound"], report["anchors"], report["findings"]) == (True, 1, [])
    shown = tocsin("audit", "verify").out
    assert "not proved: " in shown
    assert "sound: no change found" in shown
    anchors.write_bytes(anchors.read_bytes().replace(b'"seq":', b'"seq":9'))
    ran = tocsin("audit", "verify", "--anchor", anchors, "--json", status=4)
    report = json.loads(ran.out)
    assert [finding["code"] for finding in report["findings"]] == ["AUDIT.ANCHOR_SIGNATURE"]
    assert "FOUND AUDIT.ANCHOR_SIGNATURE" in ran.err


# --- enforcement ---------------------------------------------------------------------------------


def test_enforce_dry_run_shows_and_delivers_nothing(tocsin: Tocsin) -> None:
    tocsin("run", tocsin.file(made_lines(30)))
    due = tocsin.json("enforce", "--dry-run")
    assert len(due) == 3
    assert due[0]["action"]["kind"] == "hide"  # type: ignore[index]  # an object
    assert "3 actions are due; nothing was delivered" in tocsin("enforce", "--dry-run").out
    assert tocsin.json("enforce", "--dry-run") == due


def test_enforce_dry_run_says_what_can_still_be_taken_back(
    tocsin: Tocsin, database_url: str
) -> None:
    settings = Settings(database_url=database_url, data_dir=str(tocsin.folder / "data"))
    store = Store.open(settings)
    case = case_about(store, "dawn of iron rises")
    ruling = Ruling(
        case=case.id,
        version=case.version,
        kind=VerdictKind.VIOLATION,
        clause="terror.support",
        actions=(ActionKind.HIDE,),
    )
    decide(store, PLAIN_POLICY, ruling, reviewer="usr_1")
    store.close()
    shown = tocsin("enforce", "--dry-run").out
    assert "0 actions are due; nothing was delivered" in shown
    assert "1 action waits in the undo window, until " in shown


def test_enforce_says_when_the_platform_is_away_and_goes_on_later(
    tocsin: Tocsin, monkeypatch: pytest.MonkeyPatch
) -> None:
    tocsin("run", tocsin.file(made_lines(30)))
    monkeypatch.setenv("TOCSIN_WEBHOOK_URL", "http://127.0.0.1:9/actions")
    ran = tocsin("enforce", "--json", status=3)
    assert json.loads(ran.out) == {"sent": 0, "to_retry": 3, "dead": 0}
    assert "hint: " in ran.err
    assert tocsin.json("enforce") == [{"sent": 0, "to_retry": 0, "dead": 0}]
    monkeypatch.setenv("TOCSIN_WEBHOOK_ACTIONS", "hide,vanish")
    assert "no action `vanish`" in tocsin("enforce", status=2).err


def test_reconcile_is_a_check(tocsin: Tocsin) -> None:
    tocsin("run", "/dev/null")
    assert tocsin("reconcile").out.endswith("no difference\n")
    suspended = (
        b'{"id":"e1","type":"account.suspended","at":"2026-01-02T00:00:00Z","actor":{"id":"a1"}}'
    )
    tocsin("run", tocsin.file([suspended]))
    ran = tocsin("reconcile", "--json", status=4)
    assert [found["kind"] for found in ran.json] == ["not_ours"]
    assert "account:a1" in tocsin("reconcile", status=4).out


def test_explain_lists_what_windows_counted(tocsin: Tocsin) -> None:
    files = window_pack({"busy": "count(event, by=account, over=hours(1)) >= 1"})
    tocsin("init")
    tocsin("policy", "activate", pack_folder(tocsin.folder / "windows", files), "--reason", "x")
    wire = {
        "id": "e1",
        "type": "post.created",
        "at": "2026-03-01T12:00:00Z",
        "actor": {"id": "a1"},
        "post": {"id": "p1", "text": "bells"},
    }
    tocsin("run", tocsin.file([json.dumps(wire).encode()]))
    shown = tocsin("explain", "e1", "--windows").out
    assert "window count(event, by=account, over=hours(1)) = 1, read by busy" in shown
    assert "e1  (entry " in shown
    (explained,) = tocsin.json("explain", "e1", "--windows")
    assert explained["windows"][0]["agrees"]  # type: ignore[index]  # a list
    assert tocsin.json("explain", "e1")[0]["windows"] is None


def test_check_says_what_would_be_decided_and_stores_nothing(tocsin: Tocsin) -> None:
    tocsin("run", tocsin.file(made_lines(5)))
    wire = {"type": "post.created", "post": {"text": "The dawn of iron rises tonight"}}
    path = tocsin.file([json.dumps(wire).encode()], "one.json")
    before = tocsin.json("decisions")
    shown = tocsin("check", path).out
    assert 'text in bank("slogans") = true' in shown
    assert "nothing was stored" in shown
    (answer,) = tocsin.json("check", path)
    assert answer["event"] == "unnamed"
    assert [one["outcome"] for one in answer["decisions"]] == ["review"]  # type: ignore[attr-defined]  # a list
    path = tocsin.file([b'{"type": "post.created", "post": {"text": "bells"}}'], "two.json")
    assert "no rule would hit" in tocsin("check", path).out
    assert tocsin.json("decisions") == before
    assert "the event is refused" in tocsin("check", tocsin.file([b"{}"]), status=2).err
