from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.errors import InputError, NotFoundError
from tocsin.policy import PackSource, load_pack


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("policy.yaml", "rules/b.yaml", "rules/a.yml", "banks/c.yaml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"# {name}\n")
    return tmp_path


def test_the_pack_in_the_wheel_is_read_without_a_path() -> None:
    assert "policy.yaml" in load_pack().files


def test_only_yaml_in_the_folders_of_a_pack_is_read(folder: Path) -> None:
    (folder / "notes.txt").write_text("no")
    (folder / "rules" / ".hidden.yaml").write_text("no")
    (folder / "rules" / "link.yaml").symlink_to(folder / "policy.yaml")
    (folder / "rules" / "deeper").mkdir()
    (folder / "rules" / "deeper" / "x.yaml").write_text("no")
    assert set(load_pack(folder).files) == {
        "policy.yaml", "rules/a.yml", "rules/b.yaml", "banks/c.yaml",
    }  # fmt: skip


def test_a_source_can_be_rebuilt_from_its_files(folder: Path) -> None:
    source = load_pack(folder)
    rebuilt = PackSource.from_files(dict(reversed(list(source.files.items()))))
    assert rebuilt.version == source.version
    assert rebuilt.files == source.files


def test_the_version_covers_names_and_texts() -> None:
    versions = {
        PackSource.from_files(files).version
        for files in ({"a": "bc"}, {"ab": "c"}, {"a": "bd"}, {"a": "b", "c": ""})
    }
    assert len(versions) == 4


def test_a_missing_folder_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        load_pack(tmp_path / "nowhere")


def test_a_nul_character_is_refused_where_it_stands() -> None:
    with pytest.raises(InputError) as caught:
        PackSource.from_files({"policy.yaml": "name: a\nti\0tle: b\n"})
    assert caught.value.where == "policy.yaml:2:3"


def test_bytes_that_are_no_text_are_refused(folder: Path) -> None:
    (folder / "policy.yaml").write_bytes(b"name: x\ntitle: \xff\n")
    with pytest.raises(InputError, match="UTF-8") as caught:
        load_pack(folder)
    assert caught.value.where == "policy.yaml:2"


def test_lone_surrogates_are_refused() -> None:
    with pytest.raises(InputError, match="not valid text"):
        PackSource.from_files({"policy.yaml": "\ud800"})


def test_a_huge_file_is_refused(folder: Path) -> None:
    (folder / "banks" / "c.yaml").write_text("x" * 8_000_001)
    with pytest.raises(InputError, match="bytes"):
        load_pack(folder)


def test_too_many_files_are_refused() -> None:
    with pytest.raises(InputError, match="files"):
        PackSource.from_files({f"rules/{n}.yaml": "" for n in range(1_001)})
