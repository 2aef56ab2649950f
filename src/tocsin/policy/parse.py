"""A rule's `when`, from text to a typed expression.

Comes in: a YAML scalar, and the catalogue of what exists. Goes out: an `Expr`, or None after
reporting every mistake in it. Always holds: Python's own `ast` reads the text and nothing of it
is ever run; a part with a mistake becomes `Kind.UNKNOWN`, which goes with everything, so that
one mistake is one report. Refused: every construct outside the subset, texts and trees beyond
the limits below, names, signals and banks that do not exist, values that do not go together.
"""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NoReturn, Protocol

from tocsin.policy.calls import CALLABLE, read_call
from tocsin.policy.catalogue import Catalogue
from tocsin.policy.expressions import (
    READS,
    Arithmetic,
    BankTest,
    BoolOp,
    Compare,
    Expr,
    ListOf,
    Literal,
    Name,
    Negative,
    Not,
    SignalPart,
    SignalRead,
    walk,
)
from tocsin.policy.interpret import constant_value
from tocsin.policy.kinds import NUMBERS, Kind, are_comparable, arithmetic_kind, kind_of
from tocsin.policy.memberships import SIGNAL_PREFIXES, is_bank, read_bank_test
from tocsin.policy.problems import Code, Place, Problems, did_you_mean
from tocsin.policy.reading import (
    dotted,
    is_unit_mistake,
    literal_key,
    quoted_name,
    unit_hint,
)
from tocsin.policy.syntax import Syntax
from tocsin.policy.tree import TextNode

__all__ = ["STORED_TEXTS", "NamedRules", "parse_condition", "parse_duration"]

MAX_TEXT = 1_000
MAX_LIST = 200
MAX_NUMBER = 2**53
"""A longer list of texts is a bank; greater numbers are not exact as floating point."""

STORED_TEXTS = frozenset(
    {
        "account.id",
        "event.id",
        "event.type",
        "lang",
        "media",
        "post.client",
        "post.visibility",
        "report.category",
        "report.target_kind",
        "script",
    }
)
"""Features of kind text that hold no text a person wrote, and may be stored with a decision."""

_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
}
_REFUSED: dict[type[ast.AST], tuple[str, str | None]] = {
    ast.Lambda: ("functions of your own", None),
    ast.IfExp: ("`if … else`", "join conditions with `and` and `or`"),
    ast.ListComp: ("comprehensions", "use `any_of` or `all_of`"),
    ast.SetComp: ("comprehensions", "use `any_of` or `all_of`"),
    ast.DictComp: ("comprehensions", None),
    ast.GeneratorExp: ("comprehensions", "use `any_of` or `all_of`"),
    ast.Subscript: ("indexing and slicing", "use `startswith`, `endswith` or `any_of`"),
    ast.JoinedStr: ("f-strings", None),
    ast.Dict: ("mappings", None),
    ast.Set: ("sets", 'write a list: `["a", "b"]`'),
    ast.Tuple: ("tuples", 'write a list: `["a", "b"]`'),
    ast.NamedExpr: ("assignments", "did you mean `==`?"),
    ast.Starred: ("`*`", None),
    ast.Await: ("`await`", None),
    ast.Yield: ("`yield`", None),
    ast.YieldFrom: ("`yield`", None),
}
_OPERATORS_REFUSED: dict[type[ast.AST], tuple[str, str | None]] = {
    ast.Pow: ("`**`", None),
    ast.Mod: ("`%`", None),
    ast.FloorDiv: ("`//`", "use `/`"),
    ast.MatMult: ("`@`", None),
    ast.BitAnd: ("`&`", "did you mean `and`?"),
    ast.BitOr: ("`|`", "did you mean `or`?"),
    ast.BitXor: ("`^`", None),
    ast.LShift: ("`<<`", None),
    ast.RShift: ("`>>`", None),
    ast.Invert: ("`~`", "did you mean `not`?"),
    ast.UAdd: ("a leading `+`", None),
    ast.Is: ("`is`", "did you mean `==`?"),
    ast.IsNot: ("`is not`", "did you mean `!=`?"),
}


class _MistakeError(Exception):
    """A part that cannot be read; already reported."""


