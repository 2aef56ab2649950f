"""The harm that a clause names, for the text models to learn from."""

from __future__ import annotations

import pytest

from tests.policy.kit import HEAD, check, rule_yaml
from tocsin.nlp import Harm
from tocsin.policy import CheckReport, CompiledPolicy

RULE = rule_yaml("text == 'hello'")


def report(harm: str) -> CheckReport:
    head = HEAD.replace("    severity: 4\n", f"    severity: 4\n{harm}")
    assert harm in head
    return check({"policy.yaml": head, "rules/r.yaml": RULE})


def policy(harm: str) -> CompiledPolicy:
    found = report(harm)
    assert found.policy is not None, found.render()
    return found.policy


@pytest.mark.parametrize("harm", list(Harm))
def test_a_clause_names_its_harm(harm: Harm) -> None:
    clauses = policy(f"    harm: {harm}\n").clauses
    assert clauses["terror.support"].harm is harm
    assert clauses["terror.support"].as_json()["harm"] == harm.value
    assert clauses["speech.protected"].harm is None


def test_what_is_no_harm_is_refused_with_those_that_are() -> None:
    found = report("    harm: praise\n")
    (problem,) = found.problems
    assert "harm" in problem.message
    assert "support" in (problem.hint or "")


def test_naming_a_harm_changes_no_rule() -> None:
    """Rules keep their versions, and with them everything that they have earned."""
    plain, named = policy(""), policy("    harm: support\n")
    assert [rule.version for rule in plain.rules] == [rule.version for rule in named.rules]
