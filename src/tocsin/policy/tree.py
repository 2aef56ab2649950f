"""YAML as a tree of nodes that know where they stand.

Comes in: a `Document`. Goes out: its tree, or None after reporting why not. Always holds: the
tree is built from PyYAML's events without recursion, so that depth is bounded before anything
walks it; plain words are text, integers, numbers, booleans or nothing by the YAML 1.2 core rules
(`no` is a word, and so is `12:30`). Refused: anchors, aliases and tags; several documents in a
file; keys that are not words; nesting deeper than `MAX_DEPTH`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from tocsin.policy.problems import Code, Document, Place, Problems

__all__ = ["ListNode", "MapNode", "Node", "TextNode", "read_tree"]

MAX_DEPTH = 24
"""The deepest legitimate nesting, media inside a full event inside an example, is 7."""

MAX_DIGITS = 18
"""Longer numbers stay text: they do not fit into 64 bits."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUTHS = {
    word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")
}


@dataclass(slots=True)
class Node:
    """A part of a file: characters `start` to `end`."""

    document: Document
    start: int
    end: int

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.document.place(self.start, self.end)


@dataclass(slots=True)
class TextNode(Node):
    """A scalar: its text, and what it stands for (`value`: str, int, float, bool or None)."""

    text: str
    style: str
    value: str | int | float | bool | None

    def place_at(self, start: int, end: int) -> Place:
        """The place of the characters `start` to `end` of `text` in the file."""
        offsets = list(self._offsets(min(end, len(self.text))))
        if start >= len(offsets):
            if not offsets:
                return self.place
            return self.document.place(offsets[-1] + 1, offsets[-1] + 2)
        last = offsets[min(end, len(offsets)) - 1] if end > start else offsets[start]
        return self.document.place(offsets[start], last + 1)

    def _offsets(self, n: int) -> Iterator[int]:
        """For each of the first `n` characters of `text`, where it stands in the file.

        YAML changes white space (folding, indentation) and quoted characters, and nothing else,
        so both texts are walked side by side.
        """
        raw = self.document.text
        at = self.start
        if self.style in ("|", ">"):
            at = raw.find("\n", at) + 1
        elif self.style in ("'", '"'):
            at += 1
        for char in self.text[:n]:
            if char.isspace() and self.style != '"':
                yield min(at, self.end)
                at += at < self.end and raw[at].isspace()
                continue
            while at < self.end and raw[at].isspace() and not char.isspace():
                at += 1
            yield min(at, self.end)
            at += self._raw_length(at)

    def _raw_length(self, at: int) -> int:
        """How many characters of the file stand for the one at `at`."""
        raw = self.document.text
        if self.style == "'" and raw.startswith("''", at):
            return 2
        if self.style == '"' and raw.startswith("\\", at):
            return {"x": 4, "u": 6, "U": 10}.get(raw[at + 1 : at + 2], 2)
        return 1


@dataclass(slots=True)
class ListNode(Node):
    """A sequence."""

    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class MapNode(Node):
    """A mapping: its keys in order, each with the node of the key."""

    items: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, TextNode] = field(default_factory=dict)


def read_tree(document: Document, problems: Problems) -> Node | None:
    """The tree of a file; None (with a problem) where it has none."""
    builder = _Builder(document, problems)
    try:
        for event in yaml.parse(document.text, _LOADER):
            if not builder.take(event):
                return None
    except yaml.YAMLError as error:
        _report_yaml(error, document, problems)
        return None
    if builder.root is None:
        problems.error(Code.YAML, "the file is empty", document.place(0, 1))
    return builder.root


