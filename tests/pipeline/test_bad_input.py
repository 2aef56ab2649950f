"""Bad input at scale: each bad line has its reason, the good ones are judged, memory stays."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import zstandard

from tests.support.runs import environment, made_lines, open_store
from tocsin.pipeline import run_files
from tocsin.store import Store, deadletters

GIB: Final = 1 << 30
MANY: Final = 1_000_000

WRAPPER: Final = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE)
sys.stdout.buffer.write(done.stdout)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(peak, file=sys.stderr)
sys.exit(done.returncode)
"""
"""Runs a program and says on standard error how much memory it held at most, in KiB."""


def event(**fields: object) -> bytes:
    wire = {"id": "bad", "type": "post.created", "post": {"id": "p"}, **fields}
    return json.dumps(wire).encode()


def bad_lines() -> Iterator[tuple[bytes, str]]:
    """A bad line, and the reason that its dead letter must have."""
    yield b'{"id": "half', "INPUT.MALFORMED"
    yield b"not json at all", "INPUT.MALFORMED"
    yield b'{"id":"x","type":"post.created","post":{"id":"p"}} trailing', "INPUT.MALFORMED"
    yield b"[]", "INPUT.TYPE"
    yield event(id=7), "INPUT.TYPE"
    yield event(post="text"), "INPUT.TYPE"
    yield event(type="post.imagined"), "INPUT.TYPE"
    yield b'{"type":"post.created","post":{"id":"p"}}', "INPUT.TYPE"
    yield b'{"id":"x","type":"post.created","post":{"id":"p","text":"\xff\xfe"}}', "INPUT.ENCODING"
    yield b"\0" * 40, "INPUT.NUL"
    yield event(post={"id": "p", "text": "a\0b"}), "INPUT.NUL"
    yield b'{"id":"x",\0"type":"post.created"}', "INPUT.NUL"
    yield event(at="9999-12-31T23:59:59Z"), "INPUT.TIME"
    yield event(at="0001-01-01T00:00:00Z"), "INPUT.TIME"
    yield event(at="yesterday"), "INPUT.TIME"
    yield event(actor={"id": "a", "created_at": "9999-01-01T00:00:00Z"}), "INPUT.TIME"
    yield event(post={"id": "p", "text": "x" * 100_001}), "INPUT.LIMIT"
    yield event(id="i" * 513), "INPUT.LIMIT"
    yield event(post={"id": "p", "hashtags": ["t"] * 1_001}), "INPUT.LIMIT"
    yield event(post={"id": "p", "views": 10**30}), "INPUT.LIMIT"
    yield (
        b'{"id":"x","type":"post.created","post":{"id":"p","hashtags":[%s"t"]}}' % (b'"t",' * MANY),
        "INPUT.LIMIT",
    )
    yield b"[" * MANY, "INPUT.LIMIT"
    yield b'{"a":' * 100 + b"1" + b"}" * 100, "INPUT.LIMIT"
    yield (
        b'{"id":"x","type":"post.created","post":{"id":"p","text":"%s"}}' % (b"x" * 50_000_000),
        "INPUT.LIMIT",
    )
    yield event(post={"id": "p", "visibility": "direct"}), "INPUT.NOT_PUBLIC"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Good lines with every bad line between two of them."""
    path = tmp_path / "mixed.jsonl"
    good = iter(made_lines(200))
    with path.open("wb") as file:
        for bad, _ in bad_lines():
            file.write(next(good) + b"\n" + bad + b"\n")
        file.write(b"\n".join(good))  # and no newline at the very end
    return path


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    opened = open_store(database_url, tmp_path)
    yield opened
    opened.close()


@pytest.mark.slow
def test_every_good_event_is_judged_and_every_bad_line_has_its_reason(
    store: Store, database_url: str, source: Path, tmp_path: Path
) -> None:
    words = (sys.executable, "-m", "tocsin", "run", "--db", database_url, "--json", source)
    ran = subprocess.run(
        [sys.executable, "-c", WRAPPER, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env=environment(tmp_path),
    )
    assert ran.returncode == 0, ran.stderr
    summary = json.loads(ran.stdout.splitlines()[-1])
    expected = [reason for _, reason in bad_lines()]
    assert (summary["accepted"], summary["dead_letters"]) == (200, len(expected))
    assert summary["new_decisions"] > 30
    with store.read() as connection:
        rows = deadletters.list_rows(connection, limit=1_000)
    ordered = sorted(rows, key=lambda row: row.letter.offset)
    assert [row.letter.reason.value for row in ordered] == expected
    assert [row.letter.line_number for row in ordered] == list(range(2, 2 * len(expected) + 1, 2))
    for row in ordered:
        assert len(row.letter.message) > 10
        assert len(row.letter.content) <= 64 * 1024
    peak_bytes = int(ran.stderr.splitlines()[-1]) * 1024
    assert peak_bytes < GIB, f"{peak_bytes / 1e6:.0f} MB"


def test_a_file_of_nothing_but_noise_gives_dead_letters_only(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "noise.jsonl"
    path.write_bytes(bytes(range(256)) * 40 + b"\n" + b"\r\n \n\n" + b"\x1f\x8b no gzip")
    summary = run_files(store, [str(path)])
    assert summary.accepted == 0
    assert summary.dead_letters == summary.events > 0


@pytest.mark.parametrize("name", ["cut.jsonl.gz", "cut.jsonl.zst"])
def test_a_packed_file_that_is_cut_off_gives_what_came_before(
    store: Store, tmp_path: Path, name: str
) -> None:
    raw = b"\n".join(made_lines(3_000)) + b"\n"
    packed = gzip.compress(raw) if name.endswith("gz") else zstandard.compress(raw)
    path = tmp_path / name
    path.write_bytes(packed[: len(packed) * 2 // 3])
    summary = run_files(store, [str(path)])
    assert summary.dead_letters == 1
    assert summary.accepted == summary.events - 1
    with store.read() as connection:
        (row,) = deadletters.list_rows(connection)
    assert row.letter.reason == "INPUT.MALFORMED"
