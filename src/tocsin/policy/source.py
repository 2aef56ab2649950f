"""Packs as files: read from a folder, rebuilt from the ordered log.

Comes in: the path of a folder, or the files of a pack as text. Goes out: a `PackSource`. Always
holds: a source is plain data (`files`), and equal files give the equal `version`; the version
covers the meaning of the rule language too (`LANGUAGE`), so that a decision taken under another
meaning has another id. Refused: files that are not UTF-8, hold NUL characters or exceed the
limits; symbolic links are not followed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType

from tocsin.errors import InputError, NotFoundError

__all__ = ["LANGUAGE", "PackSource", "load_pack"]

LANGUAGE = "tocsin-rules/1"
"""The meaning of the rule language. Changes whenever the same rule could decide otherwise."""

MAX_FILES = 1_000
MAX_FILE_BYTES = 8_000_000
MAX_PACK_BYTES = 32_000_000
"""A bank of 50,000 phrases takes about 2 MB; a pack must fit into one entry of the ordered log."""

FOLDERS = ("", "rules", "banks")
SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class PackSource:
    """The files of one pack: relative path -> text."""

    files: Mapping[str, str]

    @classmethod
    def from_files(cls, files: Mapping[str, str]) -> PackSource:
        """A source from stored files, checked as when they were read.

        Raises:
            InputError: a file, or all of them, break a limit.
        """
        if len(files) > MAX_FILES:
            raise InputError(f"a pack has at most {MAX_FILES:,} files, this one has more")
        checked = {name: _checked(name, text) for name, text in sorted(files.items())}
        if sum(map(len, checked.values())) > MAX_PACK_BYTES:
            raise InputError(f"a pack has at most {MAX_PACK_BYTES:,} characters in all")
        return cls(MappingProxyType(checked))

    @cached_property
    def version(self) -> str:
        """SHA-256 over the language, names and texts, as 32 hexadecimal digits."""
        digest = hashlib.sha256(LANGUAGE.encode())
        for name, text in sorted(self.files.items()):
            for part in (name.encode(), text.encode()):
                digest.update(len(part).to_bytes(8, "big"))
                digest.update(part)
        return digest.hexdigest()[:32]


def load_pack(path: Path | None = None) -> PackSource:
    """Read a pack from a folder, or the one that ships with Tocsin where `path` is None.

    Raises:
        NotFoundError: there is no such folder.
        InputError: a file cannot be read as text, or breaks a limit.
    """
    root: Traversable = resources.files("tocsin") / "packs" / "default" if path is None else path
    if not root.is_dir():
        raise NotFoundError(
            "there is no such pack folder",
            where=str(path),
            hint="a pack is a folder with `policy.yaml`, `rules/*.yaml` and `banks/*.yaml`",
        )
    return PackSource.from_files(dict(_read(root)))


def _read(root: Traversable) -> Iterator[tuple[str, str]]:
    for folder in FOLDERS:
        parent = root / folder if folder else root
        if not parent.is_dir():
            continue
        for item in sorted(parent.iterdir(), key=lambda entry: entry.name):
            if item.name.endswith(SUFFIXES) and not item.name.startswith(".") and _is_file(item):
                yield (f"{folder}/{item.name}" if folder else item.name), _text(item)


def _is_file(item: Traversable) -> bool:
    return item.is_file() and not (isinstance(item, Path) and item.is_symlink())


def _text(item: Traversable) -> str:
    with item.open("rb") as stream:
        raw = stream.read(MAX_FILE_BYTES + 1)
    if len(raw) > MAX_FILE_BYTES:
        raise InputError(f"the file has more than {MAX_FILE_BYTES:,} bytes", where=item.name)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError("the file is not valid UTF-8", where=f"{item.name}:{line}") from None


def _checked(name: str, text: str) -> str:
    at = text.find("\0")
    if at >= 0:
        line = text.count("\n", 0, at) + 1
        column = at - (text.rfind("\n", 0, at) + 1) + 1
        raise InputError("the file holds a NUL character", where=f"{name}:{line}:{column}")
    try:
        n_bytes = len(text.encode())
    except UnicodeEncodeError:
        raise InputError("the file is not valid text", where=name) from None
    if n_bytes > MAX_FILE_BYTES:
        raise InputError(f"the file has more than {MAX_FILE_BYTES:,} bytes", where=name)
    return text
