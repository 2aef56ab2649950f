"""The version of the tables that reading rests on: cues, grammars of threats, hosts of news.

Comes in: the YAML files of this package. Goes out: a digest over their names and bytes. Always
holds: a changed, added or renamed file is another version. Refused: nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

__all__ = ["tables_version"]


@cache
def tables_version() -> str:
    """Twelve hexadecimal digits over all tables."""
    digest = hashlib.sha256()
    for name, file in sorted(_tables(files("tocsin.nlp"), "")):
        content = file.read_bytes()
        digest.update(f"{name}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:12]


def _tables(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for item in folder.iterdir():
        name = f"{prefix}{item.name}"
        if item.is_dir():
            yield from _tables(item, f"{name}/")
        elif name.endswith(".yaml"):
            yield name, item
