"""Regular expressions inside a rule: `matches(text, "…")`.

Comes in: parts of Python's tree. Goes out: a `Matches`, whose pattern compiles. Always holds: the
pattern is read as it is written: a backslash means to it what it means to a regular expression,
with or without `r` before the quotes; a mistake is shown at its own characters. Refused: what
needs backtracking, what is no expression. Warned of: patterns that every text matches, letters
that no normal form holds, classes that know ASCII only beside letters that are not.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from tocsin.matching import RegexError, compile_regex, normalise
from tocsin.policy.expressions import Call, Expr, Matches, Name
from tocsin.policy.kinds import Kind
from tocsin.policy.problems import Code
from tocsin.policy.reading import PartReader, read_known

__all__ = ["MATCHES", "read_matches"]

MATCHES: Final = "matches"

_USE: Final = 'write `matches(text, "iron +dawn")`'
_NORMAL: Final = frozenset({"text", "title", "hashtags"})
_PREFIXES: Final = frozenset({"", "r", "R"})
_ASCII_ONLY: Final = "wWdDsSbB"


def read_matches(reader: PartReader, tree: ast.Call) -> Matches:
    """The expression of `matches(text, "pattern")`."""
    if len(tree.args) != 2 or tree.keywords:  # noqa: PLR2004  # a text and a pattern
        message = f"`{MATCHES}` takes a text or a list of texts, and a regular expression"
        reader.fail(Code.ARGUMENTS, message, tree, _USE)
    subject = read_known(reader, tree.args[0])
    if subject.kind not in (Kind.TEXT, Kind.TEXTS):
        message = f"`{MATCHES}` looks in a text or a list of texts; this is {subject.kind.phrase}"
        reader.fail(Code.TYPE, message, tree.args[0], _USE)
    pattern, offset = _pattern(reader, tree.args[1])
    is_normal = _is_normal(subject)
    try:
        regex = compile_regex(pattern)
    except RegexError as error:
        start, end = offset + error.start, offset + error.end
        reader.syntax.report(Code.REGEX, error.message, start, end, error.hint)
        reader.give_up()
    if regex.is_in("") and regex.is_in("\N{REPLACEMENT CHARACTER}"):
        message = "this expression matches nothing at all, and so every text"
        hint = "demand at least one character: `+` instead of `*` or `?`"
        reader.syntax.warn(Code.REGEX_REACH, message, offset, offset + len(pattern), hint)
    for at, length, doubt, instead in _doubts(pattern, is_normal=is_normal):
        reader.syntax.warn(Code.REGEX_REACH, doubt, offset + at, offset + at + length, instead)
    start, end = reader.syntax.span(tree)
    return Matches(
        kind=Kind.BOOL,
        key=f"{MATCHES}({subject.key}, {_quoted(pattern)})",
        start=start,
        end=end,
        children=(subject,),
        is_recorded=True,
        pattern=pattern,
        is_normal=is_normal,
    )


def _pattern(reader: PartReader, tree: ast.expr) -> tuple[str, int]:
    """The pattern as it stands between its quotes, and where it begins in the rule."""
    if not (isinstance(tree, ast.Constant) and isinstance(tree.value, str)):
        message = f"the regular expression of `{MATCHES}` is a text in quotes, the same for all"
        reader.fail(Code.ARGUMENTS, message, tree, _USE)
    start, end = reader.syntax.span(tree)
    source = reader.syntax.node.text[start:end]
    prefix = source[: len(source) - len(source.lstrip("rRuU"))]
    quote = source[len(prefix) : len(prefix) + 1]
    inner = source[len(prefix) + 1 : -1]
    if (
        prefix not in _PREFIXES
        or source[len(prefix) :].startswith(quote * 3)
        or quote in (inner.replace(f"\\{quote}", ""))
    ):
        message = "a regular expression is one text between single or double quotes"
        reader.fail(Code.ARGUMENTS, message, tree, _USE)
    if not inner:
        reader.fail(Code.REGEX, "the regular expression is empty", tree, _USE)
    return inner, start + len(prefix) + 1


def _is_normal(subject: Expr) -> bool:
    if isinstance(subject, Call):
        return subject.function.name == "normal"
    return isinstance(subject, Name) and subject.name in _NORMAL


def _doubts(pattern: str, *, is_normal: bool) -> Iterator[tuple[int, int, str, str]]:
    """What a pattern may not mean: offset, length, message, hint."""
    is_foreign = any(char.isalpha() and not char.isascii() for char in pattern)
    at = pattern.find("\\")
    while is_foreign and at >= 0:
        char = pattern[at + 1 : at + 2]
        if char and char in _ASCII_ONLY:
            message = f"`\\{char}` knows letters, digits and blanks of ASCII only"
            hint = "say `\\pL` for letters and `\\pN` for digits; for words use a phrase bank"
            yield at, 2, message, hint
        at = pattern.find("\\", at + 2)
    if not is_normal:
        return
    for at, char in enumerate(pattern):
        if char.isascii():
            continue
        normal = normalise(char).text
        if normal != char.casefold():
            instead = f"write `{normal}`" if normal.strip() else "leave it out"
            message = "the normal form of a text never holds this character"
            yield at, 1, message, instead


def _quoted(pattern: str) -> str:
    """The pattern between double quotes, so that reading it again gives the same expression."""
    parts = pattern.split("\\\\")
    return '"' + "\\\\".join(part.replace('\\"', '"').replace('"', '\\"') for part in parts) + '"'
