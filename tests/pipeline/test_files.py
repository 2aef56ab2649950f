from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.runs import made_lines, open_store
from tocsin.errors import InputError
from tocsin.pipeline import RunSummary, Upkeep, explain_decision, find_adapter, run_files
from tocsin.store import (
    Store,
    anchors,
    deadletters,
    decisions,
    event_line,
    pending_events,
    schema,
)
from tocsin.store.media import MediaStore
from tocsin.testing import FakeClock

PICTURE = b"not really a picture"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(sqlite_url: str, tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    opened = open_store(sqlite_url, tmp_path, clock=clock, anchor_every_s=60)
    yield opened
    opened.close()


def file_of(folder: Path, *lines: bytes) -> str:
    path = folder / "events.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    return str(path)


def test_a_long_run_is_anchored_at_intervals(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    def pass_time(_: int, __: RunSummary) -> None:
        clock.advance(timedelta(seconds=20))

    source = file_of(tmp_path, *made_lines(90))
    run_files(store, [source], max_events=10, on_progress=pass_time)
    written = anchors.load_anchors(store.folder / anchors.ANCHOR_FILE)
    assert len(written) == 3
    assert (written[1].at - written[0].at).total_seconds() == 60


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="no format `fax`") as caught:
        find_adapter("fax")
    assert "mastodon" in str(caught.value.hint)


# --- local media ---------------------------------------------------------------------------------


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    (folder / "inside").mkdir(parents=True)
    (folder / "inside" / "a.png").write_bytes(PICTURE)
    (tmp_path / "secret.png").write_bytes(b"a secret")
    (folder / "way-out.png").symlink_to(tmp_path / "secret.png")
    return folder


def with_media(**media: Any) -> bytes:
    post = {"id": "p1", "media": [{"kind": "image", **media}]}
    return json.dumps({"id": "e1", "type": "post.created", "post": post}).encode()


def test_local_media_are_kept_and_named_by_their_hash(
    store: Store, root: Path, tmp_path: Path
) -> None:
    source = file_of(tmp_path, with_media(url="inside/a.png"))
    assert run_files(store, [source], media_root=root).accepted == 1
    digest = hashlib.sha256(PICTURE).hexdigest()
    assert MediaStore(store.folder).path(digest).read_bytes() == PICTURE
    assert digest.encode() in (event_line(store, "e1") or b"")


@pytest.mark.parametrize(
    "url",
    ["../secret.png", "/etc/passwd", "way-out.png", "inside", "none.png", "a\x00b", "x" * 999],
)
def test_no_path_leads_out_of_the_folder(
    store: Store, root: Path, tmp_path: Path, url: str
) -> None:
    source = file_of(tmp_path, with_media(url=url))
    assert run_files(store, [source], media_root=root).dead_letters == 1
    with store.read() as connection:
        (row,) = deadletters.list_rows(connection)
    assert row.letter.reason in ("INPUT.UNSUPPORTED", "INPUT.NUL")
    assert not (store.folder / "media").exists()


def test_other_media_stay_as_they_are(store: Store, root: Path, tmp_path: Path) -> None:
    lines = [with_media(url="https://harbour.example/a.png"), with_media(sha256="ab" * 32)]
    assert run_files(store, [file_of(tmp_path, *lines)], media_root=root).accepted == 1


def test_without_the_folder_a_local_path_is_never_opened(
    store: Store, root: Path, tmp_path: Path
) -> None:
    source = file_of(tmp_path, with_media(url=str(root / "inside" / "a.png")))
    assert run_files(store, [source]).accepted == 1
    assert not (store.folder / "media").exists()


def test_private_data_is_not_kept_beside_local_media_either(
    store: Store, root: Path, tmp_path: Path
) -> None:
    body = b'{"event": "account.vanished", "object": {"email": "someone@mail.example"}}'
    for name in ("mastodon", "tocsin"):
        source = file_of(tmp_path, body)
        run_files(store, [source], media_root=root, format_name=name)
    with store.read() as connection:
        rows = deadletters.list_rows(connection)
    assert rows
    assert not any(b"someone" in row.letter.content for row in rows)


# --- afterwards ----------------------------------------------------------------------------------


def test_a_decision_is_explained_from_what_the_store_holds(store: Store, tmp_path: Path) -> None:
    run_files(store, [file_of(tmp_path, *made_lines(8))])
    with store.read() as connection:
        (row,) = decisions.list_rows(connection, decisions.DecisionFilter(rule="slogan"))
    explanation = explain_decision(store, row.id)
    assert explanation is not None
    assert "slogan" in explanation.render()
    assert explain_decision(store, "dec_unknown") is None
    with store.database.write() as connection:
        connection.execute(sa.update(schema.decisions).values(trigger_json=None))
    without_text = explain_decision(store, row.id)
    assert without_text is not None
    assert "erased" in without_text.render()


def test_upkeep_ends_with_an_anchor(store: Store, tmp_path: Path) -> None:
    run_files(store, [file_of(tmp_path, *made_lines(8))])
    upkeep = Upkeep(store)
    upkeep.start()
    run_files(store, [file_of(tmp_path, *made_lines(16))])
    upkeep.stop()
    written = anchors.load_anchors(store.folder / anchors.ANCHOR_FILE)
    with store.read() as connection:
        newest = sa.select(sa.func.max(schema.log_entries.c.position))
        assert written[-1].position == connection.execute(newest).scalar_one()
        assert pending_events(connection) == 0