def parse_condition(
    node: TextNode,
    catalogue: Catalogue,
    problems: Problems,
    events: frozenset[str] = frozenset(),
    rules: NamedRules | None = None,
) -> Expr | None:
    """The typed expression of a rule's `when`; None (with problems) where it has mistakes.

    `events` are the rule's event types: what its windows count. `rules` are those that it may
    name.
    """
    before = problems.n_errors
    syntax = Syntax(node, problems)
    tree = syntax.tree()
    if tree is None:
        return None
    reader = _Reader(syntax, catalogue, events, rules)
    expr = reader.read(tree)
    if expr.kind not in (Kind.BOOL, Kind.UNKNOWN):
        message = f"a rule's `when` must be true or false; this is {expr.kind.phrase}"
        syntax.report(Code.TYPE, message, expr.start, expr.end, _comparison_hint(expr))
    return expr if problems.n_errors == before and not reader.has_mistake else None


def parse_duration(
    node: TextNode, what: str, catalogue: Catalogue, problems: Problems
) -> timedelta | None:
    """The value of a constant duration, such as `days(30)`; None (with problems) without one."""
    before = problems.n_errors
    syntax = Syntax(node, problems)
    tree = syntax.tree()
    if tree is None:
        return None
    expr = _Reader(syntax, catalogue, frozenset()).read(tree)
    if problems.n_errors > before:
        return None
    if expr.kind is not Kind.DURATION:
        code = Code.UNIT if expr.kind in NUMBERS else Code.TYPE
        said = expr.key if expr.kind in NUMBERS else "30"
        message = f"{what} is a duration; this is {expr.kind.phrase}"
        hint = f"say which unit: `days({said})` or `hours({said})`"
        syntax.report(code, message, expr.start, expr.end, hint)
        return None
    value = None
    if not any(isinstance(part, READS) for part in walk(expr)):
        value = constant_value(expr)
    if not isinstance(value, timedelta):
        message = f"{what} is a constant, the same for every event"
        syntax.report(Code.NOT_ALLOWED, message, expr.start, expr.end)
        return None
    return value


class NamedRules(Protocol):
    """The rules that a condition may name."""

    def condition(self, rule_id: str, place: Place, events: frozenset[str]) -> Expr | None:
        """The condition of a rule, named at a place by one with these events.

        None after reporting why there is none, here or in the rule that is named.
        """
        ...


