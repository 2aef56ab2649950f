"""Rules' own examples, run through features, detectors, windows, labels and rules."""

from __future__ import annotations

import pytest

from tests.policy.kit import HEAD
from tocsin.clock import SystemClock
from tocsin.pipeline import check, run_examples
from tocsin.policy import Code, PackSource

RULE = """\
- id: r1
  clause: terror.support
  when: {when}
  outcome: review
  priority: 500
  examples:
    hit: [{hit}]
    miss: [{miss}]
"""
BANKS = {
    "banks/slogans.yaml": "bank: slogans\nkind: phrase\nentries: [the iron dawn rises]\n",
    "banks/sites.yaml": "bank: sites\nkind: link\nentries: [irondawn.example]\n",
}


def pack(when: str, hit: str, miss: str) -> PackSource:
    rules = {"rules/r.yaml": RULE.format(when=when, hit=hit, miss=miss)}
    return PackSource.from_files({"policy.yaml": HEAD, **BANKS, **rules})


@pytest.mark.parametrize(
    ("when", "hit", "miss"),
    [
        ('has_label("watched")', "{text: x, labels: [watched]}", "{text: x}"),
        (
            'has_label("watched", of=handle)',
            "{text: x, handle_labels: [watched]}",
            "{text: x, labels: [watched]}",
        ),
        ("sample(0.001)", "{text: x, sampled: true}", "{text: x, sampled: false}"),
        ("sample(0.999)", "{text: x, sampled: true}", "{text: x, sampled: false}"),
        ('hashtags in bank("slogans")', "'#TheIronDawnRises'", "the iron dawn rises"),
        ('near_duplicate_of(text, bank("slogans"))', "The IRON dawn rises", "iron dawn rises"),
        (
            'link.host in bank("sites")',
            "'see https://join.irondawn.example/x'",
            "'see https://irondawn.example.harbour.example'",
        ),
        (r"matches(text, '\d{2}:\d{2} +at the quay')", "'12:30 at the quay'", "at the quay"),
        ("age(account.created) < days(3)", "{text: x, created_at: '2026-01-14T00:00:00Z'}", "x"),
        ('rule("r2") and lang == "en"', "{text: the quay, lang: en}", "{text: x, lang: en}"),
    ],
)  # fmt: skip
def test_an_example_can_say_everything_that_a_rule_reads(when: str, hit: str, miss: str) -> None:
    source = pack(when, hit, miss)
    files = dict(source.files)
    files["rules/r.yaml"] += RULE.format(
        when='matches(text, "quay")', hit="the quay", miss="the harbour"
    ).replace("r1", "r2")
    report = check(PackSource.from_files(files))
    assert report.policy is not None, report.render()
    results = run_examples(report.policy, SystemClock())
    assert [result for result in results if not result.is_kept] == []


def test_an_example_cannot_have_a_label_that_the_policy_does_not_declare() -> None:
    report = check(pack('has_label("watched")', "{text: x, labels: [watchd]}", "x"))
    (problem,) = report.problems
    assert (problem.code, problem.hint) == (Code.VALUE, "did you mean `watched`?")
