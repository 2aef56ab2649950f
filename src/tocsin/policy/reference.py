"""The reference page of policy packs, made from the code.

Comes in: the keys, functions and codes that the code knows. Goes out: Markdown. Always holds:
a test keeps `docs/reference/policy-pack.md` equal to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from tocsin.policy.banks import BANK_KEYS, ENTRY_KEYS
from tocsin.policy.clauses import CLAUSE_KEYS, POLICY_KEYS
from tocsin.policy.examples import SHORT_KEYS
from tocsin.policy.functions import (
    EXAMPLE,
    FUNCTIONS,
    SPECIAL,
    WINDOW_EXAMPLE,
    WINDOW_FUNCTIONS,
    Form,
    Function,
    WindowFunction,
)
from tocsin.policy.labels import LABEL_KEYS
from tocsin.policy.legal import SCHEMES
from tocsin.policy.memberships import BANK_FIELDS
from tocsin.policy.naming import MAX_NAMED_DEPTH, MAX_NAMED_PARTS
from tocsin.policy.parse import MAX_LIST, MAX_NUMBER, MAX_TEXT, STORED_TEXTS
from tocsin.policy.problems import CODES
from tocsin.policy.rules import RULE_KEYS
from tocsin.policy.source import MAX_FILE_BYTES, MAX_FILES, MAX_PACK_BYTES
from tocsin.policy.spec import Purpose
from tocsin.policy.syntax import MAX_DEPTH, MAX_NODES, MAX_SOURCE
from tocsin.policy.windows import MAX_WINDOW
from tocsin.records import ITEM_ACTIONS, ActionKind, Outcome, WindowKey

__all__ = [
    "Described",
    "FunctionGroup",
    "described_functions",
    "render_functions",
    "render_reference",
]

_HEAD = """\
# Policy packs

A pack is a folder: `policy.yaml` with the clauses, `rules/*.yaml` with lists of rules,
`banks/*.yaml` with one bank each. Files are UTF-8; YAML anchors, aliases and tags are refused.
What the words mean and how rules decide: [the policy language](../concepts/policy-language.md).

This page is generated from the code: `tocsin.policy.render_reference()`.
"""

_LIMITS = (
    ("files in a pack", MAX_FILES),
    ("bytes in a file", MAX_FILE_BYTES),
    ("characters in a pack", MAX_PACK_BYTES),
    ("characters in a `when`", MAX_SOURCE),
    ("parts of a `when`", MAX_NODES),
    ("levels of nesting in a `when`", MAX_DEPTH),
    ("parts of a `when`, with those of the rules that it names", MAX_NAMED_PARTS),
    ("levels of nesting, with those of the rules that it names", MAX_NAMED_DEPTH),
    ("characters in a text inside a `when`", MAX_TEXT),
    ("items in a list inside a `when`", MAX_LIST),
    ("greatest number", MAX_NUMBER),
    ("days of a window", MAX_WINDOW.days),
)


def render_reference() -> str:
    """The page, with a line break at its end."""
    sections = [
        _HEAD,
        _keys("`policy.yaml`", POLICY_KEYS),
        _keys("A clause", CLAUSE_KEYS),
        _values(),
        _keys("Legal mapping", SCHEMES, "scheme", "values"),
        _keys("A rule", RULE_KEYS),
        _keys("A change of a label", LABEL_KEYS),
        _keys("An example", SHORT_KEYS)
        + "\nA bare text is an example with that `text`. An example happens at a fixed time, on an "
        "account\nthat is a year old.\n",
        _keys("A bank", BANK_KEYS),
        _keys("An entry of a bank", ENTRY_KEYS) + "\nA bare text is an entry with that `value`.\n",
        render_functions(),
        _stored(),
        _keys("Limits", {name: f"{limit:,}" for name, limit in _LIMITS}, "of what", "at most"),
        _keys(
            "Problems", {code.value: doc for code, doc in CODES.items()}, "code", "what is wrong"
        ),
    ]
    return "\n".join(sections)


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One thing that rules may call; `call` gives `value` for the example of its group."""

    name: str
    signature: str
    doc: str
    call: str
    value: str

    def as_json(self) -> dict[str, str]:
        """The same as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionGroup:
    """Things of one kind that rules may call, and what their examples are about."""

    name: str
    title: str
    example: str
    items: tuple[Described, ...]


def described_functions() -> tuple[FunctionGroup, ...]:
    """Everything that rules may call, with what each takes and gives."""
    keys = _listed(key.value for key in WindowKey)
    return (
        FunctionGroup(
            name="function",
            title="What each gives for one post:",
            example=EXAMPLE,
            items=_described(FUNCTIONS.values()),
        ),
        FunctionGroup(
            name="window",
            title=f"Over windows; a key is one of {keys}.",
            example=WINDOW_EXAMPLE,
            items=_described(WINDOW_FUNCTIONS.values()),
        ),
        FunctionGroup(
            name="form",
            title="Forms that look like functions; they take a name or a pattern in quotes:",
            example="The post of the functions, above.",
            items=_described(SPECIAL.values()),
        ),
    )


def _described(
    found: Iterable[Function] | Iterable[WindowFunction] | Iterable[Form],
) -> tuple[Described, ...]:
    return tuple(
        Described(
            name=item.name,
            signature=item.signature,
            doc=item.doc,
            call=item.example[0],
            value=item.example[1],
        )
        for item in found
    )


def render_functions() -> str:
    """The functions of the rule language as a section of Markdown."""
    lines = ["## Functions"]
    for group in described_functions():
        title = group.title.replace("Over windows", "Over [windows](../concepts/windows.md)")
        lines += ["", title, "", group.example, ""]
        lines += ["| function | meaning | example | gives |", "|---|---|---|---|"]
        lines += [
            _row(
                (
                    f"`{_escaped(item.signature)}`",
                    item.doc,
                    f"`{_escaped(item.call)}`",
                    f"`{item.value}`",
                )
            )
            for item in group.items
        ]
    lines += ["", "What each kind of bank is tested with:", "", "| bank | left of `in` |"]
    lines += ["|---|---|"]
    lines += [
        _row((f"`{kind.value}`", _listed(fields))) for kind, fields in sorted(BANK_FIELDS.items())
    ]
    return "\n".join(lines) + "\n"


def _values() -> str:
    return (
        "## Values\n\n| what | values |\n|---|---|\n"
        + _row(("`actions`", _listed(kind.value for kind in ActionKind)))
        + "\n"
        + _row(("`automatic`", _listed(kind.value for kind in sorted(ITEM_ACTIONS))))
        + "\n"
        + _row(("`protected_purposes`", _listed(purpose.value for purpose in Purpose)))
        + "\n"
        + _row(("`outcome`", _listed(outcome.value for outcome in Outcome)))
        + "\n"
    )


def _stored() -> str:
    return (
        "## What a decision stores\n\n"
        "Numbers, truth values, times, durations, scores, and these texts, which nobody wrote:\n"
        f"{_listed(sorted(STORED_TEXTS))}. Of every other text a decision stores only what the "
        "rule\nmade of it, such as `len(text)` or `contains(text, …)`.\n"
    )


def _keys(title: str, keys: Mapping[str, str], left: str = "key", right: str = "meaning") -> str:
    lines = [f"## {title}", "", f"| {left} | {right} |", "|---|---|"]
    is_code = left in ("key", "scheme", "code")
    lines += [_row((f"`{key}`" if is_code else key, doc)) for key, doc in keys.items()]
    return "\n".join(lines) + "\n"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
