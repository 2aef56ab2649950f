"""The webhook connector against real receivers on loopback sockets."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address, ip_network
from threading import Thread
from typing import Any, Protocol

import pytest

from tocsin.enforcement.signing import SIGNATURE_HEADER, SignatureCheck, check_signature
from tocsin.enforcement.webhook import (
    DEFAULT_ACTIONS,
    MAX_ANSWER_BYTES,
    MAX_ATTEMPTS,
    WebhookConnector,
    WebhookSettings,
    encode_action,
    is_allowed_address,
    next_attempt,
)
from tocsin.errors import InputError, OutsideServiceError
from tocsin.plugins import Connector
from tocsin.records import Action, ActionKind, Subject
from tocsin.testing.fake_clock import FakeClock

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SECRET = b"canary-secret-canary-secret"


@dataclass
class Receiver:
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@contextmanager
def receiving(receiver: Receiver) -> Iterator[Receiver]:
    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            receiver.seen.append((self.command, self.path, dict(self.headers), body))
            self.send_response(receiver.status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(receiver.body)))
            self.end_headers()
            self.wfile.write(receiver.body)

        do_POST = do_GET = _answer  # noqa: N815  # the names that http.server looks for

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # inherited name
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_port}/tocsin/actions"
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


class Connect(Protocol):
    def __call__(self, url: str, **settings: Any) -> WebhookConnector: ...


@pytest.fixture
def connector_to() -> Iterator[Connect]:
    """Make connectors, and close them when the test is over."""
    with ExitStack() as opened:

        def connect(url: str, **settings: Any) -> WebhookConnector:
            given = WebhookSettings(url=url, secrets=[SECRET], **settings)
            return opened.enter_context(WebhookConnector(given, FakeClock(NOW)))

        yield connect


def an_action(**changes: Any) -> Action:
    given: dict[str, Any] = {
        "id": "act_1",
        "kind": ActionKind.HIDE,
        "subject": Subject(kind="post", id="p1"),
        "actor": "a1",
        "clause": "support",
        "authority": "verdict:ver_1",
        "not_before": NOW,
        **changes,
    }
    return Action(**given)


def test_an_action_arrives_signed_with_its_keys(connector_to: Connect) -> None:
    with receiving(Receiver(status=202)) as receiver:
        receipt = connector_to(receiver.url).deliver(an_action(), 3)
    assert receipt.accepted
    ((method, path, headers, body),) = receiver.seen
    assert (method, path) == ("POST", "/tocsin/actions")
    found = check_signature(headers[SIGNATURE_HEADER], body, [SECRET], NOW)
    assert found is SignatureCheck.VALID
    assert headers["Tocsin-Idempotency-Key"] == "act_1"
    assert headers["Tocsin-Attempt"] == "3"
    assert headers["Host"] == receiver.url.split("/")[2]


def test_the_body_is_what_a_platform_needs_and_no_more() -> None:
    action = an_action(
        kind=ActionKind.WITHHOLD, country="DE", expires_at=NOW + timedelta(days=1), undoes=None
    )
    assert json.loads(encode_action(action)) == {
        "version": 1,
        "action": {
            "id": "act_1",
            "kind": "withhold",
            "subject": {"kind": "post", "id": "p1"},
            "actor": "a1",
            "clause": "support",
            "decided_by": "person",
            "expires_at": "2026-01-03T03:04:05Z",
            "country": "DE",
        },
    }


def test_the_body_says_whether_a_person_decided() -> None:
    by_machine = json.loads(encode_action(an_action(authority="decision:dec_1")))
    assert by_machine["action"]["decided_by"] == "automatic"
    assert "dec_1" not in json.dumps(by_machine)


@pytest.mark.parametrize(
    ("status", "accepted", "retry"),
    [
        (200, True, False),
        (204, True, False),
        (302, False, True),
        (400, False, False),
        (401, False, True),
        (404, False, True),
        (408, False, True),
        (410, False, False),
        (422, False, False),
        (425, False, True),
        (429, False, True),
        (500, False, True),
        (503, False, True),
    ],
)
def test_the_status_says_whether_to_try_again(
    connector_to: Connect, status: int, accepted: bool, retry: bool
) -> None:
    with receiving(Receiver(status=status, body=b"")) as receiver:
        receipt = connector_to(receiver.url).deliver(an_action(), 1)
    assert (receipt.accepted, receipt.retry) == (accepted, retry)
    assert receipt.note == f"HTTP {status}"


def test_redirects_are_not_followed(connector_to: Connect) -> None:
    with receiving(Receiver()) as other:
        first = Receiver(status=307, headers={"Location": other.url}, body=b"")
        with receiving(first):
            receipt = connector_to(first.url).deliver(an_action(), 1)
    assert not receipt.accepted
    assert other.seen == []


def test_a_long_answer_is_cut_off_and_its_status_stands(connector_to: Connect) -> None:
    with receiving(Receiver(body=b"x" * (MAX_ANSWER_BYTES * 20))) as receiver:
        assert connector_to(receiver.url).deliver(an_action(), 1).accepted


def test_no_connection_is_tried_again(connector_to: Connect) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        receipt = connector_to(url).deliver(an_action(), 1)
    assert (receipt.accepted, receipt.retry, receipt.note) == (False, True, "no connection")


def test_an_answer_that_is_not_http_is_tried_again_and_not_quoted(connector_to: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:

        def answer() -> None:
            peer, _ = server.accept()
            with peer:
                peer.recv(65_536)
                peer.sendall(b"canary-answer\r\n\r\n")

        answered = pool.submit(answer)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        receipt = connector_to(url).deliver(an_action(), 1)
        answered.result(timeout=10)
    assert (receipt.accepted, receipt.retry) == (False, True)
    assert "canary" not in receipt.note


@pytest.mark.parametrize(
    "url",
    [
        "https://10.0.0.1/hook",
        "https://192.168.1.1/hook",
        "https://169.254.169.254/hook",
        "https://[fd00::1]/hook",
        "https://[fe80::1]/hook",
        "https://[::ffff:10.0.0.1]/hook",
        "https://0.0.0.0/hook",
        "https://100.64.0.1/hook",
        "https://224.0.0.1/hook",
    ],
)
def test_private_addresses_are_refused_before_any_connection(
    connector_to: Connect, url: str
) -> None:
    receipt = connector_to(url).deliver(an_action(), 1)
    assert (receipt.accepted, receipt.retry) == (False, True)
    assert "private network" in receipt.note


@pytest.mark.parametrize(
    ("address", "host", "networks", "expected"),
    [
        ("203.0.113.9", "harbour.example", [], False),  # documentation only, not global
        ("9.9.9.9", "harbour.example", [], True),
        ("2620:fe::9", "harbour.example", [], True),
        ("10.1.2.3", "harbour.example", [], False),
        ("10.1.2.3", "harbour.example", ["10.1.0.0/16"], True),
        ("10.2.2.3", "harbour.example", ["10.1.0.0/16"], False),
        ("::ffff:10.1.2.3", "harbour.example", ["10.1.0.0/16"], True),
        ("127.0.0.1", "harbour.example", [], False),  # a public name turned towards us
        ("127.0.0.1", "localhost", [], True),
        ("9.9.9.9", "localhost", [], False),
        ("::1", "::1", [], True),
        ("224.0.0.1", "harbour.example", [], False),
    ],
)
def test_where_a_delivery_may_go(
    address: str, host: str, networks: list[str], *, expected: bool
) -> None:
    allowed = [ip_network(network) for network in networks]
    assert is_allowed_address(ip_address(address), host, allowed) is expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hook",
        "ftp://harbour.example/hook",
        "file:///etc/hostname",
        "http://harbour.example/hook",
        "http://10.0.0.1/hook",
        "https://user:canary@harbour.example/hook",
        "https://harbour.example/hook?token=canary",
        "https://harbour.example:99999/hook",
    ],
)
def test_addresses_that_cannot_be_used_are_refused_at_once(connector_to: Connect, url: str) -> None:
    with pytest.raises(InputError, match=r"webhook address|plain `http`") as caught:
        connector_to(url)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://localhost:1/", "http://[::1]:1/", "http://127.9.9.9:1/"])
def test_plain_http_is_for_this_machine(connector_to: Connect, url: str) -> None:
    assert connector_to(url).actions() == DEFAULT_ACTIONS


def test_a_network_that_is_none_is_refused(connector_to: Connect) -> None:
    with pytest.raises(InputError, match="CIDR"):
        connector_to("https://harbour.example/", networks=["10.1.2.3/8"])


def test_the_secret_shows_nowhere() -> None:
    settings = WebhookSettings(url="https://harbour.example/", secrets=[SECRET])
    assert "canary" not in repr(settings)
    with pytest.raises(InputError) as caught:
        WebhookConnector(replace(settings, secrets=[b"canary"]), FakeClock(NOW))
    assert "canary" not in str(caught.value)


def test_it_is_a_connector_with_every_action_and_removal_irreversible(
    connector_to: Connect,
) -> None:
    connector = connector_to("https://harbour.example/")
    assert isinstance(connector, Connector)
    assert set(connector.actions()) == set(ActionKind)
    irreversible = {kind for kind, reversible in connector.actions().items() if not reversible}
    assert irreversible == {ActionKind.REMOVE}


def test_the_platform_can_narrow_what_the_settings_say_and_never_widen_it(
    connector_to: Connect,
) -> None:
    told = {"hide": False, "label": True, "suspend": True, "paint_it_blue": True}
    configured = {ActionKind.HIDE: True, ActionKind.LABEL: True, ActionKind.REMOVE: True}
    body = json.dumps({"actions": told}).encode()
    with receiving(Receiver(body=body)) as receiver:
        connector = connector_to(receiver.url, actions=configured)
        learned = connector.learn_actions()
    assert learned == connector.actions() == {ActionKind.HIDE: False, ActionKind.LABEL: True}
    method, path, headers, _ = receiver.seen[0]
    assert (method, path) == ("GET", "/tocsin/actions/capabilities")
    found = check_signature(headers[SIGNATURE_HEADER], b"", [SECRET], NOW)
    assert found is SignatureCheck.VALID


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, b""),
        (200, b"canary"),
        (200, b'{"actions": {"hide": "canary"}}'),
        (200, b'{"actions": {"hide": true}, "pad": "' + b"x" * MAX_ANSWER_BYTES * 2 + b'"}'),
    ],
)
def test_unusable_capabilities_leave_the_actions_as_they_were(
    connector_to: Connect, status: int, body: bytes
) -> None:
    with receiving(Receiver(status=status, body=body)) as receiver:
        connector = connector_to(receiver.url)
        with pytest.raises(OutsideServiceError, match="capabilities") as caught:
            connector.learn_actions()
    assert connector.actions() == DEFAULT_ACTIONS
    assert "canary" not in str(caught.value)


def test_retries_spread_over_a_day_and_then_end() -> None:
    waits = [next_attempt("act_1", attempt) for attempt in range(1, MAX_ATTEMPTS)]
    lengths = [wait.total_seconds() for wait in waits if wait is not None]
    assert len(lengths) == len(waits)
    assert 4.5 <= lengths[0] <= 5.5
    assert all(3_240 <= length <= 3_960 for length in lengths[10:])
    assert 22 <= sum(lengths) / 3_600 <= 27
    assert next_attempt("act_1", MAX_ATTEMPTS) is None
    assert next_attempt("act_1", 10_000) is None


def test_retries_are_the_same_for_an_action_and_differ_between_actions() -> None:
    assert next_attempt("act_1", 4) == next_attempt("act_1", 4)
    assert len({next_attempt(f"act_{n}", 4) for n in range(50)}) == 50
