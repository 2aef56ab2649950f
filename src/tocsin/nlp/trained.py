"""What a model was trained on: a set of keys that tells its accounts without naming them.

Comes in: names of data sets with ids of accounts (of events, where a set has no accounts). Goes
out: a file of sorted little-endian 64-bit keys beside the weights, and whether an account stands
in it. Always holds: a key is the first eight bytes of a hash that is salted with the name of the
set, so that equal ids of two sets differ; the file holds no id and no text; equal accounts give
equal bytes. An account that was not trained on is taken for one with a chance of about n / 2^64.
Refused: a file whose length is no multiple of eight bytes, or whose keys are not sorted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from tocsin.errors import InputError

__all__ = ["TRAINED_ON_FILE", "TrainedOn", "account_key"]

TRAINED_ON_FILE: Final = "trained-on.bin"
"""The name of the file in the folder of a model."""

_SALT: Final = "tocsin-trained-on"
_KEY: Final = np.dtype("<u8")


def account_key(data_set: str, account: str) -> int:
    """The key of an account of a data set (of an event, where the set has no accounts).

    >>> account_key("harbour", "a41") == account_key("meadow", "a41")
    False
    """
    salted = f"{_SALT}|{data_set}|{account}".encode()
    return int.from_bytes(hashlib.sha256(salted).digest()[:8], "little")


@dataclass(frozen=True, slots=True, eq=False)
class TrainedOn:
    """The accounts that a model has seen: distinct keys, sorted.

    >>> seen = TrainedOn.of([("harbour", "a41"), ("harbour", "a42"), ("harbour", "a41")])
    >>> len(seen), seen.contains("harbour", "a42"), seen.contains("meadow", "a42")
    (2, True, False)
    """

    keys: np.ndarray[Any, np.dtype[np.uint64]]

    @classmethod
    def of(cls, accounts: Iterable[tuple[str, str]]) -> TrainedOn:
        """From pairs of a set's name and an account's id."""
        found = {account_key(data_set, account) for data_set, account in accounts}
        return cls(np.array(sorted(found), dtype=np.uint64))

    @classmethod
    def read(cls, path: Path) -> TrainedOn:
        """From the file of a model.

        Raises:
            InputError: the file cannot be read, or is not sorted keys of eight bytes.
        """
        try:
            content = path.read_bytes()
        except OSError as error:
            raise InputError(
                "the list of what the model was trained on cannot be read",
                where=str(path),
                hint=f"a folder of a model holds {TRAINED_ON_FILE}; train it again",
            ) from error
        if len(content) % _KEY.itemsize:
            raise _damaged(path)
        keys = np.frombuffer(content, dtype=_KEY).astype(np.uint64)
        if np.any(keys[1:] <= keys[:-1]):
            raise _damaged(path)
        return cls(keys)

    def write(self, path: Path) -> None:
        """Into a file; equal sets give equal bytes."""
        path.write_bytes(self.keys.astype(_KEY).tobytes())

    def contains(self, data_set: str, account: str) -> bool:
        """Whether the model was trained on this account (event) of this set."""
        key = np.uint64(account_key(data_set, account))
        index = int(np.searchsorted(self.keys, key))
        return index < len(self.keys) and bool(self.keys[index] == key)

    def __len__(self) -> int:
        return len(self.keys)


def _damaged(path: Path) -> InputError:
    return InputError(
        "this is no list of what a model was trained on: sorted keys of eight bytes are expected",
        where=str(path),
        hint="the file is damaged; train the model again or take it from its source",
    )
