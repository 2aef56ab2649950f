"""A plan's steps as Python closures: for one event, or for the few that are left.

Comes in: a `Plan`. Goes out: for every step a function from a reader to its value. Always holds:
the same value as the interpreter's; `and` and `or` ask the cheapest part first and stop as soon
as the result is certain; a shared step that costs something is computed once per event.
Arithmetic and functions go through the interpreter's own `combine`, unknown nodes through its
`evaluate`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from tocsin.matching import compile_regex
from tocsin.policy.expressions import (
    BankTest,
    BoolOp,
    Compare,
    Expr,
    Matches,
    Name,
    Not,
    RuleRead,
    SignalPart,
    SignalRead,
    WindowRead,
)
from tocsin.policy.interpret import COMPARISONS, EventReader, Result, combine, evaluate
from tocsin.policy.kinds import Kind
from tocsin.policy.plan import WORTH_KEEPING, Plan, Step
from tocsin.records import TextField, WindowSpec

__all__ = ["Closure", "both", "closures_of"]

Closure = Callable[[EventReader], Result]

_NOT_YET: Final[Any] = object()


def closures_of(plan: Plan) -> list[Closure]:
    """One closure per step, in the order of the steps."""
    made: list[Closure] = []
    for step in plan.steps:
        closure = _closure(step, plan, made)
        if step.number in plan.shared and step.cost >= WORTH_KEEPING:
            closure = _kept(step.number, closure)
        made.append(closure)
    return made


def both(tests: Sequence[Closure]) -> Closure:
    """Whether all of the tests are true, asked in order."""
    if len(tests) == 1:
        return tests[0]
    first, *rest = tests

    def ask(reader: EventReader) -> bool:
        if not first(reader):
            return False
        for test in rest:  # noqa: SIM110  # a generator would cost more than the tests
            if not test(reader):
                return False
        return True

    return ask


def _kept(number: int, closure: Closure) -> Closure:
    def ask(reader: EventReader) -> Result:
        memo = reader.memo
        found: Result = memo.get(number, _NOT_YET)
        if found is _NOT_YET:
            found = memo[number] = closure(reader)
        return found

    return ask


def _closure(step: Step, plan: Plan, made: Sequence[Closure]) -> Closure:
    if step.constant is not None:
        return _always(step.constant[0])
    parts = [made[child] for child in step.children]
    match step.expr:
        case Name(name=name):
            return lambda reader: reader.features.value(name, reader.row)
        case BankTest(signal=signal, fields=fields, is_negated=is_negated):
            return _bank_test(signal, fields, is_negated=is_negated)
        case SignalRead(signal=signal, part=part):
            return _signal_part(signal, part)
        case WindowRead(spec=spec, per=per):
            return _window(spec, per)
        case Not() | RuleRead():
            return _truth(parts[0], is_negated=isinstance(step.expr, Not))
        case BoolOp(is_and=is_and):
            return both(parts) if is_and else _either(parts)
        case Compare(operators=(operator,)):
            return _comparison(operator, [plan.steps[child] for child in step.children], parts)
    if not step.children:
        expr = step.expr
        return lambda reader: evaluate(expr, reader)
    return _combined(step.expr, parts)


def _always(value: Result) -> Closure:
    return lambda _reader: value


def _truth(test: Closure, *, is_negated: bool) -> Closure:
    if is_negated:
        return lambda reader: not test(reader)
    return lambda reader: bool(test(reader))


def _combined(expr: Expr, parts: Sequence[Closure]) -> Closure:
    if isinstance(expr, Matches) and expr.is_normal and expr.children[0].kind is Kind.TEXT:
        return _match(expr.pattern, parts[0])
    return lambda reader: combine(expr, [part(reader) for part in parts])


def _either(tests: Sequence[Closure]) -> Closure:
    def ask(reader: EventReader) -> bool:
        for test in tests:  # noqa: SIM110  # a generator would cost more than the tests
            if test(reader):
                return True
        return False

    return ask


def _match(pattern: str, subject: Closure) -> Closure:
    is_in = compile_regex(pattern).is_in_key

    def ask(reader: EventReader) -> bool | None:
        key: Any = subject(reader)
        return None if key is None else is_in(key)

    return ask


def _bank_test(signal: str, fields: frozenset[TextField] | None, *, is_negated: bool) -> Closure:
    def ask(reader: EventReader) -> bool | None:
        found = reader.signals.get(signal)
        if found is None:
            return is_negated
        if found.abstained:
            return None
        for evidence in found.evidence:
            if fields is None or (evidence.span is not None and evidence.span.field in fields):
                return not is_negated
        return is_negated

    return ask


def _signal_part(signal: str, part: SignalPart) -> Closure:
    def score(reader: EventReader) -> float | None:
        found = reader.signals.get(signal)
        return None if found is None or found.abstained else found.score

    def abstained(reader: EventReader) -> bool | None:
        found = reader.signals.get(signal)
        return None if found is None else found.abstained

    return abstained if part is SignalPart.ABSTAINED else score


def _window(spec: WindowSpec, per: float | None) -> Closure:
    def ask(reader: EventReader) -> Result:
        answer = reader.windows.window(spec, reader.row)
        return answer / per if per is not None and isinstance(answer, int) else answer

    return ask


def _comparison(operator: str, steps: Sequence[Step], parts: Sequence[Closure]) -> Closure:
    compare = COMPARISONS[operator]
    left, right = parts
    constant = steps[1].constant
    if constant is not None and constant[0] is not None:
        return _limit(compare, steps[0], left, constant[0])

    def ask(reader: EventReader) -> bool:
        one = left(reader)
        if one is None:
            return False
        other = right(reader)
        return other is not None and compare(one, other)

    return ask


def _limit(
    compare: Callable[[Any, Any], bool], step: Step, left: Closure, limit: Result
) -> Closure:
    """A comparison with a constant: what most conditions are made of."""
    if isinstance(step.expr, Name):
        name = step.expr.name

        def ask_feature(reader: EventReader) -> bool:
            value = reader.features.value(name, reader.row)
            return value is not None and compare(value, limit)

        return ask_feature

    def ask(reader: EventReader) -> bool:
        value = left(reader)
        return value is not None and compare(value, limit)

    return ask
