"""The guarded endpoint against real servers on loopback sockets."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from ipaddress import ip_address
from threading import Barrier, BrokenBarrierError, Lock
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from tests.support.models import (
    ModelServer,
    answering,
    broken,
    endless,
    failing,
    raw,
    redirecting,
    serving,
    slow,
    trickling,
)
from tocsin.clock import SystemClock
from tocsin.errors import InputError, OutsideServiceError
from tocsin.nlp.adapters.budget import Budget
from tocsin.nlp.adapters.endpoint import Endpoint
from tocsin.nlp.adapters.guard import checked_url, is_allowed_address
from tocsin.nlp.adapters.settings import OutsideModel
from tocsin.testing.fake_clock import FakeClock

GOOD = answering({"fine": True})
KEY = "canary-key-0123456789"
POST = "canary post about bread"


@pytest.fixture(scope="module")
def shared_server() -> Iterator[ModelServer]:
    with serving(GOOD) as server:
        yield server


@pytest.fixture
def server(shared_server: ModelServer) -> ModelServer:
    shared_server.behaviour = GOOD
    shared_server.asked.clear()
    return shared_server


def settings(url: str, **more: Any) -> OutsideModel:
    return OutsideModel(base_url=url, model="m", **{"timeout_s": 5, **more})


def asked(server: ModelServer, clock: FakeClock | None = None, **more: Any) -> dict[str, Any]:
    with Endpoint(settings(server.url, **more), clock or FakeClock(), api_key=KEY) as endpoint:
        return endpoint.ask("chat/completions", {"post": POST})


def refusal(server: ModelServer, **more: Any) -> str:
    with pytest.raises(OutsideServiceError) as refused:
        asked(server, **more)
    assert POST not in str(refused.value)
    assert KEY not in str(refused.value)
    assert "canary" not in str(refused.value)
    return refused.value.message


def test_a_question_goes_to_the_path_below_v1_with_the_key(server: ModelServer) -> None:
    assert asked(server) == {"fine": True}

    (request,) = server.asked
    assert request.path == "/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.body == {"post": POST}


def test_an_address_without_a_path_means_v1(server: ModelServer) -> None:
    with Endpoint(settings(server.url.removesuffix("/v1")), FakeClock()) as endpoint:
        endpoint.ask("embeddings", {})

    assert server.asked[0].path == "/v1/embeddings"
    assert "authorization" not in server.asked[0].headers


def test_failures_that_may_pass_are_tried_again_with_growing_waits(server: ModelServer) -> None:
    clock = FakeClock()
    server.behaviour = failing(503, 2, GOOD)

    assert asked(server, clock) == {"fine": True}
    assert clock.slept_s == [0.5, 1.0]
    assert len(server.asked) == 3


def test_tries_end(server: ModelServer) -> None:
    server.behaviour = failing(500, 99, GOOD)

    assert "HTTP 500" in refusal(server, retries=3)
    assert len(server.asked) == 4


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refusal_is_not_tried_again(server: ModelServer, status: int) -> None:
    server.behaviour = failing(status, 99, GOOD)

    assert f"HTTP {status}" in refusal(server)
    assert len(server.asked) == 1


def test_a_redirect_is_not_followed(server: ModelServer) -> None:
    server.behaviour = redirecting(f"{server.url}/elsewhere")

    assert "redirect" in refusal(server)
    assert [request.path for request in server.asked] == ["/v1/chat/completions"]


def test_an_answer_that_stalls_is_given_up(server: ModelServer) -> None:
    server.behaviour = slow(1)

    assert "too long" in refusal(server, timeout_s=0.1)
    assert len(server.asked) == 1


def test_an_answer_that_trickles_is_given_up(server: ModelServer) -> None:
    server.behaviour = trickling(0.05)

    with (
        Endpoint(settings(server.url, timeout_s=0.3), SystemClock()) as endpoint,
        pytest.raises(OutsideServiceError, match="too long"),
    ):
        endpoint.ask("chat/completions", {})


def test_an_endless_answer_is_cut_off(server: ModelServer) -> None:
    server.behaviour = endless()

    assert "longer than allowed" in refusal(server, max_answer_bytes=200_000)


def test_a_connection_that_breaks_is_tried_again(server: ModelServer) -> None:
    server.behaviour = broken()

    assert "broke" in refusal(server, retries=1)
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "answer",
    [b"", b"no JSON", b"[1]", b'"text"', b"\xff\xfe", b'{"a": 1} {"b": 2}', b"[" * 200_000],
)
def test_an_answer_that_is_no_object_is_none(server: ModelServer, answer: bytes) -> None:
    server.behaviour = raw(answer)

    assert "not a JSON object" in refusal(server)


def test_a_compressed_answer_is_not_unpacked(server: ModelServer) -> None:
    server.behaviour = raw(b"\x1f\x8b\x08\x00", {"Content-Encoding": "gzip"})

    assert "not a JSON object" in refusal(server)
    assert server.asked[0].headers["accept-encoding"] == "identity"


def test_nobody_listening_is_said_so() -> None:
    with serving(GOOD) as gone:
        pass

    assert "no connection" in refusal(gone, retries=0)


def test_calls_per_minute_are_bounded(server: ModelServer) -> None:
    clock = FakeClock()
    with Endpoint(settings(server.url, max_calls_per_minute=2), clock) as endpoint:
        endpoint.ask("embeddings", {})
        endpoint.ask("embeddings", {})
        with pytest.raises(OutsideServiceError, match="budget"):
            endpoint.ask("embeddings", {})
        clock.advance(timedelta(seconds=60))
        endpoint.ask("embeddings", {})

    assert len(server.asked) == 3


def test_who_has_time_may_wait_for_the_next_minute(server: ModelServer) -> None:
    clock = FakeClock()
    options = settings(server.url, max_calls_per_minute=1, waits_for_budget=True)
    with Endpoint(options, clock) as endpoint:
        endpoint.ask("embeddings", {})
        endpoint.ask("embeddings", {})

    assert sum(clock.slept_s) == 60


def test_tries_count_as_calls(server: ModelServer) -> None:
    server.behaviour = failing(503, 99, GOOD)

    assert "budget" in refusal(server, retries=5, max_calls_per_minute=3)
    assert len(server.asked) == 3


def test_seconds_of_waiting_are_bounded() -> None:
    clock = FakeClock()
    budget = Budget(calls=100, seconds=10)

    assert budget.take(clock.now())
    budget.spend(clock.now(), 10)
    assert not budget.take(clock.now())
    assert budget.take(clock.advance(timedelta(seconds=60)))


def test_calls_at_once_are_bounded(server: ModelServer) -> None:
    both = Barrier(2)
    lock, alone = Lock(), []

    def behaviour(_: dict[str, Any]) -> Response:
        try:
            both.wait(0.2)
        except BrokenBarrierError:
            with lock:
                alone.append(1)
        return JSONResponse({})

    server.behaviour = behaviour
    with (
        Endpoint(settings(server.url, max_concurrent=1), FakeClock()) as endpoint,
        ThreadPoolExecutor(2) as pool,
    ):
        answers = list(pool.map(lambda _: endpoint.ask("embeddings", {}), range(2)))

    assert answers == [{}, {}]
    assert len(alone) == 2  # never two of them in the server at once


def test_a_call_that_finds_no_room_gives_up(server: ModelServer) -> None:
    server.behaviour = slow(1)
    options = settings(server.url, max_concurrent=1, timeout_s=0.2, retries=0)
    with Endpoint(options, FakeClock()) as endpoint, ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(endpoint.ask, "embeddings", {}) for _ in range(4)]
        reasons = {str(call.exception()) for call in calls}

    assert any("too many calls" in reason for reason in reasons)


def test_nothing_of_a_call_is_logged(server: ModelServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    asked(server)
    server.behaviour = failing(500, 99, GOOD)
    refusal(server)

    assert KEY not in caplog.text
    assert POST not in caplog.text


def test_the_environment_has_no_say(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    assert asked(server) == {"fine": True}


@pytest.mark.parametrize("key", ["two words", "line\nend", "schlüssel", "nul\0"])
def test_a_key_that_would_break_the_header_is_refused(key: str) -> None:
    with pytest.raises(InputError) as refused:
        Endpoint(settings("http://127.0.0.1:1/v1"), FakeClock(), api_key=key)

    assert key not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://models.example/v1", "another machine"),
        ("https://models.example/v1", "another machine"),
        ("http://10.0.0.7:8000/v1", "another machine"),
        ("http://127.0.0.1.models.example/v1", "another machine"),
        ("http://user:word@127.0.0.1/v1", "credentials"),
        ("http://127.0.0.1/v1?key=1", "query"),
        ("http://127.0.0.1:99999/v1", "port"),
        ("ftp://127.0.0.1/v1", "neither"),
        ("127.0.0.1:8080/v1", "neither"),
        ("", "neither"),
    ],
)
def test_an_address_that_may_not_be_asked_is_refused_at_once(url: str, why: str) -> None:
    with pytest.raises(InputError) as refused:
        Endpoint(settings(url), FakeClock())

    assert why in refused.value.message or "not a URL" in refused.value.message
    assert "word" not in refused.value.message


def test_another_machine_is_asked_when_it_is_allowed_and_encrypted() -> None:
    allowed = ["GPU.internal"]

    assert checked_url("https://gpu.internal/v1/", allow_hosts=allowed).path == "/v1"
    with pytest.raises(InputError, match="unencrypted"):
        checked_url("http://gpu.internal/v1", allow_hosts=allowed)
    assert checked_url("http://gpu.internal", allow_hosts=allowed, plain_http=True).path == "/v1"


@pytest.mark.parametrize(
    ("address", "host", "allowed"),
    [
        ("127.0.0.1", "localhost", True),
        ("::1", "localhost", True),
        ("10.0.0.7", "localhost", False),
        ("10.0.0.7", "gpu.internal", True),
        ("203.0.113.9", "gpu.example", True),
        ("2001:db8::1", "gpu.example", True),
        ("127.0.0.1", "gpu.internal", False),
        ("::ffff:127.0.0.1", "gpu.internal", False),
        ("169.254.169.254", "gpu.internal", False),
        ("fe80::1", "gpu.internal", False),
        ("224.0.0.1", "gpu.internal", False),
        ("0.0.0.0", "gpu.internal", False),  # noqa: S104  # an address to refuse
        ("255.255.255.255", "gpu.internal", False),
    ],
)
def test_a_name_leads_only_where_it_may(address: str, host: str, allowed: bool) -> None:
    assert is_allowed_address(ip_address(address), host) is allowed
