"""Data flows one way: the import contracts hold, and no package stands outside them."""

from __future__ import annotations

import configparser
import subprocess
import sys
from pathlib import Path

from tests.support.project import REPOSITORY, SOURCE

OUTSIDE = {"testing", "packs", "models"}
"""`testing` may import anything, and nothing imports it (below);
`packs` and `models` hold no code."""


def contracts() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(REPOSITORY / ".importlinter")
    return parser


def layers() -> set[str]:
    lines = contracts()["importlinter:contract:layers"]["layers"].split("\n")
    names = [name for line in lines for name in line.split("|")]
    return {name.strip().strip("()") for name in names if name.strip()}


def test_the_contracts_hold() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run(
        [program, "--no-cache"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout


def test_every_package_and_module_has_a_layer() -> None:
    there = {
        path.stem
        for path in SOURCE.iterdir()
        if (path.is_dir() and path.name != "__pycache__") or path.suffix == ".py"
    }
    assert there - OUTSIDE - {"__init__", "__main__"} <= layers()


def test_nothing_that_runs_imports_the_test_kit() -> None:
    importing = [
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if path.relative_to(SOURCE).parts[0] != "testing" and "tocsin.testing" in path.read_text()
    ]
    assert importing == []
