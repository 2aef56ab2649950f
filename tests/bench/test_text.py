"""The benchmark of text models runs and speaks its format; how fast anything is, no test says."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.support.textmodel import hand_weights
from tocsin.bench.posts import make_posts
from tocsin.bench.text import TextSizes, bench_text
from tocsin.cli.bench import command
from tocsin.errors import InputError
from tocsin.nlp.weights import write_weights

SMALL = TextSizes(warm=300, posts=300, vectors=8, scored=40, rounds=1)


def test_every_figure_says_what_it_is(tmp_path: Path) -> None:
    write_weights(tmp_path, hand_weights({"ironward": {"support": 4.0}}))
    found = {figure.measure: figure for figure in bench_text(model=tmp_path, sizes=SMALL)}
    always = {
        "readings_per_s": "posts/s/core",
        "first_layer_posts_per_s": "posts/s/core",
        "scorer_posts_per_s": "posts/s/core",
        "peak_memory_mib": "MiB",
    }
    assert {name: found[name].unit for name in always} == always
    assert all(found[name].value > 0 for name in always)
    assert found["first_layer_posts_per_s"].params["batch"] == 256
    if "vectors_per_s" in found:
        assert 0 <= found["second_layer_share"].value <= 1


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no weights"):
        list(bench_text(model=tmp_path, sizes=SMALL))


def test_posts_are_the_same_in_every_run() -> None:
    posts = make_posts(400)
    assert posts[:50] == make_posts(50)
    lengths = [len(post.text) for post in posts]
    assert 95 <= sum(lengths) / len(lengths) <= 150
    share = sum("Iron Dawn" in post.text or "الفجر" in post.text for post in posts) / len(posts)
    assert 0.02 <= share <= 0.12


def test_a_folder_of_weights_is_for_the_text_benchmark_only(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["rules", "--model", str(tmp_path)])
    assert result.exit_code == 2
    assert "--model is for `text`" in result.output
