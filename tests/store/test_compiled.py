"""Compiled databases on disk: whole or as good as none, private, few, without protectees."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.detectors import BankDetectors, detect
from tocsin.matching.scan import WORTH_KEEPING
from tocsin.store.compiled import KEPT, CompiledFiles
from tocsin.testing import T0, bank_entry, post_event
from tocsin.testing.detector_conformance import given

PHRASES = [bank_entry(f"slogan number {number}x") for number in range(WORTH_KEEPING + 5)]
NAMES = [
    bank_entry(f"Mara Ellison {number}x", bank="staff", kind="protectee")
    for number in range(WORTH_KEEPING + 5)
]
POSTS = given([post_event("Slogan number 7x!"), post_event("for Mara Ellison 8x")])


def files(folder: Path) -> list[Path]:
    return sorted((folder / "compiled").glob("*"))


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    kept = CompiledFiles(tmp_path)
    assert kept.get("a") is None
    kept.put("a", b"compiled")
    assert kept.get("a") == b"compiled"
    (path,) = files(tmp_path)
    assert path.stat().st_mode & 0o077 == 0


def test_a_file_that_is_not_whole_is_none(tmp_path: Path) -> None:
    kept = CompiledFiles(tmp_path)
    kept.put("a", b"compiled")
    (path,) = files(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    assert kept.get("a") is None


def test_the_oldest_go(tmp_path: Path) -> None:
    kept = CompiledFiles(tmp_path)
    for number in range(KEPT + 3):
        kept.put(str(number), b"compiled")
    assert len(files(tmp_path)) == KEPT


def test_a_disk_that_takes_nothing_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "compiled").write_text("a file where the folder should be")
    CompiledFiles(tmp_path).put("a", b"compiled")
    assert "is not kept" in caplog.text


def test_a_detector_from_the_disk_finds_the_same(tmp_path: Path) -> None:
    entries = [*PHRASES, *NAMES]
    first = BankDetectors(CompiledFiles(tmp_path)).from_entries(entries, T0)
    (path,) = files(tmp_path)
    again = BankDetectors(CompiledFiles(tmp_path)).from_entries(entries, T0)
    assert files(tmp_path) == [path]
    plain = BankDetectors().from_entries(entries, T0)
    found = [detect(POSTS, detectors) for detectors in (first, again, plain)]
    assert found[0] == found[1] == found[2]
    assert set(found[0]) == {0, 1}


def test_a_kept_database_of_another_machine_is_compiled_again(tmp_path: Path) -> None:
    BankDetectors(CompiledFiles(tmp_path)).from_entries(PHRASES, T0)
    (path,) = files(tmp_path)
    CompiledFiles(tmp_path).put(path.stem, b"not a database of this machine")
    detectors = BankDetectors(CompiledFiles(tmp_path)).from_entries(PHRASES, T0)
    assert set(detect(POSTS, detectors)) == {0}


def test_names_of_protectees_are_not_on_the_disk(tmp_path: Path) -> None:
    BankDetectors(CompiledFiles(tmp_path)).from_entries([*PHRASES, *NAMES], T0)
    (path,) = files(tmp_path)
    content = path.read_bytes()
    assert b"slogan" in content, "literals do stand in a compiled database"
    assert b"mara" not in content
    assert b"ellison" not in content
