"""A real browser, a real server, and a platform that receives actions."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.support.site import PASSWORD, Site, passwords, prepared, site

__all__ = ["Platform", "browser", "open_page", "passwords", "platform", "prepared", "site"]

SCREEN = {"width": 1366, "height": 768}


@dataclass
class Platform:
    """What a platform hears: the headers and body of each delivery."""

    url: str
    heard: queue.Queue[tuple[dict[str, str], bytes]] = field(default_factory=queue.Queue)


@pytest.fixture
def platform() -> Iterator[Platform]:
    """A platform on this machine that accepts everything."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            one.heard.put((dict(self.headers), body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    one = Platform(f"http://127.0.0.1:{server.server_port}/actions")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield one
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture(scope="session")
def browser(chromium_path: str) -> Iterator[Browser]:
    """One browser for all tests."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium_path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages, each in a browser profile of its own; none of them may report an error."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(site_or_url: Site | str, *, user: str | None = None, **options: Any) -> Page:
        url = site_or_url if isinstance(site_or_url, str) else site_or_url.url
        context = browser.new_context(base_url=url, viewport=SCREEN, **options)  # type: ignore[arg-type]  # a plain dictionary
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: complaints.append(said.text) if "Security Policy" in said.text else None,
        )
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        if user is not None:
            page.goto("/login")
            page.get_by_label("Name").fill(user)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Log in").click()
            page.get_by_role("heading", name="Queue").wait_for()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
