"""A rule's `when`, from text to a typed expression.

Comes in: a YAML scalar, and the catalogue of what exists. Goes out: an `Expr`, or None after
reporting every mistake in it. Always holds: Python's own `ast` reads the text and nothing of it
is ever run; a part with a mistake becomes `Kind.UNKNOWN`, which goes with everything, so that
one mistake is one report. Refused: every construct outside the subset, texts and trees beyond
the limits below, names, signals and banks that do not exist, values that do not go together.
"""

from __future__ import annotations

import ast
import json
import math
from dataclasses import dataclass
from typing import NoReturn, TypeGuard

from tocsin.policy.catalogue import Catalogue
from tocsin.policy.expressions import (
    Arithmetic,
    BankTest,
    BoolOp,
    Call,
    Compare,
    Expr,
    ListOf,
    Literal,
    Name,
    Negative,
    Not,
    SignalPart,
    SignalRead,
)
from tocsin.policy.functions import (
    FUNCTIONS,
    SPECIAL,
    UNAVAILABLE,
    WINDOW_FUNCTIONS,
    Function,
)
from tocsin.policy.kinds import NUMBERS, Kind, are_comparable, arithmetic_kind, kind_of
from tocsin.policy.problems import Code, Problems, did_you_mean
from tocsin.policy.syntax import Syntax
from tocsin.policy.tree import TextNode
from tocsin.policy.windows import read_window
from tocsin.records import BankKind, TextField

__all__ = ["BANK_FIELDS", "STORED_TEXTS", "parse_condition"]

MAX_TEXT = 1_000
MAX_LIST = 200
MAX_NUMBER = 2**53
"""A longer list of texts is a bank; greater numbers are not exact as floating point."""

