"""What may happen without a person.

Comes in: a rule, the action that it proposes, its clause, the decision's subject and language; and
what rules have earned. Goes out: None where the action may act by itself, else the sentence that
says why it is held. Always holds: `held_reason` asks the gate last, so that no gate can let an
action happen by itself that touches a person, cannot be taken back, or that the clause does not
list; what one language earned counts in no other, and what one version earned for no other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from tocsin.clock import stable_id
from tocsin.policy.spec import Basis, Clause, Rule
from tocsin.records import (
    PERSON_ONLY_ACTIONS,
    ActionKind,
    AutomationState,
    Standing,
    Stratum,
    SubjectKind,
    needed_bar,
)

__all__ = ["EarnedGate", "Gate", "default_gate", "held_reason"]

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


class EarnedGate:
    """Lets known material act, and rules in the languages in which they earned it.

    `digest` names what it was built from; "" where nothing was ever earned or lost, and it then
    decides as `default_gate`. In solo mode the bars are higher, for what was earned before too.
    """

    def __init__(self, standings: Iterable[Standing], *, solo: bool = False) -> None:
        self._by_stratum = {standing.stratum: standing for standing in standings}
        self._solo = solo
        parts = [repr(standing) for _, standing in sorted(self._by_stratum.items())]
        self.digest = stable_id("aut", str(solo), *parts) if parts else ""

    def __call__(
        self, rule: Rule, action: ActionKind, clause: Clause, language: str, /
    ) -> str | None:
        """None: it may; else where the rule stands."""
        stratum = Stratum(rule=rule.id, rule_version=rule.version, language=language, action=action)
        standing = self._by_stratum.get(stratum)
        if standing is None or rule.basis is Basis.BANK:
            return default_gate(rule, action, clause, language)
        needed = needed_bar(clause.bars[action], solo=self._solo)
        measured = (
            f"lower bound {standing.lower:.3f} of {standing.n_judged} judged samples, and the "
            f"clause needs {needed:g}"
        )
        of = f"of rule `{rule.id}`, language `{language}` and action `{action.value}`"
        match standing.state:
            case AutomationState.EARNED if standing.bar >= needed:
                return None
            case AutomationState.EARNED:
                return f"the measured precision {of} was enough for less than is needed: {measured}"
            case AutomationState.ELIGIBLE:
                return f"the measured precision {of} waits to be confirmed: {measured}"
            case _:
                return f"the measured precision {of} is not enough any more: {measured}"


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
