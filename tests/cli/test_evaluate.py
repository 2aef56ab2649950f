"""`tocsin eval text`: the table, the files it writes, and what it refuses."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.keywords import use_keywords
from tests.support.labelled import small_world
from tests.support.markdown import fences
from tests.support.project import DOCS
from tests.support.runs import Ran, run_command

Evaluate = Callable[..., Ran]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small world of labelled events."""
    return small_world(tmp_path_factory.mktemp("data") / "data")


@pytest.fixture
def evaluate(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Evaluate:
    """Runs `tocsin eval text` with the scorer that looks for words."""
    use_keywords(monkeypatch, tmp_path / "model")
    monkeypatch.chdir(tmp_path)
    return lambda *words: run_command(capfd, "eval", "text", *words)


def test_the_table_shows_found_and_wrongly_flagged_together(evaluate: Evaluate, data: Path) -> None:
    ran = evaluate(data)
    assert ran.status == 0, ran.err
    for told in (
        "Flagged: must not flag",
        "Flagged: ordinary",
        "Found: threat, threats (square)",
        "RECALL AT 1 %",
        "AP (BASE)",
        "CALIBRATION",
        "ABSTAINED",
        "traffic about terror groups",
        "Accounts: support",
    ):
        assert told in ran.out
    assert "umbrella" not in ran.out + ran.err
    assert "handle_of" not in ran.out + ran.err


def test_programs_read_one_object(evaluate: Evaluate, data: Path) -> None:
    (found,) = evaluate(data, "--compare", "naive", "--json").json
    assert list(found["contenders"]) == ["model", "naive"]
    assert {"rankings", "flagged", "accounts", "worst", "notes"} <= set(found)


def test_files_hold_the_figures_and_a_page(evaluate: Evaluate, data: Path, tmp_path: Path) -> None:
    ran = evaluate(data, "--save", "out/eval.json", "--html", "out/eval.html")
    assert ran.status == 0, ran.err
    saved = json.loads((tmp_path / "out" / "eval.json").read_text())
    assert saved["split"] == "held-out"
    assert "<svg" in (tmp_path / "out" / "eval.html").read_text()


def test_as_written_only_leaves_the_other_form_out(evaluate: Evaluate, data: Path) -> None:
    (found,) = evaluate(data, "--as-written-only", "--json").json
    assert {row["surface"] for row in found["rankings"]} == {"as written"}


def test_codes_judge_posts_by_hand(evaluate: Evaluate, data: Path, tmp_path: Path) -> None:
    codes = [f"eq{n}\t{'NSs'[n % 3]}" for n in range(400)]
    (tmp_path / "codes.tsv").write_text("\n".join(codes))
    (found,) = evaluate(data, "--codes", "codes.tsv", "--json").json
    assert "support, judged by hand" in {row["group"] for row in found["rankings"]}


def test_what_the_model_was_trained_on_is_refused_with_status_4(
    evaluate: Evaluate, data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use_keywords(monkeypatch, tmp_path / "trained", [("town", "pro1"), ("town", "plain2")])
    ran = evaluate(data, "--split", "all")
    assert ran.status == 4
    assert "the model was trained on accounts" in ran.err
    assert "2 of `town`" in ran.err
    assert ran.out == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["none"], "no such file or folder"),
        (["."], "no file of events"),
        ([], "nothing to measure on"),
        (["data", "--split", "some"], "--split"),
    ],
)
def test_your_input_is_status_2(evaluate: Evaluate, words: list[str], told: str) -> None:
    ran = evaluate(*words)
    assert ran.status == 2
    assert told in ran.err


def test_a_model_without_its_list_of_what_it_was_trained_on_is_refused(
    evaluate: Evaluate, data: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    ran = evaluate(data, "--model", "empty")
    assert ran.status == 2
    assert "trained-on.bin" in ran.err


def test_the_how_to_works_as_it_stands(evaluate: Evaluate, data: Path, tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to(data)
    (tmp_path / "codes.tsv").write_text("epro1\tS\n")
    page = DOCS / "how-to" / "evaluate-text-models.md"
    shown = [
        shlex.split(line.removeprefix("$ tocsin eval text "))
        for fence in fences(page)
        if fence.language == "console"
        for line in fence.text.splitlines()
        if line.startswith("$ tocsin eval text ")
    ]
    assert len(shown) > 2
    for words in shown:
        plain = [word for word in words if word not in {"my-model/", "--model"}]
        ran = evaluate(*plain)
        assert ran.status == 0, (words, ran.err)
