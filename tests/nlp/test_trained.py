"""The list of trained accounts, and the rule who is held out."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tocsin.errors import InputError
from tocsin.nlp.split import HELD_OUT_SHARE, held_out_fraction, is_held_out
from tocsin.nlp.trained import TrainedOn, account_key


def test_a_key_is_the_first_eight_bytes_of_the_salted_hash() -> None:
    digest = hashlib.sha256(b"tocsin-trained-on|harbour|a41").digest()
    assert account_key("harbour", "a41").to_bytes(8, "little") == digest[:8]


def test_the_file_holds_sorted_keys_and_reads_back(tmp_path: Path) -> None:
    accounts = [("harbour", f"a{number}") for number in range(500)]
    seen = TrainedOn.of(accounts)
    seen.write(tmp_path / "a.bin")
    TrainedOn.of(reversed([*accounts, accounts[3]])).write(tmp_path / "b.bin")
    assert (tmp_path / "a.bin").read_bytes() == (tmp_path / "b.bin").read_bytes()
    assert (tmp_path / "a.bin").stat().st_size == 8 * 500
    read = TrainedOn.read(tmp_path / "a.bin")
    assert all(read.contains(*account) for account in accounts)
    assert not any(read.contains("meadow", account) for _, account in accounts)


def test_an_empty_list_contains_nobody(tmp_path: Path) -> None:
    TrainedOn.of([]).write(tmp_path / "none.bin")
    read = TrainedOn.read(tmp_path / "none.bin")
    assert len(read) == 0
    assert not read.contains("harbour", "a41")


@pytest.mark.parametrize("content", [b"seven b", b"\x02" + bytes(7) + b"\x01" + bytes(7)])
def test_what_is_no_sorted_list_of_keys_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.bin").write_bytes(content)
    with pytest.raises(InputError, match="sorted keys"):
        TrainedOn.read(tmp_path / "x.bin")


def test_a_missing_list_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"trained-on\.bin"):
        TrainedOn.read(tmp_path / "trained-on.bin")


def test_who_is_held_out_depends_on_set_and_account_alone() -> None:
    digest = hashlib.sha256(b"tocsin-train-1|harbour|a41").digest()
    fraction = int.from_bytes(digest[:8], "big") / 2**64
    assert held_out_fraction("harbour", "a41") == fraction
    assert is_held_out("harbour", "a41") == (fraction < HELD_OUT_SHARE)