STORED_TEXTS = frozenset(
    {
        "account.id",
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

_NAME_FIELDS: dict[str, frozenset[TextField] | None] = {
    "text": frozenset({"post.text", "post.title", "media"}),
    "account.name": frozenset({"actor.name"}),
    "account.bio": frozenset({"actor.bio"}),
    "account.handle": None,
    "links": None,
    "media": None,
}

BANK_FIELDS: dict[BankKind, tuple[str, ...]] = {
    BankKind.PHRASE: ("text", "account.name", "account.bio"),
    BankKind.GROUP: ("text", "account.name", "account.bio"),
    BankKind.PROTECTEE: ("text",),
    BankKind.LINK: ("links",),
    BankKind.HANDLE: ("account.handle",),
    BankKind.HASH: ("media",),
}
"""What may stand on the left of `in bank(…)`, per kind of bank."""

_CALLABLE = (*FUNCTIONS, *WINDOW_FUNCTIONS, *SPECIAL, *UNAVAILABLE)

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
) -> Expr | None:
    """The typed expression of a rule's `when`; None (with problems) where it has mistakes.

    `events` are the rule's event types: what its windows count.
    """
    before = len(problems.found)
    syntax = Syntax(node, problems)
    tree = syntax.tree()
    if tree is None:
        return None
    reader = _Reader(syntax, catalogue, events)
    expr = reader.read(tree)
    if expr.kind not in (Kind.BOOL, Kind.UNKNOWN):
        message = f"a rule's `when` must be true or false; this is {expr.kind.phrase}"
        syntax.report(Code.TYPE, message, expr.start, expr.end, _comparison_hint(expr))
    return expr if len(problems.found) == before else None


@dataclass(slots=True)
class _Reader:
    syntax: Syntax
    catalogue: Catalogue
    events: frozenset[str]

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
                return self._call(tree)
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
            key = json.dumps(value, ensure_ascii=False)
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
        name = _dotted(tree)
        if name is None:
            self.fail(Code.NOT_ALLOWED, f"a value has no parts such as `.{_last(tree)}`", tree)
        spec = self.catalogue.features.get(name)
        if spec is None:
            self.fail(Code.UNKNOWN_NAME, f"there is no feature `{name}`", tree, self._near(name))
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

    def _near(self, name: str) -> str | None:
        if name in ("true", "false"):
            return f"did you mean `{name.title()}`?"
        if name in _CALLABLE:
            return f"`{name}` is a function: call it with `{name}(…)`"
        near = did_you_mean(name, self.catalogue.features)
        if near is not None:
            return near
        ending = [known for known in self.catalogue.features if known.endswith(f".{name}")]
        return did_you_mean(ending[0], ending) if ending else None

    def _signal(self, tree: ast.Attribute, call: ast.Call) -> Expr:
        if not (isinstance(call.func, ast.Name) and call.func.id == "signal"):
            self.fail(Code.NOT_ALLOWED, f"a value has no parts such as `.{tree.attr}`", tree)
        name = self._quoted_name(call, "signal")
        if tree.attr not in [part.value for part in SignalPart]:
            hint = did_you_mean(tree.attr, SignalPart) or "there are `.score` and `.abstained`"
            self.fail(Code.UNKNOWN_NAME, f"a signal has no `.{tree.attr}`", tree, hint)
        self._check_signal(name, call)
        part = SignalPart(tree.attr)
        start, end = self.syntax.span(tree)
        return SignalRead(
            kind=Kind.FLOAT if part is SignalPart.SCORE else Kind.BOOL,
            key=f"signal({json.dumps(name, ensure_ascii=False)}).{part.value}",
            start=start,
            end=end,
            signal=name,
            part=part,
            is_recorded=True,
        )

    def _check_signal(self, name: str, call: ast.Call) -> None:
        spec = self.catalogue.signals.get(name)
        if name.startswith("bank:"):
            instead = f'write `… in bank("{name.removeprefix("bank:")}")`'
            self.fail(Code.UNKNOWN_SIGNAL, "banks are not read as signals", call.args[0], instead)
        if spec is None:
            hint = did_you_mean(name, self.catalogue.signals)
            message = f"no detector gives a signal `{name}`"
            self.fail(Code.UNKNOWN_SIGNAL, message, call.args[0], hint)
        if not spec.available:
            message = f"the signal `{name}` is unavailable: its detector is not installed"
            self.fail(Code.UNAVAILABLE, message, call.args[0])

    def _quoted_name(self, call: ast.Call, what: str) -> str:  # noqa: RET503  # as above
        match call:
            case ast.Call(args=[ast.Constant(value=str(name))], keywords=[]):
                return name
        message = f"`{what}` takes one name in quotes"
        self.fail(Code.ARGUMENTS, message, call, f'write `{what}("name")`')

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
            code = Code.UNIT if _is_unit_mistake(left, right) else Code.TYPE
            self.fail(code, message, tree, _unit_hint(left, right))
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
        if _is_bank(right) and len(operators) == 1 and operators[0] in ("in", "not in"):
            return self._bank_test(tree, right, is_negated=operators[0] == "not in")
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
        code = Code.UNIT if _is_unit_mistake(left, right) else Code.TYPE
        hint = _unit_hint(left, right)
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

    def _bank_test(self, tree: ast.Compare, call: ast.Call, *, is_negated: bool) -> Expr:
        bank = self._quoted_name(call, "bank")
        kind = self.catalogue.banks.get(bank)
        if kind is None:
            hint = did_you_mean(bank, self.catalogue.banks)
            self.fail(Code.UNKNOWN_BANK, f"there is no bank `{bank}`", call.args[0], hint)
        left = _dotted(tree.left)
        allowed = BANK_FIELDS[kind]
        if left is None or left not in allowed:
            expected = " or ".join(f"`{name}`" for name in allowed)
            message = f"a {kind.value} bank is tested with {expected}"
            near = f"write `{allowed[0]} in {_key_of_bank(bank)}`"
            self.fail(Code.BANK_USE, message, tree.left, near)
        if left not in self.catalogue.features:
            hint = self._near(left)
            self.fail(Code.UNKNOWN_NAME, f"there is no feature `{left}`", tree.left, hint)
        start, end = self.syntax.span(tree)
        return BankTest(
            kind=Kind.BOOL,
            key=f"{left} {'not in' if is_negated else 'in'} {_key_of_bank(bank)}",
            start=start,
            end=end,
            bank=bank,
            signal=f"bank:{bank}",
            fields=_NAME_FIELDS[left],
            is_negated=is_negated,
            is_recorded=True,
        )

    def _call(self, tree: ast.Call) -> Expr:
        name = _dotted(tree.func)
        if name is None:
            self.fail(Code.NOT_ALLOWED, "only the language's own functions can be called", tree)
        if name == "bank":
            use = 'write, for example, `text in bank("name")`'
            self.fail(Code.BANK_USE, "`bank(…)` stands alone on the right of `in`", tree, use)
        if name == "signal":
            message = "a signal is read by its parts, `.score` and `.abstained`"
            use = 'write, for example, `signal("name").score > 0.8`'
            self.fail(Code.TYPE, message, tree, use)
        if name in UNAVAILABLE:
            message = f"`{name}` is unavailable: {UNAVAILABLE[name]} is not installed"
            self.fail(Code.UNAVAILABLE, message, tree)
        if name in WINDOW_FUNCTIONS:
            return read_window(self, tree, name)
        function = FUNCTIONS.get(name)
        if function is None:
            near = _function_hint(name)
            self.fail(Code.UNKNOWN_FUNCTION, f"there is no function `{name}`", tree.func, near)
        if tree.keywords:
            message = f"`{name}` takes its arguments in order, without names"
            self.fail(Code.ARGUMENTS, message, tree, f"`{function.signature}`")
        self._check_count(function, tree)
        arguments = tuple(self.read(argument) for argument in tree.args)
        kind = self._checked_kind(function, arguments)
        start, end = self.syntax.span(tree)
        holds_content = any(argument.is_content for argument in arguments)
        is_content = holds_content and kind in (Kind.TEXT, Kind.TEXTS)
        return Call(
            kind=kind,
            key=f"{name}({', '.join(argument.key for argument in arguments)})",
            start=start,
            end=end,
            children=arguments,
            function=function,
            is_content=is_content,
            is_recorded=holds_content and not is_content,
        )

    def _check_count(self, function: Function, tree: ast.Call) -> None:
        n, wanted = len(tree.args), len(function.parameters)
        if n == wanted or (function.rest and n > wanted):
            return
        amount = f"{wanted} or more" if function.rest else str(wanted)
        message = f"`{function.name}` takes {amount} argument{'s' * (amount != '1')}, not {n}"
        self.fail(Code.ARGUMENTS, message, tree, f"`{function.signature}`")

    def _checked_kind(self, function: Function, arguments: tuple[Expr, ...]) -> Kind:
        parameters = list(function.parameters)
        parameters += [parameters[-1]] * (len(arguments) - len(parameters))
        for argument, (name, kinds) in zip(arguments, parameters, strict=True):
            if argument.kind in kinds or argument.kind is Kind.UNKNOWN:
                continue
            is_unit = argument.kind is Kind.DURATION and bool(kinds & NUMBERS)
            message = f"`{name}` of `{function.name}` cannot be {argument.kind.phrase}"
            code = Code.UNIT if is_unit else Code.TYPE
            hint = f"`{function.signature}`"
            self.syntax.report(code, message, argument.start, argument.end, hint)
        if function.result is not None:
            return function.result
        found = {argument.kind for argument in arguments} - {Kind.UNKNOWN}
        if found <= NUMBERS:
            return Kind.FLOAT if Kind.FLOAT in found else Kind.INT
        if len(found) > 1:
            message = f"`{function.name}` cannot mix numbers and durations"
            first, last = arguments[0], arguments[-1]
            self.syntax.report(Code.UNIT, message, first.start, last.end, _unit_hint(first, last))
        return Kind.DURATION


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


def _dotted(tree: ast.expr) -> str | None:
    parts: list[str] = []
    while isinstance(tree, ast.Attribute):
        parts.append(tree.attr)
        tree = tree.value
    if not isinstance(tree, ast.Name):
        return None
    return ".".join([tree.id, *reversed(parts)])


def _last(tree: ast.expr) -> str:
    return tree.attr if isinstance(tree, ast.Attribute) else "…"


def _is_bank(tree: ast.expr) -> TypeGuard[ast.Call]:
    return isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id == "bank"


def _key_of_bank(bank: str) -> str:
    return f"bank({json.dumps(bank, ensure_ascii=False)})"


def _bracketed(expr: Expr, *kinds: type[Expr]) -> str:
    return f"({expr.key})" if isinstance(expr, kinds) else expr.key


def _is_unit_mistake(left: Expr, right: Expr) -> bool:
    kinds = {left.kind, right.kind}
    return Kind.DURATION in kinds and bool(kinds & NUMBERS)


def _unit_hint(left: Expr, right: Expr) -> str | None:
    if not _is_unit_mistake(left, right):
        return None
    number = left if left.kind in NUMBERS else right
    return f"say which unit: `days({number.key})`, `hours({number.key})` or `minutes({number.key})`"


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


def _function_hint(name: str) -> str | None:
    of, _, method = name.rpartition(".")
    if of and method in FUNCTIONS:
        return f"write `{method}({of}, …)`"
    return did_you_mean(name, _CALLABLE)
