"""The page on the policy language says what the code does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.policy.kit import HEAD, check, hits, rule_yaml
from tests.support.markdown import fences, table_rows
from tocsin.clock import SystemClock
from tocsin.pipeline import check as check_pack_of
from tocsin.pipeline import run_examples
from tocsin.policy import PackSource, load_pack
from tocsin.records import FeatureValue
from tocsin.testing.builders import post_event

BANKS = {
    "banks/slogans.yaml": "bank: slogans\nkind: phrase\nentries: [iron dawn rises]\n",
    "banks/sites.yaml": "bank: sites\nkind: link\nentries: [irondawn.example]\n",
}
PAGE = Path(__file__).parents[2] / "docs" / "concepts" / "policy-language.md"


def missing_table() -> list[list[str]]:
    rows = [list(cells) for cells in table_rows(PAGE.read_text())]
    return [row for row in rows if row[0].startswith("`") and len(row) == 3]


@pytest.mark.parametrize("row", missing_table(), ids=lambda row: row[0])
def test_the_table_of_missing_values_holds(row: list[str]) -> None:
    condition, known, missing = row[0].strip("`"), row[1], row[2]
    age: dict[str, FeatureValue] = {"account.age": timedelta(days=3)}
    assert hits(condition, post_event(), age) is (known == "true")
    assert hits(condition, post_event()) is (missing == "true")


def yaml_fences() -> list[str]:
    return [fence.text for fence in fences(PAGE) if fence.language == "yaml"]


def test_the_shown_rules_pass_the_check_and_keep_their_examples() -> None:
    _, labels, rules = yaml_fences()
    head = HEAD[: HEAD.index("labels:")] + labels
    report = check_pack_of(
        PackSource.from_files({"policy.yaml": head, "rules/r.yaml": rules, **BANKS})
    )
    assert report.policy is not None, report.render()
    assert report.warnings == ()
    results = run_examples(report.policy, SystemClock())
    assert len(results) == 10
    assert [result for result in results if not result.is_kept] == []


def test_the_table_is_found() -> None:
    assert len(missing_table()) == 4


def test_the_shown_mistake_is_what_the_check_says() -> None:
    (shown,) = [fence.text for fence in fences(PAGE) if fence.language == "text"]
    when = rule_yaml("account.age < 7").splitlines(keepends=True)
    report = check({"rules/r.yaml": "".join([when[0], "  note: x\n", *when[1:]])})
    assert report.problems[0].render() == shown


def test_the_shown_rule_is_the_one_that_ships() -> None:
    shown = yaml_fences()[0]
    shipped = load_pack().files["rules/support.yaml"]
    for line in shown.splitlines()[:5]:
        assert line in shipped
