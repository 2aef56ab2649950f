"""Sends what Harbour owes to Tocsin: one thread that empties the outbox.

Comes in: events in the outbox. Goes out: `POST /v1/events` as NDJSON with a bearer token.
Always holds: an event leaves the outbox only after Tocsin has confirmed it, so a crash of
either side sends it again; Tocsin knows it by its id. Refused: nothing; what Tocsin will never
take is kept aside.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable
from enum import Enum
from threading import Event, Thread
from urllib.parse import urlsplit

from examples.harbour.state import State

__all__ = ["Reporter", "Sending", "post_events"]

BATCH = 500
TIMEOUT_S = 10.0
FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 30.0
NEVER = frozenset({400, 413, 415, 422})  # Tocsin read it and will not change its mind


class Sending(Enum):
    """What became of one look at the outbox."""

    NOTHING = "nothing to send"
    DONE = "sent"
    LATER = "try again later"


class Reporter:
    """Empties the outbox of a `State` towards the Tocsin at `url`."""

    def __init__(self, state: State, send: Callable[[str], int]) -> None:
        """`send` posts NDJSON and gives the HTTP status; it raises OSError without one."""
        self._state = state
        self._send = send
        self._wake = Event()
        self._stopping = False
        self._thread = Thread(target=self._run, name="reporter", daemon=True)

    def start(self) -> None:
        """Begin; at once, for what an earlier life left behind."""
        self._thread.start()

    def wake(self) -> None:
        """There is something new."""
        self._wake.set()

    def stop(self) -> None:
        """End after the request in flight."""
        self._stopping = True
        self._wake.set()
        self._thread.join()

    def send_once(self) -> Sending:
        """Send the oldest events; where Tocsin refuses a batch, each of them by itself."""
        waiting = self._state.unsent(BATCH)
        if not waiting:
            return Sending.NOTHING
        status = self._try([body for _, body in waiting])
        if status in NEVER and len(waiting) > 1:
            waiting = waiting[:1]
            status = self._try([waiting[0][1]])
        numbers = [number for number, _ in waiting]
        if status in NEVER:
            self._state.refused(numbers)
        elif status is not None and 200 <= status < 300:  # noqa: PLR2004  # RFC 9110, section 15.3
            self._state.sent(numbers)
        else:
            return Sending.LATER
        return Sending.DONE

    def _try(self, bodies: list[str]) -> int | None:
        try:
            return self._send("\n".join(bodies) + "\n")
        except (OSError, http.client.HTTPException):
            return None

    def _run(self) -> None:
        wait_s = FIRST_WAIT_S
        while not self._stopping:
            outcome = self.send_once()
            if outcome is not Sending.LATER:
                wait_s = FIRST_WAIT_S
            if outcome is Sending.DONE:
                continue
            self._wake.wait(LONGEST_WAIT_S if outcome is Sending.NOTHING else wait_s)
            self._wake.clear()
            wait_s = min(wait_s * 2, LONGEST_WAIT_S)


def post_events(url: str, token: str) -> Callable[[str], int]:
    """A `send` for `Reporter`: posts to `<url>/v1/events`, follows no redirect."""
    parts = urlsplit(url)
    is_tls = parts.scheme == "https"
    connect = http.client.HTTPSConnection if is_tls else http.client.HTTPConnection
    path = parts.path.rstrip("/") + "/v1/events"
    headers = {"Content-Type": "application/x-ndjson", "Authorization": f"Bearer {token}"}

    def send(ndjson: str) -> int:
        connection = connect(parts.hostname or "127.0.0.1", parts.port, timeout=TIMEOUT_S)
        try:
            connection.request("POST", path, ndjson.encode(), headers)
            response = connection.getresponse()
            response.read(65_536)
            return response.status
        finally:
            connection.close()

    return send
