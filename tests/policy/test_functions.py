"""Every function of the language is documented with an example that holds."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.policy.kit import HEAD, rule_yaml, signal
from tocsin.detectors import BankDetectors, detect
from tocsin.features import compute
from tocsin.pipeline import registry
from tocsin.plugins import DetectorInput
from tocsin.policy import (
    FUNCTIONS,
    SPECIAL,
    Form,
    Function,
    PackSource,
    check_pack,
    described_functions,
    render_reference,
)
from tocsin.policy.catalogue import Catalogue
from tocsin.policy.interpret import EventReader, Result, evaluate
from tocsin.records import LabelHolder, SignalSpec
from tocsin.testing.builders import T0, actor, batch_of, post_event

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "policy-pack.md"
TEXT = "The Iron Dawn rises #irondawn https://join.irondawn.example/1"
FILES = {
    "policy.yaml": HEAD,
    "banks/slogans.yaml": "bank: slogans\nkind: phrase\nentries: [iron dawn]\n",
    "banks/letters.yaml": f"bank: letters\nkind: phrase\nentries:\n  - '{TEXT.upper()}'\n",
    "banks/sites.yaml": "bank: sites\nkind: link\nentries: [irondawn.example]\n",
}


class Watched:
    """The label of the example stands on the account."""

    def has(self, row: int, holder: LabelHolder, name: str) -> bool | None:
        return (row, holder, name) == (0, LabelHolder.ACCOUNT, "watched")


def value_of(call: str) -> Result:
    """The value of an expression for the post of `functions.EXAMPLE`."""
    rules = rule_yaml('text in bank("slogans")', "slogan") + rule_yaml(f"|\n    known({call})")
    base = registry.catalogue()
    catalogue = Catalogue(
        features=base.features, signals={"support": SignalSpec(name="support", doc="")}
    )
    report = check_pack(PackSource.from_files({**FILES, "rules/r.yaml": rules}), catalogue)
    policy = report.policy
    assert policy is not None, report.render()
    author = actor(handle="mara_1990", created_at=T0 - timedelta(days=30))
    batch = batch_of(post_event(TEXT, by=author, event_id="e1"))
    features = compute(batch)
    found = detect(
        DetectorInput(batch=batch, features=features, texts=features),
        BankDetectors().from_entries(policy.entries, T0, policy.signals),
    )
    signals = {**found.get(0, {}), "support": signal("support", 0.7)}
    condition = policy.by_id["r1"].condition
    return evaluate(condition.children[0], EventReader(features, signals, 0, labels=Watched()))


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda function: function.name)
def test_the_example_of_a_function_holds(function: Function) -> None:
    call, value = function.example
    assert function.name in call
    assert value_of(call) == json.loads(value)


@pytest.mark.parametrize("form", SPECIAL.values(), ids=lambda form: form.name)
def test_the_example_of_a_form_holds(form: Form) -> None:
    call, value = form.example
    assert form.name in call
    assert value_of(call) is json.loads(value)


@pytest.mark.parametrize(
    "call",
    [
        'hashtags in bank("letters")',
        'link.host not in bank("sites")',
        'near_duplicate_of(text, bank("slogans"))',
        'matches(text, "iron +dawns")',
        'signal("support").abstained',
        'has_label("watched", of=handle)',
        'rule("slogan") and word_count(text) < 2',
        "sample(0.0001)",
    ],
)
def test_what_does_not_hold_of_the_example_is_false(call: str) -> None:
    assert value_of(call) is False


def test_every_name_is_described_once() -> None:
    names = [item.name for group in described_functions() for item in group.items]
    assert len(names) == len(set(names))


def test_the_reference_page_is_what_the_code_says() -> None:
    assert PAGE.read_text() == render_reference()
