"""The parts of a training by themselves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.textmodel import LetterVectors
from tocsin.errors import InputError
from tocsin.nlp import Harm, PostText, Reading
from tocsin.nlp.scorer import review_margin
from tocsin.nlp.types import Threat, ThreatKind
from tocsin.nlp.weights import OUTPUTS, Floats
from tocsin.training import read_licences
from tocsin.training.accounts import fit_accounts
from tocsin.training.posts import Target, TrainingPost
from tocsin.training.shown import card_tables
from tocsin.training.threads import one_thread
from tocsin.training.thresholds import MIN_GROUP, ORDINARY_SHARE, SPARED_SHARE, review_thresholds
from tocsin.training.vectors import KeptVectors

THREAT = Threat(kind=ThreatKind.DIRECT, score=0.9, own_voice=True)


def post(number: int, *groups: str, account: str = "", is_pro: bool = False) -> TrainingPost:
    targets = {name: Target(is_true=False, weight=1.0) for name in OUTPUTS}
    return TrainingPost(
        post=PostText(id=f"e{number}", text="-"),
        data_set="town",
        account=account or f"a{number}",
        has_account=bool(account),
        code="",
        groups=groups,
        is_ordinary="ordinary" in groups,
        domain="town",
        targets={**targets, "affinity": Target(is_true=is_pro, weight=1.0)},
    )


# --- thresholds ----------------------------------------------------------------------------------


@settings(max_examples=30)
@given(
    st.integers(0, 2**32 - 1), st.sampled_from([MIN_GROUP, 700]), st.sampled_from([0.0, 0.2, 0.9])
)
def test_thresholds_keep_their_share_of_every_kind_of_text(
    seed: int, size: int, named_share: float
) -> None:
    kinds = {"news": SPARED_SHARE, "mockery": SPARED_SHARE, "ordinary": ORDINARY_SHARE}
    posts = [post(n, kind) for kind in kinds for n in range(size)]
    drawn = np.random.default_rng(seed)
    logits = drawn.normal(size=(len(posts), len(OUTPUTS))).astype(np.float32)
    logits[size : 2 * size] += 3  # the worst kind decides
    is_named = drawn.random(len(posts)) < named_share
    logits[is_named] += drawn.normal()
    plain = Reading(text="-", language="en")
    readings = [replace(plain, threats=(THREAT,)) if named else plain for named in is_named]
    found = review_thresholds(logits, posts, readings)
    for place, harm in enumerate(Harm):
        margins = np.array([review_margin(harm, reading) for reading in readings])
        flagged = logits[:, place] >= found[harm].threshold + margins
        for start, share in zip(range(0, len(posts), size), kinds.values(), strict=True):
            assert flagged[start : start + size].sum() <= max(share * size, 1)


def test_a_kind_that_is_too_small_tells_nothing() -> None:
    posts = [post(n, "news") for n in range(MIN_GROUP - 1)]
    logits = np.zeros((len(posts), len(OUTPUTS)), np.float32)
    readings = [Reading(text="-", language="en")] * len(posts)
    with pytest.raises(InputError, match="threshold"):
        review_thresholds(logits, posts, readings)


# --- kept vectors --------------------------------------------------------------------------------


class Other(LetterVectors):
    version = "2"


TEXTS = ["the harbour", "السفن تصل", "", "half \ud800", "the harbour"]


def same(one: Floats, other: Floats) -> bool:
    return np.array_equal(one, other)


def test_what_is_kept_is_not_asked_for_again(tmp_path: Path) -> None:
    first, second = LetterVectors(), LetterVectors()
    kept = KeptVectors(first, tmp_path / "v")
    assert same(kept.embed(TEXTS), LetterVectors().embed(TEXTS))
    kept.save()
    again = KeptVectors(second, tmp_path / "v")
    assert same(again.embed([*TEXTS, "more"]), LetterVectors().embed([*TEXTS, "more"]))
    assert second.asked == ["more"]
    assert (again.name, again.version) == (first.name, first.version)


def test_another_source_is_asked_itself(tmp_path: Path) -> None:
    kept = KeptVectors(LetterVectors(), tmp_path / "v")
    kept.embed(TEXTS)
    kept.save()
    other = Other()
    KeptVectors(other, tmp_path / "v").embed(["the harbour"])
    assert other.asked == ["the harbour"]


def test_the_file_holds_no_text(tmp_path: Path) -> None:
    kept = KeptVectors(LetterVectors(), tmp_path / "v")
    kept.embed(TEXTS)
    kept.save()
    assert b"harbour" not in (tmp_path / "v").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["v"]


@pytest.mark.parametrize("content", [b"", b"{}", b"\x00" * 40])
def test_a_damaged_file_is_started_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "v").write_bytes(content)
    source = LetterVectors()
    kept = KeptVectors(source, tmp_path / "v")
    kept.embed(["the harbour"])
    kept.save()
    assert KeptVectors(LetterVectors(), tmp_path / "v").embed(["the harbour"]).shape == (1, 8)


def test_where_nothing_was_asked_nothing_is_written(tmp_path: Path) -> None:
    KeptVectors(LetterVectors(), tmp_path / "v").save()
    assert list(tmp_path.iterdir()) == []


# --- licences, accounts, threads, the card -------------------------------------------------------


def test_licences_are_read_by_set(tmp_path: Path) -> None:
    (tmp_path / "l.tsv").write_text("# of ours\n\ntown\tCC0-1.0\nsquare\tCC BY 4.0\n")
    assert read_licences(tmp_path / "l.tsv") == {"town": "CC0-1.0", "square": "CC BY 4.0"}


@pytest.mark.parametrize("line", ["town CC0-1.0", "\tMIT", "town\t"])
def test_a_line_that_names_no_licence_is_refused_with_its_number(tmp_path: Path, line: str) -> None:
    (tmp_path / "l.tsv").write_text(f"# first\n{line}\n")
    with pytest.raises(InputError) as refused:
        read_licences(tmp_path / "l.tsv")
    assert refused.value.where == "l.tsv:2"


def accounts(n_pro: int, n_other: int) -> Sequence[TrainingPost]:
    numbers = [(n, n < n_pro) for n in range(n_pro + n_other)]
    return [
        post(100 * n + k, account=f"a{n}", is_pro=is_pro) for n, is_pro in numbers for k in range(4)
    ]


@pytest.mark.parametrize(("n_pro", "n_other"), [(0, 0), (2, 3), (20, 0), (0, 20)])
def test_too_few_accounts_are_refused(n_pro: int, n_other: int) -> None:
    posts = accounts(n_pro, n_other)
    with pytest.raises(InputError, match="account"):
        fit_accounts(np.zeros((len(posts), len(OUTPUTS)), np.float32), posts)


def test_the_threshold_of_accounts_flags_about_one_in_a_hundred_others() -> None:
    posts = accounts(40, 400)
    logits = np.random.default_rng(5).normal(size=(len(posts), len(OUTPUTS))).astype(np.float32)
    logits[:160, OUTPUTS.index("affinity")] += 2
    with one_thread():
        found = fit_accounts(logits, posts)
        again = fit_accounts(logits, posts)
    assert (found.n_supporting, found.n_others) == (40, 400)
    assert np.array_equal(found.weights, again.weights)
    assert found.threshold == again.threshold


def test_a_card_is_shown_as_it_stands() -> None:
    card = {
        "data": {
            "sets": {"town": {"posts": 3, "licence": "MIT"}},
            "languages": {"en": 3},
            "codes": {},
        },
        "cross_validated": {
            "threat": {"posts": 3, "positives": 1, "both_layers": {"auc": 0.9125, "ap": None}},
            "accounts": {"supporting": 7},
        },
        "thresholds": {"languages": ["ar", "en"], "review": {"threat": -1.25}},
    }
    tables = {table.title: table for table in card_tables(card)}
    assert tables["trained on"].rows == [("town", "3", "MIT")]
    reached = tables["reached, cross-validated"]
    assert reached.headings == ("harm", "posts", "positives", "both layers auc", "both layers ap")
    assert reached.rows == [("threat", "3", "1", "0.9125", "-")]
    assert tables["also"].rows == [("accounts supporting", "7")]
    assert tables["thresholds"].rows == [
        ("languages", "ar, en"),
        ("review threat", json.dumps(-1.25)),
    ]
