"""Clauses: read from `policy.yaml`.

Comes in: the tree of the file. Goes out: the policy's name, title, clauses and labels. Always
holds: whatever may happen by itself is among `ITEM_ACTIONS` and among the actions that the clause
allows, and has a bar: the precision that a rule must be measured to exceed. Refused: see `fields`;
warned of: clauses without protected purposes, clauses of the gravest severity with automatic
actions, clauses that name a faith, a people or officials.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tocsin.nlp import Harm
from tocsin.policy.fields import Fields, described
from tocsin.policy.labels import read_declared
from tocsin.policy.legal import SCHEMES, mistakes
from tocsin.policy.problems import Code, Document, Place, Problems, did_you_mean
from tocsin.policy.sensitive import warn_of_names
from tocsin.policy.spec import Clause, Purpose
from tocsin.policy.tree import MapNode, Node, TextNode, read_tree
from tocsin.records import DEFAULT_BAR, ITEM_ACTIONS, LOWEST_BAR, ActionKind

__all__ = ["CLAUSE_KEYS", "POLICY_KEYS", "Head", "read_policy"]

GRAVEST = 5
NEVER = "never"

POLICY_KEYS = {
    "name": "the pack's id",
    "title": "one line for people",
    "description": "what the pack is for (optional)",
    "clauses": "the list of clauses",
    "labels": "the labels that rules read, put on and take off: name -> what it means (optional)",
}
CLAUSE_KEYS = {
    "id": "dotted, such as `terror.support`",
    "title": "one line for people",
    "guideline": "text that a moderator can apply",
    "examples_in": "what falls under the clause",
    "examples_out": "what does not",
    "severity": "1 (mild) to 5 (gravest)",
    "protected_purposes": "`news`, `research`, `art`, `counter_extremism`",
    "actions": "what may be done under the clause (optional)",
    "automatic": "which of them may ever happen without a person, each with its bar (optional)",
    "harm": "what verdicts under it teach the text models: `support`, `incitement` or `threat` "
    "(optional)",
    "legal": "scheme -> value or values (optional)",
}
_OPTIONAL = {
    "description",
    "labels",
    "protected_purposes",
    "actions",
    "automatic",
    "harm",
    "legal",
}


@dataclass(slots=True)
class Head:
    """What `policy.yaml` says, and where each clause stands."""

    name: str = ""
    title: str = ""
    clauses: dict[str, Clause] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)


def read_policy(document: Document, problems: Problems) -> Head:
    """Read `policy.yaml`, reporting every mistake."""
    head = Head()
    root = read_tree(document, problems)
    if root is None:
        return head
    if not isinstance(root, MapNode):
        message = f"`policy.yaml` is a mapping, not {described(root)}"
        problems.error(Code.SHAPE, message, root.place)
        return head
    required = POLICY_KEYS.keys() - _OPTIONAL
    fields = Fields(root, "a policy", problems, required=sorted(required), optional=POLICY_KEYS)
    head.name = fields.identifier("name") or ""
    head.title = fields.text("title")
    fields.text("description")
    head.labels = read_declared(fields, problems)
    for node in fields.list_of("clauses"):
        _read_clause(node, head, problems)
    return head


def _read_clause(node: Node, head: Head, problems: Problems) -> None:
    if not isinstance(node, MapNode):
        problems.error(Code.SHAPE, f"a clause is a mapping, not {described(node)}", node.place)
        return
    required = CLAUSE_KEYS.keys() - _OPTIONAL
    fields = Fields(node, "a clause", problems, required=sorted(required), optional=CLAUSE_KEYS)
    actions = fields.choices("actions", ActionKind)
    clause = Clause(
        id=fields.identifier("id") or "",
        title=fields.text("title"),
        guideline=fields.text("guideline"),
        severity=fields.integer("severity", 1, GRAVEST, 3),
        examples_in=fields.texts("examples_in"),
        examples_out=fields.texts("examples_out"),
        protected_purposes=fields.choices("protected_purposes", Purpose),
        actions=actions,
        bars=_bars(fields, actions, problems),
        harm=fields.optional_choice("harm", Harm),
        legal=_legal(fields, problems),
    )
    if not clause.id:
        return
    place = fields.place("id")
    if clause.id in head.clauses:
        second = ("first here", head.places[clause.id])
        message = f"two clauses are called `{clause.id}`"
        problems.error(Code.DUPLICATE_ID, message, place, None, second)
        return
    head.clauses[clause.id] = clause
    head.places[clause.id] = place
    _warn(clause, fields, problems)


def _bars(
    fields: Fields, actions: tuple[ActionKind, ...], problems: Problems
) -> dict[ActionKind, float]:
    """The bar of each action that may ever happen by itself."""
    node = fields.node_of("automatic")
    if not isinstance(node, MapNode):
        listed = fields.choices("automatic", ActionKind)
        bars = dict.fromkeys(listed, DEFAULT_BAR)
        _check_actions(bars, actions, dict.fromkeys(bars, fields.place("automatic")), problems)
        return bars
    values = Fields(node, "`automatic`", problems, required=(), optional=list(ActionKind))
    named = {ActionKind(key): key for key in node.keys if key in tuple(ActionKind)}
    found = {action: _bar(values, key, problems) for action, key in named.items()}
    bars = {action: bar for action, bar in found.items() if bar is not None}
    places = {action: node.keys[action.value].place for action in bars}
    _check_actions(bars, actions, places, problems)
    return bars


def _check_actions(
    bars: Mapping[ActionKind, float],
    actions: tuple[ActionKind, ...],
    places: Mapping[ActionKind, Place],
    problems: Problems,
) -> None:
    for action in bars:
        if action not in ITEM_ACTIONS:
            allowed = ", ".join(f"`{item.value}`" for item in sorted(ITEM_ACTIONS))
            message = f"`{action.value}` never happens without a person"
            hint = f"only what touches an item alone and can be undone may: {allowed}"
            problems.error(Code.AUTOMATIC, message, places[action], hint)
        elif action not in actions:
            message = f"`{action.value}` is automatic but not among the clause's `actions`"
            problems.error(Code.AUTOMATIC, message, places[action])


def _bar(values: Fields, key: str, problems: Problems) -> float | None:
    """The bar of one action; None where it is never to happen by itself, or is no bar."""
    node = values.scalar(key)
    if node is None or node.value == NEVER:
        return None
    bar = node.value
    if isinstance(bar, float) and LOWEST_BAR <= bar < 1:
        return bar
    problems.error(
        Code.AUTOMATIC,
        f"a bar is a share from {LOWEST_BAR} to less than 1, or `{NEVER}`",
        node.place,
        f"`{key}: {DEFAULT_BAR}` lets at most one in twenty be wrong",
    )
    return None


def _legal(fields: Fields, problems: Problems) -> dict[str, tuple[str, ...]]:
    node = fields.mapping("legal")
    if node is None:
        return {}
    values = Fields(node, "a legal mapping", problems, required=(), optional=node.keys)
    legal = {scheme: values.texts(scheme) for scheme in node.keys}
    category = next(iter(legal.get("dsa_category", ())), None)
    for scheme, found in legal.items():
        if scheme not in SCHEMES:
            hint = did_you_mean(scheme, SCHEMES)
            if hint is not None:
                message = f"`{scheme}` is close to a scheme that we check, and is none"
                problems.error(Code.LEGAL, message, node.keys[scheme].place, hint)
        for message, hint in mistakes(scheme, found, category):
            problems.error(Code.LEGAL, message, values.place(scheme), hint)
    return legal


def _warn(clause: Clause, fields: Fields, problems: Problems) -> None:
    if not clause.protected_purposes:
        problems.warn(
            Code.NO_PURPOSES,
            f"the clause `{clause.id}` protects no purpose",
            fields.place("id"),
            "say in `protected_purposes` what stays allowed: news, research, art, countering "
            "extremism",
        )
    if clause.severity == GRAVEST and clause.automatic:
        actions = ", ".join(f"`{action.value}`" for action in clause.automatic)
        problems.warn(
            Code.SEVERE_AUTOMATIC,
            f"a clause of the gravest severity lets {actions} happen without a person",
            fields.place("automatic"),
            "the graver the charge, the more it costs to be wrong: let a person look first",
        )
    subject = f"the clause `{clause.id}`"
    for key in ("id", "title", "guideline", "examples_in"):
        for node in _scalars(fields.node_of(key)):
            warn_of_names(subject, node.text, node.place, problems)


def _scalars(node: Node | None) -> list[TextNode]:
    if isinstance(node, TextNode):
        return [node]
    items = getattr(node, "items", [])
    return [item for item in items if isinstance(item, TextNode)] if isinstance(items, list) else []
