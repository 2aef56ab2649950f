from __future__ import annotations

import pytest

from tocsin.policy.problems import Code, Document, Problems
from tocsin.policy.tree import MapNode, Node, TextNode, read_tree


def tree_of(text: str) -> tuple[Node | None, list[Code]]:
    problems = Problems()
    root = read_tree(Document("f.yaml", text), problems)
    return root, [problem.code for problem in problems.found]


def value_of(text: str) -> object:
    root, codes = tree_of(f"k: {text}")
    assert codes == []
    assert isinstance(root, MapNode)
    node = root.items["k"]
    assert isinstance(node, TextNode)
    return node.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3), ("-3", -3), ("3.5", 3.5), ("true", True), ("False", False), ("~", None),
        ("", None), ("no", "no"), ("yes", "yes"), ("12:30", "12:30"), ("0x10", "0x10"),
        ("1e5", "1e5"), ('"3"', "3"), ("'true'", "true"), ("2026-01-02", "2026-01-02"),
        ("9" * 19, "9" * 19), ("٣", "٣"), ("1_000", "1_000"),
    ],
)  # fmt: skip
def test_plain_words_are_read_by_the_core_rules(text: str, value: object) -> None:
    assert value_of(text) == value
    assert type(value_of(text)) is type(value)


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 20_000, '{"a":' * 50_000])
def test_deep_nesting_is_refused_without_recursion(text: str) -> None:
    assert tree_of(text) == (None, [Code.TOO_LARGE])


@pytest.mark.parametrize("text", ["", "# nothing\n", "a: \x07", "--- a\n--- b", "? [a]\n: b"])
def test_what_is_no_single_document_is_refused(text: str) -> None:
    assert tree_of(text)[1] == [Code.YAML]


def test_an_alias_bomb_is_refused_at_its_first_anchor() -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(50))
    assert tree_of(bomb) == (None, [Code.ALIAS])


@pytest.mark.parametrize(
    "text",
    [
        "k: one @two",
        "k: 'it''s @two'",
        'k: "say \\"hi\\" \\u00e9 @two"',
        "k: |\n  one\n    @two\n",
        "k: >-\n  one\n  more @two\n",
        "k: one\n  more @two",
        "k: الفجر @two",
    ],
)
def test_a_character_of_a_scalar_is_found_in_the_file(text: str) -> None:
    root, _ = tree_of(text)
    assert isinstance(root, MapNode)
    node = root.items["k"]
    assert isinstance(node, TextNode)
    at = node.text.index("@")
    place = node.place_at(at, at + 4)
    assert place.source[place.column - 1 :].startswith("@two")
    assert place.length == 4


def test_a_place_behind_the_end_of_a_scalar_stays_in_the_file() -> None:
    root, _ = tree_of("k: one")
    assert isinstance(root, MapNode)
    node = root.items["k"]
    assert isinstance(node, TextNode)
    assert str(node.place_at(99, 100)) == "f.yaml:1:7"
