"""Every mistake is reported where it stands, as the golden files show."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.policy import golden
from tests.policy.golden import EXPECTED, FOLDER
from tocsin.policy import CODES, Code

FILES = sorted(FOLDER.glob("*.txt"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_report_is_the_golden_one(path: Path) -> None:
    sections = golden.read(path)
    assert golden.rendered(sections) == sections[EXPECTED]


def test_five_different_mistakes_are_all_reported_with_carets() -> None:
    report = golden.read(FOLDER / "five-mistakes.txt")[EXPECTED]
    assert report.count(": error: ") == 5
    assert report.count("^") >= 5
    assert report.endswith("5 errors, 0 warnings\n")


def test_there_are_golden_files_of_every_code() -> None:
    assert len(FILES) > 25
    reports = "".join(golden.read(path)[EXPECTED] for path in FILES)
    missing = {code for code in Code if f"[{code}]" not in reports}
    assert missing == set()
    assert set(CODES) == set(Code)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_messages_start_lower_case_and_end_without_a_full_stop(path: Path) -> None:
    for line in golden.read(path)[EXPECTED].splitlines():
        for word in (": error: ", ": warning: "):
            if word in line:
                message = line.split(word, 1)[1].rsplit(" [POLICY.", 1)[0]
                assert message[0].islower() or message[0] == "`"
                assert not message.endswith(".")
