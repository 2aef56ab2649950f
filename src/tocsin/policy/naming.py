"""Rules that name other rules: `rule("id")`.

Comes in: where each rule's condition stands, and who asks for it. Goes out: conditions, each read
once. Always holds: rules may name each other in any order and file, and never in a circle; what a
rule's condition holds with all that it names is bounded, in parts and in depth. Refused: circles,
shown whole; rules that do not exist; more than the bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from tocsin.policy.catalogue import Catalogue
from tocsin.policy.expressions import BoolOp, Compare, Expr, ListOf, Name, RuleRead, walk
from tocsin.policy.kinds import Kind
from tocsin.policy.problems import Code, Place, Problems, did_you_mean
from tocsin.policy.reading import literal_key

__all__ = ["MAX_NAMED_DEPTH", "MAX_NAMED_PARTS", "Conditions"]

MAX_NAMED_PARTS = 2_000
MAX_NAMED_DEPTH = 100
"""With all rules that it names, a condition still costs little, and no tree walk goes deep."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A condition that was read; None where it has mistakes."""

    condition: Expr | None
    is_unavailable: bool = False


@dataclass(slots=True)
class Conditions:
    """The conditions of a pack. `read` reads the one of a rule, which may ask for others here.

    `events` are the types that each rule is asked about, in the order of the rules.
    """

    catalogue: Catalogue
    problems: Problems
    events: Mapping[str, frozenset[str]]
    read: Callable[[str], Expr | None]
    _made: dict[str, _Read] = field(default_factory=dict)
    _asking: dict[str, Place | None] = field(default_factory=dict)

    def of(self, rule_id: str, place: Place | None = None) -> Expr | None:
        """The condition of a rule, read when first asked for; None where it has mistakes."""
        made = self._made.get(rule_id)
        if made is None:
            self._asking[rule_id] = place
            before = len(self.problems.found)
            condition = self.read(rule_id)
            codes = [problem.code for problem in self.problems.found[before:]]
            made = self._made[rule_id] = _Read(condition, Code.UNAVAILABLE in codes)
            del self._asking[rule_id]
        return made.condition

    def is_unavailable(self, rule_id: str) -> bool:
        """Whether a rule, or one that it names, waits for something that is not installed."""
        return rule_id in self._made and self._made[rule_id].is_unavailable

    def condition(self, rule_id: str, place: Place, events: frozenset[str]) -> Expr | None:
        """The condition of a rule, named at a place by one with these events."""
        if rule_id not in self.events:
            hint = did_you_mean(rule_id, self.events)
            self.problems.error(Code.UNKNOWN_RULE, f"there is no rule `{rule_id}`", place, hint)
            return None
        if rule_id in self._asking:
            self._report_circle(rule_id, place)
            return None
        is_new = rule_id not in self._made
        condition = self.of(rule_id, place)
        if condition is None:
            if self.is_unavailable(rule_id) and not is_new:
                message = f"the rule `{rule_id}` waits for something that is not installed"
                self.problems.error(Code.UNAVAILABLE, message, place)
            return None
        if events and events.isdisjoint(self.events[rule_id]):
            message = f"`{rule_id}` is never asked about the events of this rule: it is false here"
            self.problems.warn(Code.NEVER_HITS, message, place)
        return self._where_asked(rule_id, condition)

    def check_size(self, condition: Expr, place: Place) -> bool:
        """Whether a condition with all that it names is within the bounds."""
        if not any(isinstance(part, RuleRead) for part in walk(condition)):
            return True
        waiting, n_parts = [(condition, 1)], 0
        while waiting:
            part, depth = waiting.pop()
            n_parts += 1
            if n_parts > MAX_NAMED_PARTS or depth > MAX_NAMED_DEPTH:
                message = (
                    f"with the rules that it names, the condition has more than "
                    f"{MAX_NAMED_PARTS:,} parts or {MAX_NAMED_DEPTH} levels"
                )
                self.problems.error(Code.TOO_LARGE, message, place, "name fewer rules")
                return False
            waiting.extend((child, depth + 1) for child in part.children)
        return True

    def _where_asked(self, rule_id: str, condition: Expr) -> Expr:
        """The condition, on the events that its rule is asked about."""
        start, end = condition.start, condition.end
        names = tuple(sorted(self.events[rule_id]))
        subject = Name(
            kind=Kind.TEXT, key="event.type", start=start, end=end, name="event.type",
            is_recorded=True,
        )  # fmt: skip
        key = f"[{', '.join(map(literal_key, names))}]"
        types = ListOf(kind=Kind.TEXTS, key=key, start=start, end=end, values=names)
        is_asked = Compare(
            kind=Kind.BOOL, key=f"event.type in {key}", start=start, end=end,
            children=(subject, types), operators=("in",),
        )  # fmt: skip
        own = f"({condition.key})" if isinstance(condition, BoolOp) else condition.key
        return BoolOp(
            kind=Kind.BOOL, key=f"{is_asked.key} and {own}", start=start, end=end,
            children=(is_asked, condition), is_and=True,
        )  # fmt: skip

    def _report_circle(self, rule_id: str, place: Place) -> None:
        asking = list(self._asking)
        circle = asking[asking.index(rule_id) :]
        if len(circle) == 1:
            message = f"the rule `{rule_id}` names itself"
            self.problems.error(Code.RULE_CYCLE, message, place)
            return
        seconds = []
        for naming, named in pairwise(circle):
            where = self._asking[named]
            if where is not None:
                seconds.append((f"`{naming}` names `{named}`", where))
        shown = " → ".join(f"`{name}`" for name in (*circle, rule_id))
        message = f"these rules name each other in a circle: {shown}"
        self.problems.error(Code.RULE_CYCLE, message, place, None, *seconds)
