"""Bad input never stops the rest: each bad line has its reason, and memory stays small."""

from __future__ import annotations

import json
import resource
import sys
import tracemalloc
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tocsin.ingest import (
    ADAPTERS,
    Batcher,
    Line,
    Parsed,
    Row,
    file_batches,
    open_lines,
    parse_lines,
)
from tocsin.plugins import Adapter
from tocsin.records import DeadLetter, EventPolicy, Refusal, encode_event
from tocsin.testing import FakeClock

NOW = datetime(2026, 6, 1, tzinfo=UTC)
GOOD = b'{"id": "e%d", "type": "post.created", "post": {"id": "p%d", "text": "the ferry is late"}}'
NOT_EXCERPTED = 64 * 1024


def parsed(content: bytes, name: str = "tocsin", policy: EventPolicy | None = None) -> Parsed:
    items = [Line("test", 0, 1, content)]
    return parse_lines(items, adapter=ADAPTERS[name], policy=policy or EventPolicy(), now=NOW)


BAD: list[tuple[bytes, Refusal]] = [
    (b'{"id": "e1", "type": "post.created", "post": {"id": ', Refusal.MALFORMED),
    (b"not json at all", Refusal.MALFORMED),
    (b'{"id": 1, "type": "post.created", "post": {"id": "p"}}', Refusal.TYPE),
    (b'{"id": "e", "type": "post.created", "post": "p"}', Refusal.TYPE),
    (b'{"id": "' + b"a" * 50_000_000 + b'"}', Refusal.LIMIT),
    (b'{"id": "e\xff\xfe", "type": "actor.seen", "actor": {"id": "a"}}', Refusal.ENCODING),
    (
        b'{"id": "e", "type": "post.created", "post": {"id": "p", "hashtags": ['
        + b",".join([b'"a"'] * 400_000)
        + b"]}}",
        Refusal.LIMIT,
    ),
    (
        b'{"id": "e", "type": "post.created", "post": {"id": "p", "views": ['
        + b",".join([b"1"] * 900_000)
        + b"]}}",
        Refusal.TYPE,
    ),
    (
        b'{"id": "e", "type": "post.created", "post": {"id": "p", "hashtags": ['
        + b",".join([b'"a"'] * 1_000_000)
        + b"]}}",
        Refusal.LIMIT,
    ),
    (b"[" * 1_500_000, Refusal.LIMIT),
    (
        b'{"id": "e", "type": "post.created", "at": "9999-12-31T23:59:59Z", "post": {"id": "p"}}',
        Refusal.TIME,
    ),
    (b'{"id": "e\0", "type": "actor.seen", "actor": {"id": "a"}}', Refusal.NUL),
    (b'{"id": "e\\u0000", "type": "actor.seen", "actor": {"id": "a"}}', Refusal.NUL),
]


