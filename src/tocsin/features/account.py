"""Features of the account that acted.

Comes in: columns of the batch. Goes out: values as sent, the age of the account and the skeleton of
its handle; missing where the event has no actor or the platform did not say.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from tocsin.features.table import MOMENT, Feature, Features
from tocsin.matching import skeletons
from tocsin.records import FeatureSpec, Numbers, ValueType

__all__ = ["FEATURES"]


def _id(own: str | None, handle: str | None) -> str | None:
    return own or handle


def _ids(table: Features) -> Sequence[str | None]:
    ids = table.read("actor.id")
    if all(ids):
        return ids
    return [own or handle for own, handle in zip(ids, table.read("actor.handle"), strict=True)]


def _skeleton(handle: str | None, name: str | None) -> str | None:
    known = handle or name
    return None if known is None else _stem(known) or None


@lru_cache(maxsize=16_384)  # the same accounts come again
def _stem(name: str) -> str:
    return skeletons(name).stem


def _age(at: datetime, created_at: datetime | None) -> timedelta | None:
    return None if created_at is None else at - created_at


def _ages(table: Features) -> Numbers:
    values, known = table.batch.columns.numbers("actor.created_at")
    return Numbers(table.batch.at_us - values, known)


def _spec(name: str, value_type: ValueType, doc: str, example: str) -> FeatureSpec:
    return FeatureSpec(name=f"account.{name}", type=value_type, doc=doc, example=example)


def _as_sent(name: str, value_type: ValueType, doc: str, example: str) -> Feature:
    return Feature(spec=_spec(name, value_type, doc, example), reads=(f"actor.{name}",))


FEATURES: Final = (
    Feature(
        spec=_spec(
            "id",
            ValueType.TEXT,
            "The account's id, or its handle where the platform sends no id.",
            '"a1"',
        ),
        reads=("actor.id", "actor.handle"),
        of=_id,
        whole=_ids,
    ),
    _as_sent("handle", ValueType.TEXT, "The handle as sent.", '"mara"'),
    _as_sent("name", ValueType.TEXT, "The display name as sent.", '"Mara"'),
    _as_sent("bio", ValueType.TEXT, "The bio as sent.", '"I sail."'),
    _as_sent("location", ValueType.TEXT, "The place as sent.", '"Harbour"'),
    Feature(
        spec=_spec(
            "skeleton",
            ValueType.TEXT,
            "The handle (or else the name) without disguises and digits at its end.",
            '"irondawn"',
        ),
        reads=("actor.handle", "actor.name"),
        of=_skeleton,
    ),
    Feature(
        spec=_spec(
            "created", ValueType.TIME, "When the account was made, as sent.", "2026-02-01T12:00:00Z"
        ),
        reads=("actor.created_at",),
    ),
    Feature(
        spec=_spec(
            "age",
            ValueType.DURATION,
            "From the account's creation to the event; to its arrival where the event has no time.",
            "3 days",
        ),
        reads=(MOMENT, "actor.created_at"),
        of=_age,
        numbers=_ages,
    ),
    _as_sent("followers", ValueType.INT, "Followers, as sent.", "12"),
    _as_sent("following", ValueType.INT, "Accounts followed.", "40"),
    _as_sent("posts", ValueType.INT, "Posts so far, as sent.", "7"),
)