@dataclass(slots=True)
class _Reader:
    syntax: Syntax
    catalogue: Catalogue
    events: frozenset[str]
    rules: NamedRules | None = None
    has_mistake: bool = field(default=False, init=False)

    def fail(self, code: Code, message: str, tree: ast.expr, hint: str | None = None) -> NoReturn:
        self.syntax.report(code, message, *self.syntax.span(tree), hint)
        raise _MistakeError

    def give_up(self) -> NoReturn:
        raise _MistakeError

    # From Python's tree to ours.

    def read(self, tree: ast.expr) -> Expr:
        """The expression of a part; of kind UNKNOWN after a mistake."""
        try:
            return self._read(tree)
        except _MistakeError:
            self.has_mistake = True
            start, end = self.syntax.span(tree)
            return Expr(kind=Kind.UNKNOWN, key="…", start=start, end=end)

    def _read(self, tree: ast.expr) -> Expr:  # noqa: RET503  # `fail` does not return
        match tree:
            case ast.Constant():
                return self._literal(tree, tree.value)
            case ast.Name() | ast.Attribute():
                return self._named(tree)
            case ast.BoolOp():
                return self._bool_op(tree)
            case ast.UnaryOp():
                return self._unary(tree)
            case ast.BinOp():
                return self._arithmetic(tree)
            case ast.Compare():
                return self._compare(tree)
            case ast.Call():
                return read_call(self, tree)
            case ast.List():
                return self._list(tree)
        what, hint = _REFUSED.get(type(tree), ("this construct", None))
        self.fail(Code.NOT_ALLOWED, f"the rule language has no {what}", tree, hint)

    def _literal(self, tree: ast.expr, value: object) -> Literal:  # noqa: RET503  # as above
        start, end = self.syntax.span(tree)
        if isinstance(value, bool):
            return Literal(kind=Kind.BOOL, key=str(value), start=start, end=end, value=value)
        if isinstance(value, int | float):
            if not math.isfinite(value) or abs(value) > MAX_NUMBER:
                message = f"numbers go up to {MAX_NUMBER:,}"
                self.fail(Code.TOO_LARGE, message, tree)
            kind = Kind.INT if isinstance(value, int) else Kind.FLOAT
            return Literal(kind=kind, key=repr(value), start=start, end=end, value=value)
        if isinstance(value, str):
            if len(value) > MAX_TEXT or not _is_text(value):
                message = f"a text has at most {MAX_TEXT:,} characters, all of them printable"
                self.fail(Code.TOO_LARGE, message, tree)
            key = literal_key(value)
            return Literal(kind=Kind.TEXT, key=key, start=start, end=end, value=value)
        if value is None:
            hint = "write `not known(…)` for a missing value"
            self.fail(Code.NOT_ALLOWED, "the rule language has no `None`", tree, hint)
        self.fail(Code.NOT_ALLOWED, "a constant is a number, a text, `True` or `False`", tree)

    def _list(self, tree: ast.List) -> ListOf:
        if not tree.elts or len(tree.elts) > MAX_LIST:
            self.fail(Code.TOO_LARGE, f"a list holds 1 to {MAX_LIST} constants", tree)
        items: list[Literal] = []
        for element in tree.elts:
            item = self.read(element)
            if item.kind is Kind.UNKNOWN:
                raise _MistakeError
            constant = _constant(item)
            if constant is None:
                hint = "compare one by one, joined with `or`"
                self.fail(Code.NOT_ALLOWED, "a list holds constants only", element, hint)
            items.append(constant)
        start, end = self.syntax.span(tree)
        key = f"[{', '.join(item.key for item in items)}]"
        texts = tuple(item.value for item in items if isinstance(item.value, str))
        if len(texts) == len(items):
            return ListOf(kind=Kind.TEXTS, key=key, start=start, end=end, values=texts)
        if any(item.kind not in NUMBERS for item in items):
            self.fail(Code.TYPE, "a list holds texts only, or numbers only", tree)
        numbers = tuple(item.value for item in items if not isinstance(item.value, str))
        return ListOf(kind=Kind.NUMBERS, key=key, start=start, end=end, values=numbers)

    def _named(self, tree: ast.Name | ast.Attribute) -> Expr:
        if isinstance(tree, ast.Attribute) and isinstance(tree.value, ast.Call):
            return self._signal(tree, tree.value)
        name = dotted(tree)
        if name is None:
            self.fail(Code.NOT_ALLOWED, f"a value has no parts such as `.{_last(tree)}`", tree)
        return self.name(tree, name)

    def name(self, tree: ast.expr, name: str) -> Name:
        """The feature of this name, which stands at a part of the tree."""
        spec = self.catalogue.features.get(name)
        if spec is None:
            self.fail(Code.UNKNOWN_NAME, f"there is no feature `{name}`", tree, self.near(name))
        kind = kind_of(spec.type)
        start, end = self.syntax.span(tree)
        is_content = kind in (Kind.TEXT, Kind.TEXTS) and name not in STORED_TEXTS
        return Name(
            kind=kind,
            key=name,
            start=start,
            end=end,
            name=name,
            is_content=is_content,
            is_recorded=not is_content,
        )

    def rule(self, tree: ast.expr, rule_id: str) -> Expr:
        """The condition of another rule, for the events that it is asked about."""
        if self.rules is None:
            self.fail(Code.NOT_ALLOWED, "rules are named in conditions only", tree)
        place = self.syntax.node.place_at(*self.syntax.span(tree))
        condition = self.rules.condition(rule_id, place, self.events)
        if condition is None:
            self.give_up()
        return condition

    def near(self, name: str) -> str | None:
        """A hint that names the nearest feature or function."""
        if name in ("true", "false"):
            return f"did you mean `{name.title()}`?"
        if name in CALLABLE:
            return f"`{name}` is a function: call it with `{name}(…)`"
        near = did_you_mean(name, self.catalogue.features)
        if near is not None:
            return near
        ending = [known for known in self.catalogue.features if known.endswith(f".{name}")]
        return did_you_mean(ending[0], ending) if ending else None

    def _signal(self, tree: ast.Attribute, call: ast.Call) -> Expr:
        if not (isinstance(call.func, ast.Name) and call.func.id == "signal"):
            self.fail(Code.NOT_ALLOWED, f"a value has no parts such as `.{tree.attr}`", tree)
        name = quoted_name(self, call, "signal")
        if tree.attr not in [part.value for part in SignalPart]:
            hint = did_you_mean(tree.attr, SignalPart) or "there are `.score` and `.abstained`"
            self.fail(Code.UNKNOWN_NAME, f"a signal has no `.{tree.attr}`", tree, hint)
        self._check_signal(name, call)
        part = SignalPart(tree.attr)
        start, end = self.syntax.span(tree)
        return SignalRead(
            kind=Kind.FLOAT if part is SignalPart.SCORE else Kind.BOOL,
            key=f"signal({literal_key(name)}).{part.value}",
            start=start,
            end=end,
            signal=name,
            part=part,
            is_recorded=True,
        )

    def _check_signal(self, name: str, call: ast.Call) -> None:
        spec = self.catalogue.signals.get(name)
        if name.startswith(SIGNAL_PREFIXES):
            instead = f'write `… in bank("{name.partition(":")[2]}")`'
            self.fail(Code.UNKNOWN_SIGNAL, "banks are not read as signals", call.args[0], instead)
        if spec is None:
            hint = did_you_mean(name, self.catalogue.signals)
            message = f"no detector gives a signal `{name}`"
            self.fail(Code.UNKNOWN_SIGNAL, message, call.args[0], hint)
        if not spec.available:
            message = f"the signal `{name}` is unavailable: its detector is not installed"
            self.fail(Code.UNAVAILABLE, message, call.args[0])

    def _bool_op(self, tree: ast.BoolOp) -> Expr:
        word = "and" if isinstance(tree.op, ast.And) else "or"
        operands = tuple(self.read(value) for value in tree.values)
        for operand in operands:
            self._expect_truth(operand, f"`{word}` joins truth values")
        key = f" {word} ".join(_bracketed(operand, BoolOp) for operand in operands)
        start, end = self.syntax.span(tree)
        return BoolOp(
            kind=Kind.BOOL, key=key, start=start, end=end, children=operands, is_and=word == "and"
        )

    def _expect_truth(self, operand: Expr, rule: str) -> None:
        if operand.kind not in (Kind.BOOL, Kind.UNKNOWN):
            message = f"{rule}; this is {operand.kind.phrase}"
            hint = _comparison_hint(operand)
            self.syntax.report(Code.TYPE, message, operand.start, operand.end, hint)

    def _unary(self, tree: ast.UnaryOp) -> Expr:
        start, end = self.syntax.span(tree)
        if isinstance(tree.op, ast.Not):
            operand = self.read(tree.operand)
            self._expect_truth(operand, "`not` takes a truth value")
            key = f"not {_bracketed(operand, BoolOp, Not)}"
            return Not(kind=Kind.BOOL, key=key, start=start, end=end, children=(operand,))
        if not isinstance(tree.op, ast.USub):
            self._refuse_operator(tree.op, tree)
        operand = self.read(tree.operand)
        if operand.kind not in NUMBERS | {Kind.DURATION, Kind.UNKNOWN}:
            message = f"`-` takes a number or a duration; this is {operand.kind.phrase}"
            self.fail(Code.TYPE, message, tree)
        key = f"-{_bracketed(operand, BoolOp, Not, Compare, BankTest, Arithmetic, Negative)}"
        return Negative(kind=operand.kind, key=key, start=start, end=end, children=(operand,))

    def _refuse_operator(self, operator: ast.AST, tree: ast.expr) -> NoReturn:
        what, hint = _OPERATORS_REFUSED.get(type(operator), ("this operator", None))
        self.fail(Code.NOT_ALLOWED, f"the rule language has no {what}", tree, hint)

    def _arithmetic(self, tree: ast.BinOp) -> Expr:
        operator = _ARITHMETIC.get(type(tree.op))
        if operator is None:
            self._refuse_operator(tree.op, tree)
        left, right = self.read(tree.left), self.read(tree.right)
        kind = arithmetic_kind(operator, left.kind, right.kind)
        if kind is None:
            message = f"`{operator}` cannot join {left.kind.phrase} and {right.kind.phrase}"
            code = Code.UNIT if is_unit_mistake(left, right) else Code.TYPE
            self.fail(code, message, tree, unit_hint(left, right))
        parts = (
            _bracketed(side, BoolOp, Not, Compare, BankTest, Arithmetic) for side in (left, right)
        )
        start, end = self.syntax.span(tree)
        return Arithmetic(
            kind=kind,
            key=f" {operator} ".join(parts),
            start=start,
            end=end,
            children=(left, right),
            operator=operator,
        )

    def _compare(self, tree: ast.Compare) -> Expr:
        operators = []
        for operator in tree.ops:
            symbol = _COMPARISONS.get(type(operator))
            if symbol is None:
                self._refuse_operator(operator, tree)
            operators.append(symbol)
        right = tree.comparators[0]
        if is_bank(right) and len(operators) == 1 and operators[0] in ("in", "not in"):
            return read_bank_test(self, tree, right, is_negated=operators[0] == "not in")
        operands = tuple(self.read(side) for side in (tree.left, *tree.comparators))
        for symbol, left, other in zip(operators, operands, operands[1:], strict=False):
            self._check_comparison(symbol, left, other)
        brackets = (BoolOp, Not, Compare, BankTest)
        key = _bracketed(operands[0], *brackets)
        for symbol, operand in zip(operators, operands[1:], strict=True):
            key += f" {symbol} {_bracketed(operand, *brackets)}"
        start, end = self.syntax.span(tree)
        return Compare(
            kind=Kind.BOOL,
            key=key,
            start=start,
            end=end,
            children=operands,
            operators=tuple(operators),
            is_recorded=any(operand.is_content for operand in operands),
        )

    def _check_comparison(self, operator: str, left: Expr, right: Expr) -> None:
        if operator in ("in", "not in"):
            self._check_membership(operator, left, right)
            return
        if are_comparable(operator, left.kind, right.kind):
            return
        message = f"`{operator}` cannot compare {left.kind.phrase} with {right.kind.phrase}"
        code = Code.UNIT if is_unit_mistake(left, right) else Code.TYPE
        hint = unit_hint(left, right)
        if {left.kind, right.kind} == {Kind.TEXTS}:
            hint = f"write `any_of({left.key}, {right.key})` or `all_of(…)`"
        elif {left.kind, right.kind} == {Kind.TEXT, Kind.TEXTS}:
            hint = "did you mean `in`?"
        self.syntax.report(code, message, left.start, right.end, hint)

    def _check_membership(self, operator: str, left: Expr, right: Expr) -> None:
        if Kind.UNKNOWN in (left.kind, right.kind):
            return
        is_text = left.kind is Kind.TEXT and right.kind is Kind.TEXTS
        is_number = left.kind in NUMBERS and right.kind is Kind.NUMBERS
        if is_text or is_number:
            return
        message = f"`{operator}` cannot look for {left.kind.phrase} in {right.kind.phrase}"
        hint = None
        if left.kind is right.kind is Kind.TEXT:
            hint = f"write `contains({right.key}, {left.key})`"
        elif left.kind is right.kind is Kind.TEXTS:
            hint = f"write `any_of({left.key}, {right.key})` or `all_of(…)`"
        self.syntax.report(Code.TYPE, message, left.start, right.end, hint)


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value


def _constant(item: Expr) -> Literal | None:
    if isinstance(item, Literal):
        return item
    if isinstance(item, Negative) and isinstance(item.children[0], Literal):
        inner = item.children[0]
        if not isinstance(inner.value, str):
            return Literal(
                kind=inner.kind, key=item.key, start=item.start, end=item.end, value=-inner.value
            )
    return None


def _last(tree: ast.expr) -> str:
    return tree.attr if isinstance(tree, ast.Attribute) else "…"


def _bracketed(expr: Expr, *kinds: type[Expr]) -> str:
    return f"({expr.key})" if isinstance(expr, kinds) else expr.key


def _comparison_hint(expr: Expr) -> str | None:
    if expr.kind in NUMBERS:
        return f"compare it: `{expr.key} > 0`"
    if expr.kind is Kind.DURATION:
        return f"compare it: `{expr.key} < days(7)`"
    if expr.kind is Kind.TEXT:
        return f'compare it, or test `{expr.key} in bank("name")`'
    if expr.kind is Kind.TEXTS:
        return f"compare it: `len({expr.key}) > 0`"
    return None
