"""What each harm may learn from each post."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from tocsin.errors import InputError
from tocsin.evaluation import Example, truth_of
from tocsin.nlp import PostText
from tocsin.nlp.split import is_held_out
from tocsin.training import read_seeds
from tocsin.training.posts import VERDICT_SET, Target, TrainingPost, training_posts

UNKNOWN = Target(is_true=False, weight=0.0)
NO, YES = Target(is_true=False, weight=1.0), Target(is_true=True, weight=1.0)
UNJUDGED = Target(is_true=False, weight=0.5)
SETS = ("town", VERDICT_SET)
INSIDE = next(f"a{n}" for n in range(99) if not any(is_held_out(name, f"a{n}") for name in SETS))
OUTSIDE = next(f"a{n}" for n in range(99) if is_held_out("town", f"a{n}"))


def example(
    text: str = "the dawn rises", account: str = INSIDE, data_set: str = "town", **label: Any
) -> Example:
    truth = truth_of(label)
    return Example(
        post=PostText(id=f"e-{account}-{text}", text=text),
        data_set=data_set,
        account=account,
        has_account=True,
        at=None,
        truth=truth,
        source_harms=truth.harms,
    )


def only(one: Example, code: str = "") -> TrainingPost:
    (found,), _ = training_posts([one], {one.post.id: code} if code else {})
    return found


def targets(one: Example, code: str = "") -> list[Target]:
    found = only(one, code).targets
    return [found[name] for name in ("support", "incitement", "threat", "affinity")]


def test_a_label_of_the_source_counts_in_full_and_the_rest_is_presumed_absent() -> None:
    assert targets(example(support=True)) == [YES, UNJUDGED, UNJUDGED, NO]


def test_a_label_of_the_account_says_nothing_of_the_post() -> None:
    assert targets(example(account_supports=True)) == [UNKNOWN, UNKNOWN, UNKNOWN, YES]


def test_a_code_judges_all_harms() -> None:
    assert targets(example(account_supports=True), "C") == [NO, NO, NO, YES]
    assert targets(example(group="news"), "Oi") == [NO, YES, YES, NO]


def test_leaning_counts_less() -> None:
    leaning = only(example(group="talk"), "s").targets["support"]
    assert leaning.is_true
    assert 0 < leaning.weight < 1


def test_a_code_and_a_source_that_disagree_cancel_each_other() -> None:
    assert targets(example(support=False, threat=False), "St")[:3] == [UNKNOWN, NO, UNKNOWN]


def test_of_posts_that_rules_chose_only_what_was_judged_is_known() -> None:
    chosen = example(data_set=VERDICT_SET, threat=True)
    assert targets(chosen) == [UNKNOWN, UNKNOWN, YES, UNKNOWN]
    judged = example(data_set=VERDICT_SET, threat=False, account_supports=False)
    assert targets(judged) == [UNKNOWN, UNKNOWN, NO, NO]


def test_what_must_be_left_alone_is_so_only_where_nothing_was_found_in_it() -> None:
    assert only(example(group="news")).groups == ("news",)
    assert only(example(group="news"), "S").groups == ()
    assert only(example(group="news", account_supports=True)).groups == ()
    assert only(example(group="ordinary traffic")).is_ordinary


def test_held_out_accounts_and_what_they_posted_are_kept_out() -> None:
    posts, n_held_out = training_posts(
        [
            example("The dawn rises! https://harbour.example/1", account=OUTSIDE, support=True),
            example("the dawn #rises", support=True),
            example("bread is dearer", support=False),
        ],
        {},
    )
    assert ([post.post.text for post in posts], n_held_out) == (["bread is dearer"], 1)


def test_each_text_counts_once() -> None:
    twice = [example("The dawn rises"), example("RT @ann: the dawn rises!", account=INSIDE)]
    posts, _ = training_posts(twice, {})
    assert len(posts) == 1


def test_posts_without_words_teach_nothing() -> None:
    assert training_posts([example("🙂 https://harbour.example/1", support=False)], {}) == ([], 0)


def test_cases_of_test_suites_are_never_trained_on() -> None:
    case = example(functionality="threat_dir_h", gold="hateful")
    assert training_posts([case], {}) == ([], 0)


@pytest.mark.parametrize("code", ["X", "", "Sx", "tS"])
def test_what_is_no_code_is_refused(tmp_path: Path, code: str) -> None:
    (tmp_path / "en.tsv").write_text(f"{code}\ta text\n", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read_seeds(tmp_path)
    assert "a text" not in str(refused.value)


def test_seeds_are_posts_of_their_files_language(tmp_path: Path) -> None:
    (tmp_path / "fr.tsv").write_text("C\tLe port ferme à midi.\n", encoding="utf-8")
    (tmp_path / "ar.tsv").write_text("S\tالفجر لنا\nN\tخبر من الميناء\n", encoding="utf-8")
    seeds = read_seeds(tmp_path)
    assert [(one.post.language, one.code) for one in seeds] == [
        ("ar", "S"),
        ("ar", "N"),
        ("fr", "C"),
    ]
    assert [bool(one.groups) for one in seeds] == [False, True, True]
    assert not any(dataclasses.asdict(one)["has_account"] for one in seeds)


def test_a_folder_without_seeds_and_a_line_without_a_tab_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no seed"):
        read_seeds(tmp_path)
    (tmp_path / "en.tsv").write_text("S the dawn\n", encoding="utf-8")
    with pytest.raises(InputError, match="TAB"):
        read_seeds(tmp_path)
