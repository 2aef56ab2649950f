"""Which rows may match which regular expressions: their literals in one scan of the batch.

Comes in: the plan's expressions, and the texts of a batch. Goes out: for each expression the rows
that hold one of its literals. Always holds: a row that is left out cannot match; the scan is made
once per batch and text, whatever the number of expressions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tocsin.matching import Pattern, PatternSet, compile_regex
from tocsin.policy.expressions import Expr, Matches, Name
from tocsin.policy.kinds import Kind
from tocsin.records import FeatureValue

__all__ = ["LiteralScan", "scans_of", "sifted_name"]


def sifted_name(expr: Expr) -> str | None:
    """The text in normal form in which the literals of an expression can be looked for."""
    if not isinstance(expr, Matches) or not expr.is_normal:
        return None
    (subject,) = expr.children
    if not isinstance(subject, Name) or subject.kind is not Kind.TEXT:
        return None
    return subject.name if compile_regex(expr.pattern).literals else None


@dataclass(frozen=True, slots=True)
class LiteralScan:
    """The literals of all expressions over one text, compiled together."""

    patterns: PatternSet
    asked: Sequence[Sequence[str]]
    """By literal, the patterns of the expressions that wait for it."""

    def rows(self, texts: Sequence[FeatureValue | None]) -> dict[str, set[int]]:
        """By pattern of an expression, the rows that hold one of its literals."""
        found: dict[str, set[int]] = {}
        keys = [text if isinstance(text, str) else None for text in texts]
        for hit in self.patterns.scan(keys):
            for pattern in self.asked[hit.key]:
                found.setdefault(pattern, set()).add(hit.row)
        return found


def scans_of(exprs: Iterable[Expr]) -> dict[str, LiteralScan]:
    """By the name of a text, the scan for the literals of the expressions over it."""
    asked: dict[str, dict[str, list[str]]] = {}
    for expr in exprs:
        name = sifted_name(expr)
        if name is not None and isinstance(expr, Matches):
            of_name = asked.setdefault(name, {})
            for literal in compile_regex(expr.pattern).literals:
                of_name.setdefault(literal, []).append(expr.pattern)
    return {
        name: LiteralScan(
            PatternSet(
                [(text, (Pattern(i, text, is_word=False),)) for i, text in enumerate(literals)]
            ),
            list(literals.values()),
        )
        for name, literals in asked.items()
    }
