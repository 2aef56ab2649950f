"""Whole runs: a small pack, posts to judge, and the program as a user starts it.

Comes in: sizes and database URLs. Goes out: lines of the wire format, stores, results of
commands. Always holds: the same sizes give the same bytes; every text is made up and mild.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from tocsin.cli import main
from tocsin.clock import Clock
from tocsin.config import Settings
from tocsin.ingest import ADAPTERS, Batcher, LineReader, file_batches
from tocsin.pipeline import Live, RunSummary
from tocsin.records import EventPolicy
from tocsin.store import Store, decisions, schema
from tocsin.testing import FakeClock

__all__ = [
    "PACK",
    "Ran",
    "all_rows",
    "batcher_of",
    "decided",
    "environment",
    "judge",
    "made_lines",
    "open_store",
    "pack_folder",
    "rows_by_table",
    "run_command",
    "start_command",
]

_CLAUSES: list[dict[str, Any]] = [
    {
        "id": "terror.support",
        "title": "Support",
        "guideline": "The author speaks for a designated group or repeats its slogans.",
        "examples_in": ["Long live the Iron Dawn!"],
        "examples_out": ["Students marched past a wall sprayed with a slogan."],
        "severity": 4,
        "protected_purposes": ["news", "research", "art", "counter_extremism"],
        "actions": ["label", "hide", "warn", "suspend"],
    },
    {
        "id": "terror.known",
        "title": "Known material",
        "guideline": "The post links to material that people judged before.",
        "examples_in": ["read https://iron-dawn.example/library"],
        "examples_out": ["read https://newsroom.example/harbour"],
        "severity": 5,
        "protected_purposes": ["news", "research", "art", "counter_extremism"],
        "actions": ["label", "hide", "remove"],
        "automatic": ["hide"],
    },
]

_RULES: list[dict[str, Any]] = [
    {
        "id": "slogan",
        "clause": "terror.support",
        "when": 'text in bank("slogans")',
        "outcome": "review",
        "priority": 500,
        "examples": {
            "hit": ["The dawn of iron rises tonight."],
            "miss": ["The price of iron rises every spring."],
        },
    },
    {
        "id": "known-link",
        "clause": "terror.known",
        "when": 'links in bank("known-links")',
        "outcome": "hide",
        "priority": 900,
        "basis": "bank",
        "examples": {
            "hit": [{"text": "read this", "links": ["https://iron-dawn.example/library"]}],
            "miss": [{"text": "read this", "links": ["https://newsroom.example/harbour"]}],
        },
    },
]

PACK: Mapping[str, str] = {
    "policy.yaml": yaml.safe_dump(
        {"name": "runs", "title": "A pack for whole runs", "clauses": _CLAUSES}
    ),
    "rules/rules.yaml": yaml.safe_dump(_RULES),
    "banks/slogans.yaml": yaml.safe_dump(
        {
            "bank": "slogans",
            "kind": "phrase",
            "entries": ["dawn of iron rises", "الفجر الحديدي"],
        },
        allow_unicode=True,
    ),
    "banks/known-links.yaml": yaml.safe_dump(
        {"bank": "known-links", "kind": "link", "entries": ["https://iron-dawn.example/library"]}
    ),
}
"""One rule opens cases; the other hides by itself what links to known material."""

_TEXTS = (
    "The harbour swimming club meets at noon.",
    "Bread is dearer again, says my neighbour.",
    "السفن تصل إلى الميناء عند الظهر",
    "Who lost a red umbrella at the tram stop?",
)
_START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def pack_folder(folder: Path, files: Mapping[str, str] = PACK) -> Path:
    """The pack as a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def environment(folder: Path) -> dict[str, str]:
    """What `open_store` sets, for a process."""
    pack = pack_folder(folder / "pack")
    return {"TOCSIN_POLICY_DIR": str(pack), "TOCSIN_DATA_DIR": str(folder / "data")}


def made_lines(n_events: int, *, slogan_every: int = 7, link_every: int = 11) -> list[bytes]:
    """So many posts over three days; some repeat a slogan, some link to known material."""
    return [
        _line(number, number % slogan_every == 3, number % link_every == 5 % link_every)
        for number in range(n_events)
    ]


def _line(number: int, has_slogan: bool, has_link: bool) -> bytes:
    text = f"{_TEXTS[number % len(_TEXTS)]} ({number})"
    if has_slogan:
        text = f"{('The dawn of iron rises', 'الفجر الحديدي')[number % 2]}, number {number}."
    post: dict[str, Any] = {"id": f"post-{number}", "text": text}
    if has_link:
        post["links"] = ["https://iron-dawn.example/library"]
    event = {
        "id": f"event-{number}",
        "type": "post.created",
        "at": (_START + timedelta(seconds=200 * (number % 1_000))).isoformat(),
        "actor": {"id": f"account-{number % 97}", "handle": f"reader{number % 97}"},
        "post": post,
    }
    return json.dumps(event, ensure_ascii=False).encode()


def open_store(url: str, folder: Path, *, clock: Clock | None = None, **settings: Any) -> Store:
    """A store over the pack of this module; the caller closes it."""
    given = {"policy_dir": str(pack_folder(folder / "pack")), "data_dir": str(folder / "data")}
    return Store.open(Settings(database_url=url, **{**given, **settings}), clock or FakeClock())


def batcher_of(store: Store, max_events: int) -> Batcher:
    """A batcher for events in our own format, under the store's clock."""
    return Batcher(
        source="lines",
        adapter=ADAPTERS["tocsin"],
        policy=EventPolicy(),
        clock=store.clock,
        max_events=max_events,
    )


def judge(
    store: Store, lines: Sequence[bytes], *, batch: int = 256, live: Live | None = None
) -> RunSummary:
    """Judge lines as `tocsin run` does, without archive and anchors."""
    live = live or Live.open(store)
    summary = RunSummary()
    reader = LineReader(BytesIO(b"\n".join(lines)), source="lines")
    for found in file_batches(reader, batcher_of(store, batch)):
        summary.add(live.take(found.events, found.dead_letters), len(found.dead_letters))
    return summary


def decided(store: Store) -> list[bytes]:
    """Every decision as canonical JSON, oldest first."""
    with store.read() as connection:
        return list(decisions.stream_json(connection, decisions.DecisionFilter()))


def all_rows(connection: sa.Connection, table: sa.Table) -> list[tuple[Any, ...]]:
    """Every row of a table, in the order of all columns."""
    rows = connection.execute(sa.select(table)).all()
    return sorted((tuple(row) for row in rows), key=repr)


def rows_by_table(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every derived table."""
    with store.read() as connection:
        return {table.name: all_rows(connection, table) for table in schema.DERIVED}


@dataclass(frozen=True)
class Ran:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> list[Any]:
        """Standard output as JSON, line by line."""
        return [json.loads(line) for line in self.out.splitlines()]


def run_command(capfd: pytest.CaptureFixture[str], *words: str | Path) -> Ran:
    """Run `tocsin` in this process."""
    capfd.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    sys.stdout.flush()
    printed = capfd.readouterr()
    assert isinstance(ended.value.code, int)
    return Ran(ended.value.code, printed.out, printed.err)


def start_command(
    *words: str | Path, env: Mapping[str, str] | None = None, **options: Any
) -> subprocess.Popen[bytes]:
    """Start `tocsin` in a process of its own; the caller waits for it."""
    return subprocess.Popen(
        [sys.executable, "-m", "tocsin", *map(str, words)],
        env={**os.environ, **(env or {})},
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )
