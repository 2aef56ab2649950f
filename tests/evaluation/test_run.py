"""A whole evaluation, with a small real scorer and the naive baseline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from tests.support.keywords import KeywordAccounts, KeywordScorer
from tests.support.labelled import event, write_events
from tocsin.errors import CheckFailedError, InputError, TocsinError
from tocsin.evaluation import (
    Evaluated,
    Evaluation,
    Example,
    Options,
    Split,
    evaluate,
    find_files,
    read_sets,
    tables,
)
from tocsin.evaluation.figures import FlaggedRow, RankingRow
from tocsin.evaluation.page import render
from tocsin.nlp import PostScore, PostText
from tocsin.nlp.trained import TrainedOn

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def examples_of(folder: Path) -> list[Example]:
    return read_sets(find_files([folder]), now=NOW)


def keywords(trained: Sequence[tuple[str, str]] = ()) -> Evaluated:
    return Evaluated(
        posts=KeywordScorer(), accounts=KeywordAccounts(), trained_on=TrainedOn.of(trained)
    )


@pytest.fixture(scope="module")
def found(world: Path) -> Evaluation:
    return evaluate(examples_of(world), keywords(), Options(with_naive=True))


def flagged(found: Evaluation, group: str, language: str = "all") -> FlaggedRow:
    (row,) = (one for one in found.flagged if (one.group, one.language) == (group, language))
    return row


def ranking(found: Evaluation, harm: str, against: str, surface: str = "as written") -> RankingRow:
    (row,) = (
        one
        for one in found.rankings
        if (one.harm, one.against, one.period, one.surface) == (harm, against, "all", surface)
        and not one.is_inherited
    )
    return row


def test_what_is_found_stands_with_what_is_flagged_wrongly(found: Evaluation) -> None:
    support = ranking(found, "support", "others of the same set")
    assert support.n_positive > 10
    assert support.figures["model"].average_precision == pytest.approx(1.0, abs=0.15)
    about = flagged(found, "traffic about terror groups").cells["model"]
    assert about.flagged.k == 0
    assert 0 < about.flagged.high < 0.2


def test_abstaining_finds_nothing_and_is_shown(found: Evaluation) -> None:
    french = flagged(found, "support")
    cell = french.cells["model"]
    assert cell.abstained.k > 0
    assert cell.flagged.k + cell.abstained.k <= french.n
    row = ranking(found, "support", "others of the same set")
    recall = row.figures["model"].recall_1
    assert recall is not None
    assert recall.found.k <= row.n_positive - cell.abstained.k


def test_both_contenders_are_measured_with_and_without_surface_cues(found: Evaluation) -> None:
    assert list(found.contenders) == ["model", "naive"]
    written = ranking(found, "threat", "others of the same set")
    plain = ranking(found, "threat", "others of the same set", "no surface cues")
    assert list(written.figures) == list(plain.figures) == ["model", "naive"]
    naive = written.figures["naive"]
    assert naive.auc is not None
    assert naive.auc > 0.95
    assert naive.abstained.k == 0


def test_a_label_of_the_account_is_reported_as_such(found: Evaluation) -> None:
    inherited = [row for row in found.rankings if row.is_inherited]
    assert inherited
    assert {row.group for row in inherited} == {"posts of pro-group accounts"}
    assert not any(row.against == "others of the same set" for row in inherited)
    assert any("label of their account" in note for note in found.notes)


def test_accounts_are_told_from_accounts_of_the_same_traffic(found: Evaluation) -> None:
    rows = [row for row in found.accounts if row.period == "all" and row.min_posts == 1]
    assert {row.against for row in rows} == {
        "accounts of traffic that must not be flagged",
        "ordinary accounts",
    }
    for row in rows:
        recall = row.figures["model"].recall_1
        assert recall is not None
        assert recall.found.n == row.n_positive > 5
        assert recall.found.share > 0.9


def test_the_worst_errors_are_named_by_id_with_the_highest_first(found: Evaluation) -> None:
    rows = [row for row in found.worst if row.contender == "naive" and row.harm == "support"]
    high = [row for row in rows if row.group == "traffic about terror groups"]
    assert 0 < len(high) <= 10
    scores = [row.score or 0.0 for row in high]
    assert scores == sorted(scores, reverse=True)
    assert all(row.id.startswith("eabout") for row in high)


def test_histograms_count_every_post_once(found: Evaluation) -> None:
    for row in found.histograms:
        n = flagged(found, row.group).n
        assert sum(row.counts) + row.n_abstained == n


def test_no_text_and_no_handle_goes_out(found: Evaluation) -> None:
    for said in (msgspec.json.encode(found).decode(), render(found), repr(list(tables(found)))):
        assert "umbrella" not in said
        assert "handle_of" not in said


def test_the_same_data_gives_the_same_figures(world: Path, found: Evaluation) -> None:
    again = evaluate(examples_of(world), keywords(), Options(with_naive=True))
    assert msgspec.json.encode(again) == msgspec.json.encode(found)


def test_tables_show_every_contender_in_every_row(found: Evaluation) -> None:
    shown = list(tables(found))
    assert shown[0].title == "Flagged: must not flag"
    for table in shown:
        who = table.headings.index("who")
        assert [row[who] for row in table.rows] == ["model", "naive"] * (len(table.rows) // 2)
        assert all(len(row) == len(table.headings) for row in table.rows)
        assert "abstained" in table.headings


def test_the_page_allows_nothing_but_its_own_style(found: Evaluation) -> None:
    page = render(found)
    assert "default-src 'none'; style-src 'sha256-" in page
    assert "<script" not in page
    assert ' style="' not in page
    assert "http://" not in page
    assert "https://" not in page
    assert page.count("<svg") > 5


def test_it_refuses_what_was_trained_on_before_scoring_anything(world: Path) -> None:
    class Untouched(KeywordScorer):
        def score(self, posts: Sequence[PostText]) -> list[PostScore]:
            raise AssertionError("nothing may be scored")

    model = Evaluated(
        posts=Untouched(),
        accounts=KeywordAccounts(),
        trained_on=TrainedOn.of([("town", "pro1")]),
    )
    with pytest.raises(CheckFailedError, match="trained on accounts"):
        evaluate(examples_of(world), model, Options(split=Split.ALL))


def test_everything_may_be_evaluated_where_nothing_was_trained_on(world: Path) -> None:
    examples = examples_of(world)
    found = evaluate(examples, keywords([("elsewhere", "pro1")]), Options(split=Split.ALL))
    assert found.n_evaluated == len(examples)
    with pytest.raises(InputError, match="nothing to train on"):
        evaluate(examples, keywords(), Options(split=Split.ALL, with_naive=True))


def test_nothing_left_to_evaluate_is_refused(tmp_path: Path) -> None:
    path = write_events(
        tmp_path / "x" / "a.jsonl", [event(n, f"Text {n}", {}, account="a0") for n in range(3)]
    )
    with pytest.raises(InputError, match="no post is left"):
        evaluate(examples_of(path), keywords(), Options())


def test_a_scorer_that_answers_out_of_order_is_a_fault(world: Path) -> None:
    class Turned(KeywordScorer):
        def score(self, posts: Sequence[PostText]) -> list[PostScore]:
            return super().score(posts)[::-1]

    model = Evaluated(posts=Turned(), accounts=KeywordAccounts())
    with pytest.raises(TocsinError, match="one score for each, in order"):
        evaluate(examples_of(world), model, Options())
