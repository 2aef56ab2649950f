"""One endpoint that speaks the OpenAI shapes, asked within limits.

Comes in: a path and a JSON body. Goes out: the JSON object that came back. Always holds: posts go
to allowed addresses only (see `guard`); a call ends: connecting, sending and each wait for bytes
are bounded by `timeout_s`, and so is reading the answer as a whole; tries, calls at once, calls and
seconds per minute, and bytes are bounded; nothing of the environment (proxies, `.netrc`) has a say;
the key goes into one header and nowhere else; no error repeats the question or the answer. Refused:
redirects, compressed answers, answers that are too long or no JSON object.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Self

import httpx
import msgspec

from tocsin.clock import Clock
from tocsin.errors import InputError, OutsideServiceError
from tocsin.nlp.adapters.budget import Budget
from tocsin.nlp.adapters.guard import checked_address, checked_url
from tocsin.nlp.adapters.settings import OutsideModel

__all__ = ["Endpoint"]

_CONNECT_TIMEOUT_S: Final = 5.0
_FIRST_WAIT_S: Final = 0.5
_LONGEST_WAIT_S: Final = 8.0
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that say that the same call may work a little later."""


class Endpoint:
    """Asks one model; may be used by several threads."""

    def __init__(
        self,
        settings: OutsideModel,
        clock: Clock,
        *,
        api_key: str = "",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Check the settings; nothing is sent yet.

        Raises:
            InputError: an address, a machine or a key that cannot be used.
        """
        self._url = checked_url(
            settings.base_url,
            allow_hosts=settings.allow_hosts,
            plain_http=settings.allow_plain_http,
        )
        self._settings = settings
        self._clock = clock
        self._free = threading.BoundedSemaphore(settings.max_concurrent)
        self._budget = Budget(
            calls=settings.max_calls_per_minute, seconds=settings.max_seconds_per_minute
        )
        self._client = httpx.Client(
            verify=True if tls is None else tls,
            timeout=httpx.Timeout(
                settings.timeout_s, connect=min(_CONNECT_TIMEOUT_S, settings.timeout_s)
            ),
            limits=httpx.Limits(max_connections=settings.max_concurrent),
            follow_redirects=False,
            trust_env=False,
            headers=_headers(api_key),
        )

    def ask(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The object that the endpoint answers to a POST of `body` to `path` (below `/v1`).

        Raises:
            OutsideServiceError: there is no usable answer; the message says why, in our words.
        """
        content = msgspec.json.encode(body)
        if not self._free.acquire(timeout=self._settings.timeout_s):
            raise self._failure("too many calls wait for the model")
        try:
            return _object(self._tried(path, content))
        except _NoAnswerError as none:
            raise self._failure(none.reason) from None
        except OutsideServiceError as error:
            raise self._failure(error.message) from None
        finally:
            self._free.release()

    def elapsed_ms(self, since: datetime) -> int:
        """Milliseconds since this moment, by the clock of the endpoint."""
        return max(0, round((self._clock.now() - since).total_seconds() * 1_000))

    def now(self) -> datetime:
        """The present, by the clock of the endpoint."""
        return self._clock.now()

    def close(self) -> None:
        """Close idle connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _tried(self, path: str, content: bytes) -> bytes:
        """The body of the first answer that is one, out of so many tries."""
        wait = _FIRST_WAIT_S
        left = self._settings.retries
        while True:
            try:
                return self._within_budget(path, content)
            except _NoAnswerError as none:
                if not none.may_pass or not left:
                    raise
            left -= 1
            self._clock.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT_S)

    def _within_budget(self, path: str, content: bytes) -> bytes:
        while not self._budget.take(began := self._clock.now()):
            if not self._settings.waits_for_budget:
                raise _NoAnswerError("the budget of calls or seconds per minute is spent")
            self._clock.sleep(1)
        try:
            return self._once(path, content)
        finally:
            now = self._clock.now()
            self._budget.spend(now, (now - began).total_seconds())

    def _once(self, path: str, content: bytes) -> bytes:
        address = checked_address(self._url)
        request = self._client.build_request(
            "POST",
            self._url.copy_with(host=str(address), path=f"{self._url.path}/{path}"),
            headers={"Host": self._url.netloc.decode("ascii")},
            content=content,
            extensions={"sni_hostname": self._url.raw_host.decode("ascii")},
        )
        try:
            response = self._client.send(request, stream=True)
            try:
                _check_status(response)
                return self._bounded(response)
            finally:
                response.close()
        except httpx.TimeoutException:
            raise _NoAnswerError("the model took too long") from None
        except httpx.ConnectError:
            raise _NoAnswerError("no connection to the model", may_pass=True) from None
        except (httpx.HTTPError, OSError):
            raise _NoAnswerError("the connection to the model broke", may_pass=True) from None

    def _bounded(self, response: httpx.Response) -> bytes:
        answer = bytearray()
        deadline = self._clock.now() + timedelta(seconds=self._settings.timeout_s)
        for chunk in response.iter_raw():
            answer += chunk
            if len(answer) > self._settings.max_answer_bytes:
                raise _NoAnswerError("the answer is longer than allowed")
            if self._clock.now() > deadline:
                raise _NoAnswerError("the model took too long")
        return bytes(answer)

    def _failure(self, reason: str) -> OutsideServiceError:
        return OutsideServiceError(
            reason,
            where=f"model {self._settings.model}",
            hint="see that its server runs and answers at the address in the settings",
        )


class _NoAnswerError(Exception):
    """Why there is no answer, and whether asking again may help."""

    def __init__(self, reason: str, *, may_pass: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.may_pass = may_pass


def _check_status(response: httpx.Response) -> None:
    status = response.status_code
    if status == httpx.codes.OK:
        return
    if response.is_redirect:
        raise _NoAnswerError("the model's address answers with a redirect, which is not followed")
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise _NoAnswerError(f"the model's server refuses the key (HTTP {status})")
    raise _NoAnswerError(f"the model's server answers HTTP {status}", may_pass=status in _PASSING)


def _object(answer: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _NoAnswerError("the answer is not a JSON object")
    return found


def _headers(api_key: str) -> dict[str, str]:
    headers = {
        "User-Agent": "tocsin-models/1",
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
    }
    if api_key:
        if not (api_key.isascii() and api_key.isprintable()) or " " in api_key:
            raise InputError(
                "the key of the model's server holds characters that no key has",
                hint="pass it as it was given, without a line end",
            )
        headers["Authorization"] = f"Bearer {api_key}"
    return headers
