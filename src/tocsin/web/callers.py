"""Callers: who asks, and whether they may.

Comes in: a cookie or a bearer token. Goes out: a `Caller`. Always holds: whatever changes
something and is authorised by a cookie brings the session's CSRF token, in the header
`X-CSRF-Token` or the form field `csrf`; no route can leave that out, since asking who calls is
what checks it. Refused: unknown callers (people are led to the log-in page), and known ones
without the permission or scope.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from tocsin.errors import InputError, PermissionDenied, Unauthenticated
from tocsin.review import (
    Permission,
    Role,
    Scope,
    Session,
    find_session,
    may,
    require,
    require_scope,
)
from tocsin.store.people import ApiToken
from tocsin.web.context import Context, context_of

__all__ = [
    "Caller",
    "LoginNeededError",
    "Person",
    "cookie_name",
    "form_of",
    "needs",
    "person",
    "safe_path",
]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_MAX_FIELDS = 200


class LoginNeededError(Unauthenticated):
    """A person should log in; `path` is where they wanted to go."""

    def __init__(self, path: str) -> None:
        super().__init__("log in to see this page")
        self.path = path


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A person with a session, or a program with a token; exactly one of the two."""

    session: Session | None = None
    token: ApiToken | None = None

    @property
    def id(self) -> str:
        """Who it is, as the log writes it."""
        if self.session is not None:
            return self.session.user_id
        return self.token.id if self.token is not None else "nobody"

    def require(self, scope: Scope) -> None:
        """Nothing, if it is a person, or a token that has this scope besides."""
        if self.token is not None:
            require_scope(self.token, scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody at the console."""

    session: Session

    @property
    def id(self) -> str:
        """Who it is, as the log writes it."""
        return self.session.user_id

    @property
    def role(self) -> Role:
        """What they work as."""
        return self.session.role

    def may(self, permission: str) -> bool:
        """Whether they may do this."""
        return may(self.session.role, Permission(permission))


def cookie_name(context: Context) -> str:
    """The session cookie; over HTTPS with the prefix that binds it to this host."""
    prefix = "__Host-" if context.store.settings.secure_cookies else ""
    return f"{prefix}tocsin_session"


def needs(permission: Permission, *scopes: Scope) -> Callable[[Request], Awaitable[Caller]]:
    """A dependency of the API: a person with the permission, or a token with one of the scopes.

    A token with the scope `check` is believed for a moment (`TokenCache`).
    """
    is_quick = Scope.CHECK in scopes

    async def allowed(request: Request) -> Caller:
        caller = await _caller(request, is_quick=is_quick)
        if caller.token is not None:
            require_scope(caller.token, *scopes)
        elif caller.session is not None:
            require(caller.session.role, permission)
        return caller

    return allowed


def person(permission: Permission | None = None) -> Callable[[Request], Awaitable[Person]]:
    """A dependency of the console: somebody who is logged in and has the permission."""

    async def allowed(request: Request) -> Person:
        session = await _session(request)
        if session is None:
            raise LoginNeededError(_wanted(request))
        if permission is not None:
            require(session.role, permission)
        return Person(session=session)

    return allowed


async def form_of(request: Request) -> FormData:
    """The form that was sent.

    Raises:
        InputError: it is none.
    """
    if not request.headers.get("content-type", "").startswith(_FORMS):
        raise InputError("a form was expected", where="Content-Type")
    return await request.form(max_fields=_MAX_FIELDS, max_files=0)


Form = Annotated[FormData, Depends(form_of)]


def safe_path(path: str | None) -> str:
    """A path of this site, or its front page: never an address elsewhere.

    >>> safe_path("/cases/case_1?clause=x"), safe_path("//elsewhere.example"), safe_path("x:y")
    ('/cases/case_1?clause=x', '/', '/')
    """
    plain = path is not None and path.isprintable() and path.isascii() and "\\" not in path
    if path is None or not plain or not path.startswith("/") or path.startswith("//"):
        return "/"
    return path


async def _caller(request: Request, *, is_quick: bool) -> Caller:
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, secret = header.partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated("the header `Authorization` should say `Bearer tcs_…`")
        tokens, secret = context_of(request).tokens, secret.strip()
        token = tokens.known(secret) if is_quick else None
        if token is None:
            token = await run_in_threadpool(tokens.find, secret)
        if token is None:
            raise Unauthenticated("the token is not valid", hint="make one with `tocsin token add`")
        return Caller(token=token)
    session = await _session(request)
    if session is None:
        raise Unauthenticated(
            "this needs a token or a session", hint="send `Authorization: Bearer tcs_…`"
        )
    return Caller(session=session)


async def _session(request: Request) -> Session | None:
    context = context_of(request)
    token = request.cookies.get(cookie_name(context))
    if not token:
        return None
    session = await run_in_threadpool(find_session, context.store, token)
    if session is not None and request.method not in _SAFE:
        await _check_csrf(request, session)
    return session


async def _check_csrf(request: Request, session: Session) -> None:
    given: object = request.headers.get("x-csrf-token")
    if given is None and request.headers.get("content-type", "").startswith(_FORMS):
        given = (await form_of(request)).get("csrf")
    known = session.csrf.encode()
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), known):
        raise PermissionDenied(
            "the form has expired or did not come from the console",
            where="csrf",
            hint="go back, load the page again and repeat",
        )


def _wanted(request: Request) -> str:
    if request.method not in _SAFE:
        return "/"
    query = f"?{request.url.query}" if request.url.query else ""
    return safe_path(quote(request.url.path, safe="/") + query)
