"""Calls of window functions: `count(event, by=hashtag, over=hours(1), where=…)`.

Comes in: Python's tree of the call, and the reader of the expression around it. Goes out: a
`WindowRead`, with the spec that the pipeline must answer. Always holds: the length is a constant;
a `where` reads features of the counted event only, so that it can be asked again from the log.
Refused: signals, banks, windows, labels and rules inside `where`; lengths beyond the limits;
anything else than the signature of the function.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from datetime import timedelta

from tocsin.policy.expressions import (
    READS,
    BankTest,
    Expr,
    HasLabel,
    Name,
    RuleRead,
    SignalRead,
    WindowRead,
    walk,
)
from tocsin.policy.functions import WINDOW_FUNCTIONS, WindowFunction
from tocsin.policy.interpret import constant_value
from tocsin.policy.kinds import NUMBERS, Kind
from tocsin.policy.problems import Code, did_you_mean
from tocsin.policy.reading import PartReader, read_known
from tocsin.records import WindowKey, WindowMeasure, WindowSpec

__all__ = ["MAX_WINDOW", "MIN_WINDOW", "read_window"]

MIN_WINDOW = timedelta(seconds=1)
MAX_WINDOW = timedelta(days=90)
"""Longer ones would keep every event of a season in memory: a back-test answers such questions."""

_EVENT = "event"

_NOT_COUNTED = (SignalRead, BankTest, WindowRead, HasLabel, RuleRead)
"""What the counted event had then, and what is not kept to be asked again."""


def read_window(reader: PartReader, tree: ast.Call, name: str) -> WindowRead:
    """The expression of a call of a window function."""
    function = WINDOW_FUNCTIONS[name]
    given = _arguments(reader, tree, function)
    of = _of(reader, tree.args[0], function)
    by = _key(reader, given["by"], "by")
    over, over_key = _over(reader, given["over"], function)
    where = _where(reader, given["where"]) if "where" in given else None
    condition = f", where={where.key}" if where is not None else ""
    start, end = reader.syntax.span(tree)
    return WindowRead(
        kind=function.result,
        key=f"{name}({of or _EVENT}, by={by}, over={over_key}{condition})",
        start=start,
        end=end,
        is_recorded=True,
        spec=WindowSpec(
            measure=function.measure,
            by=by,
            over=over,
            events=reader.events,
            of=of,
            where="" if where is None else where.key,
        ),
        where=where,
        per=over / function.per if function.per is not None else None,
    )


def _arguments(
    reader: PartReader, tree: ast.Call, function: WindowFunction
) -> Mapping[str, ast.expr]:
    """The named arguments, complete and without strangers."""
    name, hint = function.name, f"`{function.signature}`"
    if len(tree.args) != 1:
        message = f"`{name}` takes one argument without a name, not {len(tree.args)}"
        reader.fail(Code.ARGUMENTS, message, tree, hint)
    given: dict[str, ast.expr] = {}
    for keyword in tree.keywords:
        if keyword.arg not in ("by", "over", "where"):
            near = did_you_mean(keyword.arg or "", ("by", "over", "where"))
            message = f"`{name}` has no argument `{keyword.arg or '**'}`"
            reader.fail(Code.ARGUMENTS, message, keyword.value, near or hint)
        given[keyword.arg] = keyword.value
    for wanted in ("by", "over"):
        if wanted not in given:
            reader.fail(Code.ARGUMENTS, f"`{name}` needs `{wanted}=`", tree, hint)
    return given


def _of(reader: PartReader, tree: ast.expr, function: WindowFunction) -> str:
    """What is counted or added up; empty for events as such."""
    if function.measure is WindowMeasure.DISTINCT:
        return _key(reader, tree, "what")
    if function.measure is WindowMeasure.SUM:
        expr = read_known(reader, tree)
        if not isinstance(expr, Name) or expr.kind is not Kind.INT:
            found = expr.kind.phrase if isinstance(expr, Name) else "more than a feature"
            message = f"`sum` adds up a feature that is a whole number; this is {found}"
            reader.fail(Code.TYPE, message, tree, f"`{function.signature}`")
        return expr.name
    if not (isinstance(tree, ast.Name) and tree.id == _EVENT):
        message = f"`{function.name}` is of events: its first argument is `event`"
        hint = "count what differs with `distinct`, add numbers up with `sum`"
        reader.fail(Code.ARGUMENTS, message, tree, hint)
    return ""


def _key(reader: PartReader, tree: ast.expr, argument: str) -> WindowKey:
    keys = [key.value for key in WindowKey]
    named = tree.id if isinstance(tree, ast.Name) else None
    if named not in keys:
        near = did_you_mean(named or "", keys) or f"the keys are {', '.join(keys)}"
        message = f"`{argument}` must name a key that windows are kept for"
        reader.fail(Code.UNKNOWN_NAME, message, tree, near)
    return WindowKey(named)


def _over(reader: PartReader, tree: ast.expr, function: WindowFunction) -> tuple[timedelta, str]:
    expr = read_known(reader, tree)
    if expr.kind is not Kind.DURATION:
        code = Code.UNIT if expr.kind in NUMBERS else Code.TYPE
        message = f"`over` of `{function.name}` is a duration; this is {expr.kind.phrase}"
        said = expr.key if expr.kind in NUMBERS else "1"
        reader.fail(code, message, tree, f"say which unit: `minutes({said})` or `hours({said})`")
    if any(isinstance(part, READS) for part in walk(expr)):
        reader.fail(Code.NOT_ALLOWED, "`over` is a constant, the same for every event", tree)
    value = constant_value(expr)
    if not isinstance(value, timedelta) or not MIN_WINDOW <= value <= MAX_WINDOW:
        message = f"a window is between a second and {MAX_WINDOW.days} days long"
        reader.fail(Code.TOO_LARGE, message, tree)
    return value, expr.key


def _where(reader: PartReader, tree: ast.expr) -> Expr:
    expr = read_known(reader, tree)
    for part in walk(expr):
        if isinstance(part, _NOT_COUNTED):
            message = "`where` reads features of the counted event, and nothing else"
            reader.syntax.report(Code.NOT_ALLOWED, message, part.start, part.end)
            reader.give_up()
    if expr.kind is not Kind.BOOL:
        message = f"`where` must be true or false; this is {expr.kind.phrase}"
        reader.fail(Code.TYPE, message, tree)
    return expr
