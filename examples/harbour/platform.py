"""The reference platform: what any platform does to work with Tocsin, in one small server.

Comes in: signed actions at `POST /tocsin/actions`. Goes out: 200 once the action is on disk,
`action.result` events to Tocsin, the state as JSON, and the timeline as a reader sees it.
Always holds: nothing of a request is believed before its signature; an action that arrives
again is answered like the first time and not applied again; killing the process at any moment
loses nothing that it answered with 200. Refused: bad signatures (401), requests signed more
than five minutes ago (401), bodies that are no action (400) or too long (413).

    $ HARBOUR_WEBHOOK_SECRET=… python -m examples.harbour.platform --port 8471 --db harbour.db
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from types import FrameType
from typing import Any, Self, cast
from urllib.parse import parse_qsl, urlsplit

import msgspec

from examples.harbour import pages
from examples.harbour.reporter import Reporter, post_events
from examples.harbour.state import CAPABILITIES, ReceivedAction, State
from tocsin.clock import Clock, SystemClock
from tocsin.enforcement.signing import SIGNATURE_HEADER, SignatureCheck, check_signature
from tocsin.errors import InputError

__all__ = ["Platform", "main"]

MAX_BODY_BYTES = 65_536
SOCKET_TIMEOUT_S = 10.0
PAGE = 50
MAX_LIMIT = 1_000
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Platform:
    """A running Harbour.

    `secrets` are those that Tocsin may sign with; without `tocsin_url` the reports wait in the
    outbox; port 0 takes any free port.
    """

    def __init__(
        self,
        state: State,
        secrets: Sequence[bytes],
        *,
        clock: Clock,
        host: str = "127.0.0.1",
        port: int = 0,
        tocsin_url: str | None = None,
        token: str = "",
    ) -> None:
        self.state = state
        self.secrets = tuple(secrets)
        self.clock = clock
        check_signature(None, b"", self.secrets, clock.now())  # refuses weak secrets now
        self.reporter: Reporter | None = None
        if tocsin_url is not None:
            self.reporter = Reporter(state, post_events(tocsin_url, token))
        self._server = _Server((host, port), self)
        self.url = f"http://{host}:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if self.reporter is not None:
            self.reporter.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        if self.reporter is not None:
            self.reporter.stop()

    def receive(self, body: bytes, signature: str | None) -> tuple[int, dict[str, Any]]:
        """One delivery: the status and the JSON to answer with."""
        found = check_signature(signature, body, self.secrets, self.clock.now())
        if found is not SignatureCheck.VALID:
            return 401, _error("SIGNATURE", f"the signature is {found.value}")
        try:
            action = msgspec.json.decode(body, type=_Delivery).action
        except (msgspec.DecodeError, UnicodeDecodeError):
            return 400, _error("BODY", "the body is not an action")
        try:
            applied = self.state.apply(action, self.clock.now())
        except sqlite3.OperationalError:
            return 503, _error("BUSY", "the action could not be stored; try again")
        if self.reporter is not None:
            self.reporter.wake()
        return 200, {"ok": True, **asdict(applied)}


class _Delivery(msgspec.Struct, frozen=True):
    action: ReceivedAction


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], platform: Platform) -> None:
        self.platform = platform
        super().__init__(address, _Requests)


class _Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Harbour"
    sys_version = ""
    timeout = SOCKET_TIMEOUT_S

    def do_POST(self) -> None:  # the name that http.server looks for
        length = self.headers.get("Content-Length", "")
        if urlsplit(self.path).path != "/tocsin/actions":
            self._refuse(404, "NOT_FOUND", "there is nothing here")
        elif not (length.isascii() and length.isdigit()):
            self._refuse(411, "LENGTH", "the request has no length")
        elif len(length) > len(str(MAX_BODY_BYTES)) or int(length) > MAX_BODY_BYTES:
            self._refuse(413, "LENGTH", f"the body is longer than {MAX_BODY_BYTES:,} bytes")
        else:
            body = self.rfile.read(int(length))
            status, answer = self._platform.receive(body, self.headers.get(SIGNATURE_HEADER))
            self._answer_json(status, answer)

    def do_GET(self) -> None:  # the name that http.server looks for
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        if parts.path == "/":
            self._answer(200, "text/html", self._timeline(query).encode())
        elif parts.path == "/style.css":
            self._answer(200, "text/css", pages.STYLE.encode())
        else:
            found = self._read(parts.path, query)
            if found is None:
                self._refuse(404, "NOT_FOUND", "there is nothing here")
            else:
                self._answer_json(200, found)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # inherited name
        """Requests are not logged: their lines name posts and accounts."""

    @property
    def _platform(self) -> Platform:
        return cast("_Server", self.server).platform

    def _read(self, path: str, query: Mapping[str, str]) -> dict[str, Any] | None:
        state, now = self._platform.state, self._platform.clock.now()
        limit = _number(query.get("limit"), PAGE, MAX_LIMIT)
        offset = _number(query.get("offset"), 0, 10**9)
        if path == "/healthz":
            return {"ok": True}
        if path == "/tocsin/actions/capabilities":
            return {"actions": dict.fromkeys(sorted(CAPABILITIES), True)}
        if path == "/posts":
            found = state.posts(
                now,
                country=query.get("country"),
                offset=offset,
                limit=limit,
                post_id=query.get("id"),
            )
            return {"posts": [asdict(post) for post in found]}
        if path == "/accounts":
            accounts = state.accounts(now, offset=offset, limit=limit)
            return {"accounts": [asdict(account) for account in accounts]}
        if path == "/actions":
            return {"actions": state.actions(offset=offset, limit=limit)}
        return None

    def _timeline(self, query: Mapping[str, str]) -> str:
        state, now = self._platform.state, self._platform.clock.now()
        country = query.get("country", "")[:2].upper() or None
        page = max(1, _number(query.get("page"), 1, 10**6))
        posts = state.posts(
            now,
            country=country,
            offset=(page - 1) * PAGE,
            limit=PAGE + 1,
            post_id=query.get("id"),
        )
        trends, stopped = state.trends(now)
        return pages.timeline(
            posts[:PAGE],
            trends,
            stopped,
            country=country,
            page=page,
            has_more=len(posts) > PAGE,
        )

    def _refuse(self, status: int, code: str, message: str) -> None:
        self.close_connection = True  # the body may be unread: nothing after it can be trusted
        self._answer_json(status, _error(code, message))

    def _answer_json(self, status: int, answer: Mapping[str, Any]) -> None:
        self._answer(status, "application/json", json.dumps(answer, ensure_ascii=False).encode())

    def _answer(self, status: int, media_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{media_type}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        for name, value in SECURITY_HEADERS.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


def _error(code: str, message: str) -> dict[str, Any]:
    return {"ok": False, "error": {"code": code, "message": message}}


def _number(text: str | None, default: int, largest: int) -> int:
    """A count in a query; anything else counts as not given."""
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > len(str(largest)):
        return default
    return min(int(text), largest)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run Harbour until it is told to stop; prints one JSON line once it listens."""
    parser = _parser()
    options = parser.parse_args(arguments)
    secrets = [_secret(text) for text in os.environ.get(options.secret_env, "").split()]
    try:
        check_signature(None, b"", secrets, SystemClock().now())
    except InputError as error:
        parser.error(f"{options.secret_env}: {error}")
    state = State(options.db)
    if options.events is not None:
        with options.events.open(encoding="utf-8") as lines:
            state.record((json.loads(line) for line in lines), forward=options.forward)
    stopping = Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    platform = Platform(
        state,
        secrets,
        clock=SystemClock(),
        host=options.host,
        port=options.port,
        tocsin_url=options.tocsin_url,
        token=os.environ.get(options.token_env, ""),
    )
    with platform:
        print(json.dumps({"listening": platform.url}), flush=True)
        stopping.wait()
    return 0


def _secret(text: str) -> bytes:
    """The secret that a text stands for: Tocsin keeps its own in hexadecimal."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        return text.encode()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m examples.harbour.platform", description="The reference platform, Harbour."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8471, help="0 takes any free port")
    parser.add_argument("--db", type=Path, default=Path("harbour.db"), help="SQLite file")
    parser.add_argument("--tocsin-url", help="where to report; without it reports wait")
    parser.add_argument(
        "--secret-env",
        default="HARBOUR_WEBHOOK_SECRET",
        help="environment variable with the webhook secrets, in hexadecimal as in Tocsin's"
        " `keys/webhook.secret`, separated by spaces",
    )
    parser.add_argument(
        "--token-env",
        default="HARBOUR_TOCSIN_TOKEN",
        help="environment variable with the token for Tocsin's `POST /v1/events`",
    )
    parser.add_argument("--events", type=Path, help="JSON Lines of what has happened so far")
    parser.add_argument("--forward", action="store_true", help="send those events to Tocsin too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
