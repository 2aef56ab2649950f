"""The text of a rule's `when`, read by Python's own parser.

Comes in: a YAML scalar. Goes out: Python's tree, bounded in size and depth, or None after
reporting why not; and where each part of it stands in the text. Always holds: nothing is ever
run. Refused: texts and trees beyond the limits, invisible characters, what is no expression;
the likely slips (`=`, `&&`, an open bracket or quote) are named.
"""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass

from tocsin.policy.problems import Code, Problems
from tocsin.policy.tree import TextNode

__all__ = ["MAX_DEPTH", "MAX_NODES", "MAX_SOURCE", "Syntax"]

MAX_SOURCE = 4_000
MAX_NODES = 500
MAX_DEPTH = 40
"""No person writes a rule beyond these; they bound what one rule can cost on one event, and keep
the tree walks far from Python's recursion limit."""

Slip = tuple[int, int, str, str | None]
"""Offset, length, message, hint."""

_CLOSING = {"(": ")", "[": "]", "{": "}"}
_SLIPS = {
    "&&": ("the rule language has no `&&`", "did you mean `and`?"),
    "||": ("the rule language has no `||`", "did you mean `or`?"),
    "=": ("the rule language has no `=`", "did you mean `==`?"),
    "!": ("the rule language has no `!`", "did you mean `not`?"),
}
_PAIRS = ("==", "!=", "<=", ">=")


@dataclass(frozen=True, slots=True)
class Syntax:
    """One `when`, and where problems go."""

    node: TextNode
    problems: Problems

    def tree(self) -> ast.expr | None:
        """Python's tree; None after reporting why there is none."""
        if not self._is_readable():
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                # The brackets let an expression span lines; a newline ends a last comment.
                tree = ast.parse(f"(\n{self.node.text}\n)", mode="eval").body
        except (SyntaxError, ValueError) as error:
            self._report_syntax(error)
            return None
        except (RecursionError, MemoryError):
            tree = None
        if tree is None or not _is_bounded(tree):
            message = "the expression is nested too deeply or has too many parts"
            self.problems.error(Code.TOO_LARGE, message, self.node.place, "split the rule")
            return None
        # A tree that begins with our own bracket closed it early: `a) or (b`.
        if tree.lineno == 1 and not isinstance(tree, ast.Tuple | ast.GeneratorExp):
            self._report_syntax(SyntaxError())
            return None
        return tree

    def span(self, tree: ast.expr) -> tuple[int, int]:
        """The characters of the text that a part of the tree stands for."""
        start = self._offset(tree.lineno, tree.col_offset) if tree.lineno > 1 else 0
        end_line, end_column = tree.end_lineno or tree.lineno, tree.end_col_offset or 0
        return start, max(self._offset(end_line, end_column), start + 1)

    def report(
        self, code: Code, message: str, start: int, end: int, hint: str | None = None
    ) -> None:
        """Report a mistake at these characters of the text."""
        self.problems.error(code, message, self.node.place_at(start, end), hint)

    def warn(self, code: Code, message: str, start: int, end: int, hint: str | None = None) -> None:
        """Warn of these characters of the text."""
        self.problems.warn(code, message, self.node.place_at(start, end), hint)

    def _is_readable(self) -> bool:
        text = self.node.text
        if len(text) > MAX_SOURCE:
            message = f"the expression has {len(text):,} characters, of at most {MAX_SOURCE:,}"
            self.problems.error(Code.TOO_LARGE, message, self.node.place, "split the rule")
            return False
        hidden = (i for i, c in enumerate(text) if not (c.isprintable() or c in "\n\t"))
        strange = next(hidden, None)
        if strange is not None:
            self.report(Code.SYNTAX, "an invisible character", strange, strange + 1)
        elif not text.strip():
            self.report(Code.SYNTAX, "the expression is empty", 0, 1)
        return strange is None and bool(text.strip())

    def _report_syntax(self, error: SyntaxError | ValueError) -> None:
        text = self.node.text
        found = _obvious_slip(text)
        if found is not None:
            at, length, message, hint = found
            self.report(Code.SYNTAX, message, at, at + length, hint)
            return
        at = 0
        if isinstance(error, SyntaxError) and error.lineno:
            at = self._offset(error.lineno, 0) + max((error.offset or 1) - 1, 0)
        at = min(at, len(text.rstrip()))
        if isinstance(error, SyntaxError) and "escape" in (error.msg or ""):
            hint = "put `r` before the quotes of a regular expression"
            self.report(Code.SYNTAX, "there is no such escape in a text", at, at + 1, hint)
            return
        self.report(Code.SYNTAX, "this cannot be read as an expression", at, at + 1)

    def _offset(self, line: int, column_bytes: int) -> int:
        """The offset in the text of a line (2 is the text's first) and a column in bytes."""
        if line == 2 and self.node.text.isascii():  # noqa: PLR2004  # as most conditions
            return min(column_bytes, len(self.node.text))
        lines = self.node.text.split("\n")
        index = min(max(line - 2, 0), len(lines) - 1)
        before = sum(len(part) + 1 for part in lines[:index])
        return before + len(lines[index].encode()[:column_bytes].decode(errors="ignore"))


def _is_bounded(tree: ast.expr) -> bool:
    n_nodes = 0
    waiting: list[tuple[ast.AST, int]] = [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        n_nodes += isinstance(node, ast.expr)
        if depth > MAX_DEPTH or n_nodes > MAX_NODES:
            return False
        waiting.extend((child, depth + 1) for child in ast.iter_child_nodes(node))
    return True


def _obvious_slip(text: str) -> Slip | None:
    """The most likely slip in a text that Python cannot read."""
    bare, open_quote = _without_quotes(text)
    slip = _bracket_slip(bare)
    if open_quote is not None:
        hint = f"close it with `{text[open_quote]}`"
        return open_quote, 1, "the text that begins here does not end", hint
    for pair in _PAIRS:
        bare = bare.replace(pair, "  ")
    found = [(bare.find(word), word) for word in _SLIPS if word in bare]
    if found:
        at, word = min(found)
        return at, len(word), *_SLIPS[word]
    return slip


def _bracket_slip(bare: str) -> Slip | None:
    opened: list[int] = []
    for at, char in enumerate(bare):
        if char in _CLOSING:
            opened.append(at)
        elif char in _CLOSING.values() and (not opened or _CLOSING[bare[opened.pop()]] != char):
            return at, 1, f"there is no opening bracket for `{char}`", None
    if opened:
        return opened[-1], 1, f"the bracket `{bare[opened[-1]]}` is not closed", None
    return None


def _without_quotes(text: str) -> tuple[str, int | None]:
    """The text with quoted parts and comments blanked, and where a quote is left open."""
    bare = list(text)
    at = 0
    while at < len(text):
        end: int | None
        if text[at] in "\"'":
            end = _end_of_quote(text, at)
        elif text[at] == "#":
            end = text.find("\n", at) if "\n" in text[at:] else len(text)
        else:
            at += 1
            continue
        if end is None:
            return "".join(bare[:at]), at
        bare[at:end] = " " * (end - at)
        at = end
    return "".join(bare), None


def _end_of_quote(text: str, at: int) -> int | None:
    """The offset behind the quote that closes the one at `at`."""
    end = at + 1
    while end < len(text):
        if text[end] == "\\":
            end += 1
        elif text[end] == text[at]:
            return end + 1
        end += 1
    return None
