"""What the readers of the language's parts share: the reader of an expression as they see it.

Comes in: parts of Python's tree. Goes out: names and quoted texts in them. Always holds: a part
that is none is reported once and left.
"""

from __future__ import annotations

import ast
import json
from typing import NoReturn, Protocol

from tocsin.policy.catalogue import Catalogue
from tocsin.policy.expressions import Expr, Name
from tocsin.policy.kinds import NUMBERS, Kind
from tocsin.policy.problems import Code
from tocsin.policy.syntax import Syntax

__all__ = [
    "PartReader",
    "dotted",
    "is_unit_mistake",
    "literal_key",
    "quoted_name",
    "read_known",
    "unit_hint",
]


class PartReader(Protocol):
    """The reader of one expression. `events` are the types that its rule is asked about."""

    syntax: Syntax
    catalogue: Catalogue
    events: frozenset[str]

    def read(self, tree: ast.expr) -> Expr:
        """The expression of a part; of kind UNKNOWN after a mistake."""
        ...

    def name(self, tree: ast.expr, name: str) -> Name:
        """The feature of this name, which stands at a part of the tree."""
        ...

    def rule(self, tree: ast.expr, rule_id: str) -> Expr:
        """The condition of another rule, for the events that it is asked about."""
        ...

    def near(self, name: str) -> str | None:
        """A hint that names the nearest feature or function."""
        ...

    def fail(self, code: Code, message: str, tree: ast.expr, hint: str | None = None) -> NoReturn:
        """Report a mistake, and leave the part."""
        ...

    def give_up(self) -> NoReturn:
        """Leave a part whose mistake was reported before."""
        ...


def read_known(reader: PartReader, tree: ast.expr) -> Expr:
    """The expression of a part, leaving the whole where it has a mistake."""
    expr = reader.read(tree)
    if expr.kind is Kind.UNKNOWN:
        reader.give_up()
    return expr


def dotted(tree: ast.expr) -> str | None:
    """A name with dots; None where the part is something else."""
    parts: list[str] = []
    while isinstance(tree, ast.Attribute):
        parts.append(tree.attr)
        tree = tree.value
    if not isinstance(tree, ast.Name):
        return None
    return ".".join([tree.id, *reversed(parts)])


def quoted_name(reader: PartReader, call: ast.Call, what: str) -> str:  # noqa: RET503  # `fail`
    """The name in `what("name")`."""
    match call:
        case ast.Call(args=[ast.Constant(value=str(name))], keywords=[]):
            return name
    message = f"`{what}` takes one name in quotes"
    reader.fail(Code.ARGUMENTS, message, call, f'write `{what}("name")`')


def literal_key(text: str) -> str:
    """A text as canonical keys write it."""
    return json.dumps(text, ensure_ascii=False)


def is_unit_mistake(left: Expr, right: Expr) -> bool:
    """Whether a duration is used as a number, or a number as a duration."""
    kinds = {left.kind, right.kind}
    return Kind.DURATION in kinds and bool(kinds & NUMBERS)


def unit_hint(left: Expr, right: Expr) -> str | None:
    """How to say which unit a number has."""
    if not is_unit_mistake(left, right):
        return None
    number = left if left.kind in NUMBERS else right
    return f"say which unit: `days({number.key})`, `hours({number.key})` or `minutes({number.key})`"
