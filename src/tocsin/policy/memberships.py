"""Banks inside a rule: `text in bank("…")`, `hashtags in bank("…")`, `near_duplicate_of(…)`.

Comes in: parts of Python's tree. Goes out: `BankTest`s. Always holds: what stands on the left is
what that kind of bank can be tested with; each way to look something up is a signal of its own,
which the detectors give. Refused: unknown banks, and tests that a bank of that kind cannot answer.
"""

from __future__ import annotations

import ast
from typing import Final, TypeGuard

from tocsin.policy.expressions import BankTest
from tocsin.policy.kinds import Kind
from tocsin.policy.problems import Code, did_you_mean
from tocsin.policy.reading import PartReader, dotted, literal_key, quoted_name
from tocsin.records import BankKind, TextField

__all__ = [
    "BANK_FIELDS",
    "NEAR_DUPLICATE",
    "SIGNAL_PREFIXES",
    "is_bank",
    "read_bank_test",
    "read_near_duplicate",
]

NEAR_DUPLICATE: Final = "near_duplicate_of"

BANK_FIELDS: dict[BankKind, tuple[str, ...]] = {
    BankKind.PHRASE: ("text", "hashtags", "account.name", "account.bio"),
    BankKind.GROUP: ("text", "hashtags", "account.name", "account.bio"),
    BankKind.PROTECTEE: ("text",),
    BankKind.LINK: ("links", "link.host"),
    BankKind.HANDLE: ("account.handle",),
    BankKind.HASH: ("media",),
}
"""What may stand on the left of `in bank(…)`, per kind of bank."""

SIGNAL_PREFIXES: Final = ("bank:", "tag:", "host:", "copy:")
"""How the signals of banks begin; rules read them through banks only."""

_LEFT_FIELDS: dict[str, frozenset[TextField] | None] = {
    "text": frozenset({"post.text", "post.title", "media"}),
    "account.name": frozenset({"actor.name"}),
    "account.bio": frozenset({"actor.bio"}),
}
"""Where the evidence must stand; anywhere for what is not listed."""

_LEFT_SIGNALS: dict[str, str] = {"hashtags": "tag", "link.host": "host"}
_LEFT_FEATURES: dict[str, str] = {"link.host": "links.hosts"}


def is_bank(tree: ast.expr) -> TypeGuard[ast.Call]:
    """Whether a part is `bank(…)`."""
    return isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id == "bank"


def read_bank_test(
    reader: PartReader, tree: ast.Compare, call: ast.Call, *, is_negated: bool
) -> BankTest:
    """The test in `x in bank("name")`."""
    bank, kind = _bank(reader, call)
    left = dotted(tree.left)
    allowed = BANK_FIELDS[kind]
    if left is None or left not in allowed:
        expected = " or ".join(f"`{name}`" for name in allowed)
        message = f"a {kind.value} bank is tested with {expected}"
        near = f"write `{allowed[0]} in {_key_of(bank)}`"
        reader.fail(Code.BANK_USE, message, tree.left, near)
    feature = _LEFT_FEATURES.get(left, left)
    if feature not in reader.catalogue.features:
        hint = reader.near(left)
        reader.fail(Code.UNKNOWN_NAME, f"there is no feature `{left}`", tree.left, hint)
    start, end = reader.syntax.span(tree)
    return BankTest(
        kind=Kind.BOOL,
        key=f"{left} {'not in' if is_negated else 'in'} {_key_of(bank)}",
        start=start,
        end=end,
        bank=bank,
        signal=f"{_LEFT_SIGNALS.get(left, 'bank')}:{bank}",
        fields=_LEFT_FIELDS.get(left),
        is_negated=is_negated,
        is_recorded=True,
    )


def read_near_duplicate(reader: PartReader, tree: ast.Call) -> BankTest:
    """The test in `near_duplicate_of(text, bank("name"))`."""
    use = f'write `{NEAR_DUPLICATE}(text, bank("name"))`'
    if len(tree.args) != 2 or tree.keywords:  # noqa: PLR2004  # a text and a bank
        message = f"`{NEAR_DUPLICATE}` takes `text` and a bank"
        reader.fail(Code.ARGUMENTS, message, tree, use)
    left, right = tree.args
    if dotted(left) != "text":
        message = f"`{NEAR_DUPLICATE}` compares `text` with the entries of a bank"
        reader.fail(Code.BANK_USE, message, left, use)
    if not is_bank(right):
        message = f"`{NEAR_DUPLICATE}` looks in a bank"
        reader.fail(Code.BANK_USE, message, right, use)
    bank, kind = _bank(reader, right)
    if kind is not BankKind.PHRASE:
        message = f"texts are entries of phrase banks; `{bank}` is a {kind.value} bank"
        reader.fail(Code.BANK_USE, message, right)
    start, end = reader.syntax.span(tree)
    return BankTest(
        kind=Kind.BOOL,
        key=f"{NEAR_DUPLICATE}(text, {_key_of(bank)})",
        start=start,
        end=end,
        bank=bank,
        signal=f"copy:{bank}",
        fields=_LEFT_FIELDS["text"],
        is_negated=False,
        is_recorded=True,
    )


def _bank(reader: PartReader, call: ast.Call) -> tuple[str, BankKind]:
    bank = quoted_name(reader, call, "bank")
    kind = reader.catalogue.banks.get(bank)
    if kind is None:
        hint = did_you_mean(bank, reader.catalogue.banks)
        reader.fail(Code.UNKNOWN_BANK, f"there is no bank `{bank}`", call.args[0], hint)
    return bank, kind


def _key_of(bank: str) -> str:
    return f"bank({literal_key(bank)})"