class _Builder:
    """Builds the tree from events; `take` answers False where nothing can be built."""

    def __init__(self, document: Document, problems: Problems) -> None:
        self.root: Node | None = None
        self._document = document
        self._problems = problems
        self._open: list[ListNode | MapNode] = []
        self._keys: list[TextNode | None] = []
        self._n_documents = 0

    def take(self, event: Any) -> bool:
        start, end = event.start_mark.index, event.end_mark.index
        if isinstance(event, yaml.ScalarEvent):
            return self._is_plain(event) and self._add(self._scalar(event, start, end))
        if isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
            is_list = isinstance(event, yaml.SequenceStartEvent)
            node: ListNode | MapNode = (ListNode if is_list else MapNode)(
                self._document, start, max(end, start + 1)
            )
            return self._is_plain(event) and self._add(node) and self._descend(node)
        if isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            self._open.pop()
            self._keys.pop()
        elif isinstance(event, yaml.AliasEvent):
            return self._refuse(
                Code.ALIAS, f"the alias `*{event.anchor}` is not allowed", start, end
            )
        elif isinstance(event, yaml.DocumentStartEvent):
            self._n_documents += 1
            if self._n_documents > 1:
                return self._refuse(Code.YAML, "a file holds one YAML document", start, start + 3)
        return True

    def _is_plain(self, event: Any) -> bool:
        if event.anchor is None and event.tag is None:
            return True
        what = f"anchor `&{event.anchor}`" if event.anchor is not None else f"tag `{event.tag}`"
        start = event.start_mark.index
        return self._refuse(Code.ALIAS, f"the {what} is not allowed", start, start + 1)

    def _refuse(self, code: Code, message: str, start: int, end: int) -> bool:
        hint = "write the value out in each place" if code is Code.ALIAS else None
        self._problems.error(code, message, self._document.place(start, end), hint)
        return False

    def _descend(self, node: ListNode | MapNode) -> bool:
        self._open.append(node)
        self._keys.append(None)
        if len(self._open) <= MAX_DEPTH:
            return True
        message = f"nested deeper than {MAX_DEPTH} levels"
        return self._refuse(Code.TOO_LARGE, message, node.start, node.start + 1)

    def _scalar(self, event: yaml.ScalarEvent, start: int, end: int) -> TextNode:
        style = self._document.text[start : start + 1]
        style = style if style in ("'", '"', "|", ">") and not event.implicit[0] else ""
        value = event.value if style else _plain_value(event.value)
        if not style and not event.value:
            end = start + 1
        return TextNode(self._document, start, end, event.value, style, value)

    def _add(self, node: Node) -> bool:
        if not self._open:
            self.root = node
            return True
        parent = self._open[-1]
        if isinstance(parent, ListNode):
            parent.items.append(node)
            return True
        key = self._keys[-1]
        if key is None:
            return self._add_key(node)
        self._keys[-1] = None
        if key.text in parent.items:
            first = parent.keys[key.text].place
            self._problems.error(
                Code.DUPLICATE_KEY,
                f"the key `{key.text}` stands here twice",
                key.place,
                None,
                ("first here", first),
            )
            return True
        parent.keys[key.text] = key
        parent.items[key.text] = node
        return True

    def _add_key(self, node: Node) -> bool:
        if not isinstance(node, TextNode):
            return self._refuse(Code.YAML, "a key must be a word", node.start, node.end)
        self._keys[-1] = node
        return True


def _plain_value(text: str) -> str | int | float | bool | None:
    if text in _NULLS:
        return None
    if text in _TRUTHS:
        return _TRUTHS[text]
    digits = text.removeprefix("-").removeprefix("+")
    if digits.isascii() and len(digits) <= MAX_DIGITS:
        if digits.isdigit():
            return int(text)
        whole, _, part = digits.partition(".")
        if whole.isdigit() and part.isdigit():
            return float(text)
    return text


def _report_yaml(error: yaml.YAMLError, document: Document, problems: Problems) -> None:
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "not readable"
    begun, at = getattr(error, "context_mark", None), getattr(error, "position", 0)
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        # What was left open is found at the end of the file, and shown where it begins.
        at = mark.index
        if begun is not None and at >= len(document.text):
            at = begun.index
    problems.error(
        Code.YAML,
        f"the file is not valid YAML: {what}",
        document.place(at, at + 1),
        "a text with quotes, `: ` or ` #` in it is safest as a block: `|`, and the text below it",
    )
