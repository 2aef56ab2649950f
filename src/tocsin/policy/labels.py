"""Labels in a pack: declared in `policy.yaml`, put on and taken off by rules.

Comes in: nodes of the tree. Goes out: what each declared label means, and the changes of a rule.
Always holds: a rule changes declared labels only, each of a holder at most once. Refused: unknown
labels, lengths that are no constant duration; see `fields`.
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.policy.catalogue import Catalogue
from tocsin.policy.fields import Fields, described, is_identifier
from tocsin.policy.parse import parse_duration
from tocsin.policy.problems import Code, Place, Problems, did_you_mean
from tocsin.policy.tree import MapNode, Node
from tocsin.records import LabelChange, LabelHolder

__all__ = ["LABEL_KEYS", "read_changes", "read_declared"]

LABEL_KEYS = {
    "name": "a label that `policy.yaml` declares",
    "of": "`account` (where absent) or `handle`",
    "for": "how long, such as `days(30)`; until it is taken off where absent (of `add` only)",
    "reason": "for people (optional)",
}


def read_declared(fields: Fields, problems: Problems) -> dict[str, str]:
    """The labels that a policy declares, with what each means."""
    node = fields.mapping("labels")
    if node is None:
        return {}
    values = Fields(node, "the labels", problems, required=(), optional=node.keys)
    for name, key in node.keys.items():
        if not is_identifier(name):
            message = "a label is made of lower-case letters and digits, joined by `.`, `_` or `-`"
            problems.error(Code.VALUE, message, key.place)
    return {name: values.text(name) for name in node.keys}


def read_changes(
    fields: Fields, catalogue: Catalogue, problems: Problems
) -> tuple[LabelChange, ...]:
    """What the key `labels` of a rule says."""
    node = fields.mapping("labels")
    if node is None:
        return ()
    what = "the labels of a rule"
    lists = Fields(node, what, problems, required=(), optional=("add", "remove"))
    changes: list[LabelChange] = []
    places: dict[tuple[str, LabelHolder], Place] = {}
    for is_added in (True, False):
        for item in lists.list_of("add" if is_added else "remove"):
            for change, place in _change(item, catalogue, problems, is_added=is_added):
                key = (change.name, change.holder)
                if key in places:
                    message = f"the rule changes `{change.name}` of the {change.holder.value} twice"
                    second = ("first here", places[key])
                    problems.error(Code.DUPLICATE_ID, message, place, None, second)
                places[key] = place
                changes.append(change)
    return tuple(changes)


def _change(
    node: Node, catalogue: Catalogue, problems: Problems, *, is_added: bool
) -> Iterator[tuple[LabelChange, Place]]:
    if not isinstance(node, MapNode):
        message = f"a change of a label is a mapping, not {described(node)}"
        problems.error(Code.SHAPE, message, node.place, "such as `{name: watched, for: days(30)}`")
        return
    optional = [key for key in LABEL_KEYS if is_added or key != "for"]
    what = "a label that is put on" if is_added else "a label that is taken off"
    fields = Fields(node, what, problems, required=("name",), optional=optional)
    name = fields.text("name")
    holder = fields.choice("of", LabelHolder, LabelHolder.ACCOUNT)
    reason = fields.text("reason")
    for_s = _length(fields, catalogue, problems) if is_added else None
    if not name:
        return
    if name not in catalogue.labels:
        known = catalogue.labels
        hint = did_you_mean(name, known) or "declare it in `policy.yaml` under `labels:`"
        message = f"there is no label `{name}`"
        problems.error(Code.UNKNOWN_LABEL, message, fields.place("name"), hint)
        return
    change = LabelChange(name=name, holder=holder, is_added=is_added, for_s=for_s, reason=reason)
    yield change, fields.place("name")


def _length(fields: Fields, catalogue: Catalogue, problems: Problems) -> int | None:
    node = fields.scalar("for")
    if node is None:
        return None
    length = parse_duration(node, "`for`", catalogue, problems)
    if length is None:
        return None
    seconds = int(length.total_seconds())
    if seconds < 1:
        problems.error(Code.VALUE, "a label stands for a second at least", node.place)
        return None
    return seconds
