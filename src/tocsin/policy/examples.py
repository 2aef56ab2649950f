"""Rules' own examples: events that a rule must hit, and must not.

Comes in: the `examples` of a rule. Goes out: events in the wire format. Always holds: an example
is an event that ingest would accept; a short form fills in what it leaves out, at a fixed time
(`EXAMPLE_AT`) and from an account that is a year old. Refused: unknown keys, values that no
event may have.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, NamedTuple

from tocsin.policy.fields import Fields, described
from tocsin.policy.functions import sampled_at
from tocsin.policy.problems import Code, Problems
from tocsin.policy.spec import Example, Rule
from tocsin.policy.tree import ListNode, MapNode, Node, TextNode
from tocsin.records import EventPolicy, LabelHolder, RefusedEvent, convert_event

__all__ = ["EXAMPLE_AT", "SHORT_KEYS", "RuleExample", "collect_examples", "read_examples"]

EXAMPLE_AT = datetime(2026, 1, 15, 12, tzinfo=UTC)
"""When examples happen, unless they say otherwise."""

_RAREST = 0.001

_CREATED_AT = EXAMPLE_AT - timedelta(days=365)

SHORT_KEYS = {
    "type": "event type; the first of the rule's, or `post.created`",
    "at": "when it happened",
    "text": "post: text",
    "title": "post: title",
    "lang": "post: language code",
    "hashtags": "post: list",
    "mentions": "post: list",
    "links": "post: list",
    "media": "post: list of mappings in the wire format",
    "reply_to": "post: id of the post it answers",
    "quote_of": "post: id of the post it quotes",
    "repost_of": "post: id of the post it repeats",
    "views": "post: number of views",
    "handle": "account: handle",
    "name": "account: name",
    "bio": "account: bio",
    "location": "account: location",
    "created_at": "account: when it was made",
    "followers": "account: number of followers",
    "following": "account: number of accounts followed",
    "posts": "account: number of posts",
    "hashtag": "trend: the hashtag",
    "rank": "trend: its rank",
    "volume": "trend: its volume",
    "target": "report: mapping of `kind` and `id`; a post where absent",
    "category": "report: its category",
    "account": "account: id; one of its own where absent",
    "before": "list of examples that happened earlier, in order, a minute apart; for windows",
    "labels": "list of labels that stand on its account",
    "handle_labels": "list of labels that stand on its handle",
    "sampled": "whether `sample` picks it, at rates from 0.001 to 0.999",
    "note": "for people",
    "event": "instead of all others: a whole event in the wire format",
}
_POST = ("text", "title", "lang", "hashtags", "mentions", "links", "media")
_POST_LINKS = ("reply_to", "quote_of", "repost_of", "views")
_ACTOR = (
    "handle", "name", "bio", "location", "created_at", "followers", "following", "posts",
)  # fmt: skip


class RuleExample(NamedTuple):
    """One example for the pipeline to run."""

    rule: str
    event: Mapping[str, Any]
    should_hit: bool
    where: str
    before: tuple[Mapping[str, Any], ...] = ()
    labels: frozenset[tuple[LabelHolder, str]] = frozenset()


def collect_examples(rules: Iterable[Rule]) -> list[RuleExample]:
    """Every rule's examples, in the order of the pack."""
    return [
        RuleExample(
            rule=rule.id,
            event=example.event,
            should_hit=example.should_hit,
            where=example.where,
            before=example.before,
            labels=example.labels,
        )
        for rule in rules
        for example in rule.examples
    ]


def read_examples(
    parts: Fields,
    rule_id: str,
    events: frozenset[str],
    problems: Problems,
    labels: Collection[str] = (),
) -> tuple[Example, ...]:
    """The examples under `hit` and `miss`; mistakes are reported.

    `labels` are those that the policy declares.
    """
    found = []
    for key in ("hit", "miss"):
        for index, node in enumerate(parts.list_of(key), start=1):
            event_id = f"example:{rule_id}:{key}:{index}"
            event = _event(node, event_id, events, problems)
            if event is not None:
                found.append(
                    Example(
                        event=event,
                        should_hit=key == "hit",
                        where=str(node.place),
                        before=_before(node, event_id, events, problems),
                        labels=_labels(node, labels, problems),
                    )
                )
    return tuple(found)


