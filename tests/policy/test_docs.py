"""The page on the policy language says what the code does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.policy.kit import check, hits, rule_yaml
from tests.support.markdown import fences, table_rows
from tocsin.policy import load_pack
from tocsin.records import FeatureValue
from tocsin.testing.builders import post_event

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


def test_the_table_is_found() -> None:
    assert len(missing_table()) == 4


def test_the_shown_mistake_is_what_the_check_says() -> None:
    (shown,) = [fence.text for fence in fences(PAGE) if fence.language == "text"]
    when = rule_yaml("account.age < 7").splitlines(keepends=True)
    report = check({"rules/r.yaml": "".join([when[0], "  note: x\n", *when[1:]])})
    assert report.problems[0].render() == shown


def test_the_shown_rule_is_the_one_that_ships() -> None:
    (shown,) = [fence.text for fence in fences(PAGE) if fence.language == "yaml"]
    shipped = load_pack().files["rules/support.yaml"]
    for line in shown.splitlines()[:5]:
        assert line in shipped
