from __future__ import annotations

from datetime import UTC, timedelta

from tocsin.clock import SystemClock, random_bytes, random_token, stable_id


def test_the_system_clock_is_aware_and_moves_on() -> None:
    clock = SystemClock()
    before = clock.now()
    clock.sleep(0)
    assert before.tzinfo is UTC
    assert timedelta(0) <= clock.now() - before < timedelta(minutes=1)


def test_random_values_have_the_length_asked_for_and_differ() -> None:
    assert len(random_bytes(33)) == 33
    assert random_bytes(16) != random_bytes(16)
    token = random_token(8)
    assert len(token) == 16
    assert bytes.fromhex(token)
    assert random_token() != random_token()


def test_a_stable_id_is_pinned() -> None:
    # ids stand in logs, on platforms and in letters to people: they never change
    assert stable_id("case", "post", "p1") == "case_30c76b35e5fdccdc0fdf997c5c412283"


def test_a_stable_id_tells_parts_apart() -> None:
    ids = {
        stable_id("x"),
        stable_id("x", ""),
        stable_id("x", "", ""),
        stable_id("x", "ab", "c"),
        stable_id("x", "a", "bc"),
        stable_id("x", "abc"),
        stable_id("x", "\ud800"),
        stable_id("y", "abc"),
    }
    assert len(ids) == 8
