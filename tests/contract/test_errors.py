"""Every error code has a section with an example that raises it, and every section a code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.markdown import sections, table_rows
from tests.support.project import DOCS, SOURCE, imported_modules
from tocsin.errors import TocsinError
from tocsin.records import Refusal

PAGE = DOCS / "reference" / "errors.md"
CODE = re.compile(r"^`([A-Z_.]+)`$")
OPENING = re.compile(r"[a-z0-9`{(]|[A-Z]{2}|PostgreSQL|SQLite|Arrow|Parquet|Hyperscan|Python")
"""How a message may begin: in lower case, or with a name that has a capital anyway."""

EXAMPLE = re.compile(r"```python\n(.*?)```", re.DOTALL)


def classes() -> dict[str, type[TocsinError]]:
    """Code -> the class that introduced it."""
    for _ in imported_modules():
        pass
    found: dict[str, type[TocsinError]] = {}
    waiting: list[type[TocsinError]] = [TocsinError]
    while waiting:
        this = waiting.pop()
        waiting += this.__subclasses__()
        if "code" in vars(this):
            assert this.code not in found, f"two classes have the code {this.code}"
            found[this.code] = this
    return found


def documented() -> dict[str, str]:
    titles = ((CODE.match(title), body) for title, body in sections(PAGE))
    return {match.group(1): body for match, body in titles if match is not None}


def test_the_page_lists_the_codes_of_the_code() -> None:
    assert set(documented()) == set(classes())


@pytest.mark.parametrize("code", sorted(documented()))
def test_the_example_of_a_code_raises_it(code: str, tmp_path: Path) -> None:
    body = documented()[code]
    example = EXAMPLE.search(body)
    assert example is not None, f"{code} has no example"
    expected = classes()[code]
    with pytest.raises(expected) as caught:
        exec(  # noqa: S102  # the page's own text
            compile(example.group(1), "errors.md", "exec"), {"tmp_path": tmp_path}
        )
    assert type(caught.value).code == code
    assert f"| {expected.exit_status} | {expected.http_status} |" in body


def test_the_page_lists_the_reasons_of_refused_lines() -> None:
    bodies = [body for title, body in sections(PAGE) if title == "Refused lines"]
    assert {row[0].strip("`") for row in table_rows(bodies[0])} == {str(r) for r in Refusal}


def raised_messages() -> Iterator[tuple[str, str]]:
    """Place and text of each literal message given to one of our errors."""
    names = {cls.__name__ for cls in classes().values()}
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in names
                and node.args
            ):
                first = node.args[0]
                parts = first.values if isinstance(first, ast.JoinedStr) else [first]
                text = "".join(
                    str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts
                )
                if isinstance(first, ast.JoinedStr | ast.Constant):
                    yield f"{path.relative_to(SOURCE)}:{node.lineno}", text


def test_messages_start_in_lower_case_and_end_without_a_full_stop() -> None:
    wrong = [
        f"{place}: {text}"
        for place, text in raised_messages()
        if not OPENING.match(text) or text.endswith(".")
    ]
    assert wrong == []
