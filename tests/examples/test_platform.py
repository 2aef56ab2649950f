"""Harbour over real sockets: exactly once, signed, reversible, and safe against kill -9."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Lock, Thread
from typing import Any

import pytest

from examples.harbour import world
from examples.harbour.platform import MAX_BODY_BYTES, Platform, main
from examples.harbour.reporter import Reporter, Sending, post_events
from examples.harbour.state import State
from tocsin.enforcement.signing import SIGNATURE_HEADER, sign
from tocsin.enforcement.webhook import WebhookConnector, WebhookSettings, encode_action
from tocsin.records import Action, ActionKind, EventPolicy, Subject, decode_event
from tocsin.testing.fake_clock import FakeClock

REPOSITORY = Path(__file__).parents[2]
NOW = datetime(2026, 1, 12, 3, 4, 5, tzinfo=UTC)
SECRET = b"a secret between two programs"
TOKEN = "a-token"  # nobody's
WAIT_S = 20
EVENTS: list[dict[str, Any]] = [
    {
        "id": f"e{number}",
        "type": "post.created",
        "at": f"2026-01-11T0{number}:00:00Z",
        "actor": {"id": account, "handle": f"handle_{account}", "name": f"Name {account}"},
        "post": {"id": f"p{number}", "text": f"text <b>{number}</b>", "hashtags": ["Cup"], **more},
    }
    for number, account, more in (
        (1, "a1", {}),
        (2, "a2", {"media": [{"sha256": "ab" * 32}]}),
        (3, "a1", {}),
    )
]


class Tocsin:
    """The receiving end of `POST /v1/events`: keeps each event by id, as Tocsin does."""

    def __init__(self) -> None:
        self.status = 200
        self.lock = Lock()
        self.events: dict[str, dict[str, Any]] = {}
        self.asked: Queue[int] = Queue()  # one status for each request answered
        self.tokens: set[str] = set()
        self.url = ""

    def take(self, token: str, body: bytes) -> int:
        with self.lock:
            status = self.status
            self.tokens.add(token)
            if status == 200:
                for line in body.splitlines():
                    event = json.loads(line)
                    self.events[event["id"]] = event
        return status


@pytest.fixture
def tocsin() -> Iterator[Tocsin]:
    double = Tocsin()

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = double.take(self.headers["Authorization"], body)
            self.send_response(status if self.path == "/v1/events" else 404)
            self.end_headers()
            double.asked.put(status)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # inherited name
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    double.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield double
    server.shutdown()
    server.server_close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def state(tmp_path: Path) -> State:
    made = State(tmp_path / "harbour.db")
    made.record(EVENTS)
    return made


@pytest.fixture
def harbour(state: State, clock: FakeClock) -> Iterator[Platform]:
    with Platform(state, [SECRET], clock=clock) as platform:
        yield platform


def an_action(number: int = 1, kind: str = "hide", subject: str = "post:p1", **more: Any) -> Action:
    subject_kind, _, subject_id = subject.partition(":")
    given: dict[str, Any] = {
        "id": f"act_{number}",
        "kind": ActionKind(kind),
        "subject": Subject(kind=subject_kind, id=subject_id),  # type: ignore[arg-type]  # from text
        "clause": "support",
        "authority": "verdict:v1",
        "not_before": NOW,
        **more,
    }
    return Action(**given)


def call(
    url: str, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=WAIT_S)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def deliver(harbour: Platform, action: Action, *, at: datetime = NOW) -> tuple[int, dict[str, Any]]:
    body = encode_action(action)
    headers = {SIGNATURE_HEADER: sign(body, [SECRET], at)}
    status, answer = call(harbour.url, "POST", "/tocsin/actions", body, headers)
    return status, json.loads(answer)


def standing(harbour: Platform, post: str = "p1", country: str = "") -> str:
    path = f"/posts?id={post}" + (f"&country={country}" if country else "")
    (found,) = json.loads(call(harbour.url, "GET", path)[1])["posts"]
    assert isinstance(found["standing"], str)
    return found["standing"]


def account_of(harbour: Platform, account: str) -> dict[str, Any]:
    found = json.loads(call(harbour.url, "GET", "/accounts")[1])["accounts"]
    return next(one for one in found if one["id"] == account)


# --- once ---------------------------------------------------------------------------------------


def test_an_action_is_applied_and_a_repeat_is_answered_and_not_applied(harbour: Platform) -> None:
    first = deliver(harbour, an_action())
    again = deliver(harbour, an_action())
    assert first == (200, {"ok": True, "applied": True, "repeat": False, "error": None})
    assert again == (200, {"ok": True, "applied": True, "repeat": True, "error": None})
    assert len(harbour.state.actions()) == len(harbour.state.unsent(10)) == 1
    assert standing(harbour) == "hidden"


def test_concurrent_deliveries_apply_once(harbour: Platform) -> None:
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda n: deliver(harbour, an_action(n % 3)), range(36)))
    assert {status for status, _ in answers} == {200}
    assert sum(not answer["repeat"] for _, answer in answers) == 3
    assert len(harbour.state.actions()) == len(harbour.state.unsent(10)) == 3


# --- who may ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "t=1,v1=00",
        sign(b"{}", [SECRET], NOW),
        sign(b"{}", [b"another secret, long"], NOW),
    ],
)
def test_a_bad_signature_changes_nothing(harbour: Platform, header: str | None) -> None:
    headers = {} if header is None else {SIGNATURE_HEADER: header}
    status, answer = call(
        harbour.url, "POST", "/tocsin/actions", encode_action(an_action()), headers
    )
    assert status == 401
    assert json.loads(answer)["error"]["code"] == "SIGNATURE"
    assert harbour.state.actions() == []


def test_an_old_recording_changes_nothing(harbour: Platform, clock: FakeClock) -> None:
    clock.advance(timedelta(seconds=301))
    status, answer = deliver(harbour, an_action(), at=NOW)
    assert (status, answer["error"]["message"]) == (401, "the signature is stale")
    assert harbour.state.actions() == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"action": {"id": 5}}', b"\xff"])
def test_a_signed_body_that_is_no_action_is_refused_for_good(
    harbour: Platform, body: bytes
) -> None:
    headers = {SIGNATURE_HEADER: sign(body, [SECRET], NOW)}
    assert call(harbour.url, "POST", "/tocsin/actions", body, headers)[0] == 400


def test_bodies_without_length_or_too_long_are_not_read(harbour: Platform) -> None:
    long = {"Content-Length": str(MAX_BODY_BYTES + 1)}
    assert call(harbour.url, "POST", "/tocsin/actions", b"", long)[0] == 413
    huge = {"Content-Length": "9" * 5_000}
    assert call(harbour.url, "POST", "/tocsin/actions", b"", huge)[0] == 413
    chunked = {"Transfer-Encoding": "chunked"}
    assert call(harbour.url, "POST", "/tocsin/actions", b"", chunked)[0] == 411


# --- what it does -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "expected"), [("hide", "hidden"), ("remove", "removed"), ("interstitial",) * 2]
)
def test_what_is_done_to_a_post_is_taken_back_by_restore(
    harbour: Platform, kind: str, expected: str
) -> None:
    deliver(harbour, an_action(1, kind))
    assert standing(harbour) == expected
    deliver(harbour, an_action(2, "restore", undoes="act_1"))
    assert standing(harbour) == "visible"
    deliver(harbour, an_action(1, kind))  # a late repeat does not bring it back
    assert standing(harbour) == "visible"


def test_lifting_one_of_two_leaves_the_other(harbour: Platform) -> None:
    deliver(harbour, an_action(1, "remove"))
    deliver(harbour, an_action(2, "interstitial"))
    deliver(harbour, an_action(3, "restore", undoes="act_1"))
    assert standing(harbour) == "interstitial"
    deliver(harbour, an_action(4, "restore"))
    assert standing(harbour) == "visible"


def test_what_was_taken_back_before_it_arrived_is_not_applied(harbour: Platform) -> None:
    deliver(harbour, an_action(2, "restore", undoes="act_1"))
    _, answer = deliver(harbour, an_action(1, "hide"))
    assert (answer["applied"], answer["error"]) == (False, "taken back before it arrived")
    assert standing(harbour) == "visible"


def test_withholding_is_for_one_country(harbour: Platform) -> None:
    deliver(harbour, an_action(kind="withhold", country="DE"))
    seen = [standing(harbour, country=country) for country in ("DE", "FR", "")]
    assert seen == ["withheld", "visible", "visible"]


def test_an_action_ends_when_it_expires(harbour: Platform, clock: FakeClock) -> None:
    deliver(harbour, an_action(expires_at=NOW + timedelta(hours=1)))
    assert standing(harbour) == "hidden"
    clock.advance(timedelta(hours=2))
    assert standing(harbour) == "visible"


def test_a_suspension_takes_the_account_and_its_posts_and_can_be_lifted(harbour: Platform) -> None:
    deliver(harbour, an_action(1, "suspend", "account:a1"))
    assert account_of(harbour, "a1")["standing"] == "suspended"
    seen = [standing(harbour, post) for post in ("p1", "p2", "p3")]
    assert seen == ["author_suspended", "visible", "author_suspended"]
    deliver(harbour, an_action(2, "restore", "account:a1", undoes="act_1"))
    assert account_of(harbour, "a1")["standing"] == "good"
    assert standing(harbour) == "visible"


def test_accounts_are_limited_labelled_warned_and_notified(harbour: Platform) -> None:
    deliver(harbour, an_action(1, "limit", "account:a1"))
    deliver(harbour, an_action(2, "label", "account:a1", label="state-run"))
    deliver(harbour, an_action(3, "warn", "post:p1", actor="a1"))
    deliver(harbour, an_action(4, "notify", "account:a1"))
    account = account_of(harbour, "a1")
    assert account["standing"] == "limited"
    assert account["labels"] == ["state-run"]
    assert (account["warnings"], account["notices"]) == (1, 1)
    assert standing(harbour) == "limited"


def test_a_file_is_hidden_wherever_it_is_shown(harbour: Platform) -> None:
    deliver(harbour, an_action(kind="hide", subject="media:" + "ab" * 32))
    assert [standing(harbour, post) for post in ("p1", "p2")] == ["visible", "hidden"]


def test_a_hashtag_is_taken_off_the_trends_and_put_back(harbour: Platform) -> None:
    assert harbour.state.trends(NOW)[0][0].hashtag == "cup"
    deliver(harbour, an_action(1, "stop_trending", "hashtag:Cup"))
    assert harbour.state.trends(NOW) == ([], ["cup"])
    deliver(harbour, an_action(2, "restore", "hashtag:Cup", undoes="act_1"))
    assert harbour.state.trends(NOW)[0][0].accounts == 2


@pytest.mark.parametrize(
    ("kind", "subject", "error"),
    [
        ("hide", "post:nobody", "no such post or account"),
        ("suspend", "post:p1", "Harbour cannot do this to a subject of this kind"),
        ("hide", "campaign:c1", "Harbour cannot do this to a subject of this kind"),
        ("withhold", "post:p1", "withholding needs a country"),
    ],
)
def test_what_cannot_be_done_is_accepted_and_reported_as_not_applied(
    harbour: Platform, kind: str, subject: str, error: str
) -> None:
    status, answer = deliver(harbour, an_action(1, kind, subject))
    assert (status, answer["applied"], answer["error"]) == (200, False, error)
    ((_, report),) = harbour.state.unsent(10)
    assert json.loads(report)["applied"] is False
    assert json.loads(report)["error"] == error


# --- the pages ----------------------------------------------------------------------------------


def test_the_timeline_shows_what_a_reader_would_see(harbour: Platform) -> None:
    deliver(harbour, an_action(1, "hide", "post:p1"))
    deliver(harbour, an_action(2, "label", "post:p2", label="disputed"))
    deliver(harbour, an_action(3, "interstitial", "post:p3"))
    page = call(harbour.url, "GET", "/")[1].decode()
    assert "text &lt;b&gt;2&lt;/b&gt;" in page
    assert "<b>" not in page
    assert "&lt;b&gt;1" not in page  # hidden means: not in the document
    assert "Harbour has hidden this post. Rule: support." in page
    assert '<span class="label">disputed</span>' in page
    assert "<details>" in page
    assert page.index('id="p3"') < page.index('id="p2"') < page.index('id="p1"')


def test_pages_and_json_refuse_nothing_and_break_on_nothing(harbour: Platform) -> None:
    for path in ("/healthz", "/style.css", "/actions", "/posts?limit=x&offset=-1", "/?page=0"):
        assert call(harbour.url, "GET", path)[0] == 200
    assert call(harbour.url, "GET", "/nothing")[0] == 404
    assert call(harbour.url, "POST", "/nothing")[0] == 404


def test_a_whole_week_fits_on_the_timeline(harbour: Platform) -> None:
    harbour.state.record(world.simulate())
    page = call(harbour.url, "GET", "/?page=3&country=de")[1].decode()
    assert page.count("<article") == 50
    assert "seen from DE" in page


def test_posts_that_are_not_public_are_neither_shown_nor_sent(state: State) -> None:
    private = {"id": "e9", "type": "post.created", "post": {"id": "p9", "visibility": "direct"}}
    assert state.record([private], forward=True) == 0
    assert state.posts(NOW, post_id="p9") == []
    assert state.unsent(10) == []


# --- the connector meets the platform -----------------------------------------------------------


def test_the_connector_delivers_and_learns_what_harbour_can_do(
    harbour: Platform, clock: FakeClock
) -> None:
    settings = WebhookSettings(url=f"{harbour.url}/tocsin/actions", secrets=[SECRET])
    with WebhookConnector(settings, clock) as connector:
        receipts = [connector.deliver(an_action(), attempt) for attempt in (1, 2)]
        assert all(receipt.accepted for receipt in receipts)
        assert set(connector.learn_actions()) == set(ActionKind)
    assert standing(harbour) == "hidden"
    assert len(harbour.state.actions()) == 1


# --- reporting back -----------------------------------------------------------------------------


def test_reports_are_events_that_tocsin_accepts(harbour: Platform) -> None:
    deliver(harbour, an_action())
    deliver(harbour, an_action(2, "hide", "post:nobody"))
    for _, body in harbour.state.unsent(10):
        event = decode_event(body.encode(), now=NOW, policy=EventPolicy())
        assert type(event).__name__ == "ActionResult"


def test_the_outbox_keeps_what_tocsin_has_not_confirmed(state: State, tocsin: Tocsin) -> None:
    state.record([{**EVENTS[0], "id": f"again-{n}"} for n in range(3)], forward=True)
    reporter = Reporter(state, post_events(tocsin.url, TOKEN))
    tocsin.status = 503
    assert reporter.send_once() is Sending.LATER
    tocsin.status = 401
    assert reporter.send_once() is Sending.LATER
    assert len(state.unsent(10)) == 3
    tocsin.status = 200
    assert reporter.send_once() is Sending.DONE
    assert reporter.send_once() is Sending.NOTHING
    assert sorted(tocsin.events) == ["again-0", "again-1", "again-2"]
    assert tocsin.tokens == {f"Bearer {TOKEN}"}


def test_one_event_that_tocsin_never_takes_does_not_hold_up_the_rest(state: State) -> None:
    state.record([{**EVENTS[0], "id": name} for name in ("bad", "good")], forward=True)
    reporter = Reporter(state, lambda ndjson: 400 if '"bad"' in ndjson else 200)
    assert [reporter.send_once() for _ in range(3)] == [
        Sending.DONE,
        Sending.DONE,
        Sending.NOTHING,
    ]


def test_nobody_listening_is_tried_again(state: State) -> None:
    state.record(EVENTS[:1], forward=True)
    reporter = Reporter(state, post_events("http://127.0.0.1:9", TOKEN))
    assert reporter.send_once() is Sending.LATER


# --- kill -9 ------------------------------------------------------------------------------------


class Process:
    """Harbour as its own program."""

    def __init__(self, db: Path, tocsin_url: str) -> None:
        environment = {
            **os.environ,
            "HARBOUR_WEBHOOK_SECRET": SECRET.decode().replace(" ", "-"),
            "HARBOUR_TOCSIN_TOKEN": TOKEN,
            "PYTHONPATH": os.pathsep.join(["src", "."]),
        }
        command = [sys.executable, "-m", "examples.harbour.platform", "--port", "0"]
        command += ["--db", str(db), "--tocsin-url", tocsin_url]
        self.process = subprocess.Popen(
            command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.url: str = json.loads(self.process.stdout.readline())["listening"]

    def deliver(self, action: Action) -> int | None:
        body = encode_action(action)
        secret = SECRET.replace(b" ", b"-")
        headers = {SIGNATURE_HEADER: sign(body, [secret], datetime.now(UTC))}
        try:
            return call(self.url, "POST", "/tocsin/actions", body, headers)[0]
        except (OSError, http.client.HTTPException):
            return None

    def kill(self) -> None:
        self.process.kill()
        self._reap()

    def end(self) -> int:
        self.process.terminate()
        return self._reap()

    def _reap(self) -> int:
        status = self.process.wait(timeout=WAIT_S)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return status


def test_it_does_not_start_without_a_good_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HARBOUR_WEBHOOK_SECRET", "canary")
    with pytest.raises(SystemExit) as ended:
        main(["--port", "0", "--db", str(tmp_path / "harbour.db")])
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert "HARBOUR_WEBHOOK_SECRET" in said
    assert "canary" not in said
    assert not (tmp_path / "harbour.db").exists()


@contextmanager
def running(db: Path, tocsin_url: str) -> Iterator[Process]:
    process = Process(db, tocsin_url)
    try:
        yield process
    finally:
        process.kill()


def test_a_kill_between_applying_and_reporting_loses_nothing(
    state: State, tmp_path: Path, tocsin: Tocsin
) -> None:
    tocsin.status = 503
    with running(tmp_path / "harbour.db", tocsin.url) as first:
        assert first.deliver(an_action()) == 200
        assert tocsin.asked.get(timeout=WAIT_S) == 503  # it tried, and was not heard
    assert tocsin.events == {}
    tocsin.status = 200
    with running(tmp_path / "harbour.db", tocsin.url) as second:
        while tocsin.asked.get(timeout=WAIT_S) != 200:
            pass
        assert second.deliver(an_action()) == 200  # Tocsin asks again after its own crash
        assert second.end() == 0
    assert list(tocsin.events) == ["harbour-result-act_1"]
    assert [action["applied"] for action in state.actions()] == [True]
    assert state.unsent(10) == []


@pytest.mark.slow
def test_kills_at_any_moment_lose_nothing_and_apply_nothing_twice(
    state: State, tmp_path: Path, tocsin: Tocsin
) -> None:
    """Deliver from four threads, kill while they do, deliver again what was not answered."""
    waiting = {f"act_{number}": an_action(number, "label") for number in range(60)}
    answered: set[str] = set()
    for kill_after in (0, 5, 11, 17):
        with running(tmp_path / "harbour.db", tocsin.url) as process:
            done: Queue[str] = Queue()

            def send(action: Action, to: Process = process, done: Queue[str] = done) -> None:
                if to.deliver(action) == 200:
                    done.put(action.id)

            with ThreadPoolExecutor(4) as pool:
                sending = [
                    pool.submit(send, action)
                    for identifier, action in waiting.items()
                    if identifier not in answered
                ]
                for _ in range(kill_after):
                    answered.add(done.get(timeout=WAIT_S))
                process.kill()
            assert all(future.exception() is None for future in sending)
            while not done.empty():
                answered.add(done.get())
        stored = {action["id"] for action in state.actions(limit=1_000)}
        assert answered <= stored
    with running(tmp_path / "harbour.db", tocsin.url) as last:
        assert {last.deliver(action) for action in waiting.values()} == {200}
        while len(tocsin.events) < len(waiting):
            tocsin.asked.get(timeout=WAIT_S)
        assert last.end() == 0
    actions = state.actions(limit=1_000)
    assert sorted(action["id"] for action in actions) == sorted(waiting)
    assert set(tocsin.events) == {f"harbour-result-{identifier}" for identifier in waiting}
    assert len(state.posts(NOW, post_id="p1")[0].labels) == len(waiting)
