"""The outermost layer: request ids, security headers, body limits, the access log.

Comes in: every request. Goes out: the same request, bounded; and a response with the headers
that a browser needs to protect the reader. Always holds: what is logged is the route's pattern,
never the address as it came (handles and ids of people stand in it); bodies are counted as they
stream. Refused: bodies beyond the limit, and changes asked for by another site's pages.
"""

from __future__ import annotations

import logging
import time
import traceback
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tocsin.clock import random_token
from tocsin.config import Settings
from tocsin.errors import InputError, PermissionDenied, TocsinError, TooLargeError
from tocsin.web.errors import error_response, unforeseen

__all__ = ["CONTENT_SECURITY_POLICY", "Guard"]

_LOG = logging.getLogger(__name__)

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""No inline script or style, nothing from elsewhere, no request that a script starts."""

_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # not `no-referrer`: with it, browsers send `Origin: null` with our own forms
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORM_BYTES = 65_536
"""Forms and small JSON bodies; the largest field is a note of 4,000 characters."""


class Guard:
    """Wraps the application."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = f"req_{random_token(8)}"
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status = 500

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(message, scope["path"], request_id)
            await send(message)

        try:
            self._check(scope)
        except TocsinError as error:
            await error_response(scope, error)(scope, receive, send_guarded)
        else:
            await self._answer(scope, self._counted(scope, receive), send_guarded)
        finally:
            route = getattr(scope.get("route"), "path", "-")
            took_ms = (time.perf_counter() - started) * 1_000
            line = "%s %s %d %.1f ms %s"
            _LOG.info(line, scope["method"], route, status, took_ms, request_id)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application's answer; what nobody foresaw is answered here, and not raised on.

        A server would log the traceback with the exception's message, which may quote what was
        sent; the log gets type and place only.
        """
        has_started = False

        async def send_noted(message: Message) -> None:
            nonlocal has_started
            has_started = True
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except Exception as error:  # noqa: BLE001  # the last place that can answer
            last = traceback.extract_tb(error.__traceback__)[-1]
            kind, place = type(error).__name__, f"{last.filename}:{last.lineno}"
            _LOG.error("unforeseen %s at %s, %s", kind, place, scope["state"]["request_id"])
            if not has_started:
                await error_response(scope, unforeseen())(scope, receive, send)

    def _add_headers(self, message: Message, path: str, request_id: str) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in _HEADERS.items():
            headers[name] = value
        headers["x-request-id"] = request_id
        # our own files may be kept if they are asked after; what people wrote may not
        headers["cache-control"] = "no-cache" if path.startswith("/static/") else "no-store"
        if self._settings.secure_cookies:
            headers["strict-transport-security"] = "max-age=31536000"

    def _limit(self, path: str) -> int:
        if path in ("/v1/events", "/v1/check"):
            return self._settings.max_body_bytes
        if path.startswith("/v1/media/"):
            return self._settings.max_media_bytes
        return _FORM_BYTES

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        length = headers.get("content-length")
        if length is not None:
            if not (length.isascii() and length.isdigit()):
                raise InputError("the header `Content-Length` is not a number")
            if int(length) > self._limit(scope["path"]):
                raise self._too_large(scope["path"])
        if scope["method"] not in _SAFE:
            _check_site(headers)

    def _too_large(self, path: str) -> TooLargeError:
        limit = f"{self._limit(path):,}"
        return TooLargeError(
            f"the body is larger than {limit} bytes", hint="send it in smaller parts"
        )

    def _counted(self, scope: Scope, receive: Receive) -> Receive:
        limit, n_bytes = self._limit(scope["path"]), 0

        async def receive_counted() -> Message:
            nonlocal n_bytes
            message = await receive()
            n_bytes += len(message.get("body", b""))
            if n_bytes > limit:
                raise self._too_large(scope["path"])
            return message

        return receive_counted


def _check_site(headers: Headers) -> None:
    """Refuse what a page of another site asks for; programs send neither header."""
    origin = headers.get("origin")
    is_foreign = origin is not None and urlsplit(origin).netloc != headers.get("host", "")
    if is_foreign or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise PermissionDenied(
            "the request comes from another site",
            where="Origin",
            hint="open the console at its own address; a proxy must pass the header `Host` on",
        )
