"""The habits of the project that a reader can rely on."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.support.markdown import sections
from tests.support.project import DOCS, REPOSITORY, text_files

KINDS = {"decisions", "breaking", "migration", "added", "changed", "fixed", "security"}
FRAGMENT = re.compile(r"(\d+)\.([a-z]+)\.md")

ADRS = sorted((DOCS / "adr").glob("[0-9]*.md"))
ADR_NAME = re.compile(r"(\d{4})-[a-z0-9]+(-[a-z0-9]+)*\.md")
ADR_PARTS = [
    "Context",
    "Decision",
    "Alternatives",
    "Consequences",
    "What would change our mind",
]
STATUS = re.compile(r"^Status: (accepted|superseded by \[\d{4}\]\(.+\.md\))$", re.MULTILINE)
DATE = re.compile(r"^Date: \d{4}-\d{2}-\d{2}$", re.MULTILINE)

MACHINE_PATH = re.compile(r"(?<![\w.*}\])~-])/(?:home|root|Users|work)/")


def test_fragments_of_the_changelog_have_a_number_and_a_kind() -> None:
    for path in (REPOSITORY / "changelog.d").iterdir():
        match = FRAGMENT.fullmatch(path.name)
        if path.name == "README.md":
            continue
        assert match is not None, path.name
        assert match.group(2) in KINDS, path.name
        assert path.read_text().strip(), path.name


@pytest.mark.parametrize("path", ADRS, ids=lambda path: path.stem)
def test_a_decision_record_has_its_parts(path: object) -> None:
    assert isinstance(path, type(REPOSITORY))
    text = path.read_text()
    title, *parts = [heading for heading, _ in sections(path)]
    match = ADR_NAME.fullmatch(path.name)
    assert match is not None
    assert title.startswith(f"{int(match.group(1))}. ")
    assert parts == ADR_PARTS
    assert STATUS.search(text)
    assert DATE.search(text)
    assert all(body.strip() for _, body in sections(path)[1:])


def test_decision_records_are_numbered_without_gaps() -> None:
    assert [int(path.name[:4]) for path in ADRS] == list(range(1, len(ADRS) + 1))


def test_no_file_names_a_path_of_one_machine() -> None:
    found = [
        f"{path.relative_to(REPOSITORY)}:{number}"
        for path in text_files()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if MACHINE_PATH.search(line)
    ]
    assert found == []


def test_the_lock_file_names_no_index_and_hashes_everything() -> None:
    lines = (REPOSITORY / "requirements" / "dev.lock").read_text()
    assert "://" not in lines
    pinned = re.findall(r"^([a-z0-9._-]+)==", lines, re.MULTILINE)
    starts = re.split(r"^(?=[a-z0-9._-]+==)", lines, flags=re.MULTILINE)[1:]
    assert len(pinned) == len(starts)
    assert [start.split("==")[0] for start in starts if "--hash=sha256:" not in start] == []


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    wanted = [
        *project["project"]["dependencies"],
        *project["dependency-groups"]["dev"],
        *(name for group in project["project"]["optional-dependencies"].values() for name in group),
    ]
    locked = set(
        re.findall(
            r"^([a-z0-9._-]+)==",
            (REPOSITORY / "requirements" / "dev.lock").read_text(),
            re.MULTILINE,
        )
    )
    names = {re.split(r"[\[><=!~ ]", wish)[0].lower().replace("_", "-") for wish in wanted}
    assert names <= locked


def test_every_make_target_explains_itself() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    explained = set(re.findall(r"^([a-z]+):[^#\n]*## \S", makefile, re.MULTILINE))
    assert explained == set(phony.group(1).split())
