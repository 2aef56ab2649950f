"""Labels by people: put on, taken off, or left to the rules again.

Comes in: what somebody chose for one label. Goes out: an entry of the ordered log. Always holds:
a person's word stands above the rules' until it ends or is withdrawn; a reason is given. Refused:
names that the policy in force does not declare (one that stands can still be taken off), and an
end that has passed.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import sqlalchemy as sa
from msgspec import Struct

from tocsin.errors import InputError
from tocsin.records import LabelHolder, folded_handle
from tocsin.records.labels import MAX_KEY
from tocsin.store import labels
from tocsin.store.store import Store

__all__ = ["MAX_LABEL_LENGTH", "MAX_LABEL_REASON", "LabelWish", "change_label", "label_key"]

MAX_LABEL_REASON = 1_000
"""Characters of a reason: a paragraph."""

MAX_LABEL_LENGTH = timedelta(days=36_500)
"""A hundred years; what should stand longer has no end."""


class LabelWish(Struct, frozen=True, kw_only=True):
    """What a person wants of one label; `lasts` is for how long it counts (None: no end)."""

    key: str
    name: str
    to: labels.Change
    holder: LabelHolder = LabelHolder.ACCOUNT
    reason: str = ""
    lasts: timedelta | None = None


def change_label(
    store: Store, declared: Collection[str], wish: LabelWish, *, by: str
) -> labels.LabelRow | None:
    """Record it; the label as it stands afterwards, None where nobody says anything of it.

    Raises:
        InputError: no such label, no reason, or a length that is none.
    """
    key = label_key(wish.holder, wish.key)
    reason = wish.reason.strip()
    if not reason:
        raise InputError("a label needs a reason", where="reason", hint="a sentence is enough")
    if len(reason) > MAX_LABEL_REASON:
        limit = f"{MAX_LABEL_REASON:,}"
        raise InputError(f"a reason may have at most {limit} characters", where="reason")
    _check_length(wish)
    with store.write() as transaction:
        connection = transaction.connection
        _check_name(connection, declared, wish, key)
        labels.change(
            transaction,
            (wish.holder, key, wish.name),
            to=wish.to,
            by=by,
            reason=reason,
            lasts=wish.lasts,
        )
        now = transaction.clock.now()
        found = labels.of_holder(connection, wish.holder, key, now=now)
    return next((row for row in found if row.name == wish.name), None)


def label_key(holder: LabelHolder, key: str) -> str:
    """The key of an account or handle as somebody wrote it.

    Raises:
        InputError: nothing is left of it, or it is longer than any.
    """
    found = folded_handle(key) if holder is LabelHolder.HANDLE else key
    if not found or len(key) > MAX_KEY:
        raise InputError(f"this names no {holder}", where="key")
    return found


def _check_length(wish: LabelWish) -> None:
    if wish.lasts is None:
        return
    if wish.to == "withdrawn":
        raise InputError("what is withdrawn has no length", where="length")
    if not timedelta(seconds=1) <= wish.lasts <= MAX_LABEL_LENGTH:
        most = MAX_LABEL_LENGTH.days
        raise InputError(f"a label stands for a second to {most:,} days", where="length")


def _check_name(
    connection: sa.Connection, declared: Collection[str], wish: LabelWish, key: str
) -> None:
    """A label is declared, or stands still from when it was."""
    known = wish.name in declared
    if wish.to != "added":
        known = known or wish.name in labels.names_of(connection, wish.holder, key)
    if not known:
        named = ", ".join(f"`{name}`" for name in sorted(declared)) or "none"
        raise InputError(
            "the policy in force declares no such label",
            where="label",
            hint=f"it declares: {named}",
        )
