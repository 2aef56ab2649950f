"""`tocsin serve`: the API and the console.

Comes in: the settings. Goes out: a server that runs until it is told to stop. Always holds: what
was accepted is durable before it is answered; on SIGINT or SIGTERM requests in hand are
finished, the intake is emptied, the delivery in hand ends and an anchor is written.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING

import click
import msgspec

from tocsin.cli.shared import CliContext, shared_options
from tocsin.errors import OutsideServiceError

if TYPE_CHECKING:
    from tocsin.store import Store

__all__ = ["command"]

GRACE_S = 10
"""How long requests in hand may take after the signal to stop."""


@click.command(name="serve")
@click.option("--host", help="Address to listen on. [127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port; 0: any free one. [8470]")
@shared_options
def command(context: CliContext, *, host: str | None, port: int | None) -> None:
    """Start the API and the console, deliver due actions, write anchors.

    Listens on this machine only, unless the settings allow a public address; that needs HTTPS
    in front (`secure_cookies`) and somebody who can log in. Where no `webhook_url` is set,
    actions wait in the outbox. Stop with Ctrl-C.

    \b
    Examples:
      tocsin serve
      tocsin serve --db sqlite:////srv/tocsin/tocsin.db --port 8000
      tocsin serve --port 0 --json      prints {"url": …} once it listens
    """
    from tocsin.web import check_address  # not needed for --help

    given = {"host": host, "port": port}
    changes = {name: value for name, value in given.items() if value is not None}
    settings = msgspec.structs.replace(context.settings, **changes)
    context = CliContext(settings, context.json)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with context.store(create=True) as store:
        check_address(store, settings.host)
        with _listening(settings.host, settings.port) as listener:
            _serve(context, store, listener)


def _serve(context: CliContext, store: Store, listener: socket.socket) -> None:
    import uvicorn  # not needed for --help

    from tocsin.pipeline import Intake, Live, Preparing, Upkeep
    from tocsin.web import create_app

    live = Live.open(store)
    intake, upkeep, preparing = Intake(live), Upkeep(store), Preparing(live)
    config = uvicorn.Config(
        create_app(store, live, intake),
        log_config=None,
        access_log=False,  # ours names routes, not the addresses as they came
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    server = uvicorn.Server(config)
    url = _url(listener)
    if context.json:
        context.emit({"url": url})
    context.say(f"Tocsin listens on {url} (Ctrl-C stops it)")
    _advise(context, store)
    # uvicorn raises the signal that ended it again: then what stands below must still run
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    intake.start()
    upkeep.start()
    preparing.start()
    try:
        with _delivering(store):
            server.run(sockets=[listener])
    finally:
        preparing.stop()
        intake.stop()
        live.close()
        upkeep.stop()
        context.say("stopped; everything that was accepted is stored")


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _advise(context: CliContext, store: Store) -> None:
    """What stands in the way of using it, if anything."""
    from tocsin.store import people

    with store.read() as connection:
        if not people.list_users(connection):
            context.say("nobody can log in yet: tocsin user add NAME --role admin")
    if not store.settings.webhook_url:
        context.say("no platform is configured (`webhook_url`): actions wait in the outbox")


@contextlib.contextmanager
def _delivering(store: Store) -> Iterator[None]:
    """Deliver due actions meanwhile, where a platform is configured."""
    from tocsin.enforcement import Deliverer
    from tocsin.pipeline import webhook_connector

    if not store.settings.webhook_url:
        yield
        return
    with webhook_connector(store) as connector:
        deliverer = Deliverer(store, connector)
        deliverer.start()
        try:
            yield
        finally:
            deliverer.stop()


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """The socket, bound before anything starts, so that a taken port is a clear refusal."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named: else asyncio leaves Nagle's algorithm on, and answers of two parts
    # wait 40 ms for the caller's acknowledgement of the first.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise OutsideServiceError(
                f"this address cannot be listened on: {error.strerror}",
                where=f"{host}:{port}",
                hint="is another server running there? --port 0 takes any free port",
            ) from None
        listener.listen()
        yield listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
