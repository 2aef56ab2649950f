"""Explanations: a decision, the policy that it was made under, and the text it points into.

Comes in: the id of a decision. Goes out: an explanation, or None where the decision's own
content was erased. Always holds: uses the policy version that the decision names, from the log.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec

from tocsin.features import parts_of
from tocsin.pipeline.checking import Checked
from tocsin.pipeline.contents import window_contents
from tocsin.pipeline.packs import load_policy
from tocsin.policy import CompiledPolicy, Explanation, explain
from tocsin.records import Event, EventBatch, TextField
from tocsin.store import Store, decisions

__all__ = ["explain_checked", "explain_decision", "texts_of"]


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
