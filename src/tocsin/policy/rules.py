"""Rules: read from `rules/*.yaml`.

Comes in: the tree of one file, the clauses, and the catalogue. Goes out: checked rules. Always
holds: rules may name each other in any order; a rule's clause exists and allows its outcome; its
subject can be found in its events; a rule that rests on a bank tests nothing but membership of
known links or media. Refused: see
`fields` and `parse`; a rule without an example that it must hit.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tocsin.policy.catalogue import Catalogue
from tocsin.policy.certainty import certain_value
from tocsin.policy.clauses import Head
from tocsin.policy.examples import read_examples
from tocsin.policy.expressions import BankTest, BoolOp, Expr
from tocsin.policy.fields import Fields, described
from tocsin.policy.labels import read_changes
from tocsin.policy.naming import Conditions
from tocsin.policy.parse import parse_condition
from tocsin.policy.problems import Code, Document, Place, Problems, did_you_mean
from tocsin.policy.sensitive import warn_of_names
from tocsin.policy.spec import EVENT_TYPES, Basis, Clause, Example, Rule, rule_version
from tocsin.policy.tree import ListNode, MapNode, Node, read_tree
from tocsin.records import BankKind, Outcome, RuleState, SubjectKind

__all__ = ["RULE_KEYS", "RuleReader"]

MAX_PRIORITY = 1_000

RULE_KEYS = {
    "id": "lower-case letters, digits, `.`, `_`, `-`",
    "clause": "the clause that a hit points to",
    "when": "the condition, in the rule language",
    "outcome": "`allow`, `review`, or the action that is proposed",
    "priority": "0 to 1000: which rule wins, and how soon a person looks",
    "subject": "`post`, `account`, `hashtag` or `media` (optional)",
    "events": "event types that it is asked about (optional)",
    "state": "`draft`, `shadow`, `active` (where absent) or `retired`: how it begins",
    "labels": "`add` and `remove`: labels that a hit puts on or takes off (optional)",
    "basis": "`bank` where it tests known material only; `rule` where absent",
    "note": "for people (optional)",
    "examples": "`hit` and `miss`: events that it must hit, and must not",
}
_REQUIRED = ("id", "clause", "when", "outcome", "priority")
_DEFAULT_EVENTS = frozenset({"post.created", "post.updated"})

POST_EVENTS = frozenset({"post.created", "post.updated", "post.deleted"})
ACCOUNT_OUTCOMES = frozenset({Outcome.LIMIT, Outcome.SUSPEND})
ITEM_OUTCOMES = frozenset({Outcome.INTERSTITIAL, Outcome.REMOVE})
_SUBJECT_EVENTS: dict[SubjectKind, frozenset[str]] = {
    "post": POST_EVENTS | {"report.filed"},
    "account": EVENT_TYPES,
    "hashtag": frozenset({"trend.observed", "report.filed"}),
    "media": frozenset({"media.uploaded"}),
}
"""The event types in which each kind of subject can be found."""


class _SubjectName(StrEnum):
    POST = "post"
    ACCOUNT = "account"
    HASHTAG = "hashtag"
    MEDIA = "media"


_SUBJECTS: dict[_SubjectName, SubjectKind] = {
    _SubjectName.POST: "post",
    _SubjectName.ACCOUNT: "account",
    _SubjectName.HASHTAG: "hashtag",
    _SubjectName.MEDIA: "media",
}


@dataclass(frozen=True, slots=True)
class _Head:
    """What is read of a rule before any condition."""

    fields: Fields
    events: frozenset[str]
    subject: SubjectKind
    outcome: Outcome
    basis: Basis
    state: RuleState


@dataclass(slots=True)
class RuleReader:
    """Reads the rules of all files of a pack; ids are unique over the files.

    First all files (`read`), then what the rules say (`finish`): they may name each other.
    """

    head: Head
    catalogue: Catalogue
    problems: Problems
    rules: dict[str, Rule]
    places: dict[str, Place]
    unavailable: list[str]
    _heads: list[tuple[str | None, _Head]]
    _named: dict[str, _Head]
    _conditions: Conditions

    def __init__(self, head: Head, catalogue: Catalogue, problems: Problems) -> None:
        self.head = head
        self.catalogue = catalogue
        self.problems = problems
        self.rules = {}
        self.places = {}
        self.unavailable = []
        self._heads = []
        self._named = {}
        self._conditions = Conditions(catalogue, problems, {}, self._read_named)

    def read(self, document: Document) -> None:
        """Read one file, reporting every mistake."""
        root = read_tree(document, self.problems)
        if root is None:
            return
        if not isinstance(root, ListNode):
            message = f"a rules file is a list of rules, not {described(root)}"
            self.problems.error(Code.SHAPE, message, root.place, "begin each rule with `- id: …`")
            return
        for node in root.items:
            self._read_head(node)

    def finish(self) -> None:
        """Read the conditions and make the rules."""
        self._conditions.events = {rule_id: own.events for rule_id, own in self._named.items()}
        for rule_id, own in self._heads:
            self._read_rule(rule_id, own)

    def _read_head(self, node: Node) -> None:
        if not isinstance(node, MapNode):
            message = f"a rule is a mapping, not {described(node)}"
            self.problems.error(Code.SHAPE, message, node.place)
            return
        fields = Fields(node, "a rule", self.problems, required=_REQUIRED, optional=RULE_KEYS)
        rule_id = self._id(fields)
        outcome = fields.choice("outcome", Outcome, Outcome.REVIEW)
        events, subject = self._scope(fields, outcome)
        basis = fields.choice("basis", Basis, Basis.RULE)
        state = fields.choice("state", RuleState, RuleState.ACTIVE)
        own = _Head(fields, events, subject, outcome, basis, state)
        self._heads.append((rule_id, own))
        if rule_id is not None:
            self._named[rule_id] = own

    def _read_rule(self, rule_id: str | None, own: _Head) -> None:
        fields, events = own.fields, own.events
        clause = self._clause(fields)
        priority = fields.integer("priority", 0, MAX_PRIORITY, 0)
        note = fields.text("note") or None
        labels = read_changes(fields, self.catalogue, self.problems)
        examples = self._examples(fields, rule_id or "rule", events)
        condition = self._read_condition(own) if rule_id is None else self._conditions.of(rule_id)
        if rule_id is not None and self._conditions.is_unavailable(rule_id):
            self.unavailable.append(rule_id)
        if clause is not None:
            self._check_outcome(fields, clause, own.outcome)
        if rule_id is None or clause is None or condition is None:
            return
        version = rule_version(
            clause=clause,
            condition=condition,
            outcome=own.outcome,
            priority=priority,
            subject=own.subject,
            events=events,
            basis=own.basis,
            labels=labels,
        )
        self.rules[rule_id] = Rule(
            id=rule_id,
            clause=clause.id,
            when=fields.text("when"),
            condition=condition,
            outcome=own.outcome,
            priority=priority,
            subject=own.subject,
            events=events,
            basis=own.basis,
            labels=labels,
            note=note,
            examples=examples,
            version=version,
            where=str(fields.place("id")),
            state=own.state,
        )

    def _id(self, fields: Fields) -> str | None:
        rule_id = fields.identifier("id")
        if rule_id is None:
            return None
        place = fields.place("id")
        warn_of_names(f"the rule `{rule_id}`", rule_id.replace("-", " "), place, self.problems)
        if rule_id in self.places:
            second = ("first here", self.places[rule_id])
            message = f"two rules are called `{rule_id}`"
            self.problems.error(Code.DUPLICATE_ID, message, place, None, second)
            return None
        self.places[rule_id] = place
        return rule_id

    def _clause(self, fields: Fields) -> Clause | None:
        name = fields.text("clause")
        if not name:
            return None
        clause = self.head.clauses.get(name)
        if clause is None and self.head.clauses:
            hint = did_you_mean(name, self.head.clauses)
            message = f"there is no clause `{name}`"
            self.problems.error(Code.UNKNOWN_CLAUSE, message, fields.place("clause"), hint)
        return clause

    def _check_outcome(self, fields: Fields, clause: Clause, outcome: Outcome) -> None:
        if outcome.action is None or outcome.action in clause.actions:
            return
        allowed = ", ".join(f"`{action.value}`" for action in clause.actions) or "no action"
        self.problems.error(
            Code.OUTCOME,
            f"the clause `{clause.id}` does not allow `{outcome.value}`",
            fields.place("outcome"),
            f"it allows {allowed}; `review` is always possible",
            ("the clause", self.head.places[clause.id]),
        )

    def _scope(self, fields: Fields, outcome: Outcome) -> tuple[frozenset[str], SubjectKind]:
        events = frozenset(fields.words("events", EVENT_TYPES)) or _DEFAULT_EVENTS
        default = _default_subject(events, outcome)
        subject = _SUBJECTS[fields.choice("subject", _SubjectName, default)]
        elsewhere = sorted(events - _SUBJECT_EVENTS[subject])
        place = fields.place("subject" if fields.node_of("subject") is not None else "events")
        if elsewhere:
            message = f"`{elsewhere[0]}` events have no {subject} to decide on"
            self.problems.error(Code.SUBJECT, message, place)
        mismatch = _mismatch(outcome, subject)
        if mismatch is not None:
            self.problems.error(Code.SUBJECT, mismatch, fields.place("outcome"))
        return events, subject

    def _read_named(self, rule_id: str) -> Expr | None:
        return self._read_condition(self._named[rule_id])

    def _read_condition(self, own: _Head) -> Expr | None:
        fields, events, basis = own.fields, own.events, own.basis
        node = fields.scalar("when")
        if node is None:
            return None
        condition = parse_condition(node, self.catalogue, self.problems, events, self._conditions)
        warn_of_names("the rule's condition", _quoted(node.text), node.place, self.problems)
        if condition is None or not self._conditions.check_size(condition, node.place):
            return None
        certain = certain_value(condition, events)
        if certain is False:
            self.problems.warn(Code.NEVER_HITS, "no event can hit this rule", node.place)
        elif certain is True:
            message = "this rule hits every event of its types"
            self.problems.warn(Code.ALWAYS_HITS, message, node.place)
        if basis is Basis.BANK and not _is_known_material(condition, self.catalogue):
            message = "a rule with basis `bank` tests membership of known links or media only"
            hint = 'such as `media in bank("…") or links in bank("…")`'
            self.problems.error(Code.BASIS, message, fields.place("basis"), hint)
        return condition

    def _examples(
        self, fields: Fields, rule_id: str, events: frozenset[str]
    ) -> tuple[Example, ...]:
        node = fields.mapping("examples")
        found: tuple[Example, ...] = ()
        given: set[str] = set()
        if node is not None:
            parts = Fields(
                node, "the examples of a rule", self.problems, required=(), optional=("hit", "miss")
            )
            given = {key for key in ("hit", "miss") if parts.list_of(key)}
            found = read_examples(parts, rule_id, events, self.problems, self.catalogue.labels)
        head = fields.place("id")
        if "hit" not in given:
            message = "the rule has no example that it must hit"
            hint = "add one under `examples: hit:`, so that `policy test` can prove that it works"
            self.problems.error(Code.NO_HIT_EXAMPLE, message, head, hint)
        if "miss" not in given:
            message = "the rule has no example that it must not hit"
            hint = "add, under `examples: miss:`, what looks alike and is harmless"
            self.problems.warn(Code.NO_MISS_EXAMPLE, message, head, hint)
        return found


def _default_subject(events: frozenset[str], outcome: Outcome) -> _SubjectName:
    if outcome in ACCOUNT_OUTCOMES:
        return _SubjectName.ACCOUNT
    if outcome is Outcome.STOP_TRENDING or events == {"trend.observed"}:
        return _SubjectName.HASHTAG
    if events == {"media.uploaded"}:
        return _SubjectName.MEDIA
    return _SubjectName.POST if events <= POST_EVENTS else _SubjectName.ACCOUNT


def _mismatch(outcome: Outcome, subject: SubjectKind) -> str | None:
    if outcome in ACCOUNT_OUTCOMES and subject != "account":
        return f"`{outcome.value}` is done to an account, not to a {subject}"
    if outcome is Outcome.STOP_TRENDING and subject != "hashtag":
        return f"`stop_trending` is done to a hashtag, not to a {subject}"
    if outcome in ITEM_OUTCOMES and subject not in ("post", "media"):
        return f"`{outcome.value}` is done to a post or to media, not to a {subject}"
    return None


def _is_known_material(condition: Expr, catalogue: Catalogue) -> bool:
    if isinstance(condition, BoolOp):
        return all(_is_known_material(child, catalogue) for child in condition.children)
    if not isinstance(condition, BankTest) or condition.is_negated:
        return False
    return catalogue.banks[condition.bank] in (BankKind.LINK, BankKind.HASH)


def _quoted(text: str) -> str:
    """The parts of an expression between quotes."""
    parts = text.replace("'", '"').split('"')
    return " ".join(parts[1::2])
