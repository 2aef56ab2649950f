"""Calls inside a rule: functions, and the forms that look like them.

Comes in: a call of Python's tree. Goes out: its expression. Always holds: arguments are of the
kinds that the function takes, and as many. Refused: functions that do not exist, names of
arguments where there are none; a `where` of a window, and so on: see the readers of the forms.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from tocsin.policy.expressions import Call, Expr, HasLabel, Literal, RuleRead
from tocsin.policy.functions import FUNCTIONS, SPECIAL, WINDOW_FUNCTIONS, Function
from tocsin.policy.kinds import NUMBERS, Kind
from tocsin.policy.memberships import NEAR_DUPLICATE, read_near_duplicate
from tocsin.policy.patterns import MATCHES, read_matches
from tocsin.policy.problems import Code, did_you_mean
from tocsin.policy.reading import PartReader, dotted, literal_key, quoted_name, unit_hint
from tocsin.policy.windows import read_window
from tocsin.records import LabelHolder

__all__ = ["CALLABLE", "read_call"]

CALLABLE = (*FUNCTIONS, *WINDOW_FUNCTIONS, *SPECIAL)


def read_call(reader: PartReader, tree: ast.Call) -> Expr:
    """The expression of a call."""
    name = dotted(tree.func)
    if name is None:
        reader.fail(Code.NOT_ALLOWED, "only the language's own functions can be called", tree)
    form = _FORMS.get(name)
    if form is not None:
        return form(reader, tree)
    if name in WINDOW_FUNCTIONS:
        return read_window(reader, tree, name)
    function = FUNCTIONS.get(name)
    if function is None:
        near = _function_hint(name)
        reader.fail(Code.UNKNOWN_FUNCTION, f"there is no function `{name}`", tree.func, near)
    if tree.keywords:
        message = f"`{name}` takes its arguments in order, without names"
        reader.fail(Code.ARGUMENTS, message, tree, f"`{function.signature}`")
    return _function(reader, tree, function)


def _function(reader: PartReader, tree: ast.Call, function: Function) -> Call:
    _check_count(reader, function, tree)
    arguments = tuple(reader.read(argument) for argument in tree.args)
    kind = _checked_kind(reader, function, arguments)
    if function.limits is not None:
        _check_limits(reader, function, arguments[0], function.limits)
    start, end = reader.syntax.span(tree)
    holds_content = any(argument.is_content for argument in arguments)
    is_content = holds_content and kind in (Kind.TEXT, Kind.TEXTS)
    return Call(
        kind=kind,
        key=f"{function.name}({', '.join(argument.key for argument in arguments)})",
        start=start,
        end=end,
        children=(*(reader.name(tree, name) for name in function.reads), *arguments),
        function=function,
        is_content=is_content,
        is_recorded=holds_content and not is_content,
    )


def _check_count(reader: PartReader, function: Function, tree: ast.Call) -> None:
    n, wanted = len(tree.args), len(function.parameters)
    if n == wanted or (function.rest and n > wanted):
        return
    amount = f"{wanted} or more" if function.rest else str(wanted)
    message = f"`{function.name}` takes {amount} argument{'s' * (amount != '1')}, not {n}"
    reader.fail(Code.ARGUMENTS, message, tree, f"`{function.signature}`")


def _checked_kind(reader: PartReader, function: Function, arguments: tuple[Expr, ...]) -> Kind:
    parameters = list(function.parameters)
    parameters += [parameters[-1]] * (len(arguments) - len(parameters))
    for argument, (name, kinds) in zip(arguments, parameters, strict=True):
        if argument.kind in kinds or argument.kind is Kind.UNKNOWN:
            continue
        is_unit = argument.kind is Kind.DURATION and bool(kinds & NUMBERS)
        message = f"`{name}` of `{function.name}` cannot be {argument.kind.phrase}"
        code = Code.UNIT if is_unit else Code.TYPE
        hint = f"`{function.signature}`"
        reader.syntax.report(code, message, argument.start, argument.end, hint)
    if function.result is not None:
        return function.result
    found = {argument.kind for argument in arguments} - {Kind.UNKNOWN}
    if found <= NUMBERS:
        return Kind.FLOAT if Kind.FLOAT in found else Kind.INT
    if len(found) > 1:
        message = f"`{function.name}` cannot mix numbers and durations"
        first, last = arguments[0], arguments[-1]
        reader.syntax.report(Code.UNIT, message, first.start, last.end, unit_hint(first, last))
    return Kind.DURATION


def _check_limits(
    reader: PartReader, function: Function, argument: Expr, limits: tuple[float, float]
) -> None:
    if argument.kind not in NUMBERS:
        return  # reported before
    low, high = limits
    value = argument.value if isinstance(argument, Literal) else None
    if not isinstance(value, int | float) or not low < value <= high:
        name = function.parameters[0][0]
        message = f"`{name}` of `{function.name}` is a constant above {low:g}, at most {high:g}"
        hint = f"such as `{function.name}(0.01)` for one in a hundred"
        reader.syntax.report(Code.VALUE, message, argument.start, argument.end, hint)


def _stray_bank(reader: PartReader, tree: ast.Call) -> Expr:
    use = 'write, for example, `text in bank("name")`'
    reader.fail(Code.BANK_USE, "`bank(…)` stands alone on the right of `in`", tree, use)


def _bare_signal(reader: PartReader, tree: ast.Call) -> Expr:
    message = "a signal is read by its parts, `.score` and `.abstained`"
    use = 'write, for example, `signal("name").score > 0.8`'
    reader.fail(Code.TYPE, message, tree, use)


def _rule(reader: PartReader, tree: ast.Call) -> RuleRead:
    rule_id = quoted_name(reader, tree, "rule")
    condition = reader.rule(tree.args[0], rule_id)
    start, end = reader.syntax.span(tree)
    return RuleRead(
        kind=Kind.BOOL,
        key=f"rule({literal_key(rule_id)})",
        start=start,
        end=end,
        children=(condition,),
        rule=rule_id,
    )


def _has_label(reader: PartReader, tree: ast.Call) -> HasLabel:
    use = 'write `has_label("name")` or `has_label("name", of=handle)`'
    match tree:
        case ast.Call(args=[ast.Constant(value=str(name))], keywords=[]):
            of = LabelHolder.ACCOUNT.value
        case ast.Call(
            args=[ast.Constant(value=str(name))],
            keywords=[ast.keyword(arg="of", value=ast.Name(id=str(of)))],
        ):
            pass
        case _:
            message = "`has_label` takes one name in quotes, and maybe whose label it is"
            reader.fail(Code.ARGUMENTS, message, tree, use)
    if of not in [holder.value for holder in LabelHolder]:
        message = f"`{of}` has no labels: an account or a handle has"
        reader.fail(Code.VALUE, message, tree.keywords[0].value, use)
    if name not in reader.catalogue.labels:
        known = reader.catalogue.labels
        hint = did_you_mean(name, known) or "declare it in `policy.yaml` under `labels:`"
        reader.fail(Code.UNKNOWN_LABEL, f"there is no label `{name}`", tree.args[0], hint)
    holder = LabelHolder(of)
    start, end = reader.syntax.span(tree)
    whose = "" if holder is LabelHolder.ACCOUNT else f", of={holder.value}"
    return HasLabel(
        kind=Kind.BOOL,
        key=f"has_label({literal_key(name)}{whose})",
        start=start,
        end=end,
        is_recorded=True,
        name=name,
        holder=holder,
    )


_FORMS: dict[str, Callable[[PartReader, ast.Call], Expr]] = {
    "bank": _stray_bank,
    "signal": _bare_signal,
    "rule": _rule,
    "has_label": _has_label,
    MATCHES: read_matches,
    NEAR_DUPLICATE: read_near_duplicate,
}


def _function_hint(name: str) -> str | None:
    of, _, method = name.rpartition(".")
    if of and method in FUNCTIONS:
        return f"write `{method}({of}, …)`"
    return did_you_mean(name, CALLABLE)
