"""The application: console and API over one store.

Comes in: a store, the live pipeline and its intake. Goes out: an ASGI application. Always
holds: it starts nothing by itself (threads are the caller's); strict headers, body limits and
one error shape stand around every route. Refused: addresses that are not loopback, unless the
settings allow it and nothing that a public address needs is missing (`check_address`).
"""

from __future__ import annotations

import ipaddress

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from tocsin import __version__
from tocsin.errors import InputError
from tocsin.pipeline import Intake, Live
from tocsin.review import Passwords, TokenCache
from tocsin.store import people
from tocsin.store.media import MediaStore
from tocsin.store.store import Store
from tocsin.web.api import api_router
from tocsin.web.console import console_router
from tocsin.web.context import Context
from tocsin.web.errors import add_error_handlers
from tocsin.web.guard import Guard
from tocsin.web.openapi import add_openapi
from tocsin.web.templating import FOLDER

__all__ = ["check_address", "create_app"]


def create_app(
    store: Store, live: Live, intake: Intake, *, passwords: Passwords | None = None
) -> FastAPI:
    """The application; `intake` must be started before events come in."""
    app = FastAPI(
        title="Tocsin",
        version=__version__,
        summary="Trust & safety against terrorist and violent-extremist activity.",
        docs_url=None,  # its pages load scripts from elsewhere; `/api` lists the endpoints
        redoc_url=None,
        openapi_url=None,  # served by `add_openapi`, with our error shape in it
        redirect_slashes=False,
    )
    app.state.context = Context(
        store=store,
        live=live,
        intake=intake,
        passwords=passwords or Passwords(),
        media=MediaStore(store.folder),
        tokens=TokenCache(store),
    )
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")
    app.include_router(api_router)
    app.include_router(console_router, include_in_schema=False)
    add_openapi(app)
    add_error_handlers(app)
    app.add_middleware(Guard, settings=store.settings)
    return app


def check_address(store: Store, host: str) -> None:
    """Nothing, if the settings allow to listen there.

    Raises:
        InputError: a public address without what it needs; says what is missing.
    """
    if _is_loopback(host):
        return
    settings = store.settings
    if not settings.allow_public_address:
        raise InputError(
            "the address can be reached from other machines",
            where="host",
            hint="listen on 127.0.0.1 behind a proxy, or set `allow_public_address`",
        )
    if not settings.secure_cookies:
        raise InputError(
            "on a public address, session cookies must be sent over HTTPS only",
            where="secure_cookies",
            hint="put a proxy with TLS in front, then set `secure_cookies = true`",
        )
    with store.read() as connection:
        if not any(not user.is_disabled for user in people.list_users(connection)):
            raise InputError(
                "nobody could log in", where="users", hint="`tocsin user add NAME --role admin`"
            )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