def _labels(
    node: Node, known: Collection[str], problems: Problems
) -> frozenset[tuple[LabelHolder, str]]:
    """The labels that stand when the example happens."""
    if not isinstance(node, MapNode):
        return frozenset()
    fields = Fields(node, "an example", problems, required=(), optional=node.keys)
    keys = (("labels", LabelHolder.ACCOUNT), ("handle_labels", LabelHolder.HANDLE))
    return frozenset((holder, name) for key, holder in keys for name in fields.words(key, known))


def _with_id(event_id: str, is_sampled: object) -> str:
    """The id, or the first like it that `sample` picks, or does not, at all usual rates."""
    if not isinstance(is_sampled, bool):
        return event_id
    tries = (f"{event_id}:{n}" for n in count(1))
    return next(
        id_ for id_ in tries
        if (sampled_at(id_) < _RAREST if is_sampled else sampled_at(id_) >= 1 - _RAREST)
    )  # fmt: skip


def _before(
    node: Node, event_id: str, events: frozenset[str], problems: Problems
) -> tuple[Mapping[str, Any], ...]:
    """The events under `before`; each is a minute earlier than the next, unless it says when."""
    listed = node.items.get("before") if isinstance(node, MapNode) else None
    if listed is None:
        return ()
    if not isinstance(listed, ListNode):
        message = f"`before` is a list of examples, not {described(listed)}"
        problems.error(Code.EXAMPLE, message, listed.place)
        return ()
    found = []
    for index, earlier in enumerate(listed.items, start=1):
        at = EXAMPLE_AT - timedelta(minutes=len(listed.items) + 1 - index)
        event = _event(earlier, f"{event_id}:before:{index}", events, problems, at)
        if event is not None:
            found.append(event)
    return tuple(found)


def _event(
    node: Node,
    event_id: str,
    events: frozenset[str],
    problems: Problems,
    at: datetime = EXAMPLE_AT,
) -> Mapping[str, Any] | None:
    if isinstance(node, TextNode) and node.value is not None:
        event = _built({"text": node.text}, event_id, events, at)
    elif isinstance(node, MapNode):
        fields = Fields(node, "an example", problems, required=(), optional=SHORT_KEYS)
        whole = fields.mapping("event")
        values = {key: _plain(value) for key, value in node.items.items() if key in SHORT_KEYS}
        if whole is not None:
            event_id = _with_id(event_id, values.get("sampled"))
            event = {"id": event_id, "at": _stamp(at), **_plain_map(whole)}
        else:
            event = _built(values, event_id, events, at)
    else:
        message = f"an example is a text or a mapping, not {described(node)}"
        problems.error(Code.EXAMPLE, message, node.place)
        return None
    try:
        convert_event(event, now=EXAMPLE_AT, policy=EventPolicy())
    except RefusedEvent as error:
        message = f"the example is not an event: {error.message}"
        problems.error(Code.EXAMPLE, message, node.place, "see the event schema")
        return None
    return event


def _built(
    values: Mapping[str, Any], event_id: str, events: frozenset[str], at: datetime
) -> dict[str, Any]:
    """A whole event from a short form."""
    default = "post.created" if "post.created" in events else min(events)
    kind = values.get("type", default)
    event: dict[str, Any] = {
        "id": _with_id(event_id, values.get("sampled")),
        "type": kind,
        "at": values.get("at", _stamp(at)),
    }
    actor = {key: values[key] for key in _ACTOR if key in values}
    event["actor"] = {
        "id": values.get("account", f"{event_id}:account"),
        "handle": "harbour_reader",
        "created_at": _stamp(_CREATED_AT),
        **actor,
    }
    if str(kind).startswith("post."):
        post = {key: values[key] for key in (*_POST, *_POST_LINKS) if key in values}
        event["post"] = {"id": f"{event_id}:post", **post}
    elif kind == "media.uploaded":
        media: Sequence[Any] = values.get("media") or [{}]
        event["media"] = media[0]
    elif kind == "trend.observed":
        trend = {key: values[key] for key in ("rank", "volume") if key in values}
        event |= {"hashtag": values.get("hashtag", ""), **trend}
    elif kind == "report.filed":
        event["target"] = values.get("target", {"kind": "post", "id": f"{event_id}:post"})
        event |= {key: values[key] for key in ("category",) if key in values}
    return event


def _stamp(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _plain_map(node: MapNode) -> dict[str, Any]:
    return {key: _plain(value) for key, value in node.items.items()}


def _plain(node: Node) -> Any:
    """A node as plain JSON values; the tree's depth is bounded."""
    if isinstance(node, MapNode):
        return _plain_map(node)
    if isinstance(node, ListNode):
        return [_plain(item) for item in node.items]
    return node.value if isinstance(node, TextNode) else None
