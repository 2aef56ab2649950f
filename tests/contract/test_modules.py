"""What every module promises: a docstring, an honest list of public names, examples that run."""

from __future__ import annotations

import ast
import doctest
import importlib

import pytest

from tests.support.project import SOURCE, module_names

SOURCES = sorted(SOURCE.rglob("*.py"))
PACKAGES = [name for name in module_names() if (SOURCE.parent / name.replace(".", "/")).is_dir()]


def id_of(path: object) -> str:
    return str(path).rpartition("src/")[2]


def public_names(name: str) -> set[str]:
    """What a package's `__init__` defines, or takes from its own modules, without underscore."""
    tree = ast.parse((SOURCE.parent / name.replace(".", "/") / "__init__.py").read_text())
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith(f"{name}."):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return {item for item in found if not item.startswith("_")}


@pytest.mark.parametrize("path", SOURCES, ids=id_of)
def test_every_module_says_what_it_is(path: object) -> None:
    assert isinstance(path, type(SOURCE))
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring, f"{path} has no docstring"
    assert docstring.splitlines()[0].endswith((".", ":", "?")), "the first line is a sentence"


@pytest.mark.parametrize("name", PACKAGES)
def test_the_public_names_of_a_package_are_its_all(name: str) -> None:
    module = importlib.import_module(name)
    listed = getattr(module, "__all__", [])
    assert len(listed) == len(set(listed))
    assert set(listed) == public_names(name)


@pytest.mark.parametrize("name", module_names())
def test_every_listed_name_exists(name: str) -> None:
    module = importlib.import_module(name)
    missing = [item for item in getattr(module, "__all__", []) if not hasattr(module, item)]
    assert missing == []


@pytest.mark.parametrize("name", module_names())
def test_the_examples_in_docstrings_run(name: str) -> None:
    module = importlib.import_module(name)
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0


def test_only_the_command_line_prints() -> None:
    printing = [
        id_of(path)
        for path in SOURCES
        if "cli" not in path.relative_to(SOURCE).parts
        and any(
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "print"
            for node in ast.walk(ast.parse(path.read_text()))
        )
    ]
    assert printing == []
