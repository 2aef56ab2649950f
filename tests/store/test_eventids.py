"""Which events are new: exact, also where some of a batch are known and some stand twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.runs import open_store
from tocsin.records import Judgement
from tocsin.store import Store, audit, eventids, schema
from tocsin.testing import batch_of, post_event


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    opened = open_store(database_url, tmp_path)
    yield opened
    opened.close()


def take(store: Store, *ids: str) -> tuple[bool, ...]:
    """Store those of these events that are new."""
    with store.write() as transaction:
        is_new = transaction.claim(ids)
        new = [event_id for event_id, new in zip(ids, is_new, strict=True) if new]
        if new:
            batch = batch_of(*(post_event("text", event_id=event_id) for event_id in new))
            transaction.record_events(batch, Judgement(), is_claimed=True)
    return is_new


def places(store: Store) -> dict[str, tuple[int, int]]:
    with store.read() as connection:
        rows = connection.execute(sa.select(schema.event_ids)).all()
    return {row.id: (row.position, row.ordinal) for row in rows}


def test_an_event_is_new_once(store: Store) -> None:
    assert take(store, "a", "b") == (True, True)
    assert take(store, "b", "a") == (False, False)
    assert take(store, "c", "a", "d", "c", "é", "d") == (True, False, True, False, True, False)
    assert places(store) == {"a": (1, 0), "b": (1, 1), "c": (2, 0), "d": (2, 1), "é": (2, 2)}
    assert take(store, "c", "c") == (False, False)
    report = audit.verify(store)
    assert report.is_sound, report.findings


def test_what_was_claimed_for_a_transaction_that_failed_is_new_again(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.write() as transaction:  # noqa: PT012  # both
        assert transaction.claim(["a"]) == (True,)
        raise ZeroDivisionError
    assert take(store, "a") == (True,)


def test_an_error_of_the_driver_says_no_value(store: Store) -> None:
    take(store, "secret-id")
    with pytest.raises(sa.exc.IntegrityError) as caught, store.write() as transaction:
        eventids.insert(transaction.connection, 2, ["secret-id"])
    if store.database.is_sqlite:
        assert "secret-id" not in str(caught.value)
    assert caught.value.hide_parameters
