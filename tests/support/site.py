"""A whole application over a database of its own, with a small policy and one user per role."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.support.server import running
from tocsin.config import Settings
from tocsin.pipeline import Intake, Live
from tocsin.records import Case, encode_event
from tocsin.review import Passwords, Role, Scope, add_user, create_token
from tocsin.store import cases
from tocsin.store.store import Store
from tocsin.testing import T0, FakeClock, post_event
from tocsin.web import create_app

PACK = Path(__file__).parent / "small_pack"
__all__ = ["PACK", "PASSWORD", "Site", "csrf_of", "passwords", "prepared", "settings_for", "site"]

PASSWORD = "four plain words here"


def settings_for(folder: Path, **changes: Any) -> Settings:
    return Settings(
        database_url=f"sqlite:///{folder / 'tocsin.db'}",
        policy_dir=str(PACK),
        batch_ms=1,
        **changes,
    )


@pytest.fixture(scope="session")
def passwords() -> Passwords:
    return Passwords()


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, passwords: Passwords) -> Path:
    """A folder with a database that has the policy and a user `<role>` for each role."""
    folder = tmp_path_factory.mktemp("prepared")
    store = Store.open(settings_for(folder), FakeClock())
    Live.open(store)
    for role in Role:
        add_user(store, passwords, role.value, role, PASSWORD, by="test")
    store.close()
    return folder


@dataclass
class Site:
    """The application, and what tests do with it."""

    app: FastAPI
    url: str
    store: Store
    live: Live
    clock: FakeClock
    clients: list[httpx.Client] = field(default_factory=list)

    def client(self) -> httpx.Client:
        """A browser or program that nobody knows yet."""
        client = httpx.Client(base_url=self.url, trust_env=False, timeout=30)
        self.clients.append(client)
        return client

    def logged_in(self, role: Role | str = Role.MODERATOR) -> httpx.Client:
        client = self.client()
        form = {"name": str(role), "password": PASSWORD}
        assert client.post("/login", data=form).status_code == 303
        return client

    def token(self, *scopes: Scope) -> httpx.Client:
        client = self.client()
        made = create_token(self.store, "test", scopes, by="test")
        client.headers["authorization"] = f"Bearer {made.secret}"
        return client

    def send(self, *events: Any) -> dict[str, Any]:
        body = b"\n".join(map(encode_event, events))
        headers = {"content-type": "application/x-ndjson"}
        answer = self.token(Scope.EVENTS_WRITE).post("/v1/events", content=body, headers=headers)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def case(self, text: str = "The dawn of iron rises tonight", **fields: Any) -> Case:
        """A case, made the way all are: by an event that comes in."""
        event = post_event(text, **fields)
        self.send(event)
        with self.store.read() as connection:
            found = cases.list_cases(connection, cases.CaseFilter(), limit=500)
        return next(case for case in found if case.subject.id == event.post.id)  # type: ignore[union-attr]  # it has a post


def csrf_of(client: httpx.Client) -> str:
    """The token that the pages of this session carry."""
    text = client.get("/").text
    start = text.index('name="csrf" value="') + len('name="csrf" value="')
    return text[start : text.index('"', start)]


@pytest.fixture
def site(prepared: Path, tmp_path: Path, passwords: Passwords) -> Iterator[Site]:
    folder = tmp_path / "site"
    shutil.copytree(prepared, folder)
    clock = FakeClock(T0)
    store = Store.open(settings_for(folder, max_body_bytes=200_000, max_media_bytes=50_000), clock)
    live = Live.open(store)
    intake = Intake(live)
    intake.start()
    app = create_app(store, live, intake, passwords=passwords)
    with running(app) as url:
        one = Site(app, url, store, live, clock)
        yield one
        for client in one.clients:
            client.close()
    intake.stop()
    store.close()
