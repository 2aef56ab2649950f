"""Explanations: a decision, the policy that it was made under, and the text it points into.

Comes in: the id of a decision. Goes out: an explanation, or None where the decision's own
content was erased; where its case stands in the queue. Always holds: uses the policy version that
the decision names, from the log; what an outside model moved stands apart from why it was decided.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec
import sqlalchemy as sa

from tocsin.features import parts_of
from tocsin.pipeline.checking import Checked
from tocsin.pipeline.contents import window_contents
from tocsin.pipeline.packs import load_policy
from tocsin.policy import CompiledPolicy, Explanation, explain
from tocsin.records import Event, EventBatch, TextField
from tocsin.store import Store, cases, decisions, opinions

__all__ = ["QueuePlace", "explain_checked", "explain_decision", "queue_place", "texts_of"]


class QueuePlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where the case of a decision stands, and how much of that is an outside model's opinion."""

    case: str
    priority: int
    by_rules_and_people: int
    by_opinion: int
    model: str
    label: str | None
    score: float | None

    def render(self) -> str:
        """For people."""
        return (
            f"case {self.case}: priority {self.priority}, {self.by_rules_and_people} by rules and"
            f" people, {self.by_opinion:+d} by the opinion of {self.model} ({self.label},"
            f" {self.score:.2f}), which is no evidence"
        )


def queue_place(connection: sa.Connection, decision_id: str) -> QueuePlace | None:
    """Where a decision's case stands in the queue, if an outside model's opinion counts there."""
    case = cases.of_decision(connection, decision_id)
    if case is None or case.opinion is None:
        return None
    (counting,) = (one for one in opinions.of_case(connection, case.id) if one.counts)
    return QueuePlace(
        case=case.id,
        priority=case.priority,
        by_rules_and_people=case.priority - case.moved,
        by_opinion=case.moved,
        model=counting.model,
        label=counting.label,
        score=counting.score,
    )


def explain_decision(
    store: Store, decision_id: str, *, with_windows: bool = False
) -> Explanation | None:
    """Explain a decision from what the store holds.

    `with_windows` reads the log, and perhaps the archive, for the length of its windows.
    """
    with store.read() as connection:
        decision = decisions.get(connection, decision_id)
        if decision is None:
            return None
        event = decisions.event_json(connection, decision_id)
        policy = load_policy(connection, decision.versions["policy"])
        windows = window_contents(store, connection, decision, policy) if with_windows else None
    erased = "since it was made" if event is None else None
    found = explain(decision, policy, texts=texts_of(event), erased=erased)
    return found if windows is None else replace(found, windows=tuple(windows))


def explain_checked(
    checked: Checked, policy: CompiledPolicy, batch: EventBatch
) -> list[Explanation]:
    """Explain the decisions of a check under the policy that made them."""
    texts = texts_of(batch.lines[0])
    return [explain(decision, policy, texts=texts) for decision in checked.decisions]


def texts_of(event_json: bytes | None) -> dict[TextField, str]:
    """The texts of an event that spans point into, by field."""
    if event_json is None:
        return {}
    event: Event = msgspec.json.decode(event_json, type=Event)
    found: dict[TextField, str] = {}
    for part in parts_of(event):
        found[part.field] = found.get(part.field, "").ljust(part.base) + part.text
    return found
