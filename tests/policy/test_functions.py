"""Every function of the language is documented with an example that holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.policy.kit import CATALOGUE, Table
from tocsin.policy import FUNCTIONS, Function, render_reference
from tocsin.policy.interpret import EventReader, evaluate
from tocsin.policy.parse import parse_condition
from tocsin.policy.problems import Document, Problems
from tocsin.policy.tree import TextNode

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "policy-pack.md"


def value_of(text: str) -> object:
    problems = Problems()
    wrapped = f"known({text})"
    node = TextNode(Document("f", wrapped), 0, len(wrapped), wrapped, "", wrapped)
    expr = parse_condition(node, CATALOGUE, problems)
    assert expr is not None, [problem.render() for problem in problems.found]
    return evaluate(expr.children[0], EventReader(Table({}), {}, 0))


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda function: function.name)
def test_the_example_of_a_function_holds(function: Function) -> None:
    call, value = function.example
    assert function.name in call
    assert value_of(call) == json.loads(value)


def test_no_function_is_both_there_and_unavailable() -> None:
    assert set(FUNCTIONS).isdisjoint(UNAVAILABLE)


def test_the_reference_page_is_what_the_code_says() -> None:
    assert PAGE.read_text() == render_reference()