def test_a_file_full_of_bad_lines(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    with path.open("wb") as out:
        for place, (bad, _) in enumerate(BAD):
            out.write(GOOD % (place, place) + b"\n" + bad + b"\n\n")
        out.write(GOOD % (len(BAD), len(BAD)))
    path_batcher = Batcher(
        source=str(path), adapter=ADAPTERS["tocsin"], policy=EventPolicy(), clock=FakeClock()
    )
    ids: list[str] = []
    dead: list[DeadLetter] = []
    highest_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    with open_lines(path) as reader:
        for batch in file_batches(reader, path_batcher):
            ids += [event.id for event in batch.events.events]
            dead += batch.dead_letters
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert ids == [f"e{n}" for n in range(len(BAD) + 1)]
    assert [letter.reason for letter in dead] == [reason for _, reason in BAD]
    assert [letter.line_number for letter in dead] == [3 * n + 2 for n in range(len(BAD))]
    whole = path.read_bytes()
    for letter, (bad, _) in zip(dead, BAD, strict=True):
        assert whole[letter.offset :].startswith(bad[:100])
        assert letter.content == bad[:NOT_EXCERPTED]
        assert letter.truncated == (len(bad) > NOT_EXCERPTED)
    assert peak_bytes < 200_000_000
    scale = 1 if sys.platform == "darwin" else 1024
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert (highest - highest_before) * scale < 1024**3


def test_dead_letters_are_the_same_each_time() -> None:
    first, second = parsed(b"bad").dead_letters, parsed(b"bad").dead_letters
    assert first == second
    assert first[0].id.startswith("dead_")


def test_canonical_lines_stand_beside_their_events() -> None:
    found = parsed(GOOD % (1, 1))
    assert found.lines == [encode_event(event) for event in found.events]


def test_what_is_not_public_is_not_kept() -> None:
    line = json.dumps(
        {
            "id": "e1",
            "type": "post.created",
            "post": {"id": "p1", "text": "a secret", "visibility": "direct"},
        }
    ).encode()
    (letter,) = parsed(line).dead_letters
    assert letter.reason is Refusal.NOT_PUBLIC
    assert letter.content == b""
    assert letter.truncated
    assert len(letter.digest) == 64
    assert len(parsed(line, policy=EventPolicy(accept_non_public=True)).events) == 1


class Stumbling:
    """An adapter with a fault in it."""

    name = "stumbling"

    def events(self, obj: Any) -> Iterable[Mapping[str, Any]]:
        raise KeyError(str(obj))


def test_a_fault_of_an_adapter_stops_one_line_only() -> None:
    adapter: Adapter = Stumbling()
    items = [Line("test", 0, 1, b'"secret"'), Line("test", 9, 2, b"2")]
    found = parse_lines(items, adapter=adapter, policy=EventPolicy(), now=NOW)
    assert [letter.reason for letter in found.dead_letters] == [Refusal.UNSUPPORTED] * 2
    assert "secret" not in found.dead_letters[0].message
    assert "KeyError" in found.dead_letters[0].message


def test_a_line_is_taken_whole_or_not_at_all() -> None:
    status = {
        "id": "2", "created_at": "2026-01-01T00:00:00Z", "visibility": "public", "content": "",
        "account": {"id": "a"},
        "reblog": {
            "id": "1", "created_at": "2026-01-01T00:00:00Z", "visibility": "private",
            "account": {"id": "b"}, "content": "",
        },
    }  # fmt: skip
    found = parsed(json.dumps(status).encode(), "mastodon")
    assert found.events == []
    assert [letter.reason for letter in found.dead_letters] == [Refusal.NOT_PUBLIC]


def test_a_refused_row_is_kept_as_json() -> None:
    row = Row("test", 4, 5, {"id": "e1", "type": "post.created", "post": {"id": ""}})
    found = parse_lines([row], adapter=ADAPTERS["tocsin"], policy=EventPolicy(), now=NOW)
    (letter,) = found.dead_letters
    assert json.loads(letter.content) == row.value
    assert (letter.offset, letter.line_number, letter.format) == (4, 5, "tocsin")


FOREIGN = [
    ({"event": "account.created", "object": {"id": "1"}}, "mastodon"),
    ({"id": "1", "visibility": "public", "account": {"id": "a"}}, "mastodon"),
    ({"did": "did:plc:made", "time_us": 1, "kind": "commit"}, "jetstream"),
    ({"payload": {"$type": "network.example#commit", "did": "did:plc:made"}}, "jetstream"),
    ({"id_str": "1", "text": "the ferry is late"}, "twitter"),
    ({"data": {"id": "1", "author_id": "2"}}, "twitter"),
    ({"data": [{"id": "1", "edit_history_tweet_ids": ["1"]}]}, "twitter"),
]


@pytest.mark.parametrize(("obj", "name"), FOREIGN)
def test_a_line_of_another_format_is_told_which(obj: dict[str, Any], name: str) -> None:
    (letter,) = parsed(json.dumps(obj).encode()).dead_letters
    assert letter.reason is Refusal.TYPE
    assert letter.message == f"this looks like {name}: say `--format {name}` or `?format={name}`"
    assert letter.format == "tocsin"


@pytest.mark.parametrize("obj", [{}, {"id": "e"}, [], {"data": []}, {"payload": 3}, 7])
def test_a_line_of_no_known_format_is_not_guessed_at(obj: object) -> None:
    (letter,) = parsed(json.dumps(obj).encode()).dead_letters
    assert "looks like" not in letter.message
    assert letter.content == json.dumps(obj).encode()


def test_private_data_is_not_kept_where_nobody_said_the_format() -> None:
    person = {"id": "1", "email": "someone@mail.example", "ip": "192.0.2.7"}
    line = json.dumps({"event": "account.created", "object": person}).encode()
    (letter,) = parsed(line).dead_letters
    assert json.loads(letter.content) == {"event": "account.created", "object": {"id": "1"}}
    assert letter.truncated
    status = {"id": "2", "visibility": "direct", "account": {"id": "a"}, "content": "a secret"}
    (letter,) = parsed(json.dumps(status).encode()).dead_letters
    assert (letter.reason, letter.content) == (Refusal.NOT_PUBLIC, b"")
    assert "--format mastodon" in letter.message


def test_private_data_is_taken_out_of_dead_letters() -> None:
    body = {
        "event": "account.vanished",
        "object": {"id": "1", "email": "someone@mail.example", "ip": "192.0.2.7",
                   "ips": [{"ip": "192.0.2.8"}]},
    }  # fmt: skip
    (letter,) = parsed(json.dumps(body).encode(), "mastodon").dead_letters
    assert json.loads(letter.content) == {"event": "account.vanished", "object": {"id": "1"}}
    (cut,) = parsed(json.dumps(body).encode()[:-1], "mastodon").dead_letters
    assert cut.content == b""
    assert cut.truncated
