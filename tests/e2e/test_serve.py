"""`tocsin serve` as an operator starts it: a verdict in the browser reaches the platform."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Platform
from tests.support.site import PACK, PASSWORD
from tocsin.enforcement.signing import SIGNATURE_HEADER, SignatureCheck, check_signature
from tocsin.records import encode_event
from tocsin.store import keys
from tocsin.testing import post_event

PROGRAM = Path(sys.executable).with_name("tocsin")
SLOGAN = "The dawn of iron rises tonight"


@dataclass
class Deployment:
    folder: Path
    environment: dict[str, str]

    def run(self, *arguments: str, stdin: str = "") -> str:
        done = subprocess.run(
            [PROGRAM, *arguments], env=self.environment, input=stdin, capture_output=True,
            text=True, check=False, cwd=self.folder,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def serving(self) -> Iterator[tuple[str, subprocess.Popen[str]]]:
        with subprocess.Popen(
            [PROGRAM, "serve", "--port", "0", "--json"], env=self.environment, cwd=self.folder,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            heard: queue.Queue[str] = queue.Queue()
            stdout = process.stdout
            threading.Thread(target=lambda: heard.put(stdout.readline()), daemon=True).start()
            try:
                yield json.loads(heard.get(timeout=60))["url"], process
            finally:
                process.kill()


@pytest.fixture
def deployment(tmp_path: Path, platform: Platform) -> Deployment:
    environment = {
        **os.environ,
        "TOCSIN_DB": f"sqlite:///{tmp_path / 'tocsin.db'}",
        "TOCSIN_POLICY_DIR": str(PACK),
        "TOCSIN_WEBHOOK_URL": platform.url,
        "TOCSIN_UNDO_WINDOW_S": "1",
        "TOCSIN_DELIVERY_POLL_MS": "50",
    }
    return Deployment(tmp_path, environment)


@pytest.mark.browser
@pytest.mark.slow
def test_from_event_to_platform_and_a_clean_stop(
    deployment: Deployment, platform: Platform, open_page: Callable[..., Page]
) -> None:
    deployment.run(
        "user", "add", "mo", "--role", "moderator", "--password-stdin", stdin=PASSWORD
    )  # fmt: skip
    made = deployment.run("token", "add", "feed", "--scope", "events:write", "--json")
    with deployment.serving() as (url, process):
        answer = httpx.post(
            f"{url}/v1/events",
            content=encode_event(post_event(SLOGAN, at=None, by="canaryhandle")),
            headers={
                "authorization": f"Bearer {json.loads(made)['token']}",
                "content-type": "application/x-ndjson",
            },
            trust_env=False,
        )
        assert len(answer.json()["decisions"]) == 1

        page = open_page(url, user="mo")
        scripted = page.locator("html.scripted")
        scripted.wait_for(state="attached")
        page.keyboard.press("n")
        page.get_by_role("heading", name="Support for a designated group").wait_for()
        scripted.wait_for(state="attached")
        page.keyboard.press("4")
        page.keyboard.press("y")
        page.get_by_text("Nothing waits.").wait_for()

        headers, body = platform.heard.get(timeout=30)
        secret = bytes.fromhex(keys.secret(deployment.folder / "tocsin.db.d", "webhook"))
        found = check_signature(headers[SIGNATURE_HEADER], body, [secret], datetime.now(UTC))
        assert found is SignatureCheck.VALID
        assert json.loads(body)["action"]["kind"] == "hide"
        page.goto("/actions")
        expect(page.get_by_role("row").nth(1)).to_contain_text("Hide")

        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        assert process.stderr is not None
        said = process.stderr.read()
    assert "everything that was accepted is stored" in said
    assert "canaryhandle" not in said
    assert SLOGAN not in said
    assert (deployment.folder / "tocsin.db.d" / "anchors.jsonl").exists()
    assert "mo" in deployment.run("user", "list")
    deployment.run("audit", "verify")


@pytest.mark.slow
def test_a_port_that_is_taken_is_a_clear_refusal(
    deployment: Deployment, platform: Platform
) -> None:
    port = platform.url.rpartition(":")[2].partition("/")[0]
    done = subprocess.run(
        [PROGRAM, "serve", "--port", port], env=deployment.environment, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert "cannot be listened on" in done.stderr
