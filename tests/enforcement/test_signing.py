"""Signatures: what is signed verifies, and nothing else does."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.enforcement.signing import (
    ATTEMPT_HEADER,
    DELIVERY_HEADER,
    IDEMPOTENCY_HEADER,
    SIGNATURE_HEADER,
    SignatureCheck,
    check_signature,
    delivery_headers,
    sign,
)
from tocsin.errors import InputError

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
OLD = b"the old secret, 32 bytes or so.."
NEW = b"the new secret, 32 bytes or so.."
BODY = b'{"version":1}'


def test_the_signature_is_the_documented_hmac() -> None:
    # printf '%s' '1767323045.{"version":1}' | openssl dgst -sha256 -hmac 'the old secret, …'
    digest = "8c892e3d00fba20556fe12c05fe2751fe9db3b6348d36090febecddf99a4c288"
    assert sign(BODY, [OLD], NOW) == f"t=1767323045,v1={digest}"


@given(st.binary(max_size=200), st.binary(min_size=16, max_size=64))
def test_what_is_signed_verifies(body: bytes, secret: bytes) -> None:
    assert check_signature(sign(body, [secret], NOW), body, [secret], NOW) is SignatureCheck.VALID


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_a_signature_is_for_one_body(body: bytes, other: bytes) -> None:
    found = check_signature(sign(body, [OLD], NOW), other, [OLD], NOW)
    assert (found is SignatureCheck.VALID) == (body == other)


@pytest.mark.parametrize(("sender", "receiver"), [([OLD], [NEW, OLD]), ([OLD, NEW], [NEW])])
def test_a_secret_can_be_changed_on_either_side_first(
    sender: list[bytes], receiver: list[bytes]
) -> None:
    header = sign(BODY, sender, NOW)
    assert check_signature(header, BODY, receiver, NOW) is SignatureCheck.VALID


def test_a_signature_by_an_unknown_secret_is_forged() -> None:
    assert check_signature(sign(BODY, [OLD], NOW), BODY, [NEW], NOW) is SignatureCheck.FORGED


@pytest.mark.parametrize(
    ("offset_s", "expected"),
    [
        (-301, SignatureCheck.STALE),
        (-300, SignatureCheck.VALID),
        (300, SignatureCheck.VALID),
        (301, SignatureCheck.STALE),
    ],
)
def test_a_signature_is_good_for_five_minutes(offset_s: int, expected: SignatureCheck) -> None:
    header = sign(BODY, [OLD], NOW)
    now = NOW + timedelta(seconds=offset_s)
    assert check_signature(header, BODY, [OLD], now) is expected


def test_the_time_cannot_be_moved_without_the_secret() -> None:
    later = NOW + timedelta(hours=1)
    digest = sign(BODY, [OLD], NOW).partition(",")[2]
    header = f"t={int(later.timestamp())},{digest}"
    assert check_signature(header, BODY, [OLD], later) is SignatureCheck.FORGED


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "t=1767323045",
        "v1=00",
        "t=,v1=00",
        "t=-5,v1=00",
        "t=1767323045,t=1767323045,v1=00",
        "t=9999999999999,v1=00",
        "t=١٢٣,v1=00",
        "t=1767323045," + ",".join(["v1=00"] * 9),
        "t=1767323045,v1=" + "0" * 2_000,
        "garbage",
    ],
)
def test_anything_else_in_the_header_is_malformed(header: str | None) -> None:
    assert check_signature(header, BODY, [OLD], NOW) is SignatureCheck.MALFORMED


@given(st.text(max_size=80))
def test_no_header_breaks_the_receiver(header: str) -> None:
    found = check_signature(header, BODY, [OLD], NOW)
    assert found in (SignatureCheck.MALFORMED, SignatureCheck.FORGED)


def test_parts_that_a_later_version_adds_are_passed_over() -> None:
    header = sign(BODY, [OLD], NOW) + ",v2=abc"
    assert check_signature(header, BODY, [OLD], NOW) is SignatureCheck.VALID


@pytest.mark.parametrize("secrets", [[], [b""], [b"short"], [OLD, b"short"]])
def test_weak_secrets_are_refused_on_both_sides(secrets: list[bytes]) -> None:
    with pytest.raises(InputError, match="secret"):
        sign(BODY, secrets, NOW)
    with pytest.raises(InputError, match="secret"):
        check_signature(sign(BODY, [OLD], NOW), BODY, secrets, NOW)


def test_a_delivery_carries_action_delivery_and_attempt() -> None:
    first = delivery_headers(BODY, "act_1", 1, [OLD], NOW)
    again = delivery_headers(BODY, "act_1", 1, [OLD], NOW + timedelta(seconds=9))
    second = delivery_headers(BODY, "act_1", 2, [OLD], NOW)
    assert first[IDEMPOTENCY_HEADER] == second[IDEMPOTENCY_HEADER] == "act_1"
    assert (first[ATTEMPT_HEADER], second[ATTEMPT_HEADER]) == ("1", "2")
    assert first[DELIVERY_HEADER] == again[DELIVERY_HEADER] != second[DELIVERY_HEADER]
    assert first[SIGNATURE_HEADER] != again[SIGNATURE_HEADER]
