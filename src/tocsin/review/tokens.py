"""API tokens: keys of programs, each with what it may do.

Comes in: scopes to grant, or a token to check. Goes out: the token, once, or what it allows.
Always holds: the store has the SHA-256 only; a token is random and names nobody; what is
revoked or has ended allows nothing. Refused: unknown scopes, and tokens without any.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.clock import random_token
from tocsin.errors import InputError, NotFoundError, PermissionDenied
from tocsin.review.sessions import token_hash
from tocsin.store import people
from tocsin.store.store import Store

__all__ = [
    "PREFIX",
    "NewToken",
    "Scope",
    "TokenCache",
    "create_token",
    "find_token",
    "parse_scopes",
    "require_scope",
    "revoke_token",
]

PREFIX = "tcs_"
"""Lets scanners for leaked secrets recognise ours."""


TRUSTED = timedelta(seconds=1)
"""How long a `TokenCache` believes what it found: so long a revoked token may still check."""

MAX_KNOWN = 1_000
"""Tokens that a `TokenCache` remembers; an operator has a handful."""


class Scope(StrEnum):
    """One thing that a token may be allowed; `admin` is all of them."""

    EVENTS_WRITE = "events:write"
    CHECK = "check"
    MEDIA_WRITE = "media:write"
    DECISIONS_READ = "decisions:read"
    CASES_READ = "cases:read"
    CASES_WRITE = "cases:write"
    ACTIONS_READ = "actions:read"
    BACKTESTS_READ = "backtests:read"
    RULES_READ = "rules:read"
    PROPOSALS_WRITE = "proposals:write"
    LABELS_READ = "labels:read"
    LABELS_WRITE = "labels:write"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A token that was just made; `secret` is shown once."""

    id: str
    secret: str = field(repr=False)


def create_token(
    store: Store,
    name: str,
    scopes: Collection[Scope],
    *,
    by: str,
    expires_at: datetime | None = None,
) -> NewToken:
    """Make a token.

    Raises:
        InputError: no name, no scope, or an end that has passed.
    """
    if not name.strip():
        raise InputError("a token needs a name that says who uses it", where="name")
    if not scopes:
        raise InputError("a token needs at least one scope", where="scopes", hint=_known())
    if expires_at is not None and expires_at <= store.clock.now():
        raise InputError("the token would have ended already", where="expires_at")
    secret, token_id = PREFIX + random_token(24), f"tok_{random_token(8)}"
    with store.write() as transaction:
        people.add_token(
            transaction,
            token_id=token_id,
            name=name.strip(),
            token_hash=token_hash(secret),
            scopes=tuple(sorted(scopes)),
            expires_at=expires_at,
            by=by,
        )
    return NewToken(id=token_id, secret=secret)


def find_token(store: Store, secret: str) -> people.ApiToken | None:
    """The token, if it is valid now."""
    if not secret.startswith(PREFIX):
        return None
    with store.read() as connection:
        token = people.token_by_hash(connection, token_hash(secret))
    if token is None or token.is_revoked:
        return None
    is_over = token.expires_at is not None and token.expires_at <= store.clock.now()
    return None if is_over else token


class TokenCache:
    """Tokens that were valid a moment ago, for calls that cannot pay a look at the store.

    Always holds: what was revoked or has ended is refused `TRUSTED` later at the latest; kept
    by the hash of the token, as in the store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._found: dict[str, tuple[datetime, people.ApiToken]] = {}

    def known(self, secret: str) -> people.ApiToken | None:
        """The token, if it was found valid within `TRUSTED`; asks nobody."""
        found = self._found.get(token_hash(secret))
        if found is None:
            return None
        at, token = found
        now = self._store.clock.now()
        is_over = token.expires_at is not None and token.expires_at <= now
        return token if at <= now < at + TRUSTED and not is_over else None

    def find(self, secret: str) -> people.ApiToken | None:
        """The token, if the store says that it is valid now; remembered for `TRUSTED`."""
        now = self._store.clock.now()
        token = find_token(self._store, secret)
        if token is not None:
            if len(self._found) >= MAX_KNOWN:
                self._found.clear()
            self._found[token_hash(secret)] = (now, token)
        return token


def require_scope(token: people.ApiToken, *scopes: Scope) -> None:
    """Nothing, if the token has one of these scopes.

    Raises:
        PermissionDenied: names the scope that is missing.
    """
    if {*scopes, Scope.ADMIN}.isdisjoint(token.scopes):
        raise PermissionDenied(
            f"the token does not have the scope `{scopes[0]}`",
            where=token.id,
            hint=f"make one with `tocsin token add NAME --scope {scopes[0]}`",
        )


def revoke_token(store: Store, token_id: str, *, by: str) -> None:
    """Make a token useless from now on.

    Raises:
        NotFoundError: there is no token of this id.
    """
    with store.write() as transaction:
        if not people.revoke_token(transaction, token_id, by=by):
            raise NotFoundError("there is no such token", hint="`tocsin token list` shows the ids")


def parse_scopes(names: Collection[str]) -> tuple[Scope, ...]:
    """The scopes of these names.

    Raises:
        InputError: one does not exist; lists those that there are.
    """
    try:
        return tuple(sorted({Scope(name) for name in names}))
    except ValueError:
        raise InputError("there is no such scope", where="scopes", hint=_known()) from None


def _known() -> str:
    return "scopes are " + ", ".join(f"`{scope}`" for scope in Scope)
