"""What may happen without a person.

Comes in: a rule, the action that it proposes, its clause, the decision's subject and language.
Goes out: None where the action may act by itself, else the sentence that says why it is held.
Always holds: `held_reason` asks the gate last, so that no gate can let an action happen
by itself that touches a person, cannot be taken back, or that the clause does not list.
"""

from __future__ import annotations

from typing import Protocol

from tocsin.policy.spec import Basis, Clause, Rule
from tocsin.records import PERSON_ONLY_ACTIONS, ActionKind, SubjectKind

__all__ = ["Gate", "default_gate", "held_reason"]

ITEMS: frozenset[SubjectKind] = frozenset({"post", "media"})

_NAMED: dict[SubjectKind, str] = {
    "post": "a post",
    "media": "media",
    "account": "an account",
    "hashtag": "a hashtag",
    "campaign": "a campaign",
}


class Gate(Protocol):
    """Decides whether an action may act by itself."""

    def __call__(
        self, rule: Rule, action: ActionKind, clause: Clause, language: str, /
    ) -> str | None:
        """None: it may; else the reason why it is held."""
        ...


def default_gate(rule: Rule, action: ActionKind, clause: Clause, language: str, /) -> str | None:
    """Lets known material act by itself: people judged it before. Everything else is held."""
    del clause
    if rule.basis is Basis.BANK:
        return None
    return (
        f"no measured precision for rule `{rule.id}`, language `{language}` and action "
        f"`{action.value}`"
    )


def held_reason(
    rule: Rule, action: ActionKind, clause: Clause, language: str, gate: Gate
) -> str | None:
    """Why an action waits for a person; None where it does not have to."""
    if action in PERSON_ONLY_ACTIONS:
        return f"`{action.value}` always needs a person"
    if rule.subject not in ITEMS:
        return f"nothing happens to {_NAMED[rule.subject]} without a person"
    if action not in clause.automatic:
        return f"the clause `{clause.id}` never lets `{action.value}` happen by itself"
    return gate(rule, action, clause, language)
