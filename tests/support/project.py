"""What the contract tests know of the repository: where things are and which modules exist."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Final

import tocsin

__all__ = ["DOCS", "REPOSITORY", "SOURCE", "imported_modules", "module_names", "text_files"]

REPOSITORY: Final = Path(__file__).parent.parent.parent
SOURCE: Final = REPOSITORY / "src" / "tocsin"
DOCS: Final = REPOSITORY / "docs"

FOLDERS: Final = (".ci", "benchmarks", "changelog.d", "deploy", "docs", "examples", "scripts")
CODE: Final = ("src", "tests", "requirements")
BINARY: Final = frozenset(
    {
        *(".png", ".gz", ".zst", ".pyc", ".db", ".woff2", ".ico", ".jpg", ".arrow"),
        *(".bin", ".safetensors"),
    }
)

ENTRY_SCRIPTS: Final = frozenset({"tocsin.store.migrations.env"})
"""Run by Alembic inside a migration; it cannot be imported outside one."""


@cache
def module_names() -> tuple[str, ...]:
    """Every module of the package, entry scripts and migrations excepted."""
    found = pkgutil.walk_packages(tocsin.__path__, "tocsin.")
    names = ("tocsin", *(info.name for info in found))
    return tuple(
        name
        for name in names
        if name not in ENTRY_SCRIPTS
        and ".migrations.versions." not in name
        and not name.endswith("__main__")
    )


def imported_modules() -> Iterator[ModuleType]:
    """Every module of the package, imported."""
    for name in module_names():
        yield importlib.import_module(name)


def text_files() -> Iterator[Path]:
    """Every text file of the repository that people wrote."""
    for path in sorted(REPOSITORY.iterdir()):
        if path.is_file() and path.suffix not in BINARY:
            yield path
    for folder in (*FOLDERS, *CODE):
        for path in sorted((REPOSITORY / folder).rglob("*")):
            inside = path.relative_to(REPOSITORY).parts
            if path.is_file() and path.suffix not in BINARY and "__pycache__" not in inside:
                yield path
