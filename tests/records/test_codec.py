"""What the codec refuses, with which reason, and that it never repeats the input."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tocsin.records import (
    MAX_LINE_BYTES,
    MAX_NESTING,
    EventPolicy,
    PostCreated,
    Refusal,
    RefusedEvent,
    ReportFiled,
    convert_event,
    decode_event,
    decode_json,
    encode_event,
)

NOW = datetime(2026, 6, 1, tzinfo=UTC)
STRICT = EventPolicy()
CANARY = "canary-7f3e"


def post_line(**changes: Any) -> bytes:
    post = {"id": "p1", "text": "the ferry leaves at nine"} | changes.pop("post", {})
    return json.dumps({"id": "e1", "type": "post.created", "post": post} | changes).encode()


def seen_line(**actor: Any) -> bytes:
    return json.dumps({"id": "e1", "type": "actor.seen", "actor": {"id": "a1"} | actor}).encode()


def refusal_of(line: bytes, policy: EventPolicy = STRICT) -> RefusedEvent:
    with pytest.raises(RefusedEvent) as caught:
        decode_event(line, now=NOW, policy=policy)
    return caught.value


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", Refusal.MALFORMED),
        (b"{", Refusal.MALFORMED),
        (b'{"id": "e1",}', Refusal.MALFORMED),
        (post_line() + b" {}", Refusal.MALFORMED),
        (b'{"id": NaN}', Refusal.MALFORMED),
        (seen_line().replace(b"a1", b"\\ud800"), Refusal.MALFORMED),
        (seen_line().replace(b"a1", b"\xff"), Refusal.ENCODING),
        (seen_line().replace(b"a1", b"\xed\xa0\x80"), Refusal.ENCODING),
        (seen_line().replace(b"a1", b"\0"), Refusal.NUL),
        (seen_line().replace(b"a1", b"a\\u0000"), Refusal.NUL),
        (b"[]", Refusal.TYPE),
        (b"7", Refusal.TYPE),
        (b"{}", Refusal.TYPE),
        (b'{"id": "e1", "type": "post.vanished"}', Refusal.TYPE),
        (b'{"id": "e1", "type": "actor.seen", "type": "share"}', Refusal.TYPE),
        (b'{"id": 5, "type": "actor.seen", "actor": {"id": "a1"}}', Refusal.TYPE),
        (b'{"id": "e1", "type": "actor.seen", "actor": {}}', Refusal.TYPE),
        (b'{"id": "e1", "type": "actor.seen", "actor": {"handle": ""}}', Refusal.TYPE),
        (post_line(post={"hashtags": "harbour"}), Refusal.TYPE),
        (post_line(post={"hashtags": [None]}), Refusal.TYPE),
        (post_line(post={"visibility": "secret"}), Refusal.TYPE),
        (seen_line(posts=1.5), Refusal.TYPE),
        (seen_line(posts=True), Refusal.TYPE),
        (seen_line(posts=-1), Refusal.LIMIT),
        (seen_line(posts=2**53 + 1), Refusal.LIMIT),
        (seen_line(posts=10**40), Refusal.LIMIT),
        (seen_line(posts=0).replace(b"0}", b"1e400}"), Refusal.LIMIT),
        (seen_line(id=""), Refusal.LIMIT),
        (post_line(post={"text": "a" * 100_001}), Refusal.LIMIT),
        (post_line(post={"hashtags": ["a"] * 1_001}), Refusal.LIMIT),
        (post_line(post={"media": [{}] * 101}), Refusal.LIMIT),
        (b" " * (MAX_LINE_BYTES + 1), Refusal.LIMIT),
        (post_line(other=json.loads("[" * 70 + "]" * 70)), Refusal.LIMIT),
        (b"[" * 1_000_000, Refusal.LIMIT),
        (post_line(at="9999-12-31T23:59:59Z"), Refusal.TIME),
        (post_line(at="9999-12-31T23:59:59-14:00"), Refusal.TIME),
        (post_line(at="0001-01-01T00:00:00+14:00"), Refusal.TIME),
        (post_line(at="1989-12-31T23:59:59Z"), Refusal.TIME),
        (post_line(at="2026-06-02T00:00:01Z"), Refusal.TIME),
        (post_line(at="yesterday"), Refusal.TIME),
        (seen_line(created_at="9999-01-01T00:00:00Z"), Refusal.TIME),
        (post_line(at="2026-01-01T00:00:00"), Refusal.TYPE),
        (post_line(at=1_767_225_600), Refusal.TYPE),
        (post_line(post={"visibility": "followers"}), Refusal.NOT_PUBLIC),
        (post_line(post={"visibility": "direct"}), Refusal.NOT_PUBLIC),
    ],
)
def test_a_bad_line_has_its_reason(line: bytes, reason: Refusal) -> None:
    refused = refusal_of(line)
    assert refused.reason is reason, refused.message
    assert refused.message
    assert not refused.message.endswith(".")


def test_the_message_names_the_field() -> None:
    assert "$.post.text" in refusal_of(post_line(post={"text": 5})).message


WRONG = [5, True, 1.5, [CANARY], {CANARY: CANARY}, CANARY, f"a'{CANARY}'b", f'a"{CANARY}"b']


@pytest.mark.parametrize("wrong", WRONG, ids=range(len(WRONG)))
def test_no_message_repeats_the_input(wrong: Any) -> None:
    whole = {
        "id": "e1",
        "type": "post.created",
        "at": "2026-01-01T00:00:00Z",
        "actor": {"id": "a1", "name": CANARY, "created_at": "2020-01-01T00:00:00Z", "links": []},
        "post": {"id": "p1", "text": CANARY, "hashtags": [CANARY], "visibility": "public",
                 "media": [{"kind": "image"}], "views": 1},
        CANARY: CANARY,
    }  # fmt: skip
    n_refused = 0
    for place in ((), ("actor",), ("post",), ("post", "media", 0)):
        target: Any = whole
        for key in place:
            target = target[key]
        for key in target:
            changed = json.loads(json.dumps(whole))
            inner = changed
            for step in place:
                inner = inner[step]
            inner[key] = wrong
            try:
                decode_event(json.dumps(changed).encode(), now=NOW, policy=STRICT)
            except RefusedEvent as refused:
                n_refused += 1
                if CANARY in f"{refused} {refused.message} {refused.__cause__}":
                    pytest.fail(f"the message on `{key}` repeats the input")
    assert n_refused > 3


def test_null_means_absent_wherever_a_field_may_be_absent() -> None:
    line = post_line(at=None, actor=None, post={"hashtags": None, "visibility": None, "lang": None})
    assert decode_event(line, now=NOW, policy=STRICT) == decode_event(
        post_line(), now=NOW, policy=STRICT
    )
    assert refusal_of(post_line(id=None)).reason is Refusal.TYPE


def test_of_a_key_that_stands_twice_the_last_counts() -> None:
    line = b'{"id": "e1", "id": "e2", "type": "actor.seen", "actor": {"id": "a1"}}'
    assert decode_event(line, now=NOW, policy=STRICT).id == "e2"


def test_minus_zero_is_zero() -> None:
    line = seen_line(posts=0).replace(b": 0}", b": -0}")
    assert encode_event(decode_event(line, now=NOW, policy=STRICT)).endswith(b'"posts":0}}')


def test_times_come_out_in_utc() -> None:
    line = post_line(at="2026-01-01T02:00:00.5+02:00")
    event = decode_event(line, now=NOW, policy=STRICT)
    assert event.at == datetime(2026, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)
    assert b'"at":"2026-01-01T00:00:00.500000Z"' in encode_event(event)


def test_an_empty_actor_is_none() -> None:
    event = decode_event(post_line(actor={}), now=NOW, policy=STRICT)
    assert event.actor is None
    report = {
        "id": "e1", "type": "report.filed", "target": {"kind": "post", "id": "p1"}, "reporter": {},
    }  # fmt: skip
    filed = decode_event(json.dumps(report).encode(), now=NOW, policy=STRICT)
    assert isinstance(filed, ReportFiled)
    assert filed.reporter is None


def test_brackets_inside_text_are_no_nesting() -> None:
    text = '[{"' * 100 + "\\"
    event = decode_event(post_line(post={"text": text}), now=NOW, policy=STRICT)
    assert isinstance(event, PostCreated)
    assert event.post.text == text
    assert decode_json(b"[" * MAX_NESTING + b"]" * MAX_NESTING)


def test_the_operator_may_accept_posts_that_are_not_public() -> None:
    line = post_line(post={"visibility": "followers"})
    assert decode_event(line, now=NOW, policy=EventPolicy(accept_non_public=True)).id == "e1"


class TestExtra:
    allowing = EventPolicy(allow_fields=frozenset({"channel", "post.tone"}))

    def test_unknown_fields_are_dropped(self) -> None:
        event = decode_event(post_line(channel="news"), now=NOW, policy=STRICT)
        assert event.extra == ()

    def test_allowed_fields_are_kept_as_json(self) -> None:
        line = post_line(channel={"id": 7}, other=1, post={"tone": "calm"})
        event = decode_event(line, now=NOW, policy=self.allowing)
        assert [(field.name, field.value) for field in event.extra] == [
            ("channel", '{"id":7}'),
            ("post.tone", '"calm"'),
        ]
        assert decode_event(encode_event(event), now=NOW, policy=self.allowing) == event

    @pytest.mark.parametrize("field", [{"name": "sneaked", "value": "1"}])
    def test_a_sender_cannot_bring_others(self, field: dict[str, str]) -> None:
        for policy in (STRICT, self.allowing):
            event = decode_event(post_line(extra=[field]), now=NOW, policy=policy)
            assert event.extra == ()

    def test_a_value_that_is_too_long_or_no_json_is_dropped(self) -> None:
        for line in (
            post_line(channel="a" * 5_000),
            post_line(extra=[{"name": "channel", "value": "{"}]),
        ):
            assert decode_event(line, now=NOW, policy=self.allowing).extra == ()

    def test_what_is_no_json_in_a_dropped_field_is_refused_when_fields_are_read(self) -> None:
        line = post_line(other="x").replace(b'"x"', b"1" * 5_000)
        assert refusal_of(line, self.allowing).reason in (Refusal.LIMIT, Refusal.TYPE)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("\ud800", Refusal.ENCODING),
        (object(), Refusal.TYPE),
        ("a\0b", Refusal.NUL),
        (2**80, Refusal.TYPE),
    ],
)
def test_converted_values_are_checked_as_json_is(value: Any, reason: Refusal) -> None:
    with pytest.raises(RefusedEvent) as caught:
        convert_event(
            {"id": value, "type": "actor.seen", "actor": {"id": "a1"}}, now=NOW, policy=STRICT
        )
    assert caught.value.reason is reason


def test_a_converted_value_that_never_ends_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(RefusedEvent) as caught:
        convert_event({"id": "e1", "post": endless}, now=NOW, policy=STRICT)
    assert caught.value.reason is Refusal.LIMIT
