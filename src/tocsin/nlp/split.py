"""Who is held out: the one rule that training and evaluation share.

Comes in: the name of a data set and the id of an account (of an event, where a set has no
accounts). Goes out: whether all of that account's posts are kept from training. Always holds: the
answer depends on nothing but these two names, so that no account is ever on both sides, whatever
else is in the set, in which order, on which machine.
"""

from __future__ import annotations

import hashlib
from typing import Final

__all__ = ["HELD_OUT_SHARE", "held_out_fraction", "is_held_out"]

HELD_OUT_SHARE: Final = 0.3
"""The share of accounts that no model is trained on."""

_SALT: Final = "tocsin-train-1"


def held_out_fraction(data_set: str, account: str) -> float:
    """Where an account stands between 0 and 1, evenly spread and always the same.

    >>> 0 <= held_out_fraction("harbour", "a41") < 1
    True
    """
    digest = hashlib.sha256(f"{_SALT}|{data_set}|{account}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def is_held_out(data_set: str, account: str) -> bool:
    """Whether an account is kept from training, to be evaluated on.

    >>> sum(is_held_out("harbour", f"a{number}") for number in range(1_000))
    292
    """
    return held_out_fraction(data_set, account) < HELD_OUT_SHARE
