"""Licences of data sets, for the model card.

Comes in: a file of lines `set<TAB>licence`. Goes out: the licence by name of set. Always holds:
blank lines and lines that begin with `#` say nothing. Refused: a line without a tab, with its
number.
"""

from __future__ import annotations

from pathlib import Path

from tocsin.errors import InputError

__all__ = ["read_licences"]


def read_licences(path: Path) -> dict[str, str]:
    """The licence of each set that the file names.

    Raises:
        InputError: a line is something else.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, licence = (part.strip() for part in line.partition("\t"))
        if not (name and licence):
            where = f"{path.name}:{number}"
            raise InputError("expected `name of the set<TAB>licence`", where=where)
        found[name] = licence
    return found
